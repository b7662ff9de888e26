/**
 * The time of a simulation. One timer fires, then everything that follows from it without waiting is
 * done to its end, then the next: nothing else decides an order of events.
 */
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';

export interface Timeline {
  readonly clock: VirtualClock;
  now(): number;
  after(delayMs: number, act: () => void): () => void;
  /** Lets time pass. `afterEach` is called whenever nothing is left to do at a moment. */
  pass(forMs: number): Promise<void>;
  /** Until nothing is left to do without time passing. */
  quiet(): Promise<void>;
}

export function createTimeline(startMs: number, afterEach: () => void): Timeline {
  const clock = createVirtualClock(startMs);

  async function settle(): Promise<void> {
    await quiet();
    afterEach();
  }

  return {
    clock,
    now: () => clock.now(),
    after: (delayMs, act) => clock.at(clock.now() + Math.max(0, delayMs), act),
    pass: (forMs) => clock.advanceTo(clock.now() + forMs, settle),
    quiet,
  };
}

/**
 * There is no input or output in a simulation: what is not a timer of the clock is a microtask or an
 * immediate, and the process counts its immediates.
 */
async function quiet(): Promise<void> {
  do {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  } while (process.getActiveResourcesInfo().includes('Immediate'));
}
