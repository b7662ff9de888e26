/**
 * Is this position to be left now? Pure: the same facts give the same answer, and asking again with
 * the memory that came back changes neither the answer nor the memory.
 */
import { Decimal, type DecimalText, decimal, toText } from '../decimal.ts';
import { quantiseSize } from '../quantise.ts';
import {
  type ExitMemory,
  isFresh,
  leftOfTarget,
  remember,
  ruleMemory,
  withRule,
} from './exit-memory.ts';
import {
  EXIT_REASONS,
  type ExitPlan,
  type ExitReason,
  type ExitRule,
  type SellingRule,
} from './exit-plan.ts';
import { firesBecause, isOfAge, part, type RuleFacts, targetOf } from './exit-rules.ts';
import { type ExitPrices, freeShares, type OpenHolding } from './holding.ts';

export interface ExitFacts {
  readonly plan: ExitPlan;
  readonly holding: OpenHolding;
  /** Null: none was ever seen. */
  readonly prices: ExitPrices | null;
  readonly memory: ExitMemory;
  readonly nowMs: number;
}

export type ExitDecision =
  | {
      readonly kind: 'hold';
      /** The rule that fires and has nothing that it may sell now, or null. */
      readonly blockedRuleId: string | null;
      readonly why: string;
    }
  | {
      readonly kind: 'exit';
      readonly ruleId: string;
      readonly reason: ExitReason;
      /** Shares to sell now, on the order grid: never more than is settled and not promised. */
      readonly size: DecimalText;
      /** Shares to sell in all, those that are not free yet included. Not on the grid. */
      readonly targetSize: DecimalText;
      /** Never sell below this. */
      readonly worstPrice: DecimalText;
      readonly why: string;
    };

export interface ExitEvaluation {
  readonly decision: ExitDecision;
  /** To be handed in with the next facts. */
  readonly memory: ExitMemory;
}

/** Which of the two ways a position of this age is left: what the first rule of its age says. */
export function exitStrategyAt(
  plan: ExitPlan,
  ageMs: number,
): 'holdToResolution' | 'conditionalExit' {
  const first = plan.rules.find((rule) => isOfAge(rule, 0, ageMs));
  return first === undefined || first.kind === 'holdToResolution'
    ? 'holdToResolution'
    : 'conditionalExit';
}

export function evaluateExit(input: ExitFacts): ExitEvaluation {
  const { plan, holding, nowMs } = input;
  const prices = isFresh(plan, input.prices, nowMs) ? input.prices : null;
  const memory = remember(plan, input.memory, holding, prices, nowMs);
  if (holding.payout !== undefined) {
    return { decision: hold(`resolved: a share pays ${holding.payout}`), memory };
  }
  if (!decimal(holding.size).gt(0)) return { decision: hold('nothing is held'), memory };
  const facts: RuleFacts = { plan, holding, memory, prices, nowMs };
  let blocked: ExitDecision | undefined;
  for (const rule of plan.rules) {
    if (!isOfAge(rule, holding.openedAtMs, nowMs)) continue;
    if (rule.kind === 'holdToResolution') {
      return { decision: blocked ?? hold(`${rule.id}: it waits for its market`), memory };
    }
    if (isOff(rule, facts)) continue;
    const because = firesBecause(rule, facts);
    if (because === undefined) continue;
    const decision = sell(rule, because, facts);
    if (decision.kind === 'exit') return { decision, memory: withTarget(memory, rule, decision) };
    // It has nothing to sell; a rule below it may have.
    blocked ??= decision;
  }
  return { decision: blocked ?? hold(whyNothing(plan, prices)), memory };
}

/** It rests, has sold its part, or another of its group has sold something. */
function isOff(rule: SellingRule, { plan, memory, nowMs }: RuleFacts): boolean {
  const known = ruleMemory(memory, rule.id);
  if (nowMs < known.restUntilMs) return true;
  const left = leftOfTarget(known);
  if (left !== undefined && quantiseSize(decimal(left)).isZero()) return true;
  return plan.rules.some((other) => cancels(other, rule, memory));
}

function cancels(other: ExitRule, rule: SellingRule, memory: ExitMemory): boolean {
  if (other.kind === 'holdToResolution' || other.id === rule.id) return false;
  if (rule.group === undefined || other.group !== rule.group) return false;
  return decimal(ruleMemory(memory, other.id).soldSize).gt(0);
}

function sell(rule: SellingRule, because: string, facts: RuleFacts): ExitDecision {
  const { plan, holding, memory } = facts;
  const held = decimal(holding.size);
  const isWhole = decimal(rule.percent).eq(100);
  const left = leftOfTarget(ruleMemory(memory, rule.id));
  const wanted = isWhole
    ? held
    : left === undefined
      ? held.times(part(rule.percent))
      : Decimal.min(left, held);
  const free = decimal(freeShares(holding));
  const size = quantiseSize(Decimal.min(wanted, free));
  if (size.isZero()) {
    const lack = quantiseSize(free).isZero()
      ? `of ${holding.size} shares none is settled and free`
      : `${toText(wanted)} shares are too few for an order`;
    return { kind: 'hold', blockedRuleId: rule.id, why: `${rule.id}: ${because}, but ${lack}` };
  }
  const worstPrice = rule.worstPrice ?? floorOf(rule, facts) ?? plan.ladder.worstPrice;
  return {
    kind: 'exit',
    ruleId: rule.id,
    reason: EXIT_REASONS[rule.kind],
    size: toText(size),
    targetSize: toText(wanted),
    worstPrice,
    why: `${rule.id}: ${because}`,
  };
}

/** A profit is not taken below its target: that would be another rule's business. */
function floorOf(rule: SellingRule, { holding }: RuleFacts): DecimalText | undefined {
  if (rule.kind !== 'profitTarget') return undefined;
  return toText(targetOf(rule, decimal(holding.averageEntry)));
}

/** What a rule for a part is to sell is fixed when it first fires. */
function withTarget(
  memory: ExitMemory,
  rule: SellingRule,
  decision: Extract<ExitDecision, { kind: 'exit' }>,
): ExitMemory {
  if (decimal(rule.percent).eq(100)) return memory;
  if (ruleMemory(memory, rule.id).targetSize !== null) return memory;
  return withRule(memory, rule.id, { targetSize: decision.targetSize });
}

function whyNothing(plan: ExitPlan, prices: ExitPrices | null): string {
  if (plan.rules.length === 0) return 'the plan has no rules';
  if (prices === null) return 'no rule by time fires, and there is no fresh price';
  return 'no rule fires';
}

function hold(why: string): ExitDecision {
  return { kind: 'hold', blockedRuleId: null, why };
}

/**
 * The next moment after `nowMs` at which a rule may begin or end to say something without a new
 * price; undefined when there is none.
 */
export function nextLookAtMs(
  plan: ExitPlan,
  openedAtMs: number,
  memory: ExitMemory,
  nowMs: number,
): number | undefined {
  const moments = plan.rules.flatMap((rule) => [
    openedAtMs + rule.fromAgeMs,
    ...(rule.untilAgeMs === undefined ? [] : [openedAtMs + rule.untilAgeMs]),
    ...(rule.kind === 'timeExit' && rule.atMs !== undefined ? [rule.atMs] : []),
    ruleMemory(memory, rule.id).restUntilMs,
  ]);
  const coming = moments.filter((atMs) => atMs > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}
