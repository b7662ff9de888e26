/** What the comparison at the end of a chaos run finds: each difference by its rule, and nothing in books that agree. */
import { describe, expect, test } from 'vitest';
import { type Compared, compareBooks } from './compare.ts';
import { foldPromises, type PromiseLine } from './promises.ts';

const TOKEN = '11';
const INSTRUMENT = 'polymarket:0xaa:YES';

type Order = Compared['ledger']['orders'][number];
type Trade = Compared['ledger']['trades'][number];

const venueOrder = (id: string, more: Partial<Order> = {}): Order => ({
  ...{ id, status: 'MATCHED', asset_id: TOKEN, side: 'BUY', price: '0.5' },
  ...{ original_size: '10.01', size_matched: '10.01', order_type: 'GTC' },
  ...more,
});

const venueTrade = (more: Partial<Trade> = {}): Trade => ({
  ...{ id: 't1', taker_order_id: '0x1', asset_id: TOKEN, side: 'BUY', size: '10.01' },
  ...{ price: '0.5', status: 'CONFIRMED', taker_fee: '0.12513' },
  maker_orders: [
    {
      ...{ order_id: '0xother', owner: 'other', asset_id: TOKEN, matched_amount: '10.01' },
      ...{ price: '0.5', side: 'SELL' },
    },
  ],
  ...more,
});

const orderRow = (more = {}) => ({
  ...{ client_order_id: 'ord_1', venue_order_id: '0x1', status: 'CONFIRMED', closed: 'true' },
  ...{ filled_size: '10.01', reserved_usd: '0', reserved_shares: '0', ...more },
});

const legRow = (more = {}) => ({
  ...{ leg_key: 'leg 1', trade_id: 't1', venue_order_id: '0x1', role: 'taker' },
  ...{ client_order_id: 'ord_1', side: 'BUY', price: '0.5', size: '10.010000' },
  ...{ fee_usd: '0.12513', settlement: 'confirmed', conflicted: 'false', ...more },
});

const LINES: readonly PromiseLine[] = [
  {
    type: 'asked',
    asked: {
      ...{ key: '1/1', instrument: INSTRUMENT, side: 'BUY', price: '0.5', size: '10.01' },
      timeInForce: 'GTC',
    },
  },
  { type: 'answered', key: '1/1', orderId: 'ord_1', repeated: false },
  { type: 'filled', legKey: 'leg 1' },
];

/** One order, bought whole. */
const SAME: Compared = {
  books: {
    intents: [{ key: '1/1', client_order_id: 'ord_1' }],
    prepared: [{ client_order_id: 'ord_1', venue_order_id: '0x1' }],
    orders: [orderRow()],
    legs: [legRow()],
    positions: [{ instrument_id: INSTRUMENT, size: '10.01', reserved_shares: '0' }],
    ...{ cashUsd: '94.86987', accountReservedUsd: '0' },
  },
  ledger: {
    orders: [venueOrder('0x1')],
    trades: [venueTrade()],
    ...{ dollars: '94.86987', shares: { [TOKEN]: '10.01' } },
  },
  promises: foldPromises(LINES),
  instrumentOf: (tokenId) => (tokenId === TOKEN ? INSTRUMENT : tokenId),
};

const { books, ledger } = SAME;
const ours = (more: Partial<Compared['books']>): Compared => ({
  ...SAME,
  books: { ...books, ...more },
});
const theirs = (more: Partial<Compared['ledger']>): Compared => ({
  ...SAME,
  ledger: { ...ledger, ...more },
});
const promised = (...more: PromiseLine[]): Compared => ({
  ...SAME,
  promises: foldPromises([...LINES, ...more]),
});

const CASES: readonly (readonly [rule: string, compared: Compared])[] = [
  ['an answered intent is kept', ours({ intents: [] })],
  ['an answered order is kept', ours({ orders: [] })],
  [
    'one key is one order',
    promised({ type: 'answered', key: '1/1', orderId: 'ord_2', repeated: true }),
  ],
  [
    'one intent is one order',
    ours({ intents: [...books.intents, { key: '1/2', client_order_id: 'ord_1' }] }),
  ],
  ['a fill that was told is kept', promised({ type: 'filled', legKey: 'leg 2' })],
  [
    'no intent is refused',
    promised({ type: 'refused', key: '1/2', code: 'key_conflict', message: 'another body' }),
  ],
  [
    'an order at the venue is an order of ours',
    theirs({ orders: [venueOrder('0x1'), venueOrder('0x2', { status: 'CANCELED' })] }),
  ],
  [
    'no intent is two orders at the venue',
    {
      ...ours({
        prepared: [...books.prepared, { client_order_id: 'ord_2', venue_order_id: '0x2' }],
        orders: [orderRow(), orderRow({ client_order_id: 'ord_2', venue_order_id: '0x2' })],
      }),
      ledger: { ...ledger, orders: [venueOrder('0x1'), venueOrder('0x2')] },
    },
  ],
  [
    'an order is filled as far as at the venue',
    ours({ orders: [orderRow({ filled_size: '10' })] }),
  ],
  ['nothing is live at the venue', theirs({ orders: [venueOrder('0x1', { status: 'LIVE' })] })],
  ['a filled order is at the venue', theirs({ orders: [] })],
  ['every order has come to its end', ours({ orders: [orderRow({ closed: 'false' })] })],
  ['no order is unknown', ours({ orders: [orderRow({ status: 'UNKNOWN' })] })],
  ['nothing is reserved', ours({ orders: [orderRow({ reserved_usd: '5' })] })],
  ['nothing is reserved', ours({ accountReservedUsd: '0.000001' })],
  ['a trade of the venue is a leg of ours', ours({ legs: [] })],
  ['a trade of the venue is a leg of ours', ours({ legs: [legRow({ fee_usd: '0.12512' })] })],
  ['a leg of ours is a trade of the venue', ours({ legs: [legRow({ settlement: 'failed' })] })],
  ['a leg costs what the venue says', ours({ legs: [legRow({ price: '0.50001' })] })],
  ['a leg is booked once', ours({ legs: [legRow(), legRow({ leg_key: 'leg 2' })] })],
  ['no leg is an orphan', ours({ legs: [legRow({ client_order_id: null })] })],
  ['no leg is contradicted', ours({ legs: [legRow({ conflicted: 'true' })] })],
  ['a position is the balance', ours({ positions: [] })],
  ['a position is the balance', theirs({ shares: { [TOKEN]: '10.010001' } })],
  ['cash is the balance', ours({ cashUsd: '94.869871' })],
];

describe('the comparison', () => {
  test('finds nothing in books that agree', () => {
    expect(compareBooks(SAME).violations).toEqual([]);
  });

  test.each(CASES)('%s', (rule, compared) => {
    const rules = compareBooks(compared).violations.map((violation) => violation.rule);
    expect(rules).toContain(rule);
  });

  test('allows a unit of cash for each part that the venue rounds', () => {
    const parts = [{ ...venueTrade().maker_orders[0], matched_amount: '10.000001', price: '0.55' }];
    const trade = { ...venueTrade(), size: '10.000001', price: '0.55', maker_orders: parts };
    const rounded = {
      ...ours({ cashUsd: '94.3748693' }),
      ledger: { ...ledger, trades: [trade as Trade], dollars: '94.37487' },
    };
    const cash = (compared: Compared) =>
      compareBooks(compared).violations.filter(({ rule }) => rule === 'cash is the balance');
    expect(cash(rounded)).toEqual([]);
    expect(cash({ ...rounded, books: { ...rounded.books, cashUsd: '94.374868' } })).toHaveLength(1);
  });
});
