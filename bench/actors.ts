/** Creating and restoring many order actors. */
import { createActor, setup } from 'xstate';
import { openExecution } from '../src/actors/execution.ts';
import type { Registry } from '../src/actors/registry.ts';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createIds } from '../src/adapters/ids.ts';
import { round } from './measure.ts';
import {
  instrumentAt,
  intentAt,
  log,
  openEngine,
  orderIdAt,
  placeOrder,
  silentVenue,
  type World,
} from './world.ts';

const ORDERS = 100_000;
const STEP = 25_000;

export interface Creation {
  readonly orders: number;
  readonly ms: number;
  readonly bytesEach: number;
  /** Microseconds for one order in each quarter: flat when the population does not matter. */
  readonly microsecondsEach: readonly number[];
  /** The same number of actors of an XState machine with one state and no context. */
  readonly limitMs: number;
}

export async function benchCreation(world: World): Promise<Creation> {
  const store = await world.freshStore();
  await store.acquireWriter();
  const execution = await openEngine(store);
  const { registry } = execution;
  const heapBefore = heap();
  const microsecondsEach: number[] = [];
  let ms = 0;
  for (let start = 0; start < ORDERS; start += STEP) {
    const took = createOrders(registry, start, STEP);
    ms += took;
    microsecondsEach.push(round((took * 1_000) / STEP));
  }
  const bytesEach = Math.round((heap() - heapBefore) / ORDERS);
  execution.projector.stop();
  return { orders: ORDERS, ms: Math.round(ms), bytesEach, microsecondsEach, limitMs: bareActors() };
}

function createOrders(registry: Registry, start: number, count: number): number {
  const startedAt = performance.now();
  for (let index = start; index < start + count; index += 1) {
    registry.create('order', orderIdAt(index), {
      input: {
        clientOrderId: orderIdAt(index),
        accountId: 'main',
        intent: intentAt(index),
        instrument: instrumentAt(index),
        reserveRate: '0.5325',
        reservedUsd: '532.5',
        reservedShares: '0',
        atMs: 1_800_000_000_000,
      },
    });
  }
  return performance.now() - startedAt;
}

function bareActors(): number {
  const machine = setup({}).createMachine({ initial: 'only', states: { only: {} } });
  const root = createActor(machine).start();
  const kept: unknown[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < ORDERS; index += 1) {
    kept.push(createActor(machine, { parent: root, id: String(index) }).start());
  }
  return Math.round(performance.now() - startedAt);
}

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

export interface Restoration {
  readonly orders: number;
  readonly ms: number;
  /** Reading the same rows and parsing their JSON, and nothing else. */
  readonly limitMs: number;
}

export async function benchRestoration(world: World): Promise<Restoration> {
  const store = await world.freshStore();
  await store.acquireWriter();
  const first = await openEngine(store);
  for (let index = 0; index < ORDERS; index += 1) {
    placeOrder(first, index, Date.now());
    if (index % 2_000 === 0) await first.projector.flush();
  }
  await first.stop();
  const limitMs = await readRows(store);
  globalThis.gc?.();
  const clock = createSystemClock();
  const startedAt = performance.now();
  const restored = await openExecution({
    store,
    venue: silentVenue(),
    clock,
    ids: createIds({ clock }),
    log,
    accountId: 'main',
    minimumReserveUsd: '0',
    maxOpenOrders: 1_000_000,
    checkIdentities: false,
    catchUpSince: async () => [],
  });
  const ms = Math.round(performance.now() - startedAt);
  const orders = restored.restored.orders;
  await restored.stop();
  return { orders, ms, limitMs };
}

async function readRows(store: { liveActors(): AsyncIterable<readonly { snapshot: string }[]> }) {
  const startedAt = performance.now();
  let fields = 0;
  for await (const page of store.liveActors()) {
    for (const row of page) fields += Object.keys(JSON.parse(row.snapshot)).length;
  }
  if (fields === 0) throw new Error('There were no rows to read.');
  return Math.round(performance.now() - startedAt);
}
