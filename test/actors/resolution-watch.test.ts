/** Markets end: what was held is won or lost at once, and is cash only when the venue has paid it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ASK_EVERY_MS } from '../../src/actors/resolution-watch.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { DEFAULT_EXIT_PLAN } from '../../src/domain/exits/default-plan.ts';
import { withClient } from '../support/database.ts';
import { type DeskOptions, pass, type TestDesk } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';
import { verified } from '../verify/busy-desk.ts';

const floor = useFloor();
let clock: VirtualClock;
beforeEach(() => {
  clock = createVirtualClock(AT_MS);
});

async function start(options: Partial<DeskOptions> = {}): Promise<TestDesk> {
  const starting = floor.start({ clock, ...options });
  await clock.advanceTo(clock.now() + 1);
  return starting;
}

/** Buys 10 at 0.5, confirmed. */
async function bought(desk: TestDesk, over: object = {}): Promise<string> {
  const { orderId } = await desk.submit(over);
  await pass(clock, desk, 10);
  const { instrument = rain.id, size = '10' } = over as { instrument?: string; size?: string };
  floor.venue.fill({
    ...{ tradeId: `of ${orderId}`, venueOrderId: `0x${orderId}`, instrumentId: instrument, size },
    ...{ settlement: 'confirmed', feeUsd: '0.02' },
  });
  await pass(clock, desk, 10);
  return orderId;
}

/** The chain has the payouts of the market; the shares lie where they lay. */
function ends(YES: string, NO: string): void {
  floor.venue.onResolutions = (ids) =>
    ids.includes('rain')
      ? [{ marketId: 'rain', payouts: { YES, NO }, resolvedAtMs: AT_MS, source: 'UMA_OO' }]
      : [];
}

/** Somebody redeems: the shares are gone and the collateral has come. */
async function pays(amountUsd: string): Promise<void> {
  const { venue } = floor;
  const { cashUsd } = await venue.onBalances();
  venue.onPositions = () => [];
  const after = (Number(cashUsd) + Number(amountUsd)).toFixed(6);
  venue.onBalances = () => ({ cashUsd: after });
}

async function events(desk: TestDesk, types: string): Promise<Record<string, unknown>[]> {
  await desk.trading.settled();
  return withClient(floor.fresh, async (client) => {
    const found = await client.query(
      `select type, payload from events where type like '${types}' order by event_id`,
    );
    return found.rows.map(({ type, payload }) => ({ type, ...payload }));
  });
}

describe('a market that is resolved', () => {
  test('closes what is held, keeps the cash as it was, and is redeemed when the venue shows it', async () => {
    const desk = await start();
    await bought(desk);
    const { venueBalance: _asked, ...before } = await desk.trading.account();
    ends('1', '0');
    await pass(clock, desk, ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({
      ...{ state: 'redeemable', size: '10', sellableSize: '0', costBasis: '0', realizedPnl: '5' },
      ...{ payout: '1', redeemableUsd: '10', redeemedUsd: '0', resolvedAtMs: AT_MS },
    });
    expect(await desk.trading.account()).toMatchObject({ ...before, redeemableUsd: '10' });
    expect(desk.trading.health().resolution).toMatchObject({ redeemable: 1, refused: 0 });
    // Nothing is paid yet: nothing is believed to be.
    await pass(clock, desk, 5 * ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({ state: 'redeemable' });

    await pays('10');
    await pass(clock, desk, ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({
      ...{ state: 'redeemed', size: '0', realizedPnl: '5' },
      ...{ redeemableUsd: '0', redeemedSize: '10', redeemedUsd: '10' },
    });
    const cashUsd = String(Number(before.cashUsd) + 10);
    expect(await desk.trading.account()).toMatchObject({ cashUsd, redeemableUsd: '0' });
    expect(desk.trading.health().resolution).toMatchObject({ asked: 0, nextAskAtMs: null });
    // Both books agree from the resolution on: nothing of it ever became a finding.
    await pass(clock, desk, 10 * ASK_EVERY_MS);
    await desk.trading.settled();
    expect(await floor.fresh.store.findings()).toEqual([]);
    expect(await floor.fresh.store.ledgerTotal('main')).toBe(cashUsd);
    expect(await verified(floor.fresh)).toMatchObject({ ok: true, differences: [] });
    expect((await events(desk, 'position.re%')).map(({ type }) => type)).toEqual([
      ...['position.resolved', 'position.redeemable', 'position.redeemed'],
    ]);
    expect(await events(desk, 'market.resolved')).toMatchObject([
      { marketId: 'rain', payouts: { YES: '1', NO: '0' }, source: 'paper: UMA_OO' },
    ]);
  });

  test.each([
    { name: 'lost', YES: '0', state: 'closed', size: '0', pnl: '-5', owed: '0' },
    { name: 'void', YES: '0.5', state: 'redeemable', size: '10', pnl: '0', owed: '5' },
    { name: 'scalar', YES: '0.731', state: 'redeemable', size: '10', pnl: '2.31', owed: '7.31' },
  ])('$name: $pnl is made at once', async ({ YES, state, size, pnl, owed }) => {
    const desk = await start();
    await bought(desk);
    ends(YES, String(1 - Number(YES)));
    await pass(clock, desk, ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({
      ...{ state, size, realizedPnl: pnl, redeemableUsd: owed, payout: YES },
    });
    // A lost share may lie on the chain for ever, and is no difference.
    await pass(clock, desk, 5 * ASK_EVERY_MS);
    await desk.trading.settled();
    expect(await floor.fresh.store.findings()).toEqual([]);
    expect(await verified(floor.fresh)).toMatchObject({ ok: true, differences: [] });
  });

  test('takes no entry, sells nothing, and its exit is over', async () => {
    const desk = await start({ exitPlan: DEFAULT_EXIT_PLAN });
    await bought(desk);
    expect(desk.trading.execution.registry.exits.has(rain.id)).toBe(true);
    ends('1', '0');
    await pass(clock, desk, ASK_EVERY_MS);
    const { registry } = desk.trading.execution;
    const exit = registry.exits.get(rain.id);
    expect(exit && registry.snapshot(exit).value).toBe('done');
    expect(exit && registry.snapshot(exit).context.why).toBe('resolved: a share pays 1');
    for (const instrument of [rain.id, noRain.id]) {
      const { order } = await desk.submit({ instrument });
      expect(order).toMatchObject({ status: 'DENIED' });
      expect(order.reason).toContain('the market rain is resolved');
    }
    const { order } = await desk.submit({ side: 'SELL' });
    expect(order).toMatchObject({ status: 'DENIED' });
  });

  test('is asked about soon when an order of it was ended for that', async () => {
    const desk = await start();
    const { orderId } = await desk.submit();
    await pass(clock, desk, 10);
    ends('0', '1');
    const status = { status: 'cancelled', rawStatus: 'CANCELED_MARKET_RESOLVED' } as const;
    floor.venue.emit({ type: 'order', report: floor.venue.report(`0x${orderId}`, status) });
    await pass(clock, desk, 3_000);
    expect(desk.trading.position(rain.id)).toMatchObject({ state: 'closed', payout: '0' });
    expect(desk.trading.position(noRain.id)).toMatchObject({ state: 'closed', payout: '1' });
    expect((await desk.trading.account()).reservedUsd).toBe('0');
  });
});

describe('after the resolution', () => {
  test('a leg that comes late is resolved at once, and one that fails takes its payout along', async () => {
    const desk = await start();
    const { orderId } = await desk.submit({ size: '20' });
    await pass(clock, desk, 10);
    ends('1', '0');
    await pass(clock, desk, ASK_EVERY_MS);
    const leg = { tradeId: 'late', venueOrderId: `0x${orderId}`, size: '8', feeUsd: '0.01' };
    floor.venue.fill({ ...leg, settlement: 'matched' });
    await pass(clock, desk, 10);
    expect(desk.trading.position(rain.id)).toMatchObject({
      ...{ state: 'redeemable', size: '8', realizedPnl: '4', redeemableUsd: '8', costBasis: '0' },
    });
    floor.venue.fill({ ...leg, settlement: 'failed' });
    await pass(clock, desk, 10);
    expect(desk.trading.position(rain.id)).toMatchObject({
      ...{ state: 'closed', size: '0', realizedPnl: '0', redeemableUsd: '0', feesUsd: '0' },
    });
    expect(await desk.trading.account()).toMatchObject({ cashUsd: '1000', redeemableUsd: '0' });
    expect(await verified(floor.fresh)).toMatchObject({ ok: true, differences: [] });
  });

  test('money that comes without shares that go, or shares that go without money, is no redemption', async () => {
    const desk = await start();
    await bought(desk);
    ends('1', '0');
    await pass(clock, desk, ASK_EVERY_MS);
    floor.venue.onPositions = () => [];
    await pass(clock, desk, 20 * ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({ state: 'redeemable' });
    expect(desk.log.lines.some(({ message }) => message.includes('do not show'))).toBe(true);
    await pays('10');
    floor.venue.onPositions = () => [{ instrumentId: rain.id, size: '10' }];
    await pass(clock, desk, 5 * ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({ state: 'redeemable' });
    // What is owed may have been paid, and what is held redeemed: neither is a difference of the books.
    await desk.trading.settled();
    expect(await floor.fresh.store.findings()).toEqual([]);
    floor.venue.onPositions = () => [];
    await pass(clock, desk, ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({ state: 'redeemed' });
  });

  test('another vector is said, counted, and never applied; the same one changes nothing', async () => {
    const desk = await start();
    await bought(desk);
    ends('1', '0');
    await pass(clock, desk, ASK_EVERY_MS);
    const faults: string[] = [];
    desk.trading.on('fault', ({ message }) => void faults.push(message));
    await pass(clock, desk, 3 * ASK_EVERY_MS);
    expect(faults).toEqual([]);
    ends('0', '1');
    await pass(clock, desk, 3 * ASK_EVERY_MS);
    expect(faults).toEqual([expect.stringContaining('contradicts itself')]);
    expect(desk.trading.health().resolution.refused).toBe(1);
    expect(desk.trading.position(rain.id)).toMatchObject({ payout: '1', redeemableUsd: '10' });
    // A person is to look, once, at what is held; their word is kept however often it is said again.
    await desk.trading.settled();
    const findings = () => floor.fresh.store.findings();
    const [found, ...others] = await findings();
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      ...{ kind: 'resolution.conflict', instrumentId: rain.id, severity: 'critical' },
      ...{ summary: expect.stringContaining('at 1 a share, and now says 0.'), state: 'open' },
    });
    expect(desk.trading.position(rain.id)).toMatchObject({ reconciliationRequired: true });
    await desk.trading.send({
      ...{ type: 'finding.decide', findingId: found?.findingId ?? '', as: 'approved' },
      ...{ by: 'Ann', why: 'the chain pays 1' },
    });
    await desk.crash();
    const next = await start();
    await pass(clock, next, 3 * ASK_EVERY_MS);
    await next.trading.settled();
    expect(await findings()).toMatchObject([{ state: 'approved', closedBy: 'Ann' }]);
    // Told by whichever way, the first one stands.
    const { dispatch } = next.trading.execution;
    dispatch({
      ...{ type: 'market.resolved', marketId: 'rain', payouts: { YES: '0', NO: '1' } },
      ...{ resolvedAtMs: AT_MS, source: 'test', atMs: clock.now() },
    });
    expect(next.trading.position(rain.id)).toMatchObject({ payout: '1', redeemableUsd: '10' });
  });

  test('a vector that does not add up is refused, with place and value', async () => {
    const desk = await start();
    await bought(desk);
    ends('0.5', '0.4');
    await pass(clock, desk, 2 * ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({ state: 'open', payout: null });
    const said = desk.log.lines.filter(({ message }) => message.includes('was not applied'));
    expect(said).toHaveLength(1);
    expect(said[0]?.message).toContain('paper market rain: payouts: got "0.5 + 0.4 = 0.9"');
  });
});

describe('a crash', () => {
  test('before, within and after: the same books, and everything once', async () => {
    let desk = await start();
    await bought(desk);
    await desk.crash();
    ends('0.5', '0.5');
    desk = await start();
    await pass(clock, desk, ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject({
      state: 'redeemable',
      redeemableUsd: '5',
    });
    // Durable, and perhaps not in the rows yet.
    await desk.crash();
    await pays('5');
    desk = await start();
    await pass(clock, desk, ASK_EVERY_MS);
    const paid = { state: 'redeemed', redeemedUsd: '5', realizedPnl: '0' };
    expect(desk.trading.position(rain.id)).toMatchObject(paid);
    const { venueBalance: _asked, ...account } = await desk.trading.account();
    await desk.crash();
    desk = await start();
    await pass(clock, desk, 3 * ASK_EVERY_MS);
    expect(desk.trading.position(rain.id)).toMatchObject(paid);
    expect(await desk.trading.account()).toMatchObject(account);
    expect(await events(desk, 'position.redeemed')).toHaveLength(1);
    expect(await verified(floor.fresh)).toMatchObject({ ok: true, differences: [] });
  });
});

test('a venue that does not answer is asked again, ever more slowly', async () => {
  const desk = await start();
  await bought(desk);
  let asked = 0;
  floor.venue.onResolutions = () => {
    asked += 1;
    throw new Error('away');
  };
  await pass(clock, desk, ASK_EVERY_MS + 4_000);
  expect(asked).toBe(1);
  await pass(clock, desk, 40_000);
  expect(asked).toBe(4);
  ends('1', '0');
  await pass(clock, desk, ASK_EVERY_MS);
  expect(desk.trading.position(rain.id)).toMatchObject({ state: 'redeemable' });
});
