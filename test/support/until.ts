import { setTimeout as sleep } from 'node:timers/promises';

/** Far above what anything here takes, on a busy machine too: a wait that ends by it has failed. */
const LIMIT_MS = 50_000;

/** Waits until `condition` holds. What it threw last is what the test says when it never does. */
export async function until(
  condition: () => unknown,
  what = 'the condition',
  limitMs = LIMIT_MS,
): Promise<void> {
  const endsAtMs = Date.now() + limitMs;
  let last: unknown;
  while (Date.now() < endsAtMs) {
    try {
      if (await condition()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(2);
  }
  throw new Error(`Waited in vain for ${what}.`, { cause: last });
}
