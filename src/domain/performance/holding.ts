/**
 * One open position as a report follows it: the totals of `position-totals.ts`, and beside them what an
 * exit needs to know of its entry. Entry price, entry fees and entry time are all pooled (average cost):
 * a reduction takes its share of each, and what ends the position takes the rest. So the parts of the
 * exits and of what is open add up to the whole, exactly.
 */
import { type DecimalText, decimal } from '../decimal.ts';
import { compare, dividedBy, minus, notBelowZero, plus, times } from '../exact.ts';
import type { InstrumentId, Side } from '../instrument.ts';
import { addLegs, exitOf, FLAT, type PositionTotals } from '../position-totals.ts';
import { payoutUsd } from '../resolution.ts';

/** A leg that counts (of a known order, not voided), with what is known of its order. */
export interface PerformanceLeg {
  readonly key: string;
  readonly clientOrderId: string;
  readonly strategy: string;
  readonly marketId: string;
  readonly instrumentId: InstrumentId;
  readonly side: Side;
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly feeUsd: DecimalText;
  readonly matchedAtMs: number;
  /** Why the order was placed; null where it is not known. */
  readonly reason: string | null;
}

/** The reason of an exit that no order made. */
export const RESOLVED = 'resolved';

/** A fill, or a resolution, that reduced a position, with the entry that it closed. Dollars unless said otherwise. */
export interface ClosedExit {
  /** The key of the leg that closed; of a resolution `resolution:<instrument id>`. */
  readonly legKey: string;
  /** Of the order that closed: the shares may have been bought by another one's. */
  readonly strategy: string;
  readonly marketId: string;
  readonly instrumentId: InstrumentId;
  readonly direction: 'LONG' | 'SHORT';
  /** Shares closed: less than the leg's when it crossed zero. */
  readonly size: DecimalText;
  /** Average entry of these shares, 12 decimals, half-even. For reading: `costUsd` is exact. */
  readonly entryPrice: DecimalText;
  readonly exitPrice: DecimalText;
  /** Entry price x size. */
  readonly costUsd: DecimalText;
  /** Before fees. */
  readonly realizedPnl: DecimalText;
  /** Of the exit, and the share of the entry's fees that these shares carry. */
  readonly feesUsd: DecimalText;
  readonly netPnl: DecimalText;
  /** When the position was opened from flat. */
  readonly openedAtMs: number;
  readonly closedAtMs: number;
  /** Since the entry of these shares: the mean of the entries, weighted by size. */
  readonly holdMs: number;
  readonly reason: string | null;
}

/** Plain data, never changed in place. */
export interface Holding {
  readonly instrumentId: InstrumentId;
  readonly marketId: string;
  /** Strategies whose orders opened what is open, in that order. */
  readonly openedBy: readonly string[];
  readonly totals: PositionTotals;
  /** Fees of the entries of what is open. */
  readonly openFeesUsd: DecimalText;
  readonly openedAtMs: number;
  /** Sum over what is open of shares x milliseconds between `openedAtMs` and their entry. */
  readonly entryDelay: DecimalText;
  /** Price and time of the newest of our own fills. */
  readonly lastPrice: DecimalText;
  readonly lastAtMs: number;
}

/** What a leg did. `holding` is undefined when nothing is open after it. */
export interface HoldingStep {
  readonly holding: Holding | undefined;
  readonly exit: ClosedExit | undefined;
}

/**
 * Takes the next leg of an instrument; `holding` is undefined while nothing is open.
 * @throws {BrokenInvariant} when the leg's size is not above zero.
 */
export function takeLeg(holding: Holding | undefined, leg: PerformanceLeg): HoldingStep {
  const before = holding?.totals ?? FLAT;
  const { reason, ...rest } = leg;
  const after = addLegs(before, [{ ...rest, settled: true }]);
  const closes = exitOf(before, after, { ...rest, settled: true });
  if (holding === undefined || closes === undefined) {
    return { holding: opened(holding, after, leg, leg.size, leg.feeUsd), exit: undefined };
  }

  const held = absolute(before.size);
  const openedSize = minus(leg.size, closes.size);
  const exitFee = openedSize === '0' ? leg.feeUsd : share(leg.feeUsd, closes.size, leg.size);
  const closesAll = compare(closes.size, held) === 0;
  const part = (amount: DecimalText) => (closesAll ? amount : share(amount, closes.size, held));
  const entryFees = part(holding.openFeesUsd);
  const direction = before.size.startsWith('-') ? 'SHORT' : 'LONG';
  const value = times(leg.price, closes.size);
  const { realizedPnl } = closes;
  const costUsd = direction === 'LONG' ? minus(value, realizedPnl) : plus(value, realizedPnl);
  const feesUsd = plus(entryFees, exitFee);
  const exit: ClosedExit = {
    ...{ legKey: leg.key, strategy: leg.strategy, marketId: leg.marketId, direction, reason },
    instrumentId: leg.instrumentId,
    size: closes.size,
    entryPrice: dividedBy(costUsd, closes.size),
    exitPrice: leg.price,
    costUsd,
    realizedPnl,
    feesUsd,
    netPnl: minus(realizedPnl, feesUsd),
    openedAtMs: holding.openedAtMs,
    closedAtMs: leg.matchedAtMs,
    holdMs: holdOf(holding, held, leg.matchedAtMs),
  };
  if (openedSize !== '0') {
    const openingFee = minus(leg.feeUsd, exitFee);
    return { holding: opened(undefined, after, leg, openedSize, openingFee), exit };
  }
  if (after.size === '0') return { holding: undefined, exit };
  const left: Holding = {
    ...holding,
    totals: after,
    openFeesUsd: minus(holding.openFeesUsd, entryFees),
    entryDelay: minus(holding.entryDelay, part(holding.entryDelay)),
    lastPrice: leg.price,
    lastAtMs: leg.matchedAtMs,
  };
  return { holding: left, exit };
}

/** What the resolution of its market makes of a holding: all of it is closed at what a share pays. */
export function resolvedExit(holding: Holding, payout: DecimalText, atMs: number): ClosedExit {
  const { totals, instrumentId, marketId, openFeesUsd: feesUsd } = holding;
  const size = absolute(totals.size);
  const isLong = !totals.size.startsWith('-');
  const realizedPnl = minus(payoutUsd(totals.size, payout), totals.costBasis);
  const costUsd = absolute(totals.costBasis);
  return {
    ...{ legKey: `resolution:${instrumentId}`, strategy: holding.openedBy[0] ?? '' },
    ...{ marketId, instrumentId, direction: isLong ? 'LONG' : 'SHORT', reason: RESOLVED },
    ...{ size, entryPrice: dividedBy(costUsd, size), exitPrice: payout, costUsd },
    ...{ realizedPnl, feesUsd, netPnl: minus(realizedPnl, feesUsd) },
    openedAtMs: holding.openedAtMs,
    closedAtMs: atMs,
    holdMs: holdOf(holding, size, atMs),
  };
}

/** What is held after `size` shares of `leg` were opened. */
function opened(
  holding: Holding | undefined,
  totals: PositionTotals,
  leg: PerformanceLeg,
  size: DecimalText,
  feeUsd: DecimalText,
): Holding {
  const openedAtMs = holding?.openedAtMs ?? leg.matchedAtMs;
  const openedBy = holding?.openedBy ?? [];
  const delay = times(size, String(leg.matchedAtMs - openedAtMs));
  return {
    instrumentId: leg.instrumentId,
    marketId: leg.marketId,
    openedBy: openedBy.includes(leg.strategy) ? openedBy : [...openedBy, leg.strategy],
    totals,
    openFeesUsd: plus(holding?.openFeesUsd ?? '0', feeUsd),
    openedAtMs,
    entryDelay: plus(holding?.entryDelay ?? '0', delay),
    lastPrice: leg.price,
    lastAtMs: leg.matchedAtMs,
  };
}

function holdOf(holding: Holding, held: DecimalText, atMs: number): number {
  const meanDelay = dividedBy(holding.entryDelay, held);
  const hold = minus(String(atMs - holding.openedAtMs), meanDelay);
  return decimal(notBelowZero(hold)).round().toNumber();
}

/** The part of `amount` that belongs to `part` of `whole`, 12 decimals, half-even. */
function share(amount: DecimalText, part: DecimalText, whole: DecimalText): DecimalText {
  return dividedBy(times(amount, part), whole);
}

function absolute(value: DecimalText): DecimalText {
  return value.startsWith('-') ? value.slice(1) : value;
}
