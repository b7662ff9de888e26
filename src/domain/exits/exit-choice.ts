/**
 * What to do with shares that cannot simply be sold, because nobody bids or too few do. Three ways
 * are compared, each by the dollars that it brings after fees: sell to what bids there are; buy the
 * other outcome and merge the pairs, which pay a dollar each; hold to redemption.
 * Source: Polymarket docs, merging: one share of each outcome is one dollar of collateral.
 */
import { Decimal, type DecimalText, decimal, ONE, toText, ZERO } from '../decimal.ts';
import { feeOfFillsUsd } from '../fees.ts';
import type { Instrument, Side } from '../instrument.ts';
import type { BookSnapshot } from '../market-data.ts';
import { type EffectivePrice, effectivePrice } from '../order-book.ts';
import { MINIMUM_MARKETABLE_BUY_USD } from '../parse-intent.ts';
import { quantisePrice, quantiseSize } from '../quantise.ts';

/** Decimals of the dollars and prices that the sentences show. */
const SHOWN_DECIMALS = 4;

export interface ExitChoiceInput {
  readonly instrument: Instrument;
  /** The other outcome of the same market. */
  readonly complement: Instrument;
  /** Null: not known. */
  readonly book: BookSnapshot | null;
  readonly complementBook: BookSnapshot | null;
  /** Shares to dispose of: settled and free. */
  readonly size: DecimalText;
  /** No way may bring less than this for any share, before fees. */
  readonly worstPrice: DecimalText;
  /**
   * What a share is expected to pay at redemption, 0 to 1; null: nobody knows. Then holding has no
   * figure, and is what is left when neither of the others is possible.
   */
  readonly redemptionPrice: DecimalText | null;
  /** Pairs can be merged here. */
  readonly canMerge: boolean;
}

export type ExitWayKind = 'sell' | 'merge' | 'hold';

/** One way, in figures. */
export interface ExitWay {
  readonly kind: ExitWayKind;
  readonly isPossible: boolean;
  /** Shares that it disposes of; the rest stays held. */
  readonly size: DecimalText;
  /** The price of its order: the lowest bid taken, or the highest ask of the other outcome. */
  readonly limitPrice: DecimalText | null;
  /** What it brings before fees, less what it costs. */
  readonly grossUsd: DecimalText;
  readonly feesUsd: DecimalText;
  /** After fees, with what stays held at its redemption price where that is known; null: unknown. */
  readonly valueUsd: DecimalText | null;
  /** Why it is not possible, or what it would do. */
  readonly why: string;
}

export interface ExitChoice {
  readonly kind: ExitWayKind;
  /** In the order sell, merge, hold. */
  readonly ways: readonly ExitWay[];
  readonly why: string;
}

/** The way that brings most. Where two bring the same: rather sell than merge, rather merge than hold. */
export function chooseExit(input: ExitChoiceInput): ExitChoice {
  const ways = [sellWay(input), mergeWay(input), holdWay(input)];
  let best: ExitWay | undefined;
  for (const way of ways) {
    // What brings nothing is no better than waiting for what may come.
    if (way.valueUsd === null || !decimal(way.valueUsd).gt(0)) continue;
    if (best?.valueUsd == null || decimal(way.valueUsd).gt(best.valueUsd)) best = way;
  }
  const kind = best?.kind ?? 'hold';
  return { kind, ways, why: sentence(kind, ways) };
}

function sellWay(input: ExitChoiceInput): ExitWay {
  const { book, instrument, worstPrice } = input;
  const size = quantiseSize(decimal(input.size));
  if (!size.gt(0)) return impossible('sell', 'there is nothing that could be ordered');
  if (book === null) return impossible('sell', 'its book is not known');
  if (book.bids.length === 0) return impossible('sell', 'nobody bids');
  const limitPrice = Decimal.max(worstPrice, input.redemptionPrice ?? ZERO);
  const walk = walkOnGrid(book, 'SELL', size, limitPrice);
  const sold = walk.filledSize;
  if (walk.worstPrice === undefined) {
    return impossible('sell', `nobody bids ${shown(limitPrice)} or more`);
  }
  const fees = feeOfFillsUsd(instrument.fees, 'taker', walk.levels);
  return possible(input, {
    kind: 'sell',
    size: sold,
    limitPrice: walk.worstPrice,
    gross: walk.costUsd,
    fees,
    why: `sells ${toText(sold)} at ${toText(walk.worstPrice)} or better`,
  });
}

function mergeWay(input: ExitChoiceInput): ExitWay {
  const { complement, complementBook, worstPrice } = input;
  const size = quantiseSize(decimal(input.size));
  if (!input.canMerge) return impossible('merge', 'pairs cannot be merged here');
  if (!size.gt(0)) return impossible('merge', 'there is nothing that could be ordered');
  if (complementBook === null)
    return impossible('merge', 'the book of the other outcome is not known');
  // A pair pays a dollar, so a share brings a dollar less the other one's price.
  const dearest = ONE.minus(Decimal.max(worstPrice, input.redemptionPrice ?? ZERO));
  const name = complement.outcome;
  const walk = walkOnGrid(complementBook, 'BUY', size, dearest);
  const bought = walk.filledSize;
  if (walk.worstPrice === undefined) {
    return impossible('merge', `nobody offers ${name} at ${shown(dearest)} or less`);
  }
  const orderUsd = bought.times(walk.worstPrice);
  if (orderUsd.lt(MINIMUM_MARKETABLE_BUY_USD)) {
    const minimum = `the venue takes none below $${MINIMUM_MARKETABLE_BUY_USD}`;
    return impossible('merge', `a BUY of ${name} for $${shown(orderUsd)} is too small: ${minimum}`);
  }
  const fees = feeOfFillsUsd(complement.fees, 'taker', walk.levels);
  return possible(input, {
    kind: 'merge',
    size: bought,
    limitPrice: quantisePrice(walk.worstPrice, complement.tickSize, 'BUY'),
    gross: bought.minus(walk.costUsd),
    fees,
    why: `buys ${toText(bought)} ${name} at ${toText(walk.worstPrice)} or better and merges the pairs`,
  });
}

function holdWay({ size, redemptionPrice }: ExitChoiceInput): ExitWay {
  const value = redemptionPrice === null ? null : decimal(size).times(redemptionPrice);
  const why =
    redemptionPrice === null
      ? 'holds to redemption, whose worth nobody knows'
      : `holds to redemption, expected to pay ${redemptionPrice} a share`;
  const none = { size: '0', limitPrice: null, grossUsd: '0', feesUsd: '0' };
  const valueUsd = value === null ? null : toText(value);
  return { kind: 'hold', isPossible: true, ...none, valueUsd, why };
}

/** Walks as much of `size` as the book holds and an order can ask for. */
function walkOnGrid(
  book: BookSnapshot,
  side: Side,
  size: Decimal,
  limitPrice: Decimal,
): EffectivePrice {
  const all = effectivePrice(book, side, { size }, { limitPrice });
  const filledSize = quantiseSize(all.filledSize);
  if (filledSize.isZero()) return { complete: false, filledSize, costUsd: ZERO, levels: [] };
  return effectivePrice(book, side, { size: filledSize }, { limitPrice });
}

interface Figures {
  readonly kind: ExitWayKind;
  readonly size: Decimal;
  readonly limitPrice: Decimal;
  readonly gross: Decimal;
  readonly fees: Decimal;
  readonly why: string;
}

function possible(input: ExitChoiceInput, figures: Figures): ExitWay {
  const { kind, size, gross, fees } = figures;
  const kept = decimal(input.size)
    .minus(size)
    .times(input.redemptionPrice ?? ZERO);
  const value = gross.minus(fees).plus(kept);
  return {
    kind,
    isPossible: true,
    size: toText(size),
    limitPrice: toText(figures.limitPrice),
    grossUsd: toText(gross),
    feesUsd: toText(fees),
    valueUsd: toText(value),
    why: figures.why,
  };
}

function impossible(kind: ExitWayKind, why: string): ExitWay {
  const none = { size: '0', limitPrice: null, grossUsd: '0', feesUsd: '0', valueUsd: null };
  return { kind, isPossible: false, ...none, why };
}

/** `sell: sells 20 at 0.5 or better, worth $9.75. merge: nobody offers NO at 0.6 or less. …` */
function sentence(chosen: ExitWayKind, ways: readonly ExitWay[]): string {
  const others = ways.filter((way) => way.kind !== chosen);
  const first = ways.find((way) => way.kind === chosen);
  const parts = [first, ...others].flatMap((way) =>
    way === undefined ? [] : [`${way.kind}: ${way.why}${worth(way)}`],
  );
  return parts.join('; ');
}

function worth({ valueUsd }: ExitWay): string {
  return valueUsd === null ? '' : ` ($${shown(decimal(valueUsd))} after fees)`;
}

function shown(value: Decimal): string {
  return toText(value.toDecimalPlaces(SHOWN_DECIMALS, Decimal.ROUND_DOWN));
}
