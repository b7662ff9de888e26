/** Pure: what an exit is told, taken in. (context, what was told) -> context. */
import { decimal } from '../domain/decimal.ts';
import { minus } from '../domain/exact.ts';
import { freshMemory, remember, withSold } from '../domain/exits/exit-memory.ts';
import type { ExitPrices, Holding } from '../domain/exits/holding.ts';
import type { ExitAttempt, ExitContext } from './exit.context.ts';
import type { ExitOrderReport } from './exit.events.ts';

/** Prices count from when they were last known to hold; older ones than those known are not news. */
export function takePrices(
  context: ExitContext,
  prices: ExitPrices | null,
  atMs: number,
): ExitContext {
  if (prices === null || (context.prices !== null && prices.atMs < context.prices.atMs)) {
    return { ...context, updatedAtMs: atMs };
  }
  const memory = remember(context.plan, context.memory, context.holding, prices, atMs);
  return { ...context, prices, memory, updatedAtMs: atMs };
}

export function takeHolding(context: ExitContext, told: Holding, atMs: number): ExitContext {
  const { holding: before, memory } = context;
  const wasFlat = before.size === '0';
  // Shares that come back without a purchase are those of a voided sale: the position was never left.
  const isNew = wasFlat && told.size !== '0' && decimal(told.boughtSize).gt(memory.boughtSize);
  const holding = { ...told, openedAtMs: isNew ? atMs : before.openedAtMs };
  const known = isNew ? freshMemory(told.boughtSize) : memory;
  return {
    ...context,
    holding,
    memory: remember(context.plan, known, told, null, atMs),
    updatedAtMs: atMs,
  };
}

/** True for a report of an attempt that is known here. */
export function isOurs(context: ExitContext, key: string): boolean {
  return context.attempts.some((attempt) => attempt.key === key);
}

export function takeOrder(context: ExitContext, order: ExitOrderReport): ExitContext {
  const known = context.attempts.find(({ key }) => key === order.key);
  if (known === undefined) return { ...context, faults: context.faults + 1 };
  const attempt: ExitAttempt = {
    ...known,
    clientOrderId: order.clientOrderId,
    isOver: order.phase === 'over',
    filledSize: order.filledSize,
    filledUsd: order.filledUsd,
    feesUsd: order.feesUsd,
    confirmedSize: order.confirmedSize,
    endReason: order.reason,
  };
  const change = minus(attempt.filledSize, known.filledSize);
  // What an earlier holding of the same instrument sold is nothing to the rules of this one.
  const isOfNow = known.atMs >= context.holding.openedAtMs;
  return {
    ...context,
    attempts: context.attempts.map((other) => (other === known ? attempt : other)),
    memory: isOfNow ? withSold(context.memory, known.ruleId, change) : context.memory,
  };
}

/** Nothing was sent for it and nothing will be. */
export function failAttempt(context: ExitContext, key: string, reason: string): ExitContext {
  return {
    ...context,
    attempts: context.attempts.map((attempt) =>
      attempt.key === key && attempt.clientOrderId === null
        ? { ...attempt, isOver: true, endReason: reason }
        : attempt,
    ),
  };
}
