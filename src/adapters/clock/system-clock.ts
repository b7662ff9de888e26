/** The real time. */
import type { Clock } from '../../actors/ports.ts';
import { assertInvariant } from '../../domain/faults.ts';

/**
 * The longest single wait. Longer ones are cut in pieces, for two reasons: `setTimeout` turns
 * anything above 2^31 ms into 1 ms, and after the wall clock was stepped or the machine slept an
 * absolute deadline is noticed within this time.
 */
const LONGEST_WAIT_MS = 60_000;

/**
 * The machine's wall clock. A timer never fires before its time: Node may wake a millisecond early
 * and the wall clock may be set back, so the time is read again before each callback.
 */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    at(atMs, callback) {
      assertInvariant(Number.isFinite(atMs), 'a timer needs a finite time', { atMs });
      let timeout: NodeJS.Timeout | undefined;
      const arm = (): void => {
        const waitMs = Math.min(Math.max(atMs - Date.now(), 0), LONGEST_WAIT_MS);
        timeout = setTimeout(wake, waitMs);
      };
      const wake = (): void => {
        if (Date.now() < atMs) arm();
        else callback();
      };
      arm();
      return () => clearTimeout(timeout);
    },
  };
}
