/**
 * A liquidation that crashes at any call over any port, at a venue that refuses, fills in part, answers
 * late or not at all: it ends flat, or names each position that is left and why; it never sells more
 * than is held; it ends paused.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LiquidationReport } from '../../src/actors/liquidation-report.ts';
import type { PreparedOrder, SubmitOutcome } from '../../src/actors/ports.ts';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { compare, minus, plus, times } from '../../src/domain/exact.ts';
import type { LegReport } from '../../src/domain/fill-leg.ts';
import { scopeOfCause } from '../../src/domain/risk/holds.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { makeDesk, type TestDesk } from '../support/desk.ts';
import { bornWith, type Crash, type Life, mortal } from '../support/mortal-ports.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';
import { createScriptedVenue } from '../support/scripted-venue.ts';

const SCOPE = scopeOfCause('liquidation');
/** Twice what a liquidation waits for at most, and the doubts of one before it. */
const LONGEST_MS = 1_500_000;
/** Half a second each. */
const RUNS = 20;

/** What becomes of a sale. */
const FATES = [
  ...(['filled', 'half', 'nobody bids', 'refused', 'not now', 'final later'] as const),
  ...(['lost on the way', 'killed, answer lost', 'filled, answer lost'] as const),
] as const;
type Fate = (typeof FATES)[number];

interface Case {
  /** Shares. */
  readonly yes: number;
  readonly no: number;
  /** Entries that rest. */
  readonly resting: number;
  readonly fates: readonly Fate[];
  /** Of every sale after those. */
  readonly lastFate: Fate;
  readonly cancels: readonly ('done' | 'lost')[];
  readonly crashes: readonly Crash[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  yes: fc.integer({ min: 5, max: 40 }),
  no: fc.integer({ min: 0, max: 40 }).map((size) => (size < 5 ? 0 : size)),
  resting: fc.integer({ min: 0, max: 2 }),
  fates: fc.array(fc.constantFrom(...FATES), { maxLength: 8 }),
  lastFate: fc.constantFrom('filled', 'filled', 'nobody bids', 'refused'),
  cancels: fc.array(fc.constantFrom('done', 'lost'), { maxLength: 3 }),
  crashes: fc.array(
    fc.record({
      atCall: fc.integer({ min: 1, max: 30 }),
      how: fc.constantFrom('before', 'after'),
    }),
    { maxLength: 2 },
  ),
});

/** The venue, the clock and the engine's lives of one case. */
function createWorld(fresh: FreshStore, { fates, lastFate, cancels }: Case) {
  const clock = createVirtualClock(AT_MS);
  const venue = createScriptedVenue({ now: () => clock.now() });
  const asked = new Map<string, { size: string; instrumentId: string; side: string }>();
  const fateOfNext = [...fates];
  const cancelOfNext = [...cancels];
  const oversold: string[] = [];
  const lives: TestDesk[] = [];

  /** Each trade as it was told last. */
  const trades = (): readonly LegReport[] => [
    ...new Map(venue.trades.map((leg) => [leg.tradeId, leg])).values(),
  ];
  const heldAt = (instrumentId: string) =>
    trades()
      .filter((leg) => leg.instrumentId === instrumentId)
      .reduce((sum, { side, size }) => (side === 'BUY' ? plus : minus)(sum, size), '0');

  function sell({ venueOrderId }: PreparedOrder, percent: 50 | 100, isFinal = true): void {
    const { size, instrumentId } = asked.get(venueOrderId) ?? { size: '0', instrumentId: '' };
    if (compare(size, heldAt(instrumentId)) > 0) oversold.push(`${size} of ${instrumentId}`);
    const sold = percent === 100 ? size : String(Math.floor(Number(size) / 2));
    const status = percent === 100 ? 'matched' : 'cancelled';
    venue.report(venueOrderId, { status, sizeMatched: sold });
    if (sold === '0') return;
    const leg = {
      ...{ venueOrderId, instrumentId, price: '0.4', size: sold },
      side: 'SELL' as const,
      ...{ tradeId: `sale-${venueOrderId}`, matchedAtMs: clock.now() },
    } as const;
    venue.fill({ ...leg, settlement: isFinal ? 'confirmed' : 'matched' });
    if (isFinal) return;
    clock.at(clock.now() + 3_000, () => void venue.fill({ ...leg, settlement: 'confirmed' }));
  }

  const lost = (): never => {
    throw new Error('connection reset');
  };
  const matched = ({ venueOrderId }: PreparedOrder): SubmitOutcome => {
    const report = venue.orders.get(venueOrderId);
    if (report !== undefined) venue.emit({ type: 'order', report });
    return { kind: 'acknowledged', venueOrderId, status: 'matched' };
  };
  const ofFate: Record<Fate, (sent: PreparedOrder) => SubmitOutcome> = {
    filled(sent) {
      sell(sent, 100);
      return matched(sent);
    },
    half(sent) {
      sell(sent, 50);
      return matched(sent);
    },
    'final later'(sent) {
      sell(sent, 100, false);
      return matched(sent);
    },
    'nobody bids': () => ({ kind: 'killed', reason: 'no match' }),
    refused: () => ({ kind: 'rejected', reason: 'the market is closed' }),
    'not now': () => ({ kind: 'notAccepted', reason: 'restarting', retryAfterMs: 500 }),
    'lost on the way': lost,
    'killed, answer lost'({ venueOrderId }) {
      venue.report(venueOrderId, { status: 'cancelled' });
      return lost();
    },
    'filled, answer lost'(sent) {
      sell(sent, 100);
      return lost();
    },
  };
  venue.onPrepare = ({ clientOrderId, size = '0', instrument, side }) =>
    void asked.set(`0x${clientOrderId}`, { size, instrumentId: instrument.id, side });
  venue.onSubmit = (sent) => {
    const known = venue.orders.get(sent.venueOrderId);
    if (known?.status === 'matched') return matched(sent);
    if (known?.status === 'cancelled') return { kind: 'killed', reason: 'no match' };
    if (asked.get(sent.venueOrderId)?.side !== 'SELL') return venue.take(sent);
    return ofFate[fateOfNext.shift() ?? lastFate](sent);
  };
  venue.onCancel = (id) => {
    if (cancelOfNext.shift() === 'lost') return lost();
    venue.report(id, { status: 'cancelled' });
    return { kind: 'cancelled' };
  };

  /** The engine waits for nothing but its clock, or is dead. */
  async function quiet(life: Life, { store, trading }: TestDesk): Promise<void> {
    for (let still = 0; still < 6 && !life.dead; still += 1) {
      await nextTick();
      if (store.pending > 0 || trading.health().waiting > 0) still = -1;
    }
  }

  return {
    ...{ clock, venue, trades, heldAt, oversold, lives },
    async begin(life: Life): Promise<TestDesk> {
      const desk = makeDesk(fresh, {
        venue: () => mortal(life, venue.connect()),
        around: (store) => mortal(life, store),
        clock,
      });
      lives.push(desk);
      let isBegun = false;
      const begun = desk.trading.start().then(() => {
        isBegun = true;
      });
      await Promise.race([begun, untilDead(life, () => isBegun)]);
      return desk;
    },
    /** Lets time pass until something is so, or the life is over. */
    async pass(life: Life, desk: TestDesk, isSo: () => boolean): Promise<void> {
      const untilMs = clock.now() + LONGEST_MS;
      for (;;) {
        await quiet(life, desk);
        if (life.dead || isSo()) return;
        const nextMs = clock.nextAt();
        if (nextMs === undefined || nextMs > untilMs) throw new Error('It does not end.');
        await clock.advanceTo(nextMs, () => quiet(life, desk));
      }
    },
    reports: () =>
      lives
        .flatMap(({ log }) => log.lines)
        .filter(({ message }) => message.startsWith('Liquidation is over'))
        .map(({ facts }) => facts as LiquidationReport),
  };
}

async function untilDead(life: Life, isOver: () => boolean): Promise<void> {
  while (!life.dead && !isOver()) await nextTick();
}

const levelOf = ({ trading }: TestDesk) => trading.execution.context().holds[SCOPE]?.level;

/** Buys what is held and rests what rests; everything is final. */
async function prepare(world: ReturnType<typeof createWorld>, desk: TestDesk, asks: Case) {
  const life = bornWith(undefined);
  const sizes = [
    [rain.id, asks.yes],
    [noRain.id, asks.no],
  ] as const;
  for (const [instrument, size] of sizes) {
    if (size === 0) continue;
    const { orderId } = await desk.submit({ instrument, size: String(size) });
    const venueOrderId = `0x${orderId}`;
    await world.pass(life, desk, () => world.venue.submitsOf(venueOrderId) === 1);
    world.venue.report(venueOrderId, { status: 'matched', sizeMatched: String(size) });
    world.venue.fill({
      ...{ venueOrderId, instrumentId: instrument, size: String(size), price: '0.5' },
      ...{ tradeId: `bought-${instrument}`, settlement: 'confirmed' },
    });
    await world.pass(life, desk, () => desk.trading.position(instrument)?.size === String(size));
  }
  const rested: string[] = [];
  for (let index = 0; index < asks.resting; index += 1) {
    rested.push((await desk.submit({ price: '0.2' })).orderId);
  }
  await world.pass(life, desk, () =>
    desk.trading.workingOrders().every(({ status }) => status === 'PLACED'),
  );
  return rested;
}

async function check(asks: Case): Promise<void> {
  const fresh = await freshStore();
  const world = createWorld(fresh, asks);
  try {
    const crashes = [...asks.crashes];
    let life = bornWith(undefined);
    let desk = await world.begin(life);
    const rested = await prepare(world, desk, asks);
    const first = crashes.shift();
    if (first !== undefined) life.crash = { ...first, atCall: life.calls + first.atCall };
    desk.trading.flatten('Ann', 'a drill').catch(() => undefined);
    for (;;) {
      const current = desk;
      await world.pass(life, current, () => levelOf(current) !== 'liquidating');
      if (!life.dead) {
        // A call that was chosen and not reached: what asks from here on is the test.
        life.crash = undefined;
        break;
      }
      await desk.crash();
      life = bornWith(crashes.shift());
      desk = await world.begin(life);
      // The call never was answered: it may be that nothing of it is in the log.
      if (!life.dead && levelOf(desk) === undefined) {
        desk.trading.flatten('Ann', 'a drill').catch(() => undefined);
      }
    }
    await verify(world, desk, rested);
  } finally {
    for (const desk of world.lives) await desk.crash();
    await fresh.dispose();
  }
}

async function verify(
  { trades, heldAt, oversold, reports, venue }: ReturnType<typeof createWorld>,
  desk: TestDesk,
  rested: readonly string[],
): Promise<void> {
  expect(levelOf(desk)).toBe('paused');
  expect((await desk.submit()).order).toMatchObject({ status: 'DENIED' });
  expect(oversold).toEqual([]);
  const report = reports().at(-1);
  if (report === undefined) throw new Error('Nothing was said at the end.');
  for (const { instrumentId, size } of await desk.trading.positions()) {
    expect(size).toBe(heldAt(instrumentId));
    const left = report.left.find((one) => one.instrumentId === instrumentId);
    if (size === '0')
      expect([left, report.closed]).toEqual([undefined, expect.arrayContaining([instrumentId])]);
    else expect(left).toMatchObject({ size, why: expect.stringMatching(/\w/) });
  }
  const sold = trades().filter(({ side }) => side === 'SELL');
  expect(report.soldShares).toBe(sold.reduce((sum, { size }) => plus(sum, size), '0'));
  expect(report.proceedsUsd).toBe(times(report.soldShares, '0.4'));
  for (const id of rested) {
    const isProven = venue.orders.get(`0x${id}`)?.status === 'cancelled';
    expect(isProven || report.unproven.includes(id)).toBe(true);
  }
}

test('whatever the venue does and wherever it crashes, it ends flat or says what is left', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (asks) => check(asks)),
    { numRuns: RUNS },
  );
}, 600_000);
