import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Finding,
  legsOf,
  type Ours,
  userEventsOf,
} from '../../../../src/adapters/venues/polymarket/attribution.ts';
import {
  parseTrade,
  parseUserFrame,
} from '../../../../src/adapters/venues/polymarket/user-wire.ts';
import { decimal } from '../../../../src/domain/decimal.ts';
import { minus, plus, times } from '../../../../src/domain/exact.ts';
import type { LegReport } from '../../../../src/domain/fill-leg.ts';
import {
  instrumentOf,
  makerOrder,
  NO,
  OUR_ADDRESS,
  OUR_KEY,
  orderId,
  orderMessage,
  tradeMessage,
  YES,
} from './user-fixtures.ts';

const known = (...ids: string[]): Ours => ({ isOurs: (id) => ids.map(orderId).includes(id) });
/** Nothing is remembered; whose an order is tells. */
const forgetful: Ours = { isOurs: () => false, owner: OUR_KEY, makerAddress: OUR_ADDRESS };

function legs(trade: object, ours: Ours): { legs: LegReport[]; findings: Finding[] } {
  const findings: Finding[] = [];
  const found = legsOf(parseTrade(tradeMessage(trade)), ours, instrumentOf, (finding) =>
    findings.push(finding),
  );
  return { legs: found, findings };
}

/** A leg in one line. */
const brief = (leg: LegReport): string =>
  [leg.role, leg.side, leg.size, leg.instrumentId.split(':')[2], `@${leg.price}`].join(' ');

/** BUY 1096.87 YES at 0.518: five sellers of YES, and a buyer of NO at what is left of a dollar. */
const COMPLEMENT = {
  size: '30',
  price: '0.518',
  trader_side: 'MAKER',
  status: 'MINED',
  maker_orders: [
    makerOrder({ order_id: orderId('b1'), asset_id: NO, matched_amount: '10', price: '0.482' }),
    makerOrder({ order_id: orderId('b2'), matched_amount: '20', price: '0.518' }),
  ],
};

describe('the legs of a trade', () => {
  test.each<[string, object, Ours, string[]]>([
    ['nobody of ours', {}, known('ee'), []],
    ['our taker', {}, known('c1'), ['taker BUY 10 YES @0.57']],
    ['our maker sells what the taker buys', {}, known('b1'), ['maker SELL 10 YES @0.57']],
    [
      'our maker buys what the taker sells',
      { side: 'SELL' },
      known('b1'),
      ['maker BUY 10 YES @0.57'],
    ],
    [
      'our maker of the other outcome buys as the taker does (mint)',
      COMPLEMENT,
      known('b1'),
      ['maker BUY 10 NO @0.482'],
    ],
    [
      'our maker of the other outcome sells as the taker does (merge)',
      { ...COMPLEMENT, side: 'SELL' },
      known('b1'),
      ['maker SELL 10 NO @0.482'],
    ],
    ['the taker of both pays one price', COMPLEMENT, known('c1'), ['taker BUY 30 YES @0.518']],
    [
      'two of our orders in one trade are two legs',
      COMPLEMENT,
      known('b1', 'b2'),
      ['maker BUY 10 NO @0.482', 'maker SELL 20 YES @0.518'],
    ],
    [
      'a trade with ourselves is both',
      {},
      known('c1', 'b1'),
      ['taker BUY 10 YES @0.57', 'maker SELL 10 YES @0.57'],
    ],
    [
      'an order named twice is one leg',
      { size: '15', maker_orders: [makerOrder(), makerOrder({ matched_amount: '5' })] },
      known('b1'),
      ['maker SELL 15 YES @0.57'],
    ],
    [
      'a maker price of many digits stays exact',
      {
        size: '1666.666666',
        price: '0.003',
        maker_orders: [makerOrder({ matched_amount: '1666.666666', price: '0.0030000000012' })],
      },
      known('c1', 'b1'),
      ['taker BUY 1666.666666 YES @0.0030000000012', 'maker SELL 1666.666666 YES @0.0030000000012'],
    ],
    [
      'a stated side stands',
      { maker_orders: [makerOrder({ side: 'SELL' })] },
      known('b1'),
      ['maker SELL 10 YES @0.57'],
    ],
    [
      'our key, forgotten order, as taker',
      { owner: OUR_KEY },
      forgetful,
      ['taker BUY 10 YES @0.57'],
    ],
    [
      'our address, forgotten order, as taker',
      { maker_address: OUR_ADDRESS },
      forgetful,
      ['taker BUY 10 YES @0.57'],
    ],
    [
      'our key, forgotten order, as maker',
      { trader_side: 'MAKER', maker_orders: [makerOrder({ owner: OUR_KEY })] },
      forgetful,
      ['maker SELL 10 YES @0.57'],
    ],
    [
      'our address in other letters, as maker',
      {
        maker_orders: [
          makerOrder({ maker_address: OUR_ADDRESS.toUpperCase().replace('0X', '0x') }),
        ],
      },
      forgetful,
      ['maker SELL 10 YES @0.57'],
    ],
    [
      'our key on top is not the taker where we are told to be the maker',
      { owner: OUR_KEY, trader_side: 'MAKER', maker_orders: [makerOrder({ owner: OUR_KEY })] },
      forgetful,
      ['maker SELL 10 YES @0.57'],
    ],
    ['nor where nobody says who we are', { owner: OUR_KEY, trader_side: undefined }, forgetful, []],
    ["no key of ours is nobody's key", { owner: '' }, { isOurs: () => false }, []],
  ])('%s', (_, trade, ours, expected) => {
    const found = legs(trade, ours);
    expect(found.legs.map(brief)).toEqual(expected);
    expect(found.findings).toEqual([]);
  });

  test('carry the trade, the match time and the transaction', () => {
    const { legs: found } = legs({ transaction_hash: '0xAB', status: 'MINED' }, known('c1'));
    expect(found).toEqual([
      {
        tradeId: '28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e',
        venueOrderId: orderId('c1'),
        role: 'taker',
        side: 'BUY',
        instrumentId: 'polymarket:m:YES',
        price: '0.57',
        size: '10',
        settlement: 'mined',
        matchedAtMs: 1_725_841_745_000,
        transactionHash: '0xab',
      },
    ]);
  });

  test('each transaction of one match is a trade of its own', () => {
    const ids = [undefined, '0', 1, '2'].map(
      (bucket_index) => legs({ id: 't', bucket_index }, known('c1')).legs[0]?.tradeId,
    );
    expect(ids).toEqual(['t', 't', 't#1', 't#2']);
  });

  test.each([
    ['MATCHED', 'matched'],
    ['TRADE_STATUS_MATCHED_NOT_BROADCASTED', 'matched'],
    ['MINED', 'mined'],
    ['TRADE_STATUS_CONFIRMED', 'confirmed'],
    ['RETRYING', 'retrying'],
    ['FAILED', 'failed'],
    ['confirmed', 'confirmed'],
  ])('%s is %s', (status, settlement) => {
    const found = legs({ status }, known('c1'));
    expect(found.legs).toMatchObject([{ settlement }]);
    expect(found.findings).toEqual([]);
  });

  test.each([['BURIED'], ['constructor'], [undefined], ['']])(
    'a leg of status %j waits at matched, and is found odd',
    (status) => {
      const found = legs({ status }, known('c1'));
      expect(found.legs).toMatchObject([{ settlement: 'matched' }]);
      expect(found.findings).toMatchObject([{ kind: 'unknown_status' }]);
    },
  );

  test('a token that we do not deal in is found odd, and costs only its own leg', () => {
    const makers = [
      makerOrder({ asset_id: '77', price: '0.43' }),
      makerOrder({ order_id: orderId('b2') }),
    ];
    const found = legs({ size: '20', maker_orders: makers }, known('b1', 'b2'));
    expect(found.legs.map(brief)).toEqual(['maker SELL 10 YES @0.57']);
    expect(found.findings).toMatchObject([
      { kind: 'unknown_token', facts: { venueOrderId: orderId('b1'), tokenId: '77' } },
    ]);
  });

  test.each<[string, object]>([
    ['a maker is missing', { size: '12' }],
    [
      'a maker is told twice',
      { maker_orders: [makerOrder(), makerOrder({ order_id: orderId('b2') })] },
    ],
    ['no maker is told', { maker_orders: [] }],
  ])("where %s, the size stands and the price is the trade's own", (_, trade) => {
    const found = legs({ price: '0.6', ...trade }, known('c1'));
    expect(found.legs).toMatchObject([
      { price: '0.6', size: parseTrade(tradeMessage(trade)).size },
    ]);
    expect(found.findings).toMatchObject([{ kind: 'not_conserved' }]);
  });

  test('a side that cannot be is taken as stated, and found odd', () => {
    const found = legs({ maker_orders: [makerOrder({ side: 'BUY' })] }, known('b1'));
    expect(found.legs).toMatchObject([{ side: 'BUY' }]);
    expect(found.findings).toMatchObject([
      { kind: 'side_contradicts', facts: { stated: 'BUY', derived: 'SELL' } },
    ]);
  });

  test.each([
    ['ends', ['1', '0.5'], ['3', '0.6'], '0.575'],
    [
      'does not end, and is rounded half-even to 12 decimals',
      ['1', '0.5'],
      ['2', '0.6'],
      '0.566666666667',
    ],
    ['does not end, rounded down', ['2', '0.5'], ['1', '0.6'], '0.533333333333'],
    [
      'ends after 25 decimals',
      ['0.5', `0.${'0'.repeat(24)}2`],
      ['0.5', '0.5'],
      `0.25${'0'.repeat(22)}1`,
    ],
  ])('an average price that %s', (_, [first, firstPrice], [second, secondPrice], price) => {
    const maker_orders = [
      makerOrder({ matched_amount: first, price: firstPrice }),
      makerOrder({ order_id: orderId('b2'), matched_amount: second, price: secondPrice }),
    ];
    const size = plus(first ?? '0', second ?? '0');
    expect(legs({ size, maker_orders }, known('c1')).legs).toMatchObject([{ price }]);
  });
});

describe('any trade', () => {
  const cents = fc.integer({ min: 1, max: 999 }).map((thousandths) => thousandths);
  const micros = fc.integer({ min: 1, max: 2_000_000_000 });
  const asPrice = (thousandths: number): string =>
    decimal(thousandths.toString()).div(1000).toFixed();
  const asSize = (value: number): string => decimal(value.toString()).div(1_000_000).toFixed();
  const trades = fc
    .record({
      side: fc.constantFrom('BUY', 'SELL'),
      makers: fc.uniqueArray(
        fc.record({
          name: fc.integer({ min: 16, max: 255 }),
          price: cents,
          amount: micros,
          other: fc.boolean(),
        }),
        { minLength: 1, maxLength: 8, selector: ({ name }) => name },
      ),
    })
    .map(({ side, makers }) => ({
      side,
      size: asSize(makers.reduce((all, { amount }) => all + amount, 0)),
      maker_orders: makers.map(({ name, price, amount, other }) =>
        makerOrder({
          order_id: orderId(name.toString(16)),
          asset_id: other ? NO : YES,
          matched_amount: asSize(amount),
          price: asPrice(price),
        }),
      ),
    }));
  const everybody: Ours = { isOurs: () => true };

  test('conserves shares and dollars: what one side gets the other gives', () => {
    fc.assert(
      fc.property(trades, (trade) => {
        const { legs: found, findings } = legs(trade, everybody);
        expect(findings).toEqual([]);
        const [taker, ...makers] = found;
        if (taker === undefined) throw new Error('The taker is ours.');
        // In terms of YES: a NO bought is a YES sold, a NO sold is a YES bought.
        const signed = (leg: LegReport): string => {
          const buysYes = (leg.side === 'BUY') === leg.instrumentId.endsWith('YES');
          return buysYes ? leg.size : minus('0', leg.size);
        };
        expect(found.map(signed).reduce(plus)).toBe('0');
        const dollars = makers.map((leg) =>
          times(leg.size, leg.instrumentId.endsWith('YES') ? leg.price : minus('1', leg.price)),
        );
        const paid = decimal(times(taker.size, taker.price));
        const error = paid.minus(dollars.reduce(plus)).abs();
        // Half of the twelfth decimal of a price, for each share.
        expect(error.lte(decimal(taker.size).times('0.0000000000005'))).toBe(true);
      }),
    );
  });

  test('gives the same legs in whatever order it names its makers', () => {
    const shuffled = trades.chain((trade) =>
      fc.tuple(
        fc.constant(trade),
        fc.shuffledSubarray(trade.maker_orders, { minLength: trade.maker_orders.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([trade, maker_orders]) => {
        const sorted = (of: object): string[] =>
          legs(of, everybody)
            .legs.map((leg) => JSON.stringify(leg))
            .sort();
        expect(sorted({ ...trade, maker_orders })).toEqual(sorted(trade));
      }),
    );
  });
});

test('a message becomes the events of the engine', () => {
  const frame = [
    orderMessage({ timestamp: '', created_at: '' }),
    tradeMessage(),
    { event_type: 'x' },
  ];
  const { messages } = parseUserFrame(JSON.stringify(frame));
  const translate = { ours: known('c1', 'b1'), instrumentOf };
  const events = messages.flatMap((message) =>
    userEventsOf(message, translate, 7, () => undefined),
  );
  expect(events).toMatchObject([
    { type: 'order', report: { venueOrderId: orderId('a1'), status: 'live', atMs: 7 } },
    { type: 'leg', leg: { role: 'taker' } },
    { type: 'leg', leg: { role: 'maker' } },
  ]);
});

describe('the fee of a taker', () => {
  const met = (...prices: string[]) =>
    legs(
      {
        taker_order_id: orderId('aa'),
        trader_side: 'TAKER',
        size: String(10 * prices.length),
        maker_orders: prices.map((price, index) =>
          makerOrder({ order_id: orderId(`b${index}`), price, matched_amount: '10' }),
        ),
      },
      known('aa'),
    ).legs[0];

  test('of one price is left to the schedule', () => {
    expect(met('0.4', '0.4')).not.toHaveProperty('feeUsd');
  });

  test('of several prices is that of each part, rounded once', () => {
    // 10 x 0.05 x (0.4 x 0.6 + 0.33 x 0.67) = 0.230550; of the average price it would be 0.23117.
    expect(met('0.4', '0.33')).toMatchObject({ price: '0.365', feeUsd: '0.23055' });
  });
});
