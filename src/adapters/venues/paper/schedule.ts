/** Deadlines of the venue: one timer of the clock for each moment, however many tasks it has. */
import type { Clock } from '../../../actors/ports.ts';

export interface Schedule {
  /** Runs `task` once at or after `atMs`, never synchronously. Returns the cancellation. */
  at(atMs: number, task: () => void): () => void;
  /** Cancels everything. */
  clear(): void;
}

interface Moment {
  readonly tasks: Set<() => void>;
  readonly cancel: () => void;
}

/** Tasks of one moment run together, in the order in which they were added. */
export function createSchedule(clock: Clock): Schedule {
  const moments = new Map<number, Moment>();

  function fire(atMs: number): void {
    const moment = moments.get(atMs);
    moments.delete(atMs);
    for (const task of moment?.tasks ?? []) task();
  }

  return {
    at(atMs, task) {
      let moment = moments.get(atMs);
      if (moment === undefined) {
        moment = { tasks: new Set(), cancel: clock.at(atMs, () => fire(atMs)) };
        moments.set(atMs, moment);
      }
      const { tasks, cancel } = moment;
      // A task of its own for each call: the same function may be asked for twice.
      const entry = (): void => task();
      tasks.add(entry);
      return () => {
        tasks.delete(entry);
        if (tasks.size === 0 && moments.get(atMs)?.tasks === tasks) {
          moments.delete(atMs);
          cancel();
        }
      };
    },
    clear() {
      for (const moment of moments.values()) {
        moment.tasks.clear();
        moment.cancel();
      }
      moments.clear();
    },
  };
}
