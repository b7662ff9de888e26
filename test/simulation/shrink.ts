/** Makes a failing run smaller: fewer kinds of faults, less time, fewer commands. */
import { FAULT_KINDS, type SimulationOptions } from './options.ts';
import type { Outcome } from './simulation.ts';

/** Runs that are tried; each takes about a second. */
const MOST_RUNS = 60;
const MINUTE_MS = 60_000;

/** The smallest run found that breaks the same rule. */
export async function shrink(
  failing: Outcome,
  startMs: number,
  run: (options: SimulationOptions) => Promise<Outcome>,
): Promise<Outcome> {
  let best = failing;
  let runs = 0;

  async function isKept(over: Partial<SimulationOptions>): Promise<boolean> {
    if (runs >= MOST_RUNS) return false;
    runs += 1;
    const tried = await run({ ...best.options, ...over });
    if (tried.violation?.rule !== failing.violation?.rule) return false;
    best = tried;
    return true;
  }

  for (const kind of FAULT_KINDS) {
    const { faults } = best.options;
    if (faults.includes(kind)) await isKept({ faults: faults.filter((one) => one !== kind) });
  }
  const brokenAfterMs = (best.violation?.atMs ?? startMs) - startMs;
  const minutes = Math.ceil((10 * brokenAfterMs) / MINUTE_MS) / 10;
  if (minutes > 0 && minutes < best.options.minutes) await isKept({ minutes });
  while (best.options.minutes > 0.2 && (await isKept({ minutes: best.options.minutes / 2 })));
  let most = best.options.maxActions ?? best.figures.intents * 2 + 8;
  while (most > 1) {
    const fewer = Math.floor(most / 2);
    if (!(await isKept({ maxActions: fewer }))) break;
    most = fewer;
  }
  for (let left = most - 1; left > 0 && (await isKept({ maxActions: left })); left -= 1);
  return best;
}
