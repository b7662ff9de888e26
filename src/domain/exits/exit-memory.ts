/** What a plan remembers of its position. Plain JSON: it is part of a snapshot. */
import type { DecimalText } from '../decimal.ts';
import { compare, minus, notBelowZero, plus } from '../exact.ts';
import type { ExitPlan, PriceSource } from './exit-plan.ts';
import type { ExitPrices, Holding } from './holding.ts';

export interface RuleMemory {
  /** What a rule for a part of the position is to sell, fixed when it first fires; null: all. */
  readonly targetSize: DecimalText | null;
  /** Shares that it has sold, less those of voided fills. */
  readonly soldSize: DecimalText;
  /** It is left alone until then; 0: it is not resting. */
  readonly restUntilMs: number;
}

export interface ExitMemory {
  /** The highest of each price since the position was opened; null: none was seen. Never falls. */
  readonly highest: Readonly<Record<PriceSource, DecimalText | null>>;
  /** What `Holding.boughtSize` was: a voided purchase takes it back. */
  readonly boughtSize: DecimalText;
  /** By rule id; a rule that never fired has no entry. */
  readonly rules: Readonly<Record<string, RuleMemory>>;
}

const NEVER_FIRED: RuleMemory = { targetSize: null, soldSize: '0', restUntilMs: 0 };

/** The memory of a position that was opened just now. */
export function freshMemory(boughtSize: DecimalText): ExitMemory {
  return { highest: { bid: null, mark: null }, boughtSize, rules: {} };
}

export function ruleMemory(memory: ExitMemory, ruleId: string): RuleMemory {
  return Object.hasOwn(memory.rules, ruleId) ? (memory.rules[ruleId] ?? NEVER_FIRED) : NEVER_FIRED;
}

export function withRule(
  memory: ExitMemory,
  ruleId: string,
  change: Partial<RuleMemory>,
): ExitMemory {
  const rule = { ...ruleMemory(memory, ruleId), ...change };
  return { ...memory, rules: { ...memory.rules, [ruleId]: rule } };
}

/** A rule has sold `change` shares more, or fewer (negative) when a fill was voided. */
export function withSold(memory: ExitMemory, ruleId: string, change: DecimalText): ExitMemory {
  if (change === '0') return memory;
  const { soldSize } = ruleMemory(memory, ruleId);
  return withRule(memory, ruleId, { soldSize: notBelowZero(plus(soldSize, change)) });
}

/** False for a price that is too old to say anything. A time that is yet to come counts as now. */
export function isFresh(plan: ExitPlan, prices: ExitPrices | null, nowMs: number): boolean {
  return prices !== null && nowMs - prices.atMs <= plan.maxPriceAgeMs;
}

/**
 * Takes in what is new: higher prices, and a position that has grown. The same object when nothing
 * is. A stale price moves nothing.
 */
export function remember(
  plan: ExitPlan,
  memory: ExitMemory,
  holding: Pick<Holding, 'boughtSize'>,
  prices: ExitPrices | null,
  nowMs: number,
): ExitMemory {
  const seen =
    prices !== null && isFresh(plan, prices, nowMs) ? withHighest(memory, prices) : memory;
  const growth = compare(holding.boughtSize, seen.boughtSize);
  if (growth === 0) return seen;
  const next = { ...seen, boughtSize: holding.boughtSize };
  return growth > 0 && plan.onScaleIn === 'rearm' ? { ...next, rules: {} } : next;
}

function withHighest(memory: ExitMemory, prices: ExitPrices): ExitMemory {
  const bid = higher(memory.highest.bid, prices.bid);
  const mark = higher(memory.highest.mark, prices.mark);
  if (bid === memory.highest.bid && mark === memory.highest.mark) return memory;
  return { ...memory, highest: { bid, mark } };
}

function higher(known: DecimalText | null, seen: DecimalText | null): DecimalText | null {
  if (known === null || seen === null) return known ?? seen;
  return compare(seen, known) > 0 ? seen : known;
}

/** Shares that a rule has still to sell of what it was to sell; undefined while it never fired. */
export function leftOfTarget(rule: RuleMemory): DecimalText | undefined {
  return rule.targetSize === null ? undefined : notBelowZero(minus(rule.targetSize, rule.soldSize));
}
