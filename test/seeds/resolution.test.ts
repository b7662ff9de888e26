/** The end of a market as the requirement texts ask for it; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ASK_EVERY_MS } from '../../src/actors/resolution-watch.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { DEFAULT_EXIT_PLAN } from '../../src/domain/exits/default-plan.ts';
import { pass, type TestDesk } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { AT_MS, rain } from '../support/orders.ts';

const floor = useFloor();
let clock: VirtualClock;
beforeEach(() => {
  clock = createVirtualClock(AT_MS);
});

/** Holds 20 bought at 0.95, by the plan of the texts. */
async function holding(): Promise<TestDesk> {
  const starting = floor.start({ clock, exitPlan: DEFAULT_EXIT_PLAN });
  await clock.advanceTo(clock.now() + 1);
  const desk = await starting;
  const { orderId } = await desk.submit({ price: '0.95', size: '20' });
  await pass(clock, desk, 10);
  const order = { venueOrderId: `0x${orderId}`, tradeId: 't1', feeUsd: '0' };
  floor.venue.fill({ ...order, price: '0.95', size: '20', settlement: 'confirmed' });
  await pass(clock, desk, 10);
  return desk;
}

function resolves(YES: string, NO: string): void {
  floor.venue.onResolutions = () => [
    { marketId: 'rain', payouts: { YES, NO }, resolvedAtMs: AT_MS, source: 'UMA_OO' },
  ];
}

describe('a resolution', () => {
  test('closes the position at 1.00: it is no open position any more', async () => {
    const desk = await holding();
    resolves('1', '0');
    await pass(clock, desk, ASK_EVERY_MS);
    const [position] = await desk.trading.positions();
    expect(position).toMatchObject({ state: 'redeemable', realizedPnl: '1', costBasis: '0' });
    expect((await desk.trading.positions()).filter(({ state }) => state === 'open')).toEqual([]);
    const exit = desk.trading.execution.registry.exits.get(rain.id);
    expect(exit && desk.trading.execution.registry.snapshot(exit).context.why).toMatch(/^resolved/);
  });

  test('is followed by a look at the balance, at once', async () => {
    const desk = await holding();
    let asked = 0;
    const { onBalances } = floor.venue;
    floor.venue.onBalances = () => {
      asked += 1;
      return onBalances();
    };
    let askedBefore = 0;
    floor.venue.onResolutions = () => {
      askedBefore = asked;
      return [{ marketId: 'rain', payouts: { YES: '1', NO: '0' }, source: 'UMA_OO' }];
    };
    await clock.advanceTo(AT_MS + ASK_EVERY_MS + 1_000);
    await pass(clock, desk, 1_000);
    expect(desk.trading.position(rain.id)).toMatchObject({ state: 'redeemable' });
    expect(asked).toBeGreaterThan(askedBefore);
  });

  test('moves no money by itself: 981 before and after, 20 to be redeemed, then 1001', async () => {
    const desk = await holding();
    expect(await desk.trading.account()).toMatchObject({ cashUsd: '981', redeemableUsd: '0' });
    resolves('1', '0');
    await pass(clock, desk, ASK_EVERY_MS);
    expect(await desk.trading.account()).toMatchObject({
      ...{ cashUsd: '981', availableUsd: '981', redeemableUsd: '20' },
    });
    floor.venue.onPositions = () => [];
    floor.venue.onBalances = () => ({ cashUsd: '1001' });
    await pass(clock, desk, ASK_EVERY_MS);
    expect(await desk.trading.account()).toMatchObject({ cashUsd: '1001', redeemableUsd: '0' });
  });

  test('that pays half to each strands nothing: 20 shares are 10 dollars', async () => {
    const desk = await holding();
    resolves('0.5', '0.5');
    await pass(clock, desk, ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({
      ...{ state: 'redeemable', redeemableUsd: '10', realizedPnl: '-9' },
    });
  });
});
