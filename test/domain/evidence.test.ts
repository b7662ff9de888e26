import { describe, expect, test } from 'vitest';
import {
  type Evidence,
  evidenceText,
  type Rung,
  verdictOf,
  withEvidence,
} from '../../src/domain/evidence.ts';

function says(words: Partial<Record<Rung, Evidence['said']>>, atMs = 1): Evidence[] {
  return Object.entries(words).map(([rung, said]) => ({
    ...{ rung: rung as Rung, said, detail: 'd', atMs },
  }));
}

describe('a look-up', () => {
  const all = { orderById: 'absent', trades: 'absent', openOrders: 'absent' } as const;

  test.each([
    ['all three agree', all, 'absent'],
    ['the order did not answer', { ...all, orderById: 'noAnswer' }, 'inconclusive'],
    ['the trades did not answer', { ...all, trades: 'noAnswer' }, 'inconclusive'],
    ['the open orders did not answer', { ...all, openOrders: 'noAnswer' }, 'inconclusive'],
    ['nobody answered', { orderById: 'noAnswer' }, 'inconclusive'],
    ['two of three were asked', { orderById: 'absent', trades: 'absent' }, 'inconclusive'],
    ['its time is over, and that alone', { expiry: 'absent' }, 'inconclusive'],
    ['one of them shows it', { ...all, openOrders: 'found' }, 'found'],
    ['one shows it, one is silent', { orderById: 'noAnswer', trades: 'found' }, 'found'],
    ['nobody was asked', {}, 'inconclusive'],
  ] as const)('%s', (_what, words, verdict) => {
    expect(verdictOf(says(words))).toBe(verdict);
  });
});

test('the newest word of each rung is kept, in the order of the ladder', () => {
  const known = says({ trades: 'absent', answer: 'noAnswer' });
  const kept = withEvidence(known, says({ trades: 'noAnswer', orderById: 'absent' }, 2));
  expect(kept.map(({ rung, said, atMs }) => [rung, said, atMs])).toEqual([
    ['answer', 'noAnswer', 1],
    ['orderById', 'absent', 2],
    ['trades', 'noAnswer', 2],
  ]);
  expect(withEvidence(known, [])).toBe(known);
});

test('is said in words', () => {
  expect(evidenceText(says({ orderById: 'absent', trades: 'noAnswer' }))).toBe(
    'order by id: absent (d); trades: no answer (d)',
  );
});
