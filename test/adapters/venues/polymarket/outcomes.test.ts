import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpResult } from '../../../../src/adapters/venues/polymarket/http.ts';
import {
  LEG_ROWS,
  type OutcomeRow,
  SUBMIT_ROWS,
} from '../../../../src/adapters/venues/polymarket/outcomes.ts';
import {
  classifyBatch,
  classifySubmit,
} from '../../../../src/adapters/venues/polymarket/outcomes-submit.ts';

const ID = `0x${'ab'.repeat(32)}`;
const OTHER = `0x${'cd'.repeat(32)}`;

function answer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResult {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'answer', status, headers, text };
}

const placed = (changes: object = {}) => ({
  ...{ success: true, errorMsg: '', orderID: ID, status: 'live' },
  ...{ makingAmount: '', takingAmount: '', transactionsHashes: [], tradeIDs: [] },
  ...changes,
});

type Expected = Pick<OutcomeRow, 'meaning' | 'consequence' | 'mode'>;

/** The venue's texts, word for word, and what they mean. */
const TEXTS: readonly (readonly [status: number, text: string, expected: Expected])[] = [
  [400, 'Invalid order payload', { meaning: 'rejected' }],
  [400, 'the order owner has to be the owner of the API KEY', { meaning: 'rejected' }],
  [400, 'the order signer address has to be the address of the API KEY', { meaning: 'rejected' }],
  [400, "'0x12ab' address banned", { meaning: 'rejected', consequence: 'haltAccount' }],
  [
    400,
    "'0x12ab' address in closed only mode",
    { meaning: 'rejected', consequence: 'haltEntries' },
  ],
  [
    400,
    'maker address not allowed, please use the deposit wallet flow',
    { meaning: 'rejected', consequence: 'haltAccount' },
  ],
  [400, 'order_version_mismatch', { meaning: 'rejected', consequence: 'haltMarket' }],
  [
    400,
    `order ${ID} is invalid. Price (0.555) breaks minimum tick size rule: 0.01`,
    { meaning: 'rejected', consequence: 'refreshTick' },
  ],
  [400, `order ${ID} is invalid. Size (1) lower than the minimum: 5`, { meaning: 'rejected' }],
  [400, `order ${ID} is invalid. Duplicated.`, { meaning: 'duplicated' }],
  // More words would else make a refusal of an order that is alive.
  [400, `order ${ID} is invalid. Duplicated. orderID exists`, { meaning: 'duplicated' }],
  [400, `order ${ID} crosses the book`, { meaning: 'rejected' }],
  [400, 'invalid post-only order: order crosses book', { meaning: 'rejected' }],
  [
    400,
    'invalid post-only order: only GTC and GTD order types are allowed',
    { meaning: 'rejected' },
  ],
  [400, 'not enough balance / allowance', { meaning: 'rejected', consequence: 'refreshBalance' }],
  [
    400,
    'not enough balance / allowance: the balance is not enough -> balance: 0, order amount: 5000000',
    { meaning: 'rejected', consequence: 'refreshBalance' },
  ],
  [400, 'invalid amount for a marketable BUY order ($0.5), min size: $1', { meaning: 'rejected' }],
  [
    400,
    'invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals',
    { meaning: 'rejected' },
  ],
  [400, 'invalid nonce', { meaning: 'rejected' }],
  [400, 'invalid expiration', { meaning: 'rejected' }],
  [400, 'order canceled in the CTF exchange contract', { meaning: 'killed' }],
  [400, 'order match delayed due to market conditions', { meaning: 'unknown' }],
  [
    400,
    "order couldn't be fully filled. FOK orders are fully filled or killed.",
    { meaning: 'killed' },
  ],
  [
    400,
    'no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.',
    { meaning: 'killed' },
  ],
  [400, 'the market is not yet ready to process new orders', { meaning: 'rejected' }],
  [400, 'context canceled', { meaning: 'unknown' }],
  [401, 'Unauthorized/Invalid api key', { meaning: 'rejected', consequence: 'readClock' }],
  [401, 'Invalid L1 Request headers', { meaning: 'rejected', consequence: 'readClock' }],
  [425, 'service not ready', { meaning: 'notAccepted', mode: 'restarting' }],
  [429, 'Too Many Requests', { meaning: 'notAccepted' }],
  [500, 'order timed out', { meaning: 'rejected' }],
  [500, 'there are no matching orders', { meaning: 'unknown' }],
  [500, 'FOK orders are filled or killed', { meaning: 'unknown' }],
  [500, 'the trade contains rounding issues', { meaning: 'unknown' }],
  [
    500,
    "the price of the taker's order has a discrepancy greater than allowed with the worst maker order",
    { meaning: 'unknown' },
  ],
  [500, 'could not insert order', { meaning: 'unknown' }],
  [500, 'could not run the execution', { meaning: 'unknown' }],
  [
    503,
    'Trading is currently disabled. Check polymarket.com for updates',
    { meaning: 'notAccepted', mode: 'disabled' },
  ],
  [503, 'trading is disabled', { meaning: 'notAccepted', mode: 'disabled' }],
  [
    503,
    'Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.',
    { meaning: 'notAccepted', mode: 'cancelOnly' },
  ],
  [
    503,
    'post-only mode: only post-only orders and cancels are allowed',
    { meaning: 'notAccepted', mode: 'postOnly' },
  ],
];

describe('one order refused', () => {
  test.each(TEXTS)('%i %s', (status, error, { meaning, consequence, mode }) => {
    const verdict = classifySubmit(answer(status, { error }), ID);
    expect(verdict.outcome).toMatchObject({ kind: meaning, reason: error });
    expect(verdict.consequence).toBe(consequence);
    expect(verdict.mode).toBe(mode);
  });

  test('every row of the table is one of these texts', () => {
    const unused = SUBMIT_ROWS.filter(
      (row) =>
        !TEXTS.some(([status, text]) => row.status === status && (row.text?.test(text) ?? true)),
    );
    expect(unused).toEqual([]);
  });

  test('a refused tick size says the new one', () => {
    const error = `order ${ID} is invalid. Price (0.5555) breaks minimum tick size rule: 0.001`;
    expect(classifySubmit(answer(400, { error }), ID)).toMatchObject({ tickSize: '0.001' });
  });

  test.each([
    ['a text nobody listed on a 4xx is a refusal', 422, { error: 'no idea' }, 'rejected'],
    ['the same without JSON is not', 400, 'no idea', 'unknown'],
    ['a page of a proxy on 403', 403, '<html><body>Attention</body></html>', 'unknown'],
    ['a page on 401', 401, '<html></html>', 'unknown'],
    ['JSON without an error', 400, { message: 'no' }, 'unknown'],
    ['an error that is no text', 400, { error: { code: 7 } }, 'unknown'],
    ['408 is a timeout, whatever it says', 408, { error: 'no' }, 'unknown'],
    ['425 without any body', 425, '', 'notAccepted'],
    ['429 as a page of the proxy', 429, '<html>1015</html>', 'notAccepted'],
    [
      '500 with a longer text than the documented one',
      500,
      { error: 'order timed out: x' },
      'unknown',
    ],
    ['500 with a text of a 400', 500, { error: 'Invalid order payload' }, 'unknown'],
    ['502 as a page', 502, '<html>Bad Gateway</html>', 'unknown'],
    ['503 with a text nobody listed', 503, { error: 'try later' }, 'unknown'],
    [
      '503 known by its code alone',
      503,
      { error: 'new words', code: 'post_only_mode' },
      'notAccepted',
    ],
    ['504', 504, 'upstream timeout', 'unknown'],
    ['a redirect', 302, '', 'unknown'],
    ['another success', 202, { orderID: ID, status: 'live' }, 'unknown'],
  ])('%s', (_rule, status, body, kind) => {
    expect(classifySubmit(answer(status, body), ID).outcome.kind).toBe(kind);
  });

  test.each([
    ['the header', { 'retry-after': '7' }, {}, 7_000],
    ['the body', {}, { retry_after_seconds: 79 }, 79_000],
    ['the longer of both', { 'retry-after': '7' }, { retry_after_seconds: 3 }, 7_000],
    ['a second when neither says', {}, {}, 1_000],
    ['a second for words', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, {}, 1_000],
    ['no longer than ten minutes', { 'retry-after': '99999999' }, {}, 600_000],
  ])('the wait is said by %s', (_rule, headers, more, retryAfterMs) => {
    const body = {
      error: 'post-only mode: only post-only orders and cancels are allowed',
      ...more,
    };
    expect(classifySubmit(answer(503, body, headers), ID).outcome).toMatchObject({ retryAfterMs });
  });
});

describe('one order taken', () => {
  test.each([
    ['live', 'live'],
    ['matched', 'matched'],
    ['delayed', 'delayed'],
    ['unmatched', 'live'],
    ['ORDER_STATUS_LIVE', 'live'],
    ['MATCHED', 'matched'],
  ])('status %s is %s', (status, expected) => {
    const verdict = classifySubmit(answer(200, placed({ status })), ID);
    expect(verdict).toEqual({
      outcome: { kind: 'acknowledged', venueOrderId: ID, status: expected },
    });
  });

  test('an id in other letters is the same id', () => {
    const orderID = ID.toUpperCase().replace('0X', '0x');
    const verdict = classifySubmit(answer(200, placed({ orderID })), ID);
    expect(verdict.outcome).toMatchObject({ kind: 'acknowledged', venueOrderId: ID });
  });

  test('another id than our hash halts the market', () => {
    const verdict = classifySubmit(answer(200, placed({ orderID: OTHER })), ID);
    expect(verdict).toMatchObject({
      outcome: { kind: 'foreignId', venueOrderId: OTHER },
      consequence: 'haltMarket',
    });
  });

  test.each([
    ['no id', placed({ orderID: '' })],
    ['an id that is no text', placed({ orderID: 7 })],
    ['a status nobody listed', placed({ status: 'pondering' })],
    ['a status that objects have', placed({ status: 'constructor' })],
    ['no status', placed({ status: '' })],
    ['an order and an error at once', placed({ errorMsg: 'not enough balance / allowance' })],
    ['a list', [placed()]],
    ['null', null],
    ['half of the answer', JSON.stringify(placed()).slice(0, 40)],
    ['nothing', ''],
    ['a page', '<html></html>'],
  ])('nobody knows what a 200 means with %s', (_rule, body) => {
    expect(classifySubmit(answer(200, body), ID).outcome.kind).toBe('unknown');
  });

  test.each([
    ['success false', { success: false, errorMsg: 'not enough balance / allowance', orderID: '' }],
    ['success true', { success: true, errorMsg: 'not enough balance / allowance', orderID: '' }],
    ['error instead', { error: 'not enough balance / allowance' }],
  ])('a refusal inside a 200 is one with %s', (_rule, body) => {
    expect(classifySubmit(answer(200, body), ID).outcome.kind).toBe('rejected');
  });
});

describe('no answer', () => {
  test('what was not sent was not taken', () => {
    const result: HttpResult = { kind: 'failed', sent: 'notSent', reason: 'ECONNREFUSED' };
    expect(classifySubmit(result, ID).outcome).toMatchObject({ kind: 'notAccepted' });
  });

  test('what may have been sent is unknown', () => {
    const result: HttpResult = { kind: 'failed', sent: 'unknown', reason: 'no answer in 9 ms' };
    expect(classifySubmit(result, ID).outcome).toMatchObject({ kind: 'unknown' });
    expect(classifyBatch(result, [ID, OTHER])).toMatchObject({
      legs: [{ outcome: { kind: 'unknown' } }, { outcome: { kind: 'unknown' } }],
    });
  });
});

describe('a batch', () => {
  const refused = (errorMsg: string, changes: object = {}) =>
    placed({ orderID: '', status: '', errorMsg, ...changes });
  const other = placed({ orderID: OTHER });

  test('each leg has its own answer, in the order of the request', () => {
    const body = [placed({ status: 'matched' }), refused('invalid expiration')];
    expect(classifyBatch(answer(200, body), [ID, OTHER])).toMatchObject({
      legs: [{ outcome: { status: 'matched' } }, { outcome: { kind: 'rejected' } }],
    });
  });

  test('a refused leg says success as well', () => {
    const text = 'post-only mode: only post-only orders and cancels are allowed';
    expect(classifyBatch(answer(200, [refused(text)]), [ID])).toMatchObject({
      legs: [{ outcome: { kind: 'notAccepted' }, mode: 'postOnly' }],
    });
  });

  test.each([
    ['a duplicate', `order ${ID} is invalid. Duplicated.`, 'duplicated'],
    ['a kill', "order couldn't be fully filled. FOK orders are fully filled or killed.", 'killed'],
    ['a text that only legs have', 'Rate limit exceeded for tokenId: 71', 'notAccepted'],
    ['a text nobody listed', 'no idea', 'unknown'],
    ['a text of a 500', 'could not insert order', 'unknown'],
  ])('%s in a leg', (_rule, text, kind) => {
    expect(classifyBatch(answer(200, [refused(text)]), [ID])).toMatchObject({
      legs: [{ outcome: { kind } }],
    });
  });

  test('every text that only legs have is tested', () => {
    expect(LEG_ROWS).toHaveLength(1);
  });

  test('a leg that is refused and delayed at once is unknown', () => {
    const body = [refused('Rate limit exceeded for tokenId: 71', { status: 'delayed' })];
    expect(classifyBatch(answer(200, body), [ID])).toMatchObject({
      legs: [{ outcome: { kind: 'unknown' } }],
    });
  });

  test('answers in another order are known by their ids, and those without are unknown', () => {
    const body = [other, refused('invalid expiration'), placed()];
    const third = `0x${'ef'.repeat(32)}`;
    expect(classifyBatch(answer(200, body), [ID, OTHER, third])).toMatchObject({
      legs: [
        { outcome: { kind: 'acknowledged', venueOrderId: ID } },
        { outcome: { kind: 'acknowledged', venueOrderId: OTHER } },
        { outcome: { kind: 'unknown' } },
      ],
    });
  });

  test('a short list answers those that it names', () => {
    expect(classifyBatch(answer(200, [other]), [ID, OTHER])).toMatchObject({
      legs: [{ outcome: { kind: 'unknown' } }, { outcome: { kind: 'acknowledged' } }],
    });
  });

  test('an id that was never sent halts the market', () => {
    const body = [placed({ orderID: `0x${'99'.repeat(32)}` }), other];
    expect(classifyBatch(answer(200, body), [ID, OTHER])).toMatchObject({
      legs: [{ outcome: { kind: 'foreignId' } }, { outcome: { kind: 'acknowledged' } }],
    });
  });

  test.each([
    [400, { error: 'Too many orders in payload: 16, max allowed: 15' }],
    [400, { error: 'Invalid order payload' }],
    [400, { error: `order ${ID} is invalid. Duplicated.` }],
  ])('a refusal of the whole says nothing of one leg: %i %j', (status, body) => {
    expect(classifyBatch(answer(status, body), [ID, OTHER])).toEqual({ kind: 'refused' });
  });

  test.each([
    [425, '', 'notAccepted'],
    [500, { error: 'order timed out' }, undefined],
    [502, '<html></html>', 'unknown'],
    [200, '{"half', 'unknown'],
  ])('the whole with %i %j', (status, body, kind) => {
    const verdict = classifyBatch(answer(status, body), [ID, OTHER]);
    if (kind === undefined) expect(verdict).toEqual({ kind: 'refused' });
    else expect(verdict).toMatchObject({ legs: [{ outcome: { kind } }, { outcome: { kind } }] });
  });
});

describe('whatever the venue answers', () => {
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ error: value, status: value, orderID: value })),
    fc
      .record(
        {
          orderID: fc.constantFrom(ID, OTHER, '', null),
          status: fc.string(),
          errorMsg: fc.string(),
        },
        { requiredKeys: [] },
      )
      .map((leg) => JSON.stringify([leg, leg])),
  );
  const headers = fc.dictionary(fc.constantFrom('retry-after', 'x'), fc.string());

  test('nothing is thrown, every leg has a verdict, and only a 4xx, a 200 and one 500 refuse', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), bodies, headers, (status, body, head) => {
        const one = classifySubmit(answer(status, body, head), ID);
        const both = classifyBatch(answer(status, body, head), [ID, OTHER]);
        const legs = both.kind === 'legs' ? both.legs : [];
        for (const verdict of [one, ...legs]) {
          const { kind } = verdict.outcome;
          if (kind === 'rejected' || kind === 'killed') {
            expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
          }
          if (kind === 'notAccepted') {
            expect(verdict.outcome.retryAfterMs).toBeGreaterThanOrEqual(0);
            expect(verdict.outcome.retryAfterMs).toBeLessThanOrEqual(600_000);
          }
          if ('reason' in verdict.outcome) expect(verdict.outcome.reason.length).toBeLessThan(400);
        }
        if (both.kind === 'legs') expect(legs).toHaveLength(2);
      }),
    );
  });
});
