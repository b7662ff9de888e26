/**
 * Frames on their way to their one reader: kept word for word before they are handed on. What
 * arrives while a write is on its way is written together, so a burst costs one write more.
 */
import type { Clock } from '../../../actors/ports.ts';
import type { FrameInbox, InboxFrame } from '../../../actors/venue-store-port.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import { waitUntil } from '../../marketdata/wait.ts';

/**
 * Frames that may wait for the store and the reader: a trade tells some five times of itself, so
 * this is minutes of the busiest account. Who is further behind is better served by asking again.
 */
export const MAX_WAITING_FRAMES = 10_000;
/** One write: small enough to be quick, large enough that a burst is a few of them. */
const MAX_GROUP_FRAMES = 1_000;
const MAX_GROUP_CHARACTERS = 8_000_000;
/** A store that is away is asked again after this long, doubling to the longest. */
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;

export interface FrameQueueOptions {
  /** Absent: frames are handed on without being kept. */
  readonly inbox?: FrameInbox;
  readonly clock: Clock;
  readonly log: FeedLog;
  /** Ends all work; what has not been handed on is dropped. */
  readonly signal: AbortSignal;
  /** `take` has something. */
  readonly onReady: () => void;
  /** The store refused frames for good; they are handed on nonetheless. */
  readonly onRefused: (frames: number) => void;
}

export interface FrameQueue {
  /**
   * Takes a frame in. When too many wait, all but those being written are dropped, with this one.
   * @returns how many were dropped: after that only a new connection and a look at the whole help.
   */
  push(frame: InboxFrame): number;
  /** The next frame that is kept, in the order of receipt. */
  take(): InboxFrame | undefined;
}

/** A queue whose frames are `take`n only when the inbox holds them. */
export function createFrameQueue(options: FrameQueueOptions): FrameQueue {
  const { inbox, clock, log, signal, onReady, onRefused } = options;
  let waiting: InboxFrame[] = [];
  let writing: readonly InboxFrame[] = [];
  let ready: InboxFrame[] = [];

  /** Tries for as long as the store is away: what a reader never saw must at least be written. */
  async function keep(frames: readonly InboxFrame[], store: FrameInbox): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        await store.keep(frames);
        if (retryMs > FIRST_RETRY_MS) log('info', 'The store takes the venue frames again.', {});
        return;
      } catch (error) {
        if (!isAway(error)) {
          const facts = { error, frames: frames.length };
          log('warn', 'The store refuses venue frames; they are taken without being kept.', facts);
          onRefused(frames.length);
          return;
        }
        if (retryMs === FIRST_RETRY_MS) {
          log('warn', 'The store is away; what the venue tells waits for it.', { error });
        }
        await waitUntil(clock, clock.now() + retryMs, signal);
        retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
      }
    }
  }

  async function write(store: FrameInbox): Promise<void> {
    while (waiting.length > 0) {
      writing = waiting.splice(0, groupSize(waiting));
      await keep(writing, store);
      if (signal.aborted) return;
      ready.push(...writing);
      writing = [];
      onReady();
    }
  }

  return {
    push(frame) {
      const dropped = waiting.length + ready.length;
      if (dropped + writing.length >= MAX_WAITING_FRAMES) {
        waiting = [];
        ready = [];
        return dropped + 1;
      }
      if (inbox === undefined) {
        ready.push(frame);
        onReady();
        return 0;
      }
      waiting.push(frame);
      if (writing.length === 0) void write(inbox);
      return 0;
    },
    take: () => ready.shift(),
  };
}

function isAway(error: unknown): boolean {
  return error instanceof FillwrightFault && error.code === 'store_unavailable';
}

/** At least one frame, however large. */
function groupSize(frames: readonly InboxFrame[]): number {
  let characters = 0;
  for (const [index, { text }] of frames.slice(0, MAX_GROUP_FRAMES).entries()) {
    characters += text.length;
    if (index > 0 && characters > MAX_GROUP_CHARACTERS) return index;
  }
  return Math.min(frames.length, MAX_GROUP_FRAMES);
}
