/** Adding up fills and exits of one strategy, market or day, or of all. */
import { Decimal, type DecimalText, decimal, toText } from '../decimal.ts';
import { minus, plus, times } from '../exact.ts';
import type { ClosedExit, PerformanceLeg } from './holding.ts';

/** Dollars unless said otherwise. Ratios are null while there is nothing to divide by. */
export interface PerformanceTotals {
  readonly fills: number;
  /** Price x size of all fills, bought and sold. */
  readonly volumeUsd: DecimalText;
  /** Of all fills, entries and exits. */
  readonly feesUsd: DecimalText;
  readonly exits: number;
  /** Exits whose PnL is above 0 after the fees of the exit and of its share of the entry. */
  readonly wins: number;
  /** `wins` / `exits` x 100, 2 decimals. */
  readonly winRatePct: DecimalText | null;
  /** Shares that exits closed. */
  readonly closedShares: DecimalText;
  /** Entry price x size of what exits closed. */
  readonly costUsd: DecimalText;
  /** What exits made, before fees. */
  readonly realizedPnl: DecimalText;
  /** `realizedPnl` - `feesUsd`: the fees of entries that are still open are in it. */
  readonly netPnl: DecimalText;
  /** Fees of what was closed: of the exits, and of their share of the entries. */
  readonly closedFeesUsd: DecimalText;
  /** `realizedPnl` / `costUsd` x 100, 4 decimals. */
  readonly roiPct: DecimalText | null;
  /** The same after `closedFeesUsd`. */
  readonly netRoiPct: DecimalText | null;
  /** From entry to exit, the mean over the shares closed, milliseconds. */
  readonly holdMs: number | null;
}

export interface Tally {
  leg(leg: PerformanceLeg): void;
  exit(exit: ClosedExit): void;
  totals(): PerformanceTotals;
}

const WIN_RATE_DECIMALS = 2;
/** As the return of a position is kept. */
const ROI_DECIMALS = 4;

export function createTally(): Tally {
  const count = { fills: 0, exits: 0, wins: 0 };
  let volumeUsd: DecimalText = '0';
  let feesUsd: DecimalText = '0';
  let closedShares: DecimalText = '0';
  let costUsd: DecimalText = '0';
  let realizedPnl: DecimalText = '0';
  let closedFeesUsd: DecimalText = '0';
  let shareMs: DecimalText = '0';

  return {
    leg(leg) {
      count.fills += 1;
      volumeUsd = plus(volumeUsd, times(leg.price, leg.size));
      feesUsd = plus(feesUsd, leg.feeUsd);
    },
    exit(exit) {
      count.exits += 1;
      if (exit.netPnl !== '0' && !exit.netPnl.startsWith('-')) count.wins += 1;
      closedShares = plus(closedShares, exit.size);
      costUsd = plus(costUsd, exit.costUsd);
      realizedPnl = plus(realizedPnl, exit.realizedPnl);
      closedFeesUsd = plus(closedFeesUsd, exit.feesUsd);
      shareMs = plus(shareMs, times(exit.size, String(exit.holdMs)));
    },
    totals() {
      const hold = ratio(shareMs, closedShares);
      return {
        fills: count.fills,
        volumeUsd,
        feesUsd,
        exits: count.exits,
        wins: count.wins,
        winRatePct: percent(String(count.wins), String(count.exits), WIN_RATE_DECIMALS),
        closedShares,
        costUsd,
        realizedPnl,
        netPnl: minus(realizedPnl, feesUsd),
        closedFeesUsd,
        roiPct: percent(realizedPnl, costUsd, ROI_DECIMALS),
        netRoiPct: percent(minus(realizedPnl, closedFeesUsd), costUsd, ROI_DECIMALS),
        holdMs: hold === null ? null : hold.round().toNumber(),
      };
    },
  };
}

function percent(part: DecimalText, whole: DecimalText, decimals: number): DecimalText | null {
  const found = ratio(part, whole);
  if (found === null) return null;
  return toText(found.times(100).toDecimalPlaces(decimals, Decimal.ROUND_HALF_EVEN));
}

function ratio(part: DecimalText, whole: DecimalText): Decimal | null {
  return whole === '0' ? null : decimal(part).div(whole);
}
