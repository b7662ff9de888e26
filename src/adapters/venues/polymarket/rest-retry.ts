/** Sending the same again at once, for the short hiccups that the engine need not hear of; waiting. */
import type { Clock } from '../../../actors/ports.ts';
import { waitUntil } from '../../marketdata/wait.ts';

const TRIES = 3;
const FIRST_WAIT_MS = 100;
/** What takes longer is for the engine to wait for: its waits survive a crash. */
const LONGEST_WAIT_MS = 400;

/**
 * Calls `attempt` up to three times, 100 ms and then 200 ms apart, while `waitOf` says that its
 * outcome was certainly not taken and may be sent again after so many milliseconds. `waitOf` answers
 * undefined for every other outcome, an unknown one above all.
 */
export async function retryNotTaken<Outcome>(
  clock: Clock,
  signal: AbortSignal,
  attempt: () => Promise<Outcome>,
  waitOf: (outcome: Outcome) => number | undefined,
): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt();
    const statedMs = waitOf(outcome);
    if (statedMs === undefined || tries >= TRIES || signal.aborted) return outcome;
    const waitMs = Math.max(FIRST_WAIT_MS * 2 ** (tries - 1), statedMs);
    if (waitMs > LONGEST_WAIT_MS) return outcome;
    await waitUntil(clock, clock.now() + waitMs, signal);
    if (signal.aborted) return outcome;
  }
}

/** Resolves at the absolute time `atMs`; at once for a time that has passed. */
export function waitFor(clock: Clock, atMs: number): Promise<void> {
  if (clock.now() >= atMs) return Promise.resolve();
  return new Promise((resolve) => {
    clock.at(atMs, resolve);
  });
}
