/** Closing everything: in which order, and at which price. */
import { Decimal, type DecimalText, decimal, toText } from './decimal.ts';
import { compare } from './exact.ts';
import type { InstrumentId } from './instrument.ts';

export interface Holding {
  readonly instrumentId: InstrumentId;
  /** Shares. */
  readonly size: DecimalText;
  /** Dollars: at the mark, or at cost where nobody marks it. */
  readonly worthUsd: DecimalText;
}

/** The one with the most to lose first; of equals by id, so that every run has the same order. */
export function byRisk(holdings: readonly Holding[]): readonly Holding[] {
  return [...holdings].sort(
    (a, b) => compare(b.worthUsd, a.worthUsd) || (a.instrumentId < b.instrumentId ? -1 : 1),
  );
}

/** Share of the best bid that an attempt still takes; after the last of them anything is taken. */
const FLOORS = ['1', '0.9', '0.75'] as const;

/**
 * The least that an attempt (counted from 1) sells for: the best bid, then less and less of it, in the
 * end one tick. On the grid, never below one tick.
 */
export function sellFloor(bestBid: Decimal, tickSize: DecimalText, attempt: number): DecimalText {
  const share = FLOORS[attempt - 1];
  if (share === undefined) return tickSize;
  const tick = decimal(tickSize);
  const floor = bestBid.times(share).toNearest(tick, Decimal.ROUND_FLOOR);
  return toText(floor.lt(tick) ? tick : floor);
}
