/** Markets end on the sandbox, which pays by itself: the engine hears of it by the adapter alone. */
import { expect, onTestFinished, test } from 'vitest';
import { ASK_EVERY_MS } from '../../src/actors/resolution-watch.ts';
import { createTrading } from '../../src/actors/trading.ts';
import { createIds } from '../../src/adapters/ids.ts';
import { decimal, toText } from '../../src/domain/decimal.ts';
import { microsText } from '../../src/sandbox/numbers.ts';
import {
  micros,
  openDesk,
  type VenueDesk,
} from '../adapters/venues/polymarket/polymarket-venue-harness.ts';
import { freshStore } from '../support/database.ts';
import { createListLog } from '../support/desk.ts';
import { verified } from '../verify/busy-desk.ts';

async function openEngine(desk: VenueDesk) {
  const fresh = await freshStore();
  const { clock, venue } = desk;
  const trading = createTrading({
    ...{ clock, log: createListLog(), store: fresh.store, ids: createIds({ clock }) },
    // The desk has started it, and stops it.
    venue: { ...venue, start: async () => undefined, stop: async () => undefined },
    account: { id: 'main', depositUsd: '1000', minimumReserveUsd: '0' },
    ...{ maxOpenOrders: 100, checkIdentities: true },
  });
  onTestFinished(async () => {
    await desk.inTime(trading.stop());
    await fresh.dispose();
  });
  await desk.inTime(trading.start());
  return { trading, fresh };
}

test.each([
  { name: 'YES', yes: '1', plain: '10', negRisk: '0' },
  { name: 'NO', yes: '0', plain: '0', negRisk: '8' },
  { name: 'half to each', yes: '0.5', plain: '5', negRisk: '4' },
])('$name: payouts of two markets, their collateral, and nothing else', async (end) => {
  const desk = await openDesk({ deaf: true });
  const rain = desk.instrument('plain');
  const bet = desk.instrument('neg-risk', 'NO');
  for (const one of [rain, bet]) await desk.show(one, [['0.45', '100']], [['0.55', '100']]);
  const { trading, fresh } = await openEngine(desk);
  const buy = { side: 'BUY', price: '0.56' } as const;
  await desk.inTime(trading.submit({ ...buy, key: 'a', instrument: rain.id, size: '10' }));
  await desk.inTime(trading.submit({ ...buy, key: 'b', instrument: bet.id, size: '8' }));
  const resting = { ...buy, price: '0.1', key: 'c', instrument: rain.id, size: '20' };
  const { orderId } = await desk.inTime(trading.submit(resting));
  await desk.advance(30_000);
  expect(trading.position(rain.id)).toMatchObject({
    state: 'open',
    size: '10',
    sellableSize: '10',
  });
  const before = await trading.account();

  const { exchange } = desk.sandbox;
  const yes = micros(end.yes);
  for (const slug of ['plain', 'neg-risk']) {
    exchange.resolve(desk.market(slug).conditionId, [yes, 1_000_000n - yes]);
  }
  await desk.advance(3 * ASK_EVERY_MS);
  expect((await trading.order(orderId))?.status).toBe('CANCELLED');
  for (const [{ id }, paid] of [
    [rain, end.plain],
    [bet, end.negRisk],
  ] as const) {
    expect(trading.position(id)).toMatchObject({
      ...{ state: paid === '0' ? 'closed' : 'redeemed', size: '0', redeemableUsd: '0' },
      ...{ redeemedUsd: paid, costBasis: '0' },
    });
  }
  // Σ payouts = the collateral that came, by our books and by the venue's.
  const after = await desk.inTime(trading.account());
  const came = decimal(after.cashUsd).minus(before.cashUsd);
  expect(toText(came)).toBe(toText(decimal(end.plain).plus(end.negRisk)));
  expect(after.cashUsd).toBe(microsText(exchange.balance(desk.account.funder)));
  await desk.inTime(trading.settled());
  expect(await fresh.store.findings()).toEqual([]);
  expect(await verified(fresh)).toMatchObject({ ok: true, differences: [] });
});

test('a fill that settles after the end is paid then, and one that fails is not', async () => {
  const desk = await openDesk({ deaf: true });
  const rain = desk.instrument('plain');
  await desk.show(rain, [['0.30', '100']], [['0.55', '100']]);
  const { trading, fresh } = await openEngine(desk);
  const { exchange } = desk.sandbox;
  const slow = { minedAfterMs: 100_000, confirmedAfterMs: 100_000 };
  exchange.settlement = { ...exchange.settlement, ...slow };
  for (const [key, path] of [
    ['kept', ['MINED', 'CONFIRMED']],
    ['lost', ['FAILED']],
  ] as const) {
    const size = key === 'kept' ? '10' : '6';
    const order = { key, instrument: rain.id, side: 'BUY', price: '0.4', size };
    const { orderId } = await desk.inTime(trading.submit(order));
    await desk.advance(1_000);
    const placed = await trading.order(orderId);
    exchange.settleNext(String(placed?.venueOrderId), [...path]);
  }
  const sale = { tokenId: rain.tokenId, side: 'SELL', price: micros('0.4') } as const;
  for (const size of ['10', '6']) await desk.sandbox.taker.take({ ...sale, size: micros(size) });
  await desk.advance(2_000);
  expect(trading.position(rain.id)).toMatchObject({ size: '16', sellableSize: '0' });
  exchange.resolve(desk.market('plain').conditionId, [1_000_000n, 0n]);
  await desk.advance(ASK_EVERY_MS + 5_000);
  expect(trading.position(rain.id)).toMatchObject({ state: 'redeemable', redeemableUsd: '16' });
  await desk.advance(6 * ASK_EVERY_MS);
  expect(trading.position(rain.id)).toMatchObject({
    ...{ state: 'redeemed', redeemedSize: '10', redeemedUsd: '10', realizedPnl: '6' },
  });
  const { cashUsd } = await desk.inTime(trading.account());
  expect(cashUsd).toBe(microsText(exchange.balance(desk.account.funder)));
  expect(await verified(fresh)).toMatchObject({ ok: true, differences: [] });
});
