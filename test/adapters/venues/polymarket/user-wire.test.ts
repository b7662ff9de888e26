import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isKeepAlive,
  parseOrder,
  parseTrade,
  parseUserFrame,
} from '../../../../src/adapters/venues/polymarket/user-wire.ts';
import { InvalidValue } from '../../../../src/domain/faults.ts';
import {
  MARKET,
  makerOrder,
  OTHER_ADDRESS,
  OTHER_KEY,
  OUR_ADDRESS,
  OUR_KEY,
  orderId,
  orderMessage,
  tradeMessage,
  without,
  YES,
} from './user-fixtures.ts';

describe('an order', () => {
  test('is read by its own fields, ids in lower case', () => {
    const id = orderId('AB');
    expect(parseOrder(orderMessage({ id, associate_trades: ['t1', 't2'] }))).toEqual({
      type: 'order',
      id: id.toLowerCase(),
      change: 'PLACEMENT',
      status: 'LIVE',
      marketId: MARKET,
      tokenId: YES,
      owner: OUR_KEY,
      makerAddress: OUR_ADDRESS.toLowerCase(),
      side: 'SELL',
      price: '0.57',
      originalSize: '10',
      sizeMatched: '0',
      orderType: 'GTC',
      associateTrades: ['t1', 't2'],
      createdAtMs: 1_725_841_741_000,
      atMs: 1_725_841_743_272,
    });
  });

  test('needs no more than its id', () => {
    expect(parseOrder({ id: orderId('a1') })).toEqual({
      type: 'order',
      id: orderId('a1'),
      associateTrades: [],
    });
  });

  test('empty text and null are not stated', () => {
    const names = ['size_matched', 'original_size', 'price', 'side', 'status', 'timestamp'];
    for (const blank of ['', null]) {
      const order = parseOrder(orderMessage(Object.fromEntries(names.map((n) => [n, blank]))));
      expect(Object.keys(order)).toEqual(
        expect.not.arrayContaining(['sizeMatched', 'originalSize', 'price', 'side', 'status']),
      );
      expect(order.atMs).toBeUndefined();
    }
  });

  test.each([
    ['LIVE', 'LIVE'],
    ['ORDER_STATUS_LIVE', 'LIVE'],
    ['ORDER_STATUS_CANCELED_MARKET_RESOLVED', 'CANCELED_MARKET_RESOLVED'],
    ["CANCELED_order couldn't be filled.", "CANCELED_order couldn't be filled."],
    ['UNMATCHED_no match', 'UNMATCHED_no match'],
    ['a\0b\ud800', 'a\ufffdb\ufffd'],
    ['x'.repeat(1000), 'x'.repeat(300)],
  ])('the status %j is kept as %j', (written, kept) => {
    expect(parseOrder(orderMessage({ status: written })).status).toBe(kept);
  });

  test.each<[string, object]>([
    ['id', { id: undefined }],
    ['id', { id: '' }],
    ['id', { id: 'with a space' }],
    ['id', { id: 'x'.repeat(201) }],
    ['id', { id: ['x'] }],
    ['status', { status: 5 }],
    ['side', { side: 'LONG' }],
    ['size_matched', { size_matched: '-1' }],
    ['size_matched', { size_matched: 'ten' }],
    ['size_matched', { size_matched: {} }],
    ['price', { price: Number.NaN }],
  ])('a bad %s names the place: %j', (name, change) => {
    expect(() => parseOrder(orderMessage(change), 'here')).toThrow(
      expect.objectContaining({
        name: 'InvalidValue',
        facts: expect.objectContaining({ place: `here.${name}` }),
      }),
    );
  });
});

describe('an amount', () => {
  test.each([
    ['0.0030000000012', '0.0030000000012'],
    ['1666.666666', '1666.666666'],
    ['10.50', '10.5'],
    ['010', '10'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['0', '0'],
    ['1e-7', '0.0000001'],
    [
      '123456789012345678901234567890.123456789012345678901234567891',
      '123456789012345678901234567890.123456789012345678901234567891',
    ],
    [0.57, '0.57'],
    [1e-7, '0.0000001'],
    [12, '12'],
  ])('%j is exactly %s', (written, amount) => {
    expect(parseOrder(orderMessage({ size_matched: written })).sizeMatched).toBe(amount);
  });

  test.each([
    ['a number that went through a float', 0.1 + 0.2],
    ['31 digits before the point', '1'.repeat(31)],
    ['31 decimals', `0.${'1'.repeat(31)}`],
    ['an exponent beyond sense', '1e99'],
    ['an infinite one', Number.POSITIVE_INFINITY],
    ['hex', '0x10'],
    ['two points', '1.2.3'],
    ['thousands', '1,000'],
    ['true', true],
  ])('%s is refused', (_, written) => {
    expect(() => parseOrder(orderMessage({ size_matched: written }))).toThrow(InvalidValue);
  });
});

describe('a time', () => {
  test.each([
    ['1725841741', 1_725_841_741_000],
    ['1725841741272', 1_725_841_741_272],
    [1725841741, 1_725_841_741_000],
    ['1725841741.5', 1_725_841_741_500],
    ['999999999999', 999_999_999_999_000],
    ['1000000000000', 1_000_000_000_000],
    ['2024-09-09T00:29:01Z', 1_725_841_741_000],
    ['2024-09-09T02:29:01.250+02:00', 1_725_841_741_250],
    ['0', undefined],
    ['', undefined],
    ['soon', undefined],
    [{}, undefined],
    ['9999-99-99T99:99:99Z', undefined],
    ['17258417412721725841741', undefined],
  ])('%j is %j', (written, atMs) => {
    expect(parseOrder(orderMessage({ timestamp: written })).atMs).toBe(atMs);
  });
});

describe('a trade', () => {
  test("is read by its own fields, which are the taker's", () => {
    expect(parseTrade(tradeMessage())).toEqual({
      type: 'trade',
      id: '28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e',
      takerOrderId: orderId('c1'),
      marketId: MARKET,
      tokenId: YES,
      side: 'BUY',
      size: '10',
      price: '0.57',
      status: 'MATCHED',
      owner: OTHER_KEY,
      makerAddress: OTHER_ADDRESS,
      traderSide: 'TAKER',
      bucketIndex: 0,
      matchedAtMs: 1_725_841_745_000,
      updatedAtMs: 1_725_841_750_000,
      makerOrders: [
        {
          orderId: orderId('b1'),
          owner: OTHER_KEY,
          makerAddress: OTHER_ADDRESS,
          tokenId: YES,
          price: '0.57',
          matchedAmount: '10',
        },
      ],
    });
  });

  test.each<[string, object, object]>([
    ['the status of REST', { status: 'TRADE_STATUS_MINED' }, { status: 'MINED' }],
    ['a status nobody knows', { status: 'BURIED' }, { status: 'BURIED' }],
    ['a hash', { transaction_hash: '0xAB' }, { transactionHash: '0xab' }],
    ['a side in lower case', { side: 'sell' }, { side: 'SELL' }],
    ['a bucket as a number', { bucket_index: 2 }, { bucketIndex: 2 }],
    ['a bucket as text', { bucket_index: '2' }, { bucketIndex: 2 }],
    ['no bucket', { bucket_index: null }, { bucketIndex: 0 }],
    ['no makers', { maker_orders: null }, { makerOrders: [] }],
    ['unknown fields', { nonsense: { deep: [1] } }, { size: '10' }],
    [
      'the documented match time',
      { match_time: undefined, matchtime: '1672290701' },
      { matchedAtMs: 1_672_290_701_000 },
    ],
    [
      'no match time at all',
      { match_time: undefined, last_update: '1672290702' },
      { matchedAtMs: 1_672_290_702_000 },
    ],
  ])('%s is read', (_, change, expected) => {
    expect(parseTrade(tradeMessage(change))).toMatchObject(expected);
  });

  test('a maker order may state its side', () => {
    const { makerOrders } = parseTrade(
      tradeMessage({ maker_orders: [makerOrder({ side: 'SELL' }), makerOrder({ side: '' })] }),
    );
    expect(makerOrders.map(({ side }) => side)).toEqual(['SELL', undefined]);
  });

  test.each<[string, object]>([
    ['id', { id: null }],
    ['taker_order_id', { taker_order_id: {} }],
    ['asset_id', { asset_id: '' }],
    ['side', { side: '' }],
    ['size', { size: '' }],
    ['price', { price: null }],
    ['bucket_index', { bucket_index: -1 }],
    ['maker_orders', { maker_orders: {} }],
    ['maker_orders[0]', { maker_orders: [7] }],
    [
      'maker_orders[1].matched_amount',
      { maker_orders: [makerOrder(), makerOrder({ matched_amount: '' })] },
    ],
    ['maker_orders[0].order_id', { maker_orders: [makerOrder({ order_id: '' })] }],
    ['match_time', { match_time: '', last_update: '', timestamp: '' }],
  ])('a bad %s names the place', (name, change) => {
    expect(() => parseTrade(tradeMessage(change), 'here')).toThrow(
      expect.objectContaining({
        name: 'InvalidValue',
        facts: expect.objectContaining({ place: `here.${name}` }),
      }),
    );
  });
});

describe('a frame', () => {
  test.each(['PONG', '', ' \n'])('%j is a keep-alive', (text) => {
    expect(isKeepAlive(text)).toBe(true);
    expect(parseUserFrame(text)).toEqual({ messages: [], malformed: [] });
  });

  test('an object is one message, a list is its messages in order', () => {
    const order = orderMessage();
    const trade = tradeMessage();
    const types = (value: unknown): string[] =>
      parseUserFrame(JSON.stringify(value)).messages.map(({ type }) => type);
    expect(types(order)).toEqual(['order']);
    expect(types([trade, order, trade])).toEqual(['trade', 'order', 'trade']);
    expect(types([])).toEqual([]);
  });

  test('a message without its type is known by its fields', () => {
    const text = JSON.stringify([
      without(orderMessage(), 'event_type'),
      without(tradeMessage(), 'event_type'),
      { hello: 1 },
    ]);
    expect(parseUserFrame(text).messages).toMatchObject([
      { type: 'order' },
      { type: 'trade' },
      { type: 'ignored', eventType: 'no_event_type' },
    ]);
  });

  test('a type that we do not know is kept', () => {
    expect(parseUserFrame('{"event_type":"Heartbeat"}').messages).toEqual([
      { type: 'ignored', eventType: 'heartbeat' },
    ]);
  });

  test('a bad message costs only itself', () => {
    const text = JSON.stringify([orderMessage(), { event_type: 'order' }, null, tradeMessage()]);
    const { messages, malformed } = parseUserFrame(text, 'frame');
    expect(messages.map(({ type }) => type)).toEqual(['order', 'trade']);
    expect(malformed.map(({ facts }) => facts.place)).toEqual(['frame[1].id', 'frame[2]']);
  });

  test.each([
    ['no JSON', 'INVALID OPERATION'],
    ['half of a frame', JSON.stringify(tradeMessage()).slice(0, 100)],
    ['a number', '5'],
    ['text', '"x"'],
    ['null', 'null'],
    ['far too many messages', JSON.stringify(new Array(10_001).fill({}))],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['a type that is no text', '{"event_type":5}'],
  ])('%s is malformed and nothing else', (_, text) => {
    const { messages, malformed } = parseUserFrame(text);
    expect(messages).toEqual([]);
    expect(malformed).toHaveLength(1);
  });
});

describe('whatever comes', () => {
  /** What a frame holds, with some fields replaced by anything. */
  const spoilt = (message: Record<string, unknown>): fc.Arbitrary<object> =>
    fc
      .dictionary(fc.constantFrom(...Object.keys(message)), fc.jsonValue({ maxDepth: 3 }), {
        maxKeys: 4,
      })
      .map((change) => ({ ...message, ...change }));
  const anything = fc.oneof(
    spoilt(orderMessage()),
    spoilt(tradeMessage()),
    spoilt(makerOrder()).map((maker) => tradeMessage({ maker_orders: [maker] })),
    fc.jsonValue(),
  );

  test('a parser throws nothing but InvalidValue', () => {
    fc.assert(
      fc.property(anything, (value) => {
        for (const parse of [parseOrder, parseTrade]) {
          try {
            parse(value);
          } catch (fault) {
            expect(fault).toBeInstanceOf(InvalidValue);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('a frame, cut off anywhere or garbled, gives messages and faults and never throws', () => {
    const frame = fc
      .tuple(fc.array(anything, { maxLength: 4 }), fc.nat(), fc.string())
      .chain(([messages, cut, noise]) => {
        const text = JSON.stringify(messages);
        const at = cut % (text.length + 1);
        return fc.constantFrom(text, text.slice(0, at), text.slice(0, at) + noise + text.slice(at));
      });
    fc.assert(
      fc.property(fc.oneof(frame, fc.string()), (text) => {
        const { messages, malformed } = parseUserFrame(text);
        expect(messages.length + malformed.length).toBeLessThanOrEqual(Math.max(1, text.length));
      }),
      { numRuns: 1_000 },
    );
  });

  test('what is read can be kept by any database', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(text, (value) => {
        const order = parseOrder(orderMessage({ status: `${value}\0\ud800`, owner: value }));
        const kept = JSON.stringify([order.status, order.owner]);
        expect(kept).not.toMatch(/\\u0000|\\ud[89a-f]/i);
      }),
    );
  });
});

const SHARED = resolve(process.env.FILLWRIGHT_SHARED ?? '../shared');
const SAMPLES = join(SHARED, 'samples', 'polymarket');

describe.runIf(existsSync(SAMPLES))(`documented samples (skipped without ${SAMPLES})`, () => {
  test.each([
    ['1', { type: 'trade', status: 'MATCHED', matchedAtMs: 1_672_290_701_000, size: '10' }],
    ['2', { type: 'order', change: 'PLACEMENT', sizeMatched: '0', atMs: 1_672_290_687_000 }],
  ])('sample %s is read', (number, expected) => {
    const file = join(SAMPLES, `market-data__websocket__user-channel__${number}.json`);
    const { messages, malformed } = parseUserFrame(readFileSync(file, 'utf8'));
    expect(malformed).toEqual([]);
    expect(messages).toMatchObject([expected]);
  });
});
