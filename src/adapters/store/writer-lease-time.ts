/** Time for the lease: real even where the engine's clock is virtual, and never slower than it is. */

export interface LeaseTime {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /** Calls `callback` once after `waitMs`. Returns the cancellation. */
  after(waitMs: number, callback: () => void): () => void;
}

/** Differences of the two clocks below this are their grain, not a step. */
const STEP_MS = 50;

/**
 * The monotonic clock of the machine, which stands still while the machine sleeps: what the wall
 * clock jumps ahead is added. So a sleep counts, and a wall clock that is set only ever ends a lease
 * too early.
 */
export function createLeaseTime(): LeaseTime {
  let lastAheadMs = Date.now() - performance.now();
  let jumpedMs = 0;
  return {
    now() {
      const monotonicMs = performance.now();
      const aheadMs = Date.now() - monotonicMs;
      const stepMs = aheadMs - lastAheadMs;
      if (Math.abs(stepMs) > STEP_MS) {
        jumpedMs += Math.max(0, stepMs);
        lastAheadMs = aheadMs;
      }
      return monotonicMs + jumpedMs;
    },
    after(waitMs, callback) {
      const timeout = setTimeout(callback, waitMs);
      return () => clearTimeout(timeout);
    },
  };
}

/** Resolves after `waitMs`, or as soon as `ended` aborts. */
export function sleep(time: LeaseTime, waitMs: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      cancel();
      ended.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = time.after(Math.max(1, waitMs), wake);
    if (ended.aborted) wake();
    else ended.addEventListener('abort', wake);
  });
}
