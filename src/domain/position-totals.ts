/**
 * The arithmetic of a position: what fill legs, taken one after another, add up to. Average cost
 * method. `position.ts` decides which legs count and in which order; nothing here remembers a leg.
 *
 * One identity holds exactly after every leg: `cashFlowUsd + costBasis = realizedPnl`. It is kept by
 * construction: only the cost basis is ever rounded, and the realised result is read off the other two.
 */
import { Decimal, type DecimalText, decimal, toText, ZERO } from './decimal.ts';
import { compare, dividedBy, minus, plus, times } from './exact.ts';
import { assertInvariant } from './faults.ts';
import type { Side } from './instrument.ts';

/**
 * Decimals of the cost basis after a reduction, and of the average entry. A price and a size of 6
 * decimals each multiply into 12, so that no other step ever needs rounding.
 */
const COST_DECIMALS = 12;

/** One fill leg as its position needs it. Plain JSON. */
export interface PositionLeg {
  /** The leg's key, see `legKey`. Unique for ever. */
  readonly key: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly price: DecimalText;
  /** Shares, above zero. */
  readonly size: DecimalText;
  readonly feeUsd: DecimalText;
  /** Milliseconds since 1970 UTC; the same however often the leg is reported. */
  readonly matchedAtMs: number;
  /** True once the chain has confirmed it for good. */
  readonly settled: boolean;
  /** Why the order was placed, for the audit of exits. */
  readonly reason?: string;
}

/** Plain JSON, decimal text. Dollars unless said otherwise. */
export interface PositionTotals {
  /** Shares, signed: LONG positive, SHORT negative. */
  readonly size: DecimalText;
  /** What the open shares cost, signed like `size`; exactly `"0"` when flat. Before fees. */
  readonly costBasis: DecimalText;
  /** Dollars per open share, to 12 decimals, half-even; `"0"` when flat. For display. */
  readonly averageEntry: DecimalText;
  /** Result of what was closed, before fees. */
  readonly realizedPnl: DecimalText;
  readonly feesUsd: DecimalText;
  /** Shares ever bought. */
  readonly boughtSize: DecimalText;
  /** Shares ever sold. */
  readonly soldSize: DecimalText;
  /** Sells minus buys, before fees. */
  readonly cashFlowUsd: DecimalText;
}

/** The part of one leg that closed something, as its audit row needs it. */
export interface Exit {
  /** Shares closed: less than the leg's size when the leg crossed zero. */
  readonly size: DecimalText;
  readonly exitPrice: DecimalText;
  /** Before fees. */
  readonly realizedPnl: DecimalText;
  readonly reason?: string;
}

/** The totals of a position that has never traded. */
export const FLAT: PositionTotals = {
  size: '0',
  costBasis: '0',
  averageEntry: '0',
  realizedPnl: '0',
  feesUsd: '0',
  boughtSize: '0',
  soldSize: '0',
  cashFlowUsd: '0',
};

/** Totals as decimals, while legs are added. Local to one call: never kept, never shared. */
interface Sum {
  size: Decimal;
  costBasis: Decimal;
  feesUsd: Decimal;
  boughtSize: Decimal;
  soldSize: Decimal;
  cashFlowUsd: Decimal;
}

/**
 * Adds `legs` in the given order to `totals`.
 *
 * @throws {BrokenInvariant} when a leg's size is not above zero: adapters let no such leg through.
 */
export function addLegs(totals: PositionTotals, legs: readonly PositionLeg[]): PositionTotals {
  const [only] = legs;
  if (only === undefined) return totals;
  if (legs.length === 1 && opens(totals, only)) return opened(totals, only);
  const sum: Sum = {
    size: decimal(totals.size),
    costBasis: decimal(totals.costBasis),
    feesUsd: decimal(totals.feesUsd),
    boughtSize: decimal(totals.boughtSize),
    soldSize: decimal(totals.soldSize),
    cashFlowUsd: decimal(totals.cashFlowUsd),
  };
  for (const leg of legs) addLeg(sum, leg);
  return {
    size: toText(sum.size),
    costBasis: toText(sum.costBasis),
    averageEntry: averageEntry(sum.size, sum.costBasis),
    realizedPnl: toText(sum.cashFlowUsd.plus(sum.costBasis)),
    feesUsd: toText(sum.feesUsd),
    boughtSize: toText(sum.boughtSize),
    soldSize: toText(sum.soldSize),
    cashFlowUsd: toText(sum.cashFlowUsd),
  };
}

/** True for a leg that closes nothing: it only adds, which needs no rounding but the average's. */
function opens(totals: PositionTotals, leg: PositionLeg): boolean {
  const isShort = totals.size.startsWith('-');
  return totals.size === '0' || (leg.side === 'SELL') === isShort;
}

/** `totals` with a leg that opens or adds. The same figures as `addLeg`, made from text. */
function opened(totals: PositionTotals, leg: PositionLeg): PositionTotals {
  assertInvariant(compare(leg.size, '0') > 0, 'a fill leg has a size above zero', {
    key: leg.key,
    size: leg.size,
  });
  const isBuy = leg.side === 'BUY';
  const value = times(leg.price, leg.size);
  const size = isBuy ? plus(totals.size, leg.size) : minus(totals.size, leg.size);
  const costBasis = isBuy ? plus(totals.costBasis, value) : minus(totals.costBasis, value);
  const cashFlowUsd = isBuy ? minus(totals.cashFlowUsd, value) : plus(totals.cashFlowUsd, value);
  return {
    size,
    costBasis,
    averageEntry: dividedBy(costBasis, size),
    // Nothing is closed: the result stays.
    realizedPnl: totals.realizedPnl,
    feesUsd: plus(totals.feesUsd, leg.feeUsd),
    boughtSize: isBuy ? plus(totals.boughtSize, leg.size) : totals.boughtSize,
    soldSize: isBuy ? totals.soldSize : plus(totals.soldSize, leg.size),
    cashFlowUsd,
  };
}

/** The totals of `legs`, taken in the given order from flat. */
export function totalsOf(legs: readonly PositionLeg[]): PositionTotals {
  return addLegs(FLAT, legs);
}

/** Dollars that closing everything at `markPrice` would realise, before fees. Exact. */
export function unrealizedPnl(totals: PositionTotals, markPrice: Decimal | DecimalText): Decimal {
  return decimal(totals.size).times(markPrice).minus(totals.costBasis);
}

/**
 * What `leg` closed, or undefined when it closed nothing. `before` and `after` are the totals around
 * it. The result is the whole change of `realizedPnl`, so that exits add up to it even when a leg
 * arrived late and moved the averages of those after it.
 */
export function exitOf(
  before: PositionTotals,
  after: PositionTotals,
  leg: PositionLeg,
): Exit | undefined {
  const held = decimal(before.size);
  const closes = leg.side === 'SELL' ? held.gt(0) : held.lt(0);
  if (!closes) return undefined;
  return {
    size: toText(Decimal.min(held.abs(), leg.size)),
    exitPrice: leg.price,
    realizedPnl: toText(decimal(after.realizedPnl).minus(before.realizedPnl)),
    ...(leg.reason === undefined ? {} : { reason: leg.reason }),
  };
}

function addLeg(sum: Sum, leg: PositionLeg): void {
  const size = decimal(leg.size);
  assertInvariant(size.gt(0), 'a fill leg has a size above zero', { key: leg.key, size: leg.size });
  const price = decimal(leg.price);
  const value = price.times(size);
  const held = sum.size;
  if (leg.side === 'BUY') {
    sum.size = held.plus(size);
    sum.boughtSize = sum.boughtSize.plus(size);
    sum.cashFlowUsd = sum.cashFlowUsd.minus(value);
    sum.costBasis = held.lt(0)
      ? costAfterClosing(sum, held, size, price)
      : sum.costBasis.plus(value);
  } else {
    sum.size = held.minus(size);
    sum.soldSize = sum.soldSize.plus(size);
    sum.cashFlowUsd = sum.cashFlowUsd.plus(value);
    sum.costBasis = held.gt(0)
      ? costAfterClosing(sum, held, size, price)
      : sum.costBasis.minus(value);
  }
  sum.feesUsd = sum.feesUsd.plus(leg.feeUsd);
}

/**
 * Cost basis of `sum.size`, which is what `held` became when `size` shares were traded against it.
 * A reduction takes its share of the cost, rounded half-even to 12 decimals: the cent fractions go
 * neither way for long. Flat is exactly zero, so that the last leg realises every remainder; beyond
 * zero the rest is opened at the leg's price.
 */
function costAfterClosing(sum: Sum, held: Decimal, size: Decimal, price: Decimal): Decimal {
  if (sum.size.isZero()) return ZERO;
  if (size.gt(held.abs())) return sum.size.times(price);
  const removed = sum.costBasis
    .times(size)
    .div(held.abs())
    .toDecimalPlaces(COST_DECIMALS, Decimal.ROUND_HALF_EVEN);
  return sum.costBasis.minus(removed);
}

function averageEntry(size: Decimal, costBasis: Decimal): DecimalText {
  if (size.isZero()) return '0';
  return toText(costBasis.div(size).toDecimalPlaces(COST_DECIMALS, Decimal.ROUND_HALF_EVEN));
}

/** Dollars that what is held is worth at a price; at cost where nobody knows one. */
export function worthUsd(
  { size, costBasis }: Pick<PositionTotals, 'costBasis' | 'size'>,
  price: DecimalText | undefined,
): DecimalText {
  return price === undefined ? costBasis : times(size, price);
}
