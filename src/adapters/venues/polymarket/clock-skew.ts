/**
 * The venue's time, which its authentication goes by: a clock that is some seconds off is refused
 * with 401. Source: py-clob-client #190, #175; Polymarket docs, `GET /time` (whole seconds).
 */
import type { Clock } from '../../../actors/ports.ts';

/** `GET /time` is cut to a second: a smaller difference is its own coarseness, not a wrong clock. */
export const COARSENESS_MS = 1_500;
/** A storm of 401 answers asks once. */
const READ_EVERY_MS = 5_000;

export interface ClockSkew {
  /** The venue's clock less ours. */
  readonly skewMs: number;
  /** The venue's time in whole seconds, for request headers. */
  nowS(): number;
  /** A moment of our clock as the venue calls it, as early as it can have been. */
  earliestMs(oursMs: number): number;
  /** Asks the venue; a moment ago is soon enough. Never rejects. */
  read(): Promise<void>;
}

/** @param fetchTimeS the venue's time in seconds; a rejection leaves the skew as it is. */
export function createClockSkew(
  clock: Pick<Clock, 'now'>,
  fetchTimeS: () => Promise<number>,
): ClockSkew {
  let skewMs = 0;
  let readAtMs: number | undefined;
  let reading: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const sentMs = clock.now();
    try {
      const timeS = await fetchTimeS();
      const receivedMs = clock.now();
      // The middle of the second that was stated, against the middle of the request.
      const measuredMs = Math.round(timeS * 1_000 + 500 - (sentMs + receivedMs) / 2);
      const next = Math.abs(measuredMs) <= COARSENESS_MS ? 0 : measuredMs;
      if (next === 0 || Math.abs(next - skewMs) > COARSENESS_MS) skewMs = next;
      readAtMs = receivedMs;
    } catch {
      // The next refused request asks again.
    }
  }

  return {
    get skewMs() {
      return skewMs;
    },
    nowS: () => Math.floor((clock.now() + skewMs) / 1_000),
    // A skew below the coarseness was taken for none.
    earliestMs: (oursMs) => oursMs + Math.min(0, skewMs) - COARSENESS_MS,
    read() {
      if (readAtMs !== undefined && clock.now() - readAtMs < READ_EVERY_MS) {
        return Promise.resolve();
      }
      reading ??= ask().finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}
