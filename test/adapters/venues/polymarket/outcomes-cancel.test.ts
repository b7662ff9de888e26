import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpResult } from '../../../../src/adapters/venues/polymarket/http.ts';
import { classifyCancels } from '../../../../src/adapters/venues/polymarket/outcomes-cancel.ts';

const A = `0x${'ab'.repeat(32)}`;
const B = `0x${'cd'.repeat(32)}`;

function answer(status: number, body: unknown): HttpResult {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'answer', status, headers: {}, text };
}

const kinds = (result: HttpResult, ids: readonly string[]) =>
  [...classifyCancels(result, ids).values()].map(({ kind }) => kind);

describe('cancels', () => {
  test('the lists say what became of each order', () => {
    const body = { canceled: [A.toUpperCase().replace('0X', '0x')], not_canceled: {} };
    expect(kinds(answer(200, body), [A, B])).toEqual(['claimed', 'unknown']);
  });

  test.each([
    'Order not found or already canceled',
    'Order already matched',
    "order can't be found - already canceled or matched",
  ])('not cancelled is a refusal with its reason: %s', (reason) => {
    const body = { canceled: [], not_canceled: { [A]: reason } };
    expect(classifyCancels(answer(200, body), [A]).get(A)).toEqual({ kind: 'rejected', reason });
  });

  test.each([
    ['an id that is none', 400, { error: 'Invalid orderID' }, 'rejected'],
    ['no such order', 404, { error: 'Order not found' }, 'rejected'],
    ['no such route', 404, { error: 'page not found' }, 'unknown'],
    [
      'a bad key: the cancel is still wanted',
      401,
      { error: 'Unauthorized/Invalid api key' },
      'unknown',
    ],
    ['another refusal', 400, { error: 'no idea' }, 'unknown'],
    ['a restart', 425, '', 'notAccepted'],
    ['too many requests', 429, { error: 'Too Many Requests' }, 'notAccepted'],
    ['disabled', 503, { error: 'trading is disabled' }, 'notAccepted'],
    ['a page', 502, '<html></html>', 'unknown'],
    ['no lists', 200, {}, 'unknown'],
    ['half an answer', 200, '{"canceled":["0x', 'unknown'],
    ['lists that are none', 200, { canceled: 'all', not_canceled: 7 }, 'unknown'],
  ])('one order with %s', (_rule, status, body, kind) => {
    expect(kinds(answer(status, body), [A])).toEqual([kind]);
  });

  test('a refusal of a batch says nothing of one order in it', () => {
    expect(kinds(answer(400, { error: 'Invalid orderID' }), [A, B])).toEqual([
      'unknown',
      'unknown',
    ]);
  });

  test.each([
    ['notSent', 'notAccepted'],
    ['unknown', 'unknown'],
  ] as const)('%s is %s', (sent, kind) => {
    expect(kinds({ kind: 'failed', sent, reason: 'x' }, [A, B])).toEqual([kind, kind]);
  });

  test('whatever comes, each order has a verdict and only a 200 can claim', () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ canceled: fc.jsonValue(), not_canceled: fc.jsonValue() })
        .map((x) => JSON.stringify(x)),
    );
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), body, (status, text) => {
        const verdicts = classifyCancels(answer(status, text), [A, B]);
        expect([...verdicts.keys()]).toEqual([A, B]);
        for (const { kind } of verdicts.values()) {
          if (kind === 'claimed') expect(status).toBe(200);
        }
      }),
    );
  });
});
