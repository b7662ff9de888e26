/** Pure steps of an exit on its way, and what its states are decided by. */
import { type DecimalText, decimal } from '../domain/decimal.ts';
import { minus, notBelowZero, plus } from '../domain/exact.ts';
import { type ExitEvaluation, evaluateExit, nextLookAtMs } from '../domain/exits/evaluate-exit.ts';
import type { ExitChoice } from '../domain/exits/exit-choice.ts';
import {
  type AttemptTerms,
  chosenAttempt,
  type NextAttempt,
  nextAttempt,
} from '../domain/exits/exit-ladder.ts';
import { isFresh, withRule, withSold } from '../domain/exits/exit-memory.ts';
import { freeShares } from '../domain/exits/holding.ts';
import { quantisePrice, quantiseSize } from '../domain/quantise.ts';
import type { CurrentExit, ExitAttempt, ExitContext } from './exit.context.ts';

/** The plan is looked at this often where nothing happens: an exit that sleeps for good is seen. */
export const LOOK_EVERY_MS = 3_600_000;

/** Attempts that are kept; those that may still change are kept beyond it. */
const MAX_ATTEMPTS_KEPT = 50;

// -- what stands

/** Orders of ours of which more may be matched. There is never a second one beside it. */
export function openAttempts(context: ExitContext): readonly ExitAttempt[] {
  return context.attempts.filter((attempt) => !attempt.isOver);
}

/** The attempt whose order nobody knows yet: to be placed, or placed and not told of. */
export function unplacedAttempt(context: ExitContext): ExitAttempt | undefined {
  return context.attempts.find(({ isOver, clientOrderId }) => !isOver && clientOrderId === null);
}

/** Every share is sold and the chain has said so for good. */
export function isLeftForGood(context: ExitContext): boolean {
  const { size, isFinal } = context.holding;
  return size === '0' && isFinal && openAttempts(context).length === 0;
}

/** Shares that the exit has sold, less those of voided fills. */
export function soldSize({ attempts }: ExitContext, exitNumber: number): DecimalText {
  return attempts
    .filter((attempt) => attempt.exitNumber === exitNumber)
    .reduce((sum, { filledSize }) => plus(sum, filledSize), '0');
}

/** Shares that the exit has still to sell. */
export function leftSize(context: ExitContext, exit: CurrentExit): DecimalText {
  const gone = plus(soldSize(context, exit.number), exit.mergedSize);
  return notBelowZero(minus(exit.targetSize, gone));
}

/** Some of what it sold may still be voided. */
export function awaitsSettlement(context: ExitContext): boolean {
  const { exit, holding } = context;
  return (
    exit !== null &&
    !holding.isFinal &&
    context.attempts.some(
      ({ exitNumber, filledSize, confirmedSize }) =>
        exitNumber === exit.number && filledSize !== confirmedSize,
    )
  );
}

export function evaluate(context: ExitContext, nowMs: number): ExitEvaluation {
  const { plan, holding, prices, memory } = context;
  return evaluateExit({ plan, holding, prices, memory, nowMs });
}

/**
 * A rule fires that would sell lower than the exit under way may: what waits for a better price makes
 * way for a stop. Never the other way round, so that two rules cannot chase each other.
 */
export function isPreempted(context: ExitContext, nowMs: number): boolean {
  const { exit, holding } = context;
  if (exit === null) return false;
  // What our own order holds would be free again.
  const freed = { ...holding, sellableSize: holding.size, reservedShares: '0' };
  const { decision } = evaluate({ ...context, holding: freed }, nowMs);
  if (decision.kind === 'hold' || decision.ruleId === exit.ruleId) return false;
  return decimal(decision.worstPrice).lt(exit.worstPrice);
}

// -- an exit from its beginning to its end

export function beginExit(context: ExitContext, nowMs: number): ExitContext {
  const { decision, memory } = evaluate(context, nowMs);
  if (decision.kind === 'hold') return { ...context, memory, why: decision.why };
  const number = context.exits + 1;
  return {
    ...context,
    memory,
    exits: number,
    why: decision.why,
    exit: {
      number,
      ruleId: decision.ruleId,
      reason: decision.reason,
      why: decision.why,
      // What is not settled yet is the next exit's.
      targetSize: decision.size,
      worstPrice: decision.worstPrice,
      averageEntry: context.holding.averageEntry,
      offerIndex: 0,
      mergedSize: '0',
      choice: null,
      startedAtMs: nowMs,
    },
  };
}

/** What the ladder says next for the exit under way. */
export function upNext(context: ExitContext, exit: CurrentExit, nowMs: number): NextAttempt {
  const { plan, holding, instrument, prices } = context;
  return nextAttempt({
    ladder: plan.ladder,
    offerIndex: exit.offerIndex,
    instrument,
    bid: isFresh(plan, prices, nowMs) ? (prices?.bid ?? null) : null,
    worstPrice: exit.worstPrice,
    leftSize: leftSize(context, exit),
    freeShares: freeShares(holding),
  });
}

/** The exit goes on by the ladder. */
export function mayTryNext(context: ExitContext, nowMs: number): boolean {
  const { exit } = context;
  if (exit === null || exit.choice !== null) return false;
  return upNext(context, exit, nowMs).kind === 'order';
}

/** There are shares to sell and the ladder has no answer: it was not asked before in this exit. */
export function needsChoice(context: ExitContext, nowMs: number): boolean {
  const { exit } = context;
  if (exit === null || exit.choice !== null) return false;
  const { kind } = upNext(context, exit, nowMs);
  return kind === 'noBid' || kind === 'exhausted';
}

export function addNextAttempt(context: ExitContext, nowMs: number): ExitContext {
  const { exit } = context;
  if (exit === null) return context;
  const next = upNext(context, exit, nowMs);
  if (next.kind !== 'order') return context;
  const { kind: _order, ...terms } = next;
  const climbed = { ...exit, offerIndex: exit.offerIndex + 1 };
  return withAttempt({ ...context, exit: climbed }, climbed, terms, nowMs);
}

export function takeChoice(context: ExitContext, choice: ExitChoice): ExitContext {
  const { exit } = context;
  if (exit === null) return context;
  return { ...context, exit: { ...exit, choice }, why: `${exit.why}; ${choice.why}` };
}

/** What was merged counts as sold by its rule. */
export function takeMerge(context: ExitContext, mergedSize: DecimalText): ExitContext {
  const { exit, memory } = context;
  if (exit === null) return context;
  return {
    ...context,
    exit: { ...exit, mergedSize: plus(exit.mergedSize, mergedSize) },
    memory: withSold(memory, exit.ruleId, mergedSize),
  };
}

/** Terms of the sale that was chosen; undefined where another way was, or nothing is left. */
export function chosenSale(context: ExitContext, choice: ExitChoice): AttemptTerms | undefined {
  const { exit, holding, instrument } = context;
  const limitPrice = choice.ways.find(({ kind }) => kind === 'sell')?.limitPrice ?? null;
  if (exit === null || choice.kind !== 'sell' || limitPrice === null) return undefined;
  const worst = quantisePrice(decimal(exit.worstPrice), instrument.tickSize, 'SELL');
  if (decimal(limitPrice).lt(worst)) return undefined;
  return chosenAttempt(limitPrice, leftSize(context, exit), freeShares(holding));
}

export function addChosenAttempt(
  context: ExitContext,
  choice: ExitChoice,
  nowMs: number,
): ExitContext {
  const terms = chosenSale(context, choice);
  if (context.exit === null || terms === undefined) return context;
  return withAttempt(context, context.exit, terms, nowMs);
}

function withAttempt(
  context: ExitContext,
  exit: CurrentExit,
  terms: AttemptTerms,
  atMs: number,
): ExitContext {
  const number = context.attemptCount + 1;
  const attempt: ExitAttempt = {
    // The position's exit may be made anew after its row is gone: its beginning tells the two apart.
    key: `exit:${context.instrument.id}:${context.createdAtMs}:${number}`,
    exitNumber: exit.number,
    ruleId: exit.ruleId,
    reason: exit.reason,
    why: exit.why,
    averageEntry: exit.averageEntry,
    terms,
    clientOrderId: null,
    isOver: false,
    filledSize: '0',
    filledUsd: '0',
    feesUsd: '0',
    confirmedSize: '0',
    endReason: null,
    atMs,
  };
  return {
    ...context,
    attemptCount: number,
    attempts: [...forgetOldest(context.attempts, exit.number), attempt],
  };
}

function forgetOldest(
  attempts: readonly ExitAttempt[],
  exitNumber: number,
): readonly ExitAttempt[] {
  let surplus = attempts.length + 1 - MAX_ATTEMPTS_KEPT;
  return attempts.filter((attempt) => {
    const mayGo =
      attempt.isOver &&
      attempt.exitNumber !== exitNumber &&
      attempt.filledSize === attempt.confirmedSize;
    if (surplus <= 0 || !mayGo) return true;
    surplus -= 1;
    return false;
  });
}

/** A rule whose ladder did not sell everything rests for a while. */
export function endExit(context: ExitContext, nowMs: number): ExitContext {
  const { exit, plan } = context;
  if (exit === null) return context;
  const left = quantiseSize(decimal(leftSize(context, exit)));
  const memory = left.gt(0)
    ? withRule(context.memory, exit.ruleId, { restUntilMs: nowMs + plan.ladder.restMs })
    : context.memory;
  return { ...context, exit: null, memory };
}

/** When the plan is to be looked at again, whatever happens. */
export function lookAgainAtMs(context: ExitContext, nowMs: number): number {
  const { plan, holding, memory } = context;
  const next = nextLookAtMs(plan, holding.openedAtMs, memory, nowMs) ?? Number.POSITIVE_INFINITY;
  return Math.min(next, nowMs + LOOK_EVERY_MS);
}
