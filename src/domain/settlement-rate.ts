/** How often fills of a market fail on chain: a figure about its counterparties. */
import { Decimal, type DecimalText, decimal, toText } from './decimal.ts';

/** Fills of one market by how they ended. Orphans are in nobody's books and not counted. */
export interface SettlementCounts {
  readonly marketId: string;
  readonly confirmed: number;
  /** Voided: they failed on chain and were taken back. */
  readonly failed: number;
  /** Neither yet. */
  readonly unsettled: number;
}

export interface SettlementRate extends SettlementCounts {
  /** Failed fills by fills with a final word; null before the first. 4 decimals, for reading. */
  readonly failureRate: DecimalText | null;
}

const RATE_DECIMALS = 4;

/** Most failures first. */
export function settlementRates(counts: readonly SettlementCounts[]): readonly SettlementRate[] {
  return counts
    .map((market) => ({ ...market, failureRate: failureRate(market) }))
    .sort((a, b) => b.failed - a.failed || (a.marketId < b.marketId ? -1 : 1));
}

export function failureRate(counts: Pick<SettlementCounts, 'confirmed' | 'failed'>) {
  const final = counts.confirmed + counts.failed;
  if (final === 0) return null;
  const rate = decimal(String(counts.failed)).div(final);
  return toText(rate.toDecimalPlaces(RATE_DECIMALS, Decimal.ROUND_HALF_EVEN));
}
