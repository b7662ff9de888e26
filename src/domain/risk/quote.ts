/**
 * What the book says of an intent at the moment it is taken in. It goes into the log with the intent:
 * told again, every rule sees the same book.
 */
import { Decimal, type DecimalText, decimal, toText } from '../decimal.ts';
import type { Intent } from '../intent.ts';
import type { BookSnapshot } from '../market-data.ts';
import { bestAsk, bestBid, effectivePrice } from '../order-book.ts';

export interface Quote {
  readonly bid: DecimalText | null;
  readonly ask: DecimalText | null;
  /** Since the feed last spoke, of whatever market; null: it never has. */
  readonly feedAgeMs: number | null;
  /** Whether it would take from the book at once. */
  readonly takes: boolean;
  /**
   * Basis points that its whole size costs on the book beyond the price it refers to, at least 0. `infinite`: the
   * book does not hold it. Null: it rests, or waits for what it does not take.
   */
  readonly slippageBps: DecimalText | 'infinite' | null;
  /** Dollars a share over the whole size; null where nothing is taken. */
  readonly expectedPrice: DecimalText | null;
}

const BPS = 10_000;
/** A hundredth of a basis point is enough for people and rules. */
const BPS_DECIMALS = 2;

/** `book` undefined: none is known of this outcome. */
export function quoteOf(
  intent: Intent,
  book: BookSnapshot | undefined,
  feedAgeMs: number | null,
): Quote {
  const isBuy = intent.side === 'BUY';
  const bid = book && bestBid(book);
  const ask = book && bestAsk(book);
  const best = isBuy ? ask : bid;
  const isImmediate = intent.timeInForce === 'FOK' || intent.timeInForce === 'FAK';
  const limit = decimal(intent.price);
  const crosses = best !== undefined && (isBuy ? limit.gte(best) : limit.lte(best));
  const known = { bid: textOf(bid), ask: textOf(ask), feedAgeMs };
  if (!isImmediate) return { ...known, takes: crosses, slippageBps: null, expectedPrice: null };
  if (book === undefined || best === undefined) {
    return { ...known, takes: true, slippageBps: 'infinite', expectedPrice: null };
  }
  const target =
    intent.size === undefined
      ? { amountUsd: decimal(intent.amountUsd ?? '0') }
      : { size: decimal(intent.size) };
  // The whole book: what lies beyond the limit shows how far the size is from being there.
  const walked = effectivePrice(book, intent.side, target);
  const { averagePrice } = walked;
  if (!walked.complete || averagePrice === undefined) {
    return { ...known, takes: true, slippageBps: 'infinite', expectedPrice: null };
  }
  // A limit is the price that was meant; the worst price of a market order is not.
  const reference = intent.type === 'market' ? best : limit;
  return {
    ...known,
    takes: true,
    slippageBps: toText(slippage(reference, averagePrice, isBuy)),
    expectedPrice: toText(averagePrice),
  };
}

/** A better price than it refers to is none. */
function slippage(reference: Decimal, paid: Decimal, isBuy: boolean): Decimal {
  const worse = isBuy ? paid.minus(reference) : reference.minus(paid);
  if (worse.lte(0)) return new Decimal(0);
  return worse.div(reference).times(BPS).toDecimalPlaces(BPS_DECIMALS, Decimal.ROUND_UP);
}

function textOf(price: Decimal | undefined): DecimalText | null {
  return price === undefined ? null : toText(price);
}
