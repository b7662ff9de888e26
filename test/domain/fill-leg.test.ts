import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isFinalSettlement,
  joinSettlement,
  legKey,
  type Settlement,
} from '../../src/domain/fill-leg.ts';

const ladder: readonly Settlement[] = ['matched', 'retrying', 'mined', 'failed', 'confirmed'];

describe('joinSettlement', () => {
  test('reports in any order, repeated or not, end in the highest one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ladder), { minLength: 1 }), (reports) => {
        const highest = Math.max(...reports.map((report) => ladder.indexOf(report)));
        expect(reports.reduce(joinSettlement)).toBe(ladder[highest]);
      }),
    );
  });

  test('confirmed beats failed, whichever comes first', () => {
    expect(joinSettlement('failed', 'confirmed')).toBe('confirmed');
    expect(joinSettlement('confirmed', 'failed')).toBe('confirmed');
  });
});

test('only confirmed and failed are final', () => {
  expect(ladder.filter(isFinalSettlement)).toEqual(['failed', 'confirmed']);
});

test('one trade that touches two orders, or one order in both roles, gives different keys', () => {
  const base = { tradeId: 't1', venueOrderId: '0xa', role: 'taker' } as const;
  const keys = [
    legKey('paper', base),
    legKey('paper', { ...base, venueOrderId: '0xb' }),
    legKey('paper', { ...base, role: 'maker' }),
    legKey('other', base),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(keys[0]).toBe('paper/t1/0xa/taker');
});
