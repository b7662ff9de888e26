/** Ctrl-C and SIGTERM: the first asks for an orderly stop, the second leaves at once. */
import { EXIT } from './io.ts';

export interface StopRequest {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  dispose(): void;
}

/** `onFirst` is told at once, for a word to the person who waits. */
export function onStopSignals(onFirst: () => void): StopRequest {
  const abort = new AbortController();
  function handle(): void {
    // Leaving at once is safe: what was answered is durable, the rest is taken up again at the start.
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    abort.abort();
    onFirst();
  }
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: abort.signal,
    dispose() {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
