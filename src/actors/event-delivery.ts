/**
 * Events on their way out: a courier for each sink, and the end of those that every sink has and that
 * are old. Nothing of it is waited for by trading.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { type Courier, createCourier, type SinkHealth } from './event-courier.ts';
import type { EventSink, EventStore } from './event-port.ts';
import type { Log } from './execution.ts';
import type { Clock } from './ports.ts';
import type { WriterLease } from './store-port.ts';

/** How long events are kept, unless told otherwise: as long as somebody may take to notice a sink. */
export const KEEP_EVENTS_MS = 30 * 86_400_000;
/** Between two looks for old events; the first comes sooner, for an engine that never lives long. */
export const PRUNE_EVERY_MS = 600_000;
export const PRUNE_FIRST_MS = 30_000;
/** Removed in one statement: some 10 ms of the server. */
const PRUNE_EVENTS = 5_000;
/** Statements of one look: a database that was away for months is caught up with in hours. */
const PRUNE_STATEMENTS = 50;

export interface EventParts {
  readonly store: EventStore;
  readonly sinks: readonly EventSink[];
  /** Default KEEP_EVENTS_MS. */
  readonly keepMs?: number;
}

export interface EventDeliveryOptions extends EventParts {
  readonly lease: WriterLease;
  readonly clock: Clock;
  readonly log: Log;
}

export interface EventDelivery {
  start(): void;
  /** There are new events in the store. */
  wake(): void;
  health(): readonly SinkHealth[];
  stop(): Promise<void>;
}

export function createEventDelivery(options: EventDeliveryOptions): EventDelivery {
  const { store, sinks, lease, clock, log, keepMs = KEEP_EVENTS_MS } = options;
  const couriers: readonly Courier[] = sinks.map((sink) =>
    createCourier({ sink, store, lease, clock, log }),
  );
  let cancelTimer: () => void = () => undefined;
  let pruning: Promise<void> | undefined;
  let isStopped = false;

  async function prune(): Promise<void> {
    const through = couriers.reduce(
      (least, { saved }) => Math.min(least, saved ?? 0),
      Number.MAX_SAFE_INTEGER,
    );
    for (let done = 0; done < PRUNE_STATEMENTS && !isStopped && lease.mayAct(); done += 1) {
      const removed = await store.prune(clock.now() - keepMs, through, PRUNE_EVENTS);
      if (removed < PRUNE_EVENTS) return;
      await nextTick();
    }
  }

  function schedule(inMs = PRUNE_EVERY_MS): void {
    cancelTimer = clock.at(clock.now() + inMs, () => {
      pruning = prune()
        .catch((error: unknown) => log.warn({ error }, 'Old events could not be removed.'))
        .finally(() => {
          if (!isStopped) schedule();
        });
    });
  }

  return {
    start() {
      for (const courier of couriers) courier.start();
      schedule(PRUNE_FIRST_MS);
    },
    wake() {
      for (const courier of couriers) courier.wake();
    },
    health: () => couriers.map((courier) => courier.health()),
    async stop() {
      isStopped = true;
      cancelTimer();
      await Promise.all([pruning, ...couriers.map((courier) => courier.stop())]);
    },
  };
}
