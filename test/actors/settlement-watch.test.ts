/** A fill is followed until the chain has said how it ended, whatever the stream leaves out. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { pass, type TestDesk } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { AT_MS, rain } from '../support/orders.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const OVERLAP_MS = MINUTE;

const floor = useFloor();
let clock: VirtualClock;
beforeEach(() => {
  clock = createVirtualClock(AT_MS);
});

/** A venue that answers what changed since a moment, as a real one does. */
async function start(): Promise<TestDesk> {
  const { venue } = floor;
  venue.onTrades = (sinceMs) =>
    venue.trades.filter((leg) => (changed.get(leg.tradeId) ?? 0) >= sinceMs);
  const starting = floor.start({ clock });
  await clock.advanceTo(clock.now() + 1);
  return starting;
}

/** When the venue changed each trade last. */
const changed = new Map<string, number>();

async function placed(desk: TestDesk, over: object = {}): Promise<string> {
  const { orderId } = await desk.submit(over);
  await pass(clock, desk, 10);
  return `0x${orderId}`;
}

async function filled(
  desk: TestDesk,
  venueOrderId: string,
  leg: Parameters<typeof floor.venue.fill>[0] | object = {},
): Promise<void> {
  const made = floor.venue.fill({ venueOrderId, size: '10', ...leg });
  changed.set(made.tradeId, clock.now());
  await pass(clock, desk, 10);
}

/** The chain moves on and the stream says nothing. */
function silently(tradeId: string, settlement: 'mined' | 'confirmed' | 'failed'): void {
  const { trades } = floor.venue;
  const index = trades.findIndex((leg) => leg.tradeId === tradeId);
  const known = trades[index];
  if (known === undefined) throw new Error(`No trade ${tradeId}.`);
  trades[index] = { ...known, settlement };
  changed.set(tradeId, clock.now());
}

/** Questions of the watch: those of a reconciliation begin elsewhere. */
function asked(matchedAtMs: number): number {
  const { tradeRequests } = floor.venue;
  return tradeRequests.filter((sinceMs) => sinceMs === matchedAtMs - OVERLAP_MS).length;
}

async function settlementOf(desk: TestDesk, tradeId: string): Promise<string | undefined> {
  await desk.trading.settled();
  const legs = await floor.fresh.store.legs(100);
  return legs.find((leg) => leg.tradeId === tradeId)?.settlement;
}

describe('a fill that is not final', () => {
  test('is asked about 30 s after its last news, and no more once it is final', async () => {
    const desk = await start();
    const matchedAtMs = clock.now() + 10;
    await filled(desk, await placed(desk), { tradeId: 't1' });
    expect(desk.trading.health().settlement).toMatchObject({ unsettled: 1, late: 0 });
    await pass(clock, desk, 29 * SECOND);
    expect(asked(matchedAtMs)).toBe(0);
    silently('t1', 'confirmed');
    await pass(clock, desk, 2 * SECOND);
    expect(asked(matchedAtMs)).toBe(1);
    expect(await settlementOf(desk, 't1')).toBe('confirmed');
    expect(desk.trading.health().settlement).toMatchObject({ unsettled: 0, nextAskAtMs: null });
    await pass(clock, desk, 30 * MINUTE);
    expect(asked(matchedAtMs)).toBe(1);
  });

  test('is asked about at doubling intervals, all of them in one call', async () => {
    const desk = await start();
    const matchedAtMs = clock.now() + 10;
    await filled(desk, await placed(desk), { tradeId: 't1' });
    for (let more = 2; more < 6; more += 1) {
      await filled(desk, await placed(desk), { tradeId: `t${more}`, matchedAtMs });
    }
    const counts: number[] = [];
    for (const atS of [31, 61, 121, 241, 481]) {
      await pass(clock, desk, matchedAtMs + atS * SECOND - clock.now());
      counts.push(asked(matchedAtMs));
    }
    expect(counts).toEqual([1, 2, 3, 4, 5]);
  });

  test('that failed unseen is taken back to the last cent', async () => {
    const desk = await start();
    const { venueBalance: _asked, ...before } = await desk.trading.account();
    await filled(desk, await placed(desk), { tradeId: 't1', role: 'taker' });
    expect((await desk.trading.account()).cashUsd).not.toBe(before.cashUsd);
    silently('t1', 'failed');
    await pass(clock, desk, 31 * SECOND);
    expect(await desk.trading.account()).toMatchObject(before);
    expect(desk.trading.position(rain.id)).toMatchObject({ size: '0', costBasis: '0' });
  });

  test('is asked about again when the venue could not answer, and trading goes on', async () => {
    const desk = await start();
    await filled(desk, await placed(desk), { tradeId: 't1' });
    floor.venue.onTrades = () => Promise.reject(new Error('the venue is away'));
    await pass(clock, desk, MINUTE);
    expect(await settlementOf(desk, 't1')).toBe('matched');
    silently('t1', 'confirmed');
    floor.venue.onTrades = () => floor.venue.trades;
    await pass(clock, desk, MINUTE);
    expect(await settlementOf(desk, 't1')).toBe('confirmed');
    expect(desk.trading.health()).toMatchObject({ running: true, actorFaults: 0 });
  });

  test('is said after ten minutes and after an hour, once each', async () => {
    const desk = await start();
    const said: string[] = [];
    desk.trading.on('fault', ({ message }) => void said.push(message));
    await filled(desk, await placed(desk), { tradeId: 't1' });
    await pass(clock, desk, 9 * MINUTE);
    expect(said).toEqual([]);
    await pass(clock, desk, 20 * MINUTE);
    expect(said).toEqual([expect.stringContaining('1 fill(s) not final 10 minutes after')]);
    expect(desk.trading.health().settlement).toMatchObject({ unsettled: 1, late: 1 });
    await pass(clock, desk, 120 * MINUTE);
    expect(said.length).toBe(2);
    expect(said[1]).toContain('60 minutes');
  });

  test('is known again after a crash: asked about at once where that is overdue', async () => {
    const first = await start();
    const matchedAtMs = clock.now() + 10;
    await filled(first, await placed(first), { tradeId: 't1' });
    await first.crash();
    silently('t1', 'mined');
    // The reconciliation of the start looks no further back than the watermark.
    changed.set('t1', 0);
    await clock.advanceTo(clock.now() + 5 * MINUTE);
    const second = await start();
    await pass(clock, second, SECOND);
    expect(asked(matchedAtMs)).toBe(1);
    expect(second.trading.health().settlement.unsettled).toBe(1);
    silently('t1', 'confirmed');
    await pass(clock, second, 6 * MINUTE);
    expect(await settlementOf(second, 't1')).toBe('confirmed');
  });
});

test('an order whose legs are missing is followed too', async () => {
  const desk = await start();
  const venueOrderId = await placed(desk);
  const report = floor.venue.report(venueOrderId, { status: 'matched', sizeMatched: '10' });
  floor.venue.emit({ type: 'order', report });
  await pass(clock, desk, 10);
  expect(desk.trading.health().settlement.unsettled).toBe(1);
  const leg = floor.venue.fill({ venueOrderId, tradeId: 'late', size: '10' }, 'silent');
  changed.set(leg.tradeId, clock.now());
  await pass(clock, desk, MINUTE);
  expect(desk.trading.position(rain.id)?.size).toBe('10');
});

test('a leg of long before its order, by a clock that was wrong, is found all the same', async () => {
  const desk = await start();
  const id = await placed(desk);
  // The venue's clock is ten minutes behind ours: that is when it changed the trade, as it says.
  floor.venue.fill(
    { venueOrderId: id, size: '10', tradeId: 'early', settlement: 'matched' },
    'silent',
  );
  changed.set('early', AT_MS - 10 * MINUTE);
  const report = floor.venue.report(id, { status: 'matched', sizeMatched: '10' });
  floor.venue.emit({ type: 'order', report });
  await pass(clock, desk, 5 * MINUTE);
  expect((await desk.trading.orders())[0]).toMatchObject({ filledSize: '0' });
  await pass(clock, desk, 15 * MINUTE);
  expect((await desk.trading.orders())[0]).toMatchObject({ filledSize: '10' });
});

test('how often fills of a market fail is told, from the rows', async () => {
  const desk = await start();
  for (const [tradeId, settlement] of [
    ['t1', 'confirmed'],
    ['t2', 'confirmed'],
    ['t3', 'failed'],
    ['t4', 'mined'],
  ] as const) {
    const venueOrderId = await placed(desk);
    await filled(desk, venueOrderId, { tradeId });
    await filled(desk, venueOrderId, { tradeId, settlement });
  }
  const expected = { marketId: 'rain', confirmed: 2, failed: 1, unsettled: 1 };
  await desk.trading.settled();
  expect(await floor.fresh.store.settlementCounts()).toEqual([expected]);
  await pass(clock, desk, 31 * SECOND);
  const { markets } = desk.trading.health().settlement;
  expect(markets).toEqual([{ ...expected, failureRate: '0.3333' }]);
});

describe('fills that the venue has told of, of an order that goes on working', () => {
  /** Matched long before the last comparison, and not in its list of trades. */
  async function told(desk: TestDesk): Promise<string> {
    const venueOrderId = await placed(desk);
    await pass(clock, desk, 10 * MINUTE);
    floor.venue.fill({ venueOrderId, tradeId: 'late', size: '4' }, 'silent');
    changed.set('late', clock.now() - 5 * MINUTE);
    floor.venue.report(venueOrderId, { sizeMatched: '4' });
    return venueOrderId.slice(2);
  }

  test('are fetched when their legs do not come', async () => {
    const desk = await start();
    const orderId = await told(desk);
    await pass(clock, desk, 2 * MINUTE);
    expect(await desk.trading.order(orderId)).toMatchObject({
      ...{ filledSize: '4', execution: 'working.partiallyFilled' },
    });
  });

  test('are asked for at doubling intervals, and the same word is no input again', async () => {
    const desk = await start();
    const orderId = await told(desk);
    floor.venue.onTrades = () => [];
    const createdAtMs = (await desk.trading.order(orderId))?.createdAtMs ?? 0;
    const before = floor.venue.tradeRequests.length;
    await pass(clock, desk, 16 * MINUTE);
    // Each time further back: the clock may have been wrong when the order was made.
    const asks = floor.venue.tradeRequests
      .slice(before)
      .filter((sinceMs) => sinceMs < createdAtMs - OVERLAP_MS);
    expect(asks.length).toBeGreaterThanOrEqual(4);
    expect(asks.length).toBeLessThanOrEqual(6);
    expect(asks).toEqual([...new Set(asks)].sort((a, b) => b - a));
    await desk.trading.settled();
    const steps = await floor.fresh.store.orderEvents(orderId);
    expect(steps.filter(({ type }) => type === 'venue.orderReported')).toHaveLength(1);
    expect(desk.trading.health().settlement.unsettled).toBe(1);
  });
});
