/**
 * Keeps one connection to the CLOB open while nothing is sent: the first order after a silence
 * would otherwise wait for a handshake, several round trips, at the very moment when a price moves.
 */
import type { Clock } from '../../../actors/ports.ts';
import type { Rest } from './rest.ts';

/** Before an idle connection is closed: see `KEEP_ALIVE_MS`. */
export const KEEP_WARM_EVERY_MS = 20_000;
/** Gives up before the next is due. */
const TIMEOUT_MS = 10_000;

export interface KeepWarm {
  /** The first request goes after 20 s: a start has just sent some. */
  start(): void;
  stop(): void;
}

/** Sends `GET /ok` every 20 s, one at a time; what is answered does not matter. */
export function createKeepWarm(rest: Pick<Rest, 'call'>, clock: Clock): KeepWarm {
  let stopped = true;
  let cancelNext: (() => void) | undefined;

  async function ask(): Promise<void> {
    const sentAtMs = clock.now();
    await rest.call({
      ...{ route: 'other', method: 'GET', path: '/ok', signed: false, timeoutMs: TIMEOUT_MS },
    });
    if (!stopped) schedule(sentAtMs + KEEP_WARM_EVERY_MS);
  }

  function schedule(atMs: number): void {
    cancelNext = clock.at(atMs, () => void ask());
  }

  return {
    start() {
      stopped = false;
      schedule(clock.now() + KEEP_WARM_EVERY_MS);
    },
    stop() {
      stopped = true;
      cancelNext?.();
    },
  };
}
