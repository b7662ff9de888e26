/** Waits on the engine's clock, for whoever looks at something from time to time. */
import type { Clock } from './ports.ts';

export interface Alarm {
  /** When it goes off; undefined: it is not set. */
  readonly atMs: number | undefined;
  /** Of several moments the earliest stands, until it has gone off. */
  wakeAt(atMs: number): void;
  cancel(): void;
}

export function createAlarm(clock: Clock, onDue: () => void): Alarm {
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  return {
    get atMs() {
      return timer?.atMs;
    },
    wakeAt(atMs) {
      if (timer !== undefined && timer.atMs <= atMs) return;
      timer?.cancel();
      const cancel = clock.at(atMs, () => {
        timer = undefined;
        onDue();
      });
      timer = { atMs, cancel };
    },
    cancel() {
      timer?.cancel();
      timer = undefined;
    },
  };
}

/** Resolves after so many ms; earlier where the signal is given. */
export function waitFor(clock: Clock, forMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.at(clock.now() + forMs, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/** Resolves when the work has ended, or after so many ms: nothing may ever answer it. */
export async function endsWithin(
  clock: Clock,
  limitMs: number,
  work: Promise<unknown>,
): Promise<void> {
  let cancel: () => void = () => undefined;
  const limit = new Promise<void>((resolve) => {
    cancel = clock.at(clock.now() + limitMs, resolve);
  });
  await Promise.race([work, limit]).finally(() => cancel());
}
