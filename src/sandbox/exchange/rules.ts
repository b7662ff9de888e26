/**
 * What the exchange refuses, in the venue's words. Source: Polymarket docs, error codes and order
 * rounding; texts that the docs leave open are those that users of the venue report (the amounts:
 * py-clob-client-v2 #99 and clob-client #124; the missing book: reports of ended markets).
 */
import { decimal, toText } from '../../domain/decimal.ts';
import { tickRule } from '../../domain/quantise.ts';
import { microsText } from '../numbers.ts';
import { hasDecimals, ONE } from './arithmetic.ts';
import { type MarketRecord, neverRests, type OrderRecord } from './records.ts';
import type { Micros, NewOrder, Placed } from './types.ts';

export type Refused = Extract<Placed, { kind: 'refused' }>;

/**
 * Less than this is not matched any more: an order that has no more left ends MATCHED. Seen as 99.997714 of
 * 100 (nautilus_trader #3728).
 */
export const DUST: Micros = 10_000n;

export const FOK_KILLED = "order couldn't be fully filled. FOK orders are fully filled or killed.";
export const FAK_UNMATCHED =
  'no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.';

/** A resting order's stated end must be this far away. Source: Polymarket docs, GTD. */
const SHORTEST_GTD_MS = 180_000;

/** The smallest marketable BUY. Source: the venue's text `min size: $1`. */
const MINIMUM_MARKETABLE_BUY: Micros = ONE;

/** Decimals of an order's shares, and of a market order's dollars. */
const SIZE_DECIMALS = 2;

/** The venue's cap for what a FOK or FAK gets, whatever the tick (py-clob-client-v2 #99). */
const MARKET_TAKER_DECIMALS = 4;

/** `indexed`: the matching engine has seen the order; sent again it is a duplicate. */
export function refused(error: string, indexed = false): Refused {
  return { kind: 'refused', httpStatus: 400, error, indexed };
}

export function refusedDuplicate(id: string): Refused {
  return refused(`order ${id} is invalid. Duplicated.`);
}

export function refusedBook(tokenId: string): Refused {
  return refused(`the orderbook ${tokenId} does not exist`);
}

/** Rules of the order alone and of its market's grid. Read again when a taker delay ends. */
export function refusedByForm(
  order: NewOrder,
  market: MarketRecord,
  createdAtMs: number,
): Refused | undefined {
  const { makerAmount, takerAmount, orderType } = order;
  if (makerAmount <= 0n || takerAmount <= 0n) return refused('Invalid order payload');
  if (order.postOnly && neverRests(order)) {
    return refused('invalid post-only order: only GTC and GTD order types are allowed');
  }
  const isExpirationValid =
    orderType === 'GTD'
      ? order.expirationS * 1000 - createdAtMs >= SHORTEST_GTD_MS
      : order.expirationS === 0;
  if (!isExpirationValid) return refused('invalid expiration');
  const amounts = refusedAmounts(order, market);
  if (amounts !== undefined) return amounts;
  if (priceOf(order, market) !== undefined) return undefined;
  const [dollars, shares] =
    order.side === 'BUY' ? [makerAmount, takerAmount] : [takerAmount, makerAmount];
  const price = toText(decimal(dollars.toString()).div(shares.toString()).toDecimalPlaces(16));
  const tick = microsText(market.tick);
  return refused(
    `order ${order.id} is invalid. Price (${price}) breaks minimum tick size rule: ${tick}`,
  );
}

/**
 * The order's price, on the tick and in [tick, 1 - tick]; undefined where there is none. Amounts of
 * FOK and FAK orders are rounded by clients, so theirs is the nearest tick that explains the amounts.
 */
export function priceOf(order: NewOrder, market: MarketRecord): Micros | undefined {
  const { makerAmount, takerAmount, side } = order;
  const [dollars, shares] =
    side === 'BUY' ? [makerAmount, takerAmount] : [takerAmount, makerAmount];
  const { tick } = market;
  const exact = dollars * ONE;
  const nearest = ((exact / shares + tick / 2n) / tick) * tick;
  if (nearest < tick || nearest > ONE - tick) return undefined;
  const off = exact > nearest * shares ? exact - nearest * shares : nearest * shares - exact;
  // What the client rounded off: shares of a BUY, dollars of a SELL.
  const unit = neverRests(order) ? 10n ** BigInt(6 - marketTakerDecimals(market)) : 0n;
  return off <= unit * (side === 'BUY' ? nearest : ONE) ? nearest : undefined;
}

function refusedAmounts(order: NewOrder, market: MarketRecord): Refused | undefined {
  const isBuy = order.side === 'BUY';
  const isMarket = neverRests(order);
  const amountDecimals = amountDecimalsOf(market);
  const [maker, taker] = isMarket
    ? [SIZE_DECIMALS, MARKET_TAKER_DECIMALS]
    : isBuy
      ? [amountDecimals, SIZE_DECIMALS]
      : [SIZE_DECIMALS, amountDecimals];
  if (hasDecimals(order.makerAmount, maker) && hasDecimals(order.takerAmount, taker)) {
    return undefined;
  }
  const kind = isBuy ? (isMarket ? 'market buy' : 'buy') : 'sell';
  return refused(
    `invalid amounts, the ${kind} orders maker amount supports a max accuracy of ${maker} decimals, taker amount a max of ${taker} decimals`,
  );
}

/** Rules that ask whether the order would take or rest. */
export function refusedByBook(order: OrderRecord): Refused | undefined {
  const { view, market } = order;
  if (!market.book.isMarketable(order)) {
    if (neverRests(view) || view.originalSize >= market.minimumSize) return undefined;
    const [size, minimum] = [microsText(view.originalSize), microsText(market.minimumSize)];
    return refused(
      `order ${view.id} is invalid. Size (${size}) lower than the minimum: ${minimum}`,
    );
  }
  if (view.postOnly) return refused('invalid post-only order: order crosses book', true);
  if (view.side === 'BUY' && order.makerAmount < MINIMUM_MARKETABLE_BUY) {
    const dollars = microsText(order.makerAmount);
    return refused(`invalid amount for a marketable BUY order ($${dollars}), min size: $1`);
  }
  return undefined;
}

function amountDecimalsOf(market: MarketRecord): number {
  return tickRule(market.market.tickSize)?.amountDecimals ?? 6;
}

function marketTakerDecimals(market: MarketRecord): number {
  return Math.min(MARKET_TAKER_DECIMALS, amountDecimalsOf(market));
}
