/**
 * How a market ended, and what that is worth. A resolution is a vector of payouts, one for each
 * outcome, that add up to one dollar: YES is [1, 0], NO is [0, 1], a void market pays half to each, a
 * scalar one x and 1 - x.
 *
 * Everything here is a pure function of the totals of the legs, the vector and what was redeemed, so
 * that a leg that comes late, or is voided, after the resolution needs no undoing: its share of the
 * payout follows.
 *
 * One identity holds whatever happens in whichever order, exactly:
 * `realizedPnl = cashFlowUsd + redeemedUsd + redeemableUsd`, and nothing is left at cost.
 */
import {
  Decimal,
  type DecimalText,
  decimal,
  MAX_DECIMALS,
  parseDecimal,
  toText,
} from './decimal.ts';
import { compare, minus, plus, times } from './exact.ts';
import { InvalidValue } from './faults.ts';
import type { Outcome } from './instrument.ts';
import type { PositionTotals } from './position-totals.ts';

export const OUTCOMES = ['YES', 'NO'] as const satisfies readonly Outcome[];

/** Dollars that one share of each outcome pays: each from 0 to 1, together exactly 1. */
export type Payouts = Readonly<Record<Outcome, DecimalText>>;

/**
 * The decimals of a payout. The chain keeps whole numerators over a denominator; venues state
 * micro-dollars. Source: Polymarket docs, Data API `/v2/resolutions`, `payouts`.
 */
const PAYOUT_DECIMALS = MAX_DECIMALS;

/** What became of an outcome that is held, or was. Plain JSON. */
export interface Resolution {
  /** Dollars that a share of this outcome pays. */
  readonly payout: DecimalText;
  /** When the market was resolved, by the venue. */
  readonly resolvedAtMs: number;
  /** Who says so: the venue and what it names as its source, or a person. */
  readonly source: string;
  /** Shares that have been turned into collateral. */
  readonly redeemedSize: DecimalText;
  /** Collateral that was paid for them. */
  readonly redeemedUsd: DecimalText;
}

/** A position's figures as they stand, resolved or not. Dollars unless said otherwise. */
export interface Standing {
  /** Shares that are still worth something or may be: of a resolved market those to be redeemed. */
  readonly size: DecimalText;
  /** What the shares that can still be traded cost; `"0"` once the market is resolved. */
  readonly costBasis: DecimalText;
  readonly averageEntry: DecimalText;
  /** Result of everything that is closed, by trades or by the resolution, before fees. */
  readonly realizedPnl: DecimalText;
  /** What a redemption would pay now: owed, and not yet cash. */
  readonly redeemableUsd: DecimalText;
  readonly redeemedUsd: DecimalText;
}

/**
 * @returns the same vector in plain notation.
 * @throws {InvalidValue} naming the place and the value, for a payout that is no decimal from 0 to 1
 * with at most 6 decimals, and for a vector that does not add up to exactly 1.
 */
export function parsePayouts(value: unknown, place = 'payouts'): Payouts {
  const fields = typeof value === 'object' && value !== null ? value : {};
  const given = Object.keys(fields);
  if (given.length !== OUTCOMES.length || !OUTCOMES.every((outcome) => given.includes(outcome))) {
    throw new InvalidValue(place, value, 'a payout for YES and one for NO');
  }
  const [YES, NO] = OUTCOMES.map((outcome) =>
    payoutOf((fields as Record<string, unknown>)[outcome], `${place}.${outcome}`),
  ) as [DecimalText, DecimalText];
  const sum = plus(YES, NO);
  if (sum !== '1') {
    throw new InvalidValue(place, `${YES} + ${NO} = ${sum}`, 'payouts that add up to exactly 1');
  }
  return { YES, NO };
}

function payoutOf(value: unknown, place: string): DecimalText {
  const expected = 'dollars a share from 0 to 1';
  const parsed = parseDecimal(value, place, expected, PAYOUT_DECIMALS);
  if (parsed.lt(0) || parsed.gt(1)) throw new InvalidValue(place, value, expected);
  return toText(parsed.isZero() ? parsed.abs() : parsed);
}

export function isSamePayouts(a: Payouts, b: Payouts): boolean {
  return OUTCOMES.every((outcome) => compare(a[outcome], b[outcome]) === 0);
}

/**
 * What `size` shares are paid: `size x payout`, rounded down to whole micro-dollars. Of a negative size,
 * which is owed, down too: away from zero.
 * Source: Gnosis ConditionalTokens, `redeemPositions`: `payoutStake.mul(payoutNumerator).div(den)`, whole
 * numbers of the collateral's 6 decimals.
 */
export function payoutUsd(size: DecimalText, payout: DecimalText): DecimalText {
  const exact = decimal(times(size, payout));
  return toText(exact.toDecimalPlaces(MAX_DECIMALS, Decimal.ROUND_FLOOR));
}

/** Where a position stands by its legs, its market's resolution and what was redeemed. */
export function standingOf(totals: PositionTotals, resolution: Resolution | null): Standing {
  if (resolution === null) {
    const { size, costBasis, averageEntry, realizedPnl } = totals;
    return { size, costBasis, averageEntry, realizedPnl, redeemableUsd: '0', redeemedUsd: '0' };
  }
  const { payout, redeemedSize, redeemedUsd } = resolution;
  const left = minus(totals.size, redeemedSize);
  const redeemableUsd = payoutUsd(left, payout);
  return {
    // What pays nothing is nothing: a lost share may lie on the chain for ever.
    size: redeemableUsd === '0' ? '0' : left,
    costBasis: '0',
    averageEntry: '0',
    realizedPnl: plus(plus(totals.cashFlowUsd, redeemedUsd), redeemableUsd),
    redeemableUsd,
    redeemedUsd,
  };
}

/** The totals of what can still be traded: once the market is resolved that is nothing. */
export function tradableTotals(
  totals: PositionTotals,
  resolution: Resolution | null,
): PositionTotals {
  if (resolution === null) return totals;
  const { realizedPnl } = standingOf(totals, resolution);
  return { ...totals, size: '0', costBasis: '0', averageEntry: '0', realizedPnl };
}

/** Dollars won or lost by holding on until the resolution: payout less cost. Before fees. */
export function resolutionPnl(totals: PositionTotals, resolution: Resolution): DecimalText {
  return minus(standingOf(totals, resolution).realizedPnl, totals.realizedPnl);
}

/**
 * The resolution after `size` shares were turned into `usd`; a negative size takes an earlier
 * redemption back. Undefined for more than is left: nothing of it can be true.
 */
export function withRedeemed(
  totals: PositionTotals,
  resolution: Resolution,
  { size, amountUsd }: { readonly size: DecimalText; readonly amountUsd: DecimalText },
): Resolution | undefined {
  const left = minus(totals.size, resolution.redeemedSize);
  const isOfOneSign = left.startsWith('-') === size.startsWith('-');
  const after = minus(left, size);
  if (size === '0' || !isOfOneSign) return undefined;
  if (after !== '0' && after.startsWith('-') !== left.startsWith('-')) return undefined;
  return {
    ...resolution,
    redeemedSize: plus(resolution.redeemedSize, size),
    redeemedUsd: plus(resolution.redeemedUsd, amountUsd),
  };
}
