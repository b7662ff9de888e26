/** Time that stands still until somebody moves it: replay, tests and simulation run on it. */
import type { Clock } from '../../actors/ports.ts';
import { assertInvariant } from '../../domain/faults.ts';
import { type Due, insert, removeFirst } from './timer-heap.ts';

export interface VirtualClock extends Clock {
  /**
   * Moves the time forward to `atMs`, firing the timers that fall due one at a time in the order
   * (time, creation); each sees its own time as `now()`. Timers that a callback adds are fired too
   * when they are due. `afterEach` is awaited after every timer; without it one macrotask passes.
   * @throws {BrokenInvariant} for a time before `now()`, or while another advance is under way.
   */
  advanceTo(atMs: number, afterEach?: () => Promise<void>): Promise<void>;
  /** Timers that wait. */
  pending(): number;
  /** The time of the next timer; never before `now()`. */
  nextAt(): number | undefined;
}

interface Timer extends Due {
  callback: (() => void) | undefined;
}

export function createVirtualClock(startMs: number): VirtualClock {
  const heap: Timer[] = [];
  let nowMs = startMs;
  let created = 0;
  let waiting = 0;
  let advancing = false;

  /** The earliest timer that was not cancelled; cancelled ones leave the heap here. */
  function peek(): Timer | undefined {
    for (;;) {
      const first = heap[0];
      if (first === undefined || first.callback !== undefined) return first;
      removeFirst(heap);
    }
  }

  async function fireDue(untilMs: number, afterEach: () => Promise<void>): Promise<void> {
    for (;;) {
      const timer = peek();
      if (timer === undefined || timer.atMs > untilMs) return;
      removeFirst(heap);
      const { callback } = timer;
      timer.callback = undefined;
      waiting -= 1;
      nowMs = timer.atMs;
      callback?.();
      await afterEach();
    }
  }

  return {
    now: () => nowMs,
    at(atMs, callback) {
      assertInvariant(Number.isFinite(atMs), 'a timer needs a finite time', { atMs });
      // A past time means "at once": behind the timers that already wait for this moment.
      const timer: Timer = { atMs: Math.max(atMs, nowMs), number: created, callback };
      created += 1;
      waiting += 1;
      insert(heap, timer);
      return () => {
        if (timer.callback === undefined) return;
        timer.callback = undefined;
        waiting -= 1;
      };
    },
    async advanceTo(atMs, afterEach = nextMacrotask) {
      assertInvariant(!advancing, 'a virtual clock is moved by one caller at a time');
      assertInvariant(atMs >= nowMs, 'a virtual clock never goes back', { atMs, nowMs });
      advancing = true;
      try {
        await fireDue(atMs, afterEach);
        nowMs = atMs;
      } finally {
        advancing = false;
      }
    },
    pending: () => waiting,
    nextAt: () => peek()?.atMs,
  };
}

function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
