/**
 * Carries events to one sink: in order, each at least once. Where it stands is written after the sink
 * has taken a batch, so a crash in between brings that batch again. It waits for nobody else, and
 * nobody waits for it.
 */
import type { CatalogueEvent } from '../domain/events/catalogue.ts';
import { FillwrightFault, messageOf } from '../domain/faults.ts';
import {
  type EventRow,
  type EventSink,
  type EventStore,
  eventOf,
  SinkFault,
} from './event-port.ts';
import type { Log } from './execution.ts';
import type { Clock } from './ports.ts';
import type { WriterLease } from './store-port.ts';
import { endsWithin } from './waits.ts';

/** Read at once, and at most these come again after a crash. */
export const PAGE_EVENTS = 200;
/** A sink that fails is tried again after 500 ms, doubling, at most 60 s; one that refuses, after 60 s. */
export const RETRY_FIRST_MS = 500;
export const RETRY_LAST_MS = 60_000;
/** A sink may ask for more patience, up to this. */
export const MAX_RETRY_AFTER_MS = 300_000;
/** An orderly end waits for what is under way, not for a sink that does not answer. */
export const STOP_LIMIT_MS = 3_000;

export interface SinkHealth {
  readonly name: string;
  /** `evt_…`, the last event that it has taken; null: none yet. */
  readonly deliveredThrough: string | null;
  /** Why it does not take the next one; null: it does. */
  readonly failure: string | null;
  /** Failures in a row. */
  readonly attempts: number;
}

export interface CourierOptions {
  readonly sink: EventSink;
  readonly store: EventStore;
  readonly lease: Pick<WriterLease, 'untilActive'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Courier {
  start(): void;
  /** There may be new events. */
  wake(): void;
  /** The last event of which the store knows that the sink has it; undefined: not known yet. */
  readonly saved: number | undefined;
  health(): SinkHealth;
  /** Ends once the sink has what there is, or soon after. */
  stop(): Promise<void>;
}

export function createCourier({ sink, store, lease, clock, log }: CourierOptions): Courier {
  const abort = new AbortController();
  let saved: number | undefined;
  let taken = 0;
  let attempts = 0;
  let failure: string | null = null;
  let isStopping = false;
  let isWoken = false;
  let stopWaiting: () => void = () => undefined;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      try {
        await lease.untilActive();
        saved ??= await firstCursor();
        if (taken > saved) await save();
        isWoken = false;
        const page = await store.after(taken, PAGE_EVENTS);
        if (page.length > 0) {
          await carry(page);
          continue;
        }
        recovered();
        if (isStopping) return;
        if (!isWoken) await wait();
      } catch (error) {
        // What is left comes at the next start.
        if (isStopping || abort.signal.aborted || isLeaseLost(error)) return;
        await waitAfter(error);
      }
    }
  }

  async function firstCursor(): Promise<number> {
    const [cursor, pruned] = [await store.cursor(sink.name), await store.prunedThrough()];
    taken = cursor ?? 0;
    if (cursor !== undefined && cursor < pruned) {
      const facts = { sink: sink.name, cursor, pruned };
      log.warn(facts, `Events that ${sink.name} has not taken were removed before it came back.`);
    }
    return taken;
  }

  async function carry(page: readonly EventRow[]): Promise<void> {
    const wanted = page
      .map((row) => ({ id: row.eventId, event: eventOf(row) }))
      .filter(({ event }) => sink.wants(event));
    try {
      for (let start = 0; start < wanted.length; start += sink.batch) {
        const batch = wanted.slice(start, start + sink.batch);
        // Another engine may have the lease by now: then it delivers.
        await lease.untilActive();
        await hand(batch.map(({ event }) => event));
        taken = batch.at(-1)?.id ?? taken;
      }
      taken = page.at(-1)?.eventId ?? taken;
    } finally {
      if (taken > (saved ?? 0)) await save();
    }
  }

  async function hand(events: readonly CatalogueEvent[]): Promise<void> {
    await sink.take(events, abort.signal);
    recovered();
  }

  function recovered(): void {
    if (failure !== null) log.info({ sink: sink.name }, `${sink.name} gets events again.`);
    failure = null;
    attempts = 0;
  }

  async function save(): Promise<void> {
    await store.moveCursor(sink.name, taken, clock.now());
    saved = taken;
  }

  async function waitAfter(error: unknown): Promise<void> {
    attempts += 1;
    failure = messageOf(error);
    const waitMs = retryAfterMs(error, attempts);
    const isRefusal = error instanceof SinkFault && error.isRefusal;
    const facts = { sink: sink.name, attempts, waitMs, error };
    const words = isRefusal ? 'refuses an event' : 'did not get events';
    log.warn(facts, `${sink.name} ${words}; it is tried again in ${waitMs} ms: ${failure}`);
    await wait(waitMs);
  }

  /** For a time, or until it is woken. */
  function wait(forMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel =
        forMs === undefined ? () => undefined : clock.at(clock.now() + forMs, () => end());
      const end = () => {
        cancel();
        stopWaiting = () => undefined;
        wakeUp = () => undefined;
        resolve();
      };
      stopWaiting = end;
      if (forMs === undefined) wakeUp = end;
    });
  }
  let wakeUp: () => void = () => undefined;

  return {
    start() {
      running ??= run();
    },
    wake() {
      isWoken = true;
      wakeUp();
    },
    get saved() {
      return saved;
    },
    health: () => ({
      name: sink.name,
      deliveredThrough: taken === 0 ? null : `evt_${taken}`,
      failure,
      attempts,
    }),
    async stop() {
      isStopping = true;
      stopWaiting();
      // Nothing may ever answer: the lease, the store, the sink.
      if (running !== undefined) await endsWithin(clock, STOP_LIMIT_MS, running);
      abort.abort();
      await sink.close().catch((error: unknown) => {
        log.warn({ sink: sink.name, error }, `${sink.name} could not be closed.`);
      });
    },
  };
}

/** How long a sink is left alone after its `attempts`-th failure in a row. */
export function retryAfterMs(error: unknown, attempts: number): number {
  const doubled = RETRY_FIRST_MS * 2 ** Math.min(attempts - 1, 20);
  const own = Math.min(doubled, RETRY_LAST_MS);
  if (!(error instanceof SinkFault)) return own;
  if (error.isRefusal) return RETRY_LAST_MS;
  return Math.max(own, Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof FillwrightFault && error.code === 'lease_lost';
}
