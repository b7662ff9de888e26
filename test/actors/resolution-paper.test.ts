/** Paper trading: somebody says how the market ended, and the paper venue pays as the real one would. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { openDesk, pass, type TestDesk } from '../support/desk.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';
import { createPaperMarket } from '../support/paper-desk.ts';
import { verified } from '../verify/busy-desk.ts';

let fresh: FreshStore;
let clock: VirtualClock;
let desk: TestDesk | undefined;
const market = createPaperMarket();
beforeEach(async () => {
  fresh = await freshStore();
  clock = createVirtualClock(AT_MS);
});
afterEach(async () => {
  await desk?.crash();
  await fresh.dispose();
});

async function start(): Promise<TestDesk> {
  let isUp = false;
  const starting = openDesk(fresh, { venue: market.venue, clock }).finally(() => {
    isUp = true;
  });
  for (let tries = 0; !isUp && tries < 1_000; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advanceTo(clock.now() + 1);
  }
  desk = await starting;
  return desk;
}

const resolve = (YES: string, NO: string, marketId = 'rain') => ({
  ...{ type: 'market.resolve' as const, marketId, payouts: { YES, NO } },
  ...{ by: 'ada', reason: 'the station' },
});

/** Both outcomes held, and an order that rests. */
async function traded(): Promise<TestDesk> {
  const now = await start();
  market.show([['0.45', '100']], [['0.5', '100']]);
  market.show([['0.45', '100']], [['0.5', '100']], noRain);
  await now.submit({ size: '10' });
  await now.submit({ instrument: noRain.id, size: '6' });
  await now.submit({ price: '0.1', size: '20' });
  await pass(clock, now, 1_000);
  expect(now.trading.position(rain.id)).toMatchObject({ size: '10' });
  return now;
}

test('a person says half to each: 16 shares are 8 dollars at the venue and here, the order is over', async () => {
  const now = await traded();
  const before = await now.trading.account();
  expect(await now.trading.send(resolve('0.5', '0.5'))).toMatchObject({ changed: true });
  expect(now.trading.position(rain.id)).toMatchObject({ state: 'redeemable', redeemableUsd: '5' });
  await pass(clock, now, 70_000);
  expect(now.trading.position(rain.id)).toMatchObject({ state: 'redeemed', redeemedUsd: '5' });
  expect(now.trading.position(noRain.id)).toMatchObject({ state: 'redeemed', redeemedUsd: '3' });
  const account = await now.trading.account();
  expect(Number(account.cashUsd) - Number(before.cashUsd)).toBeCloseTo(8, 9);
  expect(account).toMatchObject({ reservedUsd: '0', redeemableUsd: '0' });
  expect(await now.venue.fetchBalances()).toEqual({ cashUsd: account.cashUsd });
  expect(await now.venue.fetchPositions()).toEqual([]);
  expect(now.trading.workingOrders()).toEqual([]);
  await now.trading.settled();
  expect(await fresh.store.findings()).toEqual([]);
  expect(await verified(fresh)).toMatchObject({ ok: true, differences: [] });
  // Said again it is so already; said otherwise it is refused.
  expect(await now.trading.send(resolve('0.5', '0.5'))).toMatchObject({ changed: false });
  await expect(now.trading.send(resolve('1', '0'))).rejects.toThrow('YES 0.5, NO 0.5');
  await expect(now.trading.send(resolve('1', '0.5'))).rejects.toThrow('1 + 0.5 = 1.5');
  await expect(now.trading.send(resolve('1', '0', 'snow'))).rejects.toThrow('marketId');
});

test('a crash right after the word: the venue is told by the next life, and pays once', async () => {
  let now = await traded();
  await now.trading.send(resolve('1', '0'));
  await now.crash();
  now = await start();
  await pass(clock, now, 70_000);
  const paid = { state: 'redeemed', redeemedUsd: '10', realizedPnl: '5' };
  expect(now.trading.position(rain.id)).toMatchObject(paid);
  expect(now.trading.position(noRain.id)).toMatchObject({ state: 'closed', realizedPnl: '-3' });
  const { cashUsd } = await now.trading.account();
  await now.crash();
  now = await start();
  await pass(clock, now, 130_000);
  expect(now.trading.position(rain.id)).toMatchObject(paid);
  expect((await now.trading.account()).cashUsd).toBe(cashUsd);
  expect(await now.venue.fetchBalances()).toEqual({ cashUsd });
  const { order } = await now.submit({ size: '5' });
  expect(order).toMatchObject({ status: 'DENIED' });
  expect(await verified(fresh)).toMatchObject({ ok: true, differences: [] });
});

test('a person says that it was redeemed, for what came', async () => {
  const now = await traded();
  const redeem = { type: 'position.redeem', by: 'ada', reason: '0xhash' } as const;
  await expect(now.trading.send({ ...redeem, instrumentId: rain.id })).rejects.toThrow('resolved');
  await now.trading.send(resolve('1', '0'));
  const amountUsd = '9.99';
  const said = await now.trading.send({ ...redeem, instrumentId: rain.id, amountUsd });
  expect(said).toMatchObject({ changed: true, facts: { size: '10', amountUsd } });
  // What came less than the payout is lost.
  expect(now.trading.position(rain.id)).toMatchObject({ state: 'redeemed', realizedPnl: '4.99' });
  const again = await now.trading.send({ ...redeem, instrumentId: rain.id });
  expect(again).toMatchObject({ changed: false });
});
