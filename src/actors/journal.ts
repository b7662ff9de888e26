/**
 * The journal: the list of the engine's inputs, and the gate that nothing passes before the input
 * that explains it is durable. Inputs of the turns that ran while a commit was on its way go
 * together in the next one (group commit).
 */
import { setImmediate } from 'node:timers';
import { setImmediate as nextTick } from 'node:timers/promises';
import { FillwrightFault } from '../domain/faults.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import { batchHash } from './chain.ts';
import type { Clock, Ids } from './ports.ts';
import type { IntentRow, JournalBatch, PreparedRow, Store } from './store-port.ts';

/**
 * Inputs that are answered together: not too many, so that what their answers start can be committed
 * while the next answers are still being given.
 */
const SLICE_INPUTS = 128;
/** Slices of one commit: it stays small enough to be retried whole. */
const MAX_BATCH_SLICES = 64;
/** Inputs taken in memory while the store is away; beyond it nothing more is taken. */
export const MAX_WAITING_INPUTS = 100_000;
/** The same batch again after a lost store: 100 ms, doubling, at most 5 s. */
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 5_000;

/** Rows that must be durable in the same transaction as their input. */
export interface InputRows {
  readonly intent?: IntentRow;
  readonly prepared?: PreparedRow;
}

export interface JournalHealth {
  readonly state: 'ok' | 'lost' | 'broken';
  /** Why the store is away, or why nothing will be written any more. */
  readonly error?: FillwrightFault;
}

export interface Journal {
  /** Takes an input in; its number. */
  append(input: EngineInput, rows?: InputRows): number;
  /** Resolves when everything appended so far is durable. Rejects only when it never will be. */
  durable(): Promise<void>;
  readonly lastSeq: number;
  /** Inputs not yet answered for. */
  readonly waiting: number;
  readonly health: JournalHealth;
  /** A batch that the store does not take at once is not tried again. */
  abandon(): void;
}

interface Slice {
  /** On its way to the store: takes nothing more. */
  sealed: boolean;
  readonly inputs: string[];
  readonly intents: IntentRow[];
  readonly prepared: PreparedRow[];
  readonly done: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export interface JournalOptions {
  readonly store: Pick<Store, 'commit'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly lastSeq: number;
  /** Hash of the newest batch in the store. */
  readonly lastHash: string | null;
  /** Waits until the read tables are not too far behind the log. */
  readonly room: () => Promise<void> | undefined;
  readonly onHealth: (health: JournalHealth) => void;
}

export function createJournal(options: JournalOptions): Journal {
  const { store, clock, ids } = options;
  let lastSeq = options.lastSeq;
  let durableSeq = options.lastSeq;
  let answeredSeq = options.lastSeq;
  let lastHash = options.lastHash;
  /** Slices not yet durable, oldest first; only the last one still takes inputs. */
  const queue: Slice[] = [];
  /** Durable slices whose waiters have not been told yet, oldest first. */
  const durable: Slice[] = [];
  let running = false;
  let health: JournalHealth = { state: 'ok' };
  let abandoned = false;

  function setHealth(next: JournalHealth): void {
    if (next.state === health.state) return;
    health = next;
    options.onHealth(next);
  }

  async function commit(batch: JournalBatch): Promise<void> {
    let waitMs = RETRY_FIRST_MS;
    for (;;) {
      try {
        await store.commit(batch);
        setHealth({ state: 'ok' });
        return;
      } catch (error) {
        if (!(error instanceof FillwrightFault) || error.code !== 'store_unavailable') throw error;
        if (abandoned) throw error;
        setHealth({ state: 'lost', error });
        await new Promise<void>((resolve) => clock.at(clock.now() + waitMs, resolve));
        waitMs = Math.min(waitMs * 2, RETRY_LAST_MS);
      }
    }
  }

  async function run(): Promise<void> {
    while (queue.length > 0) {
      await options.room();
      const batch = queue.slice(0, MAX_BATCH_SLICES);
      for (const slice of batch) slice.sealed = true;
      try {
        durableSeq = await writeBatch(batch, durableSeq + 1);
      } catch (error) {
        stopForGood(error);
        return;
      }
      queue.splice(0, batch.length);
      durable.push(...batch);
      if (durable.length === batch.length) answer();
      // What the first answers have started belongs to the next commit.
      await nextTick();
    }
    running = false;
  }

  /** Tells the waiters of one slice, and of the next one when that has been dealt with. */
  function answer(): void {
    const slice = durable.shift();
    if (slice === undefined) return;
    answeredSeq += slice.inputs.length;
    slice.resolve();
    if (durable.length > 0) setImmediate(answer);
  }

  async function writeBatch(batch: readonly Slice[], firstSeq: number): Promise<number> {
    const inputs = batch.flatMap((slice) => slice.inputs);
    const lastOfBatch = firstSeq + inputs.length - 1;
    const content = {
      batchId: ids.next('batch'),
      firstSeq,
      lastSeq: lastOfBatch,
      inputs: `[${inputs.join(',')}]`,
      intents: batch.flatMap((slice) => slice.intents),
      prepared: batch.flatMap((slice) => slice.prepared),
    };
    const hash = batchHash(lastHash, content);
    await commit({ ...content, hash });
    lastHash = hash;
    return lastOfBatch;
  }

  /** Another writer, or a store that breaks its word: the gate never opens again. */
  function stopForGood(error: unknown): void {
    const fault =
      error instanceof FillwrightFault
        ? error
        : new FillwrightFault(
            'broken_invariant',
            'The journal could not be written.',
            {},
            {
              cause: error,
            },
          );
    setHealth({ state: 'broken', error: fault });
    for (const slice of queue.splice(0)) slice.reject(fault);
  }

  function openSlice(): Slice {
    const last = queue.at(-1);
    if (last !== undefined && !last.sealed && last.inputs.length < SLICE_INPUTS) return last;
    const opened = createSlice();
    queue.push(opened);
    return opened;
  }

  return {
    append(input, rows) {
      if (health.state === 'broken' && health.error !== undefined) throw health.error;
      if (lastSeq - durableSeq >= MAX_WAITING_INPUTS) {
        throw new FillwrightFault(
          'overloaded',
          `${MAX_WAITING_INPUTS} inputs wait for the store; no more are taken.`,
        );
      }
      // What cannot be written down takes no number.
      const text = JSON.stringify(input);
      const slice = openSlice();
      lastSeq += 1;
      slice.inputs.push(text);
      if (rows?.intent !== undefined) slice.intents.push(rows.intent);
      if (rows?.prepared !== undefined) slice.prepared.push(rows.prepared);
      if (!running) {
        running = true;
        setImmediate(() => void run());
      }
      return lastSeq;
    },
    // In order: nobody is told of a later input before an earlier one.
    durable() {
      if (health.state === 'broken') return Promise.reject(health.error);
      return (queue.at(-1) ?? durable.at(-1))?.done ?? Promise.resolve();
    },
    abandon() {
      abandoned = true;
    },
    get lastSeq() {
      return lastSeq;
    },
    get waiting() {
      return lastSeq - answeredSeq;
    },
    get health() {
      return health;
    },
  };
}

function createSlice(): Slice {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const done = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Those who wait see the rejection; a slice that nobody waits for must not end the process.
  done.catch(() => undefined);
  return { sealed: false, inputs: [], intents: [], prepared: [], done, resolve, reject };
}
