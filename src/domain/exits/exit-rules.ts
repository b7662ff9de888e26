/** When a single rule fires, and why, in words. Pure. */
import { type Decimal, type DecimalText, decimal, ONE, toText } from '../decimal.ts';
import type { ExitMemory } from './exit-memory.ts';
import type {
  ExitPlan,
  ExitRule,
  PriceSource,
  ProfitTargetRule,
  SellingRule,
  StopLossRule,
  TrailingStopRule,
} from './exit-plan.ts';
import type { ExitPrices, OpenHolding } from './holding.ts';

/** What rules look at. `prices` is null where none is fresh. */
export interface RuleFacts {
  readonly plan: ExitPlan;
  readonly holding: OpenHolding;
  readonly memory: ExitMemory;
  readonly prices: ExitPrices | null;
  readonly nowMs: number;
}

/** True while the position is of the age for which the rule was made. */
export function isOfAge(rule: ExitRule, openedAtMs: number, nowMs: number): boolean {
  const ageMs = nowMs - openedAtMs;
  return ageMs >= rule.fromAgeMs && (rule.untilAgeMs === undefined || ageMs < rule.untilAgeMs);
}

/** Why the rule fires now, or undefined while it does not. */
export function firesBecause(rule: SellingRule, facts: RuleFacts): string | undefined {
  if (rule.kind === 'timeExit') {
    if (rule.atMs !== undefined && facts.nowMs < rule.atMs) return undefined;
    return 'its time has come';
  }
  const source = rule.trigger ?? facts.plan.trigger;
  const price = facts.prices?.[source] ?? null;
  if (price === null) return undefined;
  return pricedRule(rule, decimal(price), source, facts);
}

function pricedRule(
  rule: ProfitTargetRule | StopLossRule | TrailingStopRule,
  price: Decimal,
  source: PriceSource,
  facts: RuleFacts,
): string | undefined {
  const entry = decimal(facts.holding.averageEntry);
  const is = `the ${source} ${toText(price)} is`;
  switch (rule.kind) {
    case 'profitTarget': {
      const target = targetOf(rule, entry);
      return price.gte(target) ? `${is} at or above the target ${toText(target)}` : undefined;
    }
    case 'stopLoss': {
      const stop = stopOf(rule, entry);
      return price.lte(stop) ? `${is} at or below the stop ${toText(stop)}` : undefined;
    }
    case 'trailingStop': {
      const highest = facts.memory.highest[source];
      const stop = trailingStopOf(rule, highest);
      if (stop === undefined || price.gt(stop)) return undefined;
      return `${is} at or below ${toText(stop)}, the trailing stop under ${highest}`;
    }
  }
}

/** The level of a profit target for this average entry. */
export function targetOf(rule: ProfitTargetRule, entry: Decimal): Decimal {
  if (rule.price !== undefined) return decimal(rule.price);
  if (rule.gainUsd !== undefined) return entry.plus(rule.gainUsd);
  return entry.times(ONE.plus(part(rule.gainPercent ?? '0')));
}

function stopOf(rule: StopLossRule, entry: Decimal): Decimal {
  if (rule.price !== undefined) return decimal(rule.price);
  if (rule.lossUsd !== undefined) return entry.minus(rule.lossUsd);
  return entry.times(ONE.minus(part(rule.lossPercent ?? '0')));
}

/** Undefined until there is a highest price, and until it has reached what switches the stop on. */
function trailingStopOf(rule: TrailingStopRule, highest: DecimalText | null): Decimal | undefined {
  if (highest === null) return undefined;
  const top = decimal(highest);
  if (rule.activatePrice !== undefined && top.lt(rule.activatePrice)) return undefined;
  if (rule.trailUsd !== undefined) return top.minus(rule.trailUsd);
  return top.times(ONE.minus(part(rule.trailPercent ?? '0')));
}

/** A percentage as a factor: `"5"` is 0.05. */
export function part(percent: DecimalText): Decimal {
  return decimal(percent).times('0.01');
}
