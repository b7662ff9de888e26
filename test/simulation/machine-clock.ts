/** The clock of the engine's machine: the simulated time, and how wrong it is set. */
import type { Clock } from '../../src/actors/ports.ts';
import type { Life } from './life.ts';
import type { Timeline } from './timeline.ts';

/** As the real clock does it: a long wait is cut in pieces, so that a set clock is noticed. */
const LONGEST_WAIT_MS = 60_000;

export interface MachineClock {
  /** What is to be added to the true time. */
  offsetMs: number;
}

/** The clock as one life reads it. Timers of a dead process never fire. */
export function clockOf(life: Life, timeline: Timeline, machine: MachineClock): Clock {
  const now = (): number => timeline.now() + machine.offsetMs;

  return {
    now,
    at(atMs, callback) {
      let cancel = (): void => undefined;
      let isOver = false;
      const wake = (): void => {
        if (isOver) return;
        if (now() < atMs) {
          arm();
          return;
        }
        isOver = true;
        callback();
      };
      const arm = (): void => {
        const waitMs = Math.min(Math.max(atMs - now(), 0), LONGEST_WAIT_MS);
        cancel = timeline.after(waitMs, () => {
          if (!isOver) life.deliver('timer', wake);
        });
      };
      arm();
      return () => {
        isOver = true;
        cancel();
      };
    },
  };
}
