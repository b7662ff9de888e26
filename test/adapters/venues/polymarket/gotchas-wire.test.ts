/** What went wrong for others, in the venue's own messages: docs/polymarket.md has the list. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { legsOf, orderReportOf } from '../../../../src/adapters/venues/polymarket/attribution.ts';
import { parseGammaMarket } from '../../../../src/adapters/venues/polymarket/gamma.ts';
import { classifySubmit } from '../../../../src/adapters/venues/polymarket/outcomes-submit.ts';
import { parseOrder, parseTrade } from '../../../../src/adapters/venues/polymarket/user-wire.ts';
import type { Intent } from '../../../../src/domain/intent.ts';
import { isClosed } from '../../../../src/machines/order.status.ts';
import { type OrderUnderTest, orderIn } from '../../../support/order-actor.ts';
import { AT_MS, intent, orderContext } from '../../../support/orders.ts';
import { instrumentOf, makerOrder, orderId, orderMessage, tradeMessage } from './user-fixtures.ts';

const OURS = orderId('c1');

/** Our BUY, at the venue, of as many shares. */
function working(size: string): OrderUnderTest {
  const wish: Intent = intent({ size, price: '0.57' });
  return orderIn(
    'working.open',
    orderContext({ intent: wish, acknowledged: true, venueOrderId: OURS }),
  );
}

/** Tells our order of a trade in which it took, as the user channel tells. */
function tellTrade(order: OrderUnderTest, change: object): void {
  const trade = parseTrade(tradeMessage(change));
  for (const leg of legsOf(trade, { isOurs: (id) => id === OURS }, instrumentOf)) {
    order.send({ type: 'venue.legReported', leg, atMs: AT_MS });
  }
}

const taken = (size: string, more: object = {}) => ({
  size,
  maker_orders: [makerOrder({ matched_amount: size })],
  ...more,
});

const closed = (order: OrderUnderTest): boolean =>
  isClosed(order.execution(), order.settlement(), order.context());

test('of two transactions of one match one may fail: only its shares are taken back', () => {
  const order = working('10');
  for (const status of ['MATCHED', 'MINED']) {
    tellTrade(order, taken('6', { bucket_index: '0', status }));
    tellTrade(order, taken('4', { bucket_index: '1', status }));
  }
  expect(order.context().filledSize).toBe('10');
  tellTrade(order, taken('4', { bucket_index: '1', status: 'FAILED' }));
  tellTrade(order, taken('6', { bucket_index: '0', status: 'CONFIRMED' }));
  expect(order.context()).toMatchObject({ matchedSize: '10', filledSize: '6', filledUsd: '3.42' });
  expect([order.execution(), closed(order)]).toEqual(['matched', true]);
});

test('a fill of more shares than were ordered is booked whole', () => {
  const order = working('5');
  tellTrade(order, taken('5.012345', { status: 'CONFIRMED' }));
  expect(order.context()).toMatchObject({ filledSize: '5.012345', reservedUsd: '0' });
  expect([order.execution(), closed(order)]).toEqual(['matched', true]);
});

test('dust that the venue never fills keeps neither the order open nor its money', () => {
  const order = working('100');
  tellTrade(order, taken('99.997714', { status: 'CONFIRMED' }));
  expect(order.execution()).toBe('working.partiallyFilled');
  // As REST shows it for ever after.
  const shown = { status: 'MATCHED', original_size: '100', size_matched: '99.997714' };
  const { type: _change, ...atRest } = orderMessage({ id: OURS, ...shown });
  const report = orderReportOf(parseOrder(atRest), AT_MS);
  order.send({ type: 'venue.orderReported', ...report });
  expect(order.context()).toMatchObject({ filledSize: '99.997714', reservedUsd: '0' });
  expect([order.execution(), closed(order)]).toEqual(['matched', true]);
});

test('INVALID with a reason behind it ends an order as INVALID does, and says why', () => {
  const said = { status: 'INVALID_Price (0.55) breaks the tick', timestamp: undefined };
  const { type: _change, ...atRest } = orderMessage(said);
  const reason = 'Price (0.55) breaks the tick';
  expect(orderReportOf(parseOrder(atRest))).toMatchObject({ status: 'rejected', reason });
  const inPart = parseOrder({ ...atRest, size_matched: '4' });
  expect(orderReportOf(inPart)).toMatchObject({ status: 'cancelled', reason });
});

test.each(['0', '', '1000', undefined])(
  'a fill that states a fee rate of %j costs what the schedule says',
  (fee_rate_bps) => {
    const order = working('10');
    tellTrade(order, taken('10', { fee_rate_bps }));
    // 10 x 0.05 x 0.57 x 0.43 = 0.12255.
    expect(order.context().feesUsd).toBe('0.12255');
  },
);

test.each([
  ['no hashes', { transactionsHashes: undefined }],
  ['null for hashes', { transactionsHashes: null }],
  ['neither hashes, trades nor amounts', { tradeIDs: [], makingAmount: '', takingAmount: '' }],
])('a matched answer with %s is an acknowledgement', (_rule, change) => {
  const body = { success: true, errorMsg: '', orderID: OURS, status: 'matched', ...change };
  const answer = { kind: 'answer', status: 200, headers: {}, text: JSON.stringify(body) } as const;
  expect(classifySubmit(answer, OURS)).toEqual({
    outcome: { kind: 'acknowledged', venueOrderId: OURS, status: 'matched' },
  });
});

test('what Gamma says of the end of a market and the start of a game decides nothing here', () => {
  const conditionId = `0x${'ab'.repeat(32)}`;
  const row = { conditionId, version: 'v1', clobTokenIds: '["71","72"]', slug: 'a-game' };
  const times = fc.record(
    {
      endDate: fc.oneof(fc.date({ noInvalidDate: true }).map(String), fc.constant(null)),
      gameStartTime: fc.oneof(fc.string(), fc.integer()),
      active: fc.boolean(),
      closed: fc.boolean(),
      acceptingOrders: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(times, (said) => {
      expect(parseGammaMarket({ ...row, ...said }, 'gamma')).toEqual(
        parseGammaMarket(row, 'gamma'),
      );
    }),
  );
});
