/**
 * Reading a book: its best prices, and what an order would pay on it.
 * `side` is always the taker's: a BUY walks the asks, a SELL walks the bids. Nothing here changes a
 * book; the market data source keeps it.
 */
import { Decimal, decimal, MAX_DECIMALS, ZERO } from './decimal.ts';
import { InvalidValue } from './faults.ts';
import type { Side } from './instrument.ts';
import type { BookLevel, BookSnapshot } from './market-data.ts';

/** Rounded averages carry 12 decimals: a price and a size of 6 decimals each multiply into that. */
const AVERAGE_DECIMALS = 12;

/** What to take: a number of shares, or (BUY) a number of dollars before fees. */
export type WalkTarget = { readonly size: Decimal } | { readonly amountUsd: Decimal };

/** What one level gave. */
interface TakenLevel {
  readonly price: Decimal;
  readonly size: Decimal;
  readonly costUsd: Decimal;
}

/** An order walked through a book. Without fees. */
export interface EffectivePrice {
  /** False: the book (within the limit) holds less than was asked. */
  readonly complete: boolean;
  /** Shares. */
  readonly filledSize: Decimal;
  /** Dollars paid by a BUY or received by a SELL: exact. */
  readonly costUsd: Decimal;
  /** Dollars per share to 12 decimals, rounded against us. Absent when nothing fills. */
  readonly averagePrice?: Decimal;
  /** Price of the last level taken. Absent when nothing fills. */
  readonly worstPrice?: Decimal;
  /** Levels taken, best first. */
  readonly levels: readonly TakenLevel[];
}

/** Highest bid, or undefined when nobody bids. */
export function bestBid(book: BookSnapshot): Decimal | undefined {
  return priceOf(book.bids[0]);
}

/** Lowest ask, or undefined when nobody offers. */
export function bestAsk(book: BookSnapshot): Decimal | undefined {
  return priceOf(book.asks[0]);
}

/** Half-way between best bid and best ask, exact; undefined when a side is empty. */
export function midPrice(book: BookSnapshot): Decimal | undefined {
  const bid = bestBid(book);
  const ask = bestAsk(book);
  return bid && ask ? bid.plus(ask).times('0.5') : undefined;
}

/**
 * Walks a taker order through the opposite side, best level first, not beyond `limitPrice`.
 *
 * By money, whole levels are taken while the money lasts; of the level that it does not pay for, the
 * shares are floored to 6 decimals, so that the cost never exceeds `amountUsd`. The walk is then
 * complete: what is left buys less than a millionth of a share.
 *
 * @throws {InvalidValue} unless the target is above zero, or when a SELL is asked by money.
 */
export function effectivePrice(
  book: BookSnapshot,
  side: Side,
  target: WalkTarget,
  limits: { readonly limitPrice?: Decimal } = {},
): EffectivePrice {
  const byMoney = 'amountUsd' in target;
  let left = byMoney ? target.amountUsd : target.size;
  if (!left.gt(0)) {
    throw new InvalidValue(byMoney ? 'amountUsd' : 'size', left.toFixed(), 'more than zero');
  }
  if (byMoney && side === 'SELL') {
    throw new InvalidValue('amountUsd', left.toFixed(), 'a SELL stated in shares');
  }
  const levels: TakenLevel[] = [];
  let filledSize = ZERO;
  let costUsd = ZERO;
  let complete = false;
  for (const level of opposite(book, side)) {
    const price = decimal(level.price);
    if (isBeyond(price, side, limits.limitPrice)) break;
    const shown = decimal(level.size);
    const wanted = byMoney ? left.div(price) : left;
    const whole = wanted.gte(shown);
    // Only a division can leave more than 6 decimals; a size is taken as it was asked.
    const size = whole
      ? shown
      : byMoney
        ? wanted.toDecimalPlaces(MAX_DECIMALS, Decimal.ROUND_DOWN)
        : wanted;
    const cost = price.times(size);
    if (size.gt(0)) levels.push({ price, size, costUsd: cost });
    filledSize = filledSize.plus(size);
    costUsd = costUsd.plus(cost);
    left = left.minus(byMoney ? cost : size);
    complete = !whole || left.isZero();
    if (complete) break;
  }
  return { complete, filledSize, costUsd, levels, ...averages(side, filledSize, costUsd, levels) };
}

function averages(
  side: Side,
  filledSize: Decimal,
  costUsd: Decimal,
  levels: readonly TakenLevel[],
): Pick<EffectivePrice, 'averagePrice' | 'worstPrice'> {
  const last = levels.at(-1);
  if (!last) return {};
  const againstUs = side === 'BUY' ? Decimal.ROUND_UP : Decimal.ROUND_DOWN;
  return {
    averagePrice: costUsd.div(filledSize).toDecimalPlaces(AVERAGE_DECIMALS, againstUs),
    worstPrice: last.price,
  };
}

function opposite(book: BookSnapshot, side: Side): readonly BookLevel[] {
  return side === 'BUY' ? book.asks : book.bids;
}

function isBeyond(price: Decimal, side: Side, limitPrice: Decimal | undefined): boolean {
  if (limitPrice === undefined) return false;
  return side === 'BUY' ? price.gt(limitPrice) : price.lt(limitPrice);
}

function priceOf(level: BookLevel | undefined): Decimal | undefined {
  return level && decimal(level.price);
}
