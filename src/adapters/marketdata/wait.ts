/** Waiting on the engine's clock, cut short by an abort. */
import type { Clock } from '../../actors/ports.ts';

/** Resolves at the absolute time `atMs` or when `signal` aborts; never rejects. */
export function waitUntil(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = clock.at(atMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    const stop = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
