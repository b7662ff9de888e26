/**
 * The plan of a position that was given none. A young position waits for its market to resolve: it
 * nearly always wins. An older one binds capital, so it is left at a profit target or at a stop.
 */
import type { ExitPlan } from './exit-plan.ts';
import { parseExitPlan } from './parse-exit-plan.ts';

export const DAY_MS = 86_400_000;
/** From exactly this age on the target and the stop are alive. */
const MIN_HOLD_MS = 7 * DAY_MS;

export const DEFAULT_EXIT_PLAN: ExitPlan = parseExitPlan({
  name: 'default',
  rules: [
    { id: 'hold', kind: 'holdToResolution', untilAgeMs: MIN_HOLD_MS },
    { id: 'target', kind: 'profitTarget', price: '0.99', fromAgeMs: MIN_HOLD_MS },
    { id: 'stop', kind: 'stopLoss', price: '0.90', fromAgeMs: MIN_HOLD_MS },
  ],
});
