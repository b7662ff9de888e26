/** What an open position has made of the money in it. */
import { type DecimalText, decimal, toText } from './decimal.ts';
import { type PositionTotals, unrealizedPnl } from './position-totals.ts';

/** For reading: half-even. */
const DECIMALS = 4;

/**
 * Unrealised result as percent of what the open shares cost, before fees, to 4 decimals; null where
 * nothing is open.
 */
export function returnOnCostPct(totals: PositionTotals, mark: DecimalText): DecimalText | null {
  const cost = decimal(totals.costBasis).abs();
  if (cost.isZero()) return null;
  return toText(unrealizedPnl(totals, mark).dividedBy(cost).times(100).toDecimalPlaces(DECIMALS));
}
