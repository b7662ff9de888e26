/** A person's word that one order may go although a rule is against it. Once, and not for long. */
import type { RuleName } from './rule.ts';

/** Limits that a person may set aside. What money and evidence forbid, nobody can allow. */
export const OVERRIDABLE = [
  'maxEntryPrice',
  'duplicateSide',
  'selfTrade',
  'rejects',
  'dailyLoss',
  'drawdown',
  'staleBalance',
  'staleBook',
  'slippage',
  'maxOrder',
  'exposure',
] as const satisfies readonly RuleName[];
export type OverridableRule = (typeof OVERRIDABLE)[number];

export interface Override {
  readonly overrideId: string;
  readonly rules: readonly OverridableRule[];
  /** Only for intents of these; absent: of any. */
  readonly marketId?: string;
  readonly strategy?: string;
  readonly by: string;
  readonly why: string;
  readonly untilMs: number;
}

/** Longer than this no override lasts: who needs it for longer changes the limit. */
export const MAX_OVERRIDE_MS = 24 * 3_600_000;
/** Waiting at once; more is a limit that is wrong. */
export const MAX_OVERRIDES = 100;

export function overrideFor(
  overrides: readonly Override[],
  rule: RuleName,
  intent: { readonly marketId: string; readonly strategy: string; readonly atMs: number },
): Override | undefined {
  return overrides.find(
    ({ rules, marketId, strategy, untilMs }) =>
      untilMs > intent.atMs &&
      (rules as readonly RuleName[]).includes(rule) &&
      (marketId ?? intent.marketId) === intent.marketId &&
      (strategy ?? intent.strategy) === intent.strategy,
  );
}
