/** The way of a request to the venue. */
import type { Clock } from '../../../actors/ports.ts';
import { FillwrightFault } from '../../../domain/faults.ts';

export interface Travel {
  /**
   * Resolves after `latencyMs` of the clock; for 0 in the next macrotask, without a timer.
   * @throws {FillwrightFault} `venue_unknown` when the venue stops first.
   */
  wait(latencyMs: number): Promise<void>;
  /** Ends every wait: nobody can tell the senders what became of their requests. */
  stop(): void;
}

export function createTravel(clock: Clock): Travel {
  const stops = new Set<() => void>();
  return {
    wait(latencyMs) {
      return new Promise((resolve, reject) => {
        const arrive = (): void => {
          stops.delete(lose);
          resolve();
        };
        const cancel = startTimer(clock, latencyMs, arrive);
        const lose = (): void => {
          cancel();
          reject(new FillwrightFault('venue_unknown', 'The venue stopped before it answered.'));
        };
        stops.add(lose);
      });
    },
    stop() {
      for (const lose of stops) lose();
      stops.clear();
    },
  };
}

function startTimer(clock: Clock, latencyMs: number, callback: () => void): () => void {
  if (latencyMs > 0) return clock.at(clock.now() + latencyMs, callback);
  const immediate = setImmediate(callback);
  return () => clearImmediate(immediate);
}
