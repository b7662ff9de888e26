/**
 * The line between the engine and its database: time, lost answers, outages, and what becomes of an
 * operation that was under way when the process died.
 */
import { FillwrightFault } from '../../src/domain/faults.ts';
import type { Chance } from './chances.ts';
import type { Life } from './life.ts';
import type { StoreLine } from './memory-store.ts';
import type { Timeline } from './timeline.ts';

export interface StoreWeather {
  /** The database answers nobody. */
  isAway: boolean;
  /** Chances of each operation. */
  failsBefore: number;
  /** Done, but the answer is lost. */
  failsAfter: number;
  slow: number;
}

export interface StoreLineOptions {
  readonly life: Life;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: StoreWeather;
  readonly count: (kind: string) => void;
}

const SLOWEST_MS = 4_000;
/** How long a server may work on for a client that is gone. */
const LATEST_MS = 8_000;

export function createStoreLine(options: StoreLineOptions): StoreLine {
  const { life, timeline, chance, weather, count } = options;
  /** Sent and not yet done. */
  const underWay = new Set<() => void>();
  life.onDeath(() => {
    // What the server had received is done at once, never, or only after somebody else has begun.
    for (const finish of underWay) {
      const fate = chance.weighed({ done: 4, never: 4, late: 2 });
      if (fate === 'done') finish();
      if (fate === 'late') timeline.after(chance.between(1, LATEST_MS), finish);
    }
    underWay.clear();
  });

  return (operation, work) => life.promise(`store ${operation}`, () => send(operation, work));

  function send<T>(operation: string, work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const latencyMs = chance.between(1, 4);
      const slowMs = chance.hits(weather.slow) ? chance.between(50, SLOWEST_MS) : 0;
      const failsBefore = chance.hits(weather.failsBefore);
      const failsAfter = chance.hits(weather.failsAfter);
      const act = (): void => {
        underWay.delete(act);
        if (weather.isAway || failsBefore) {
          count(weather.isAway ? 'store away' : 'store failed before');
          answer(() => reject(unavailable(operation)));
          return;
        }
        let settle: () => void;
        try {
          const value = work();
          settle = failsAfter ? () => reject(unavailable(operation)) : () => resolve(value);
          if (failsAfter) count('store answer lost');
        } catch (error) {
          settle = () => reject(error);
        }
        answer(settle);
      };
      underWay.add(act);
      if (slowMs > 0) count('store slow');
      timeline.after(latencyMs + slowMs, () => {
        if (underWay.has(act)) act();
      });
    });
  }

  function answer(settle: () => void): void {
    timeline.after(chance.between(0, 3), settle);
  }
}

function unavailable(operation: string): FillwrightFault {
  return new FillwrightFault('store_unavailable', `The store is not available (${operation}).`);
}
