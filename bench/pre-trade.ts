/**
 * Pre-trade checks of one intent, all limits switched on, beside many open orders and positions. The
 * intents are of all kinds: admitted, made smaller, and denied by several rules.
 */

import type { Execution } from '../src/actors/execution.ts';
import { decideIntent } from '../src/actors/pre-trade.ts';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import type { LegReport } from '../src/domain/fill-leg.ts';
import { type Instrument, instrumentId } from '../src/domain/instrument.ts';
import type { Intent } from '../src/domain/intent.ts';
import type { BookSnapshot } from '../src/domain/market-data.ts';
import type { RiskLimits } from '../src/domain/risk/limits.ts';
import { quoteOf } from '../src/domain/risk/quote.ts';
import { type Latency, latencyOf, median, round } from './measure.ts';
import { openEngine, type World } from './world.ts';

const ORDERS = 10_000;
const POSITIONS = 1_000;
/** As many as one position has the shares for. */
const SELLS = 200;
const SAMPLES = 20_000;
const WARM_UP = 5_000;
const ROUNDS = 3;
const SPINS = 5_000;
const LIMIT_P99_US = 100;

const LIMITS: RiskLimits = {
  maxEntryPrice: '0.95',
  maxOrderUsd: '100',
  maxMarketUsd: '100000',
  maxEventUsd: '10000000',
  maxTotalUsd: '100000000',
  duplicateSide: 'deny',
  selfTrade: 'deny',
  slippageWarnBps: '25',
  slippageDenyBps: '50',
  staleBookMs: 60_000,
  maxRejectsInARow: 5,
  maxRejectPct: '50',
  breakerMs: 60_000,
  dailyLossUsd: '1000000',
  timeZone: 'Europe/Berlin',
  maxDrawdownPct: '50',
};

/** Microseconds. */
interface Samples {
  /** By the clock: on a busy machine with what others take in between. */
  readonly wall: Latency;
  /** Of this process, its garbage collection on other threads included; to the microsecond. */
  readonly cpu: Latency;
}

interface Checks extends Samples {
  /** Share of the intents. */
  readonly admitted: number;
}

export interface PreTrade {
  readonly openOrders: number;
  readonly positions: number;
  readonly limitP99Us: number;
  /** Orders over all outcomes, at 40 prices. */
  readonly spread: Checks;
  /** All orders of one strategy on one outcome, and the intents on both outcomes of that market. */
  readonly onOneOutcome: Checks;
  /** What is read off a book of 20 levels before that, once for each intent. */
  readonly quote: Samples;
  /** The clock's figures for work of 25 us that touches no memory: what the machine itself does to them. */
  readonly machine: Samples;
}

export async function benchPreTrade(world: World): Promise<PreTrade> {
  const spread = await measured(world, (index) => instrumentAt(index % (POSITIONS * 2)));
  const onOneOutcome = await measured(
    world,
    () => instrumentAt(0),
    (index) => instrumentAt(index % 2),
  );
  const quote = samplesOf(SAMPLES, (index) => {
    const asked = intentAt(index, instrumentAt(0));
    return () => quoteOf({ ...asked, timeInForce: 'FAK' }, BOOK, 0);
  });
  return {
    ...{ openOrders: ORDERS, positions: POSITIONS, limitP99Us: LIMIT_P99_US },
    ...{ spread, onOneOutcome, quote, machine: samplesOf(SAMPLES, () => spin) },
  };
}

async function measured(
  world: World,
  instrumentOf: (index: number) => Instrument,
  askedOf = instrumentOf,
): Promise<Checks> {
  const store = await world.freshStore();
  await store.acquireWriter();
  const execution = await openEngine(store);
  await fill(execution, instrumentOf);
  const { registry, context } = execution;
  if (registry.openOrders < ORDERS) {
    throw new Error(`${registry.openOrders} orders are open, expected ${ORDERS} or more.`);
  }
  const limited = { ...context(), limits: LIMITS };
  globalThis.gc?.();
  let admitted = 0;
  const check = (index: number) => {
    const instrument = askedOf(index);
    const intent = intentAt(index, instrument);
    const quote = quoteOf(intent, BOOK, 0);
    const atMs = Date.now();
    const asked = { type: 'intent.submitted', clientOrderId: 'ord_asked', atMs } as const;
    return () => {
      const { kind } = decideIntent(registry, limited, { ...asked, intent, instrument, quote });
      if (kind === 'admitted') admitted += 1;
    };
  };
  samplesOf(WARM_UP, check);
  admitted = 0;
  const rounds = Array.from({ length: ROUNDS }, () => samplesOf(SAMPLES, check));
  await execution.stop();
  return {
    wall: medianOf(rounds.map(({ wall }) => wall)),
    cpu: medianOf(rounds.map(({ cpu }) => cpu)),
    admitted: round(admitted / (SAMPLES * ROUNDS)),
  };
}

function samplesOf(count: number, prepare: (index: number) => () => unknown): Samples {
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const call = prepare(index);
    const before = process.cpuUsage();
    const startedAt = performance.now();
    call();
    wall.push((performance.now() - startedAt) * 1_000);
    const { user, system } = process.cpuUsage(before);
    cpu.push(user + system);
  }
  return { wall: latencyOf(wall), cpu: latencyOf(cpu) };
}

function medianOf(rounds: readonly Latency[]): Latency {
  return { p50: median(rounds.map(({ p50 }) => p50)), p99: median(rounds.map(({ p99 }) => p99)) };
}

let sink = 0;
function spin(): void {
  for (let turn = 0; turn < SPINS; turn += 1) sink = (sink * 31 + turn) | 0;
}

/** A position in each market, and orders that rest: BUYs below what is asked for, some SELLs above. */
async function fill(
  execution: Execution,
  instrumentOf: (index: number) => Instrument,
): Promise<void> {
  const atMs = createSystemClock().now();
  for (let index = 0; index < POSITIONS; index += 1) {
    const instrument = instrumentAt(index * 2);
    place(
      execution,
      `hold_${index}`,
      { ...intentAt(index, instrument), size: '1000' },
      instrument,
      atMs,
    );
    const clientOrderId = `hold_${index}`;
    const leg: LegReport = {
      ...{ tradeId: `t${index}`, venueOrderId: `0x${clientOrderId}`, role: 'maker' },
      ...{ side: 'BUY', instrumentId: instrument.id, price: '0.52', size: '1000' },
      ...{ settlement: 'confirmed', matchedAtMs: atMs },
    };
    execution.dispatch({ type: 'venue.legReported', clientOrderId, leg, atMs });
    if (index % 500 === 0) await execution.projector.flush();
  }
  for (let index = 0; index < ORDERS; index += 1) {
    const instrument = instrumentOf(index);
    const isSell = index % 8 === 0 && index < SELLS * 8;
    const side = isSell ? ({ side: 'SELL', price: '0.99', size: '5' } as const) : {};
    // Bids far enough below that no BUY of the other outcome at 0.52 would meet them.
    const price = `0.${String(5 + (index % 40)).padStart(2, '0')}`;
    const resting = {
      ...{ ...intentAt(index, instrument), size: '10', timeInForce: 'GTC' as const },
      ...{ price, strategy: 'maker', ...side },
    };
    place(execution, `ord_${String(index).padStart(6, '0')}`, resting, instrument, atMs);
    if (index % 1_000 === 0) await execution.projector.flush();
  }
  await execution.projector.flush();
}

function place(
  execution: Execution,
  clientOrderId: string,
  intent: Intent,
  instrument: Instrument,
  atMs: number,
): void {
  const venueOrderId = `0x${clientOrderId}`;
  execution.dispatch({ type: 'intent.submitted', intent, clientOrderId, instrument, atMs });
  execution.dispatch({ type: 'order.prepared', clientOrderId, venueOrderId, atMs });
  const status = 'live';
  execution.dispatch({
    type: 'venue.orderAcknowledged',
    clientOrderId,
    venueOrderId,
    status,
    atMs,
  });
}

/** Two outcomes of each market, twenty markets of each event. */
function instrumentAt(index: number): Instrument {
  const market = index >> 1;
  const outcome = index % 2 === 0 ? 'YES' : 'NO';
  const marketId = `market-${market}`;
  return {
    ...{ id: instrumentId('bench', marketId, outcome), venue: 'bench', marketId, outcome },
    ...{ tokenId: String(index), eventId: `event-${Math.floor(market / 20)}` },
    ...{ tickSize: '0.01', minimumOrderSize: '5', takerDelayMs: 0, negRisk: false },
    fees: { rate: '0.05', exponent: 1, takerOnly: true },
  };
}

/** Of ten one is too large, of three one takes at once, of four one may wait for an earlier order. */
function intentAt(index: number, instrument: Instrument): Intent {
  return {
    ...{ key: `bench/${index}`, instrumentId: instrument.id, side: 'BUY', type: 'limit' },
    strategy: index % 4 === 0 ? 'maker' : 'bench',
    ...{ price: '0.52', size: index % 10 === 0 ? '400' : '10' },
    timeInForce: index % 3 === 0 ? 'FAK' : 'GTC',
    ...{ postOnly: false, priority: 0, reason: 'a benchmark' },
  };
}

const level = (price: number) => ({ price: `0.${price}`, size: '100' });
const BOOK: BookSnapshot = {
  ...{ instrumentId: 'bench:market-0:YES', atMs: 0, tickSize: '0.01' },
  bids: Array.from({ length: 20 }, (_, index) => level(51 - index)),
  asks: Array.from({ length: 20 }, (_, index) => level(52 + index)),
};
