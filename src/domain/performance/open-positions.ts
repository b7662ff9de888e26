/** What is held, and what it is worth at given prices. */
import type { DecimalText } from '../decimal.ts';
import { minus, plus, times } from '../exact.ts';
import type { InstrumentId } from '../instrument.ts';
import type { Holding } from './holding.ts';

/** What one share is worth, and since when it is known. */
export interface Mark {
  readonly price: DecimalText;
  readonly atMs: number;
}

/** What is held at the end. Dollars unless said otherwise. */
export interface OpenPosition {
  readonly instrumentId: InstrumentId;
  readonly marketId: string;
  /** Strategies whose orders opened what is open. */
  readonly strategies: readonly string[];
  /** Shares, signed. */
  readonly size: DecimalText;
  readonly averageEntry: DecimalText;
  readonly costUsd: DecimalText;
  /** Of the entries of what is open. */
  readonly feesUsd: DecimalText;
  readonly openedAtMs: number;
  /** Null: nobody knows what it is worth. */
  readonly mark: Mark | null;
  readonly unrealizedPnl: DecimalText | null;
}

/** The price of our own newest fill of it: the one that is always known. */
export function lastFillMark({ lastPrice, lastAtMs }: Holding): Mark {
  return { price: lastPrice, atMs: lastAtMs };
}

export function openPosition(holding: Holding, mark: Mark | undefined): OpenPosition {
  const { totals } = holding;
  return {
    instrumentId: holding.instrumentId,
    marketId: holding.marketId,
    strategies: holding.openedBy,
    size: totals.size,
    averageEntry: totals.averageEntry,
    costUsd: totals.costBasis,
    feesUsd: holding.openFeesUsd,
    openedAtMs: holding.openedAtMs,
    mark: mark ?? null,
    unrealizedPnl:
      mark === undefined ? null : minus(times(totals.size, mark.price), totals.costBasis),
  };
}

/** The strategy that opened it; null where several did. */
export function openerOf({ strategies }: OpenPosition): string | null {
  const [first, ...others] = strategies;
  return first === undefined || others.length > 0 ? null : first;
}

/** The sum; unknown as soon as one of them is. */
export function unrealizedOf(positions: readonly OpenPosition[]): DecimalText | null {
  let sum: DecimalText = '0';
  for (const { unrealizedPnl } of positions) {
    if (unrealizedPnl === null) return null;
    sum = plus(sum, unrealizedPnl);
  }
  return sum;
}
