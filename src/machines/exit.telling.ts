/**
 * Which prices an exit must be told. What it is told stands in the log, so a book that changes a hundred
 * times a second is not told each time: only where it changes what the exit knows or does.
 */
import { evaluateExit } from '../domain/exits/evaluate-exit.ts';
import { remember } from '../domain/exits/exit-memory.ts';
import type { ExitPrices } from '../domain/exits/holding.ts';
import type { ExitContext } from './exit.context.ts';

/** True when the exit would do or remember something else for having been told. */
export function isWorthTelling(context: ExitContext, prices: ExitPrices, nowMs: number): boolean {
  const { plan, holding, memory } = context;
  if (holding.size === '0') return false;
  // A trailing stop remembers what it saw during a halt too.
  if (remember(plan, memory, holding, prices, nowMs) !== memory) return true;
  if (context.suspendedBecause !== null) return false;
  // An exit under way prices its attempts by the bid: it is told each one, for as long as it lasts.
  if (context.exit !== null) return isNews(context, prices);
  return evaluateExit({ plan, holding, prices, memory, nowMs }).decision.kind === 'exit';
}

/** Another price, or one that would be too old by the time it is needed. */
function isNews({ prices: known, plan }: ExitContext, prices: ExitPrices): boolean {
  if (known === null || prices.bid !== known.bid || prices.mark !== known.mark) return true;
  return prices.atMs - known.atMs >= plan.maxPriceAgeMs / 2;
}
