/** What the chain will do with a leg: decided at the match and kept with it, so that a restart agrees. */
import type { Random } from '../../../actors/ports.ts';
import type { PaperTrade } from './records.ts';
import type { CheckedSettings } from './settings.ts';

/**
 * The steps after `matched`, with absolute times. A leg is mined and then confirmed; a share of them
 * needs a second attempt first (`retrying`), a share reverts instead of being mined (`failed`).
 */
export function settlementSteps(
  settings: CheckedSettings,
  random: Random,
  matchedAtMs: number,
): PaperTrade['steps'] {
  // Both are always drawn: turning one share on must not shift what the other one hits.
  const fails = random() < settings.failedShare;
  const retries = random() < settings.retryingShare;
  const steps: PaperTrade['steps'] = [];
  let atMs = matchedAtMs + settings.minedAfterMs;
  if (retries) {
    steps.push({ settlement: 'retrying', atMs });
    atMs += settings.minedAfterMs;
  }
  if (fails) return [...steps, { settlement: 'failed', atMs }];
  return [
    ...steps,
    { settlement: 'mined', atMs },
    { settlement: 'confirmed', atMs: atMs + settings.confirmedAfterMs },
  ];
}
