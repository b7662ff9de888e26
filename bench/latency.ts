/** Latency figures: fills at a fixed rate (open loop), and one intent at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTrading } from '../src/actors/trading.ts';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createIds } from '../src/adapters/ids.ts';
import { FillFeed } from './fills.ts';
import { closedLoop, type Latency, latencyOf, median } from './measure.ts';
import {
  DEPOSIT_USD,
  instrumentAt,
  LIMITS,
  log,
  openEngine,
  silentVenue,
  type World,
} from './world.ts';

const OPEN_LOOP_PER_SECOND = 5_000;
const OPEN_LOOP_MS = 15_000;
/** A machine that is shared has bad moments: the median of this many is told, and each of them. */
const OPEN_LOOP_ROUNDS = 3;
/** Not counted: until the code is compiled and the database has its pages. */
const OPEN_LOOP_WARM_UP_MS = 5_000;
const INTENTS = 2_000;
const WARM_UP = 200;

export interface OpenLoop {
  /** Medians of the rounds. */
  readonly p50: number;
  readonly p99: number;
  readonly rounds: readonly OpenLoopRound[];
  /** One batched insert of a single row, one at a time, in the same run. */
  readonly commitLimit: Latency;
}

interface OpenLoopRound extends Latency {
  readonly perSecond: number;
  readonly fills: number;
}

/** Fills that arrive evenly whatever the engine does; latency counts from when each was due. */
export async function benchOpenLoop(world: World): Promise<OpenLoop> {
  const rounds: OpenLoopRound[] = [];
  for (let round = 0; round < OPEN_LOOP_ROUNDS; round += 1) rounds.push(await openLoopRound(world));
  return {
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    rounds,
    commitLimit: await commitLimit(world),
  };
}

async function openLoopRound(world: World): Promise<OpenLoopRound> {
  const store = await world.freshStore();
  await store.acquireWriter();
  const execution = await openEngine(store);
  const feed = new FillFeed(execution);
  const forMs = OPEN_LOOP_WARM_UP_MS + OPEN_LOOP_MS;
  const total = (OPEN_LOOP_PER_SECOND * forMs) / 1_000;
  await feed.prepare(total);
  const samples = new Float64Array((OPEN_LOOP_PER_SECOND * OPEN_LOOP_MS) / 1_000);
  let answered = 0;
  let counted = 0;
  const startedAt = performance.now();
  for (let given = 0; given < total; ) {
    const elapsedMs = performance.now() - startedAt;
    const due = Math.min(total, Math.floor((elapsedMs * OPEN_LOOP_PER_SECOND) / 1_000));
    for (; given < due; given += 1) {
      const dueMs = (given * 1_000) / OPEN_LOOP_PER_SECOND;
      void feed.fill().then(() => {
        answered += 1;
        if (dueMs < OPEN_LOOP_WARM_UP_MS) return;
        samples[counted] = performance.now() - startedAt - dueMs;
        counted += 1;
      });
    }
    // Fills come in every millisecond, as from a socket, and the processor is free in between.
    await sleep(1);
  }
  while (answered < total) await sleep(1);
  const seconds = (performance.now() - startedAt) / 1_000;
  await execution.stop();
  return {
    perSecond: Math.round(total / seconds),
    fills: counted,
    ...latencyOf(samples),
  };
}

/** The least that one durable step can take here. */
export async function commitLimit(world: World): Promise<Latency> {
  const pool = await world.freshPool(1);
  await pool.query('create table one (id bigint generated always as identity, body text)');
  const { p50, p99 } = await closedLoop(1, 1_000, () =>
    pool.query('insert into one (body) values ($1)', ['x'.repeat(300)]),
  );
  return { p50, p99 };
}

export interface IntentLatency {
  /** From `submit` to the commit that answers it. */
  readonly durable: Latency;
  /** From `submit` to the venue being handed the committed bytes. */
  readonly handedOver: Latency;
  readonly intents: number;
  readonly commitLimit: Latency;
}

/** One intent at a time: checked, made durable, its bytes made durable, handed to the venue. */
export async function benchIntents(world: World): Promise<IntentLatency> {
  const store = await world.freshStore();
  const clock = createSystemClock();
  let handed: () => void = () => undefined;
  const trading = createTrading({
    store,
    venue: silentVenue(() => handed()),
    clock,
    ids: createIds({ clock }),
    log,
    account: { id: 'main', depositUsd: DEPOSIT_USD, minimumReserveUsd: '0' },
    maxOpenOrders: 1_000_000,
    limits: LIMITS,
    checkIdentities: false,
  });
  await trading.start();
  const durable: number[] = [];
  const handedOver: number[] = [];
  for (let index = 0; index < INTENTS + WARM_UP; index += 1) {
    const atVenue = new Promise<number>((resolve) => {
      handed = () => resolve(performance.now());
    });
    const startedAt = performance.now();
    const { order } = await trading.submit({
      key: `bench/${index}`,
      instrument: instrumentAt(index).id,
      side: 'BUY',
      price: '0.52',
      size: '10',
    });
    if (order.status === 'DENIED') throw new Error(`Intent ${index} is denied: ${order.reason}`);
    const answeredAt = performance.now();
    const handedAt = await atVenue;
    if (index < WARM_UP) continue;
    durable.push(answeredAt - startedAt);
    handedOver.push(handedAt - startedAt);
  }
  await trading.stop();
  return {
    durable: latencyOf(durable),
    handedOver: latencyOf(handedOver),
    intents: INTENTS,
    commitLimit: await commitLimit(world),
  };
}
