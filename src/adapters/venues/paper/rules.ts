/**
 * What the paper venue refuses. The rules are Polymarket's (docs: place orders, order rounding, error
 * codes); each text names the value and what was expected.
 */
import { decimal, toText } from '../../../domain/decimal.ts';
import type { Instrument } from '../../../domain/instrument.ts';
import { isOnTick, SIZE_DECIMALS } from '../../../domain/quantise.ts';
import { needOf, type PaperAccount } from './account.ts';
import type { OrderBody } from './order-body.ts';
import type { PaperOrder } from './records.ts';
import type { VisibleBook } from './visible-book.ts';

/** The venue's smallest market BUY in dollars. Source: error `min size: $1`. */
const MINIMUM_MARKET_BUY_USD = decimal('1');

/** Why this wish is no order at all, whatever the market does. */
export function refusedForm(body: OrderBody): string | undefined {
  const isMarket = body.type === 'market';
  const rests = body.timeInForce === 'GTC' || body.timeInForce === 'GTD';
  if (isMarket && rests) {
    return `timeInForce: got ${body.timeInForce}, expected FOK or FAK for a market order`;
  }
  if (body.postOnly && !rests) {
    return `postOnly: got ${body.timeInForce}, expected GTC or GTD for a post-only order`;
  }
  if ((body.size === undefined) === (body.amountUsd === undefined)) {
    return 'size and amountUsd: expected exactly one of them';
  }
  if (body.amountUsd !== undefined && !(isMarket && body.side === 'BUY')) {
    return `amountUsd: got ${body.amountUsd}, expected shares unless it is a market BUY`;
  }
  if ((body.timeInForce === 'GTD') !== (body.expiresAtMs !== undefined)) {
    return `expiresAtMs: got ${body.expiresAtMs ?? 'none'}, expected one for GTD and for nothing else`;
  }
  return refusedAmount('size', body.size) ?? refusedAmount('amountUsd', body.amountUsd);
}

function refusedAmount(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const value = decimal(text);
  if (value.gt(0) && value.decimalPlaces() <= SIZE_DECIMALS) return undefined;
  return `${name}: got ${text}, expected more than 0 with at most ${SIZE_DECIMALS} decimals`;
}

/** Why this market does not take the order now. Read again when a taker delay ends. */
export function refusedByMarket(
  order: PaperOrder,
  instrument: Instrument,
  nowMs: number,
): string | undefined {
  const { tickSize, minimumOrderSize } = instrument;
  const priceText = toText(order.price);
  if (!isOnTick(order.price, tickSize)) {
    const highest = toText(decimal('1').minus(tickSize));
    return `price: got ${priceText}, expected a multiple of ${tickSize} from ${tickSize} to ${highest}`;
  }
  const rests = order.timeInForce === 'GTC' || order.timeInForce === 'GTD';
  if (rests && order.size?.lt(minimumOrderSize)) {
    return `size: got ${toText(order.size)}, expected at least ${minimumOrderSize} shares`;
  }
  if (order.type === 'market' && order.side === 'BUY') {
    const value = order.amountUsd ?? order.size?.times(order.price);
    if (value?.lt(MINIMUM_MARKET_BUY_USD)) {
      return `amountUsd: got ${toText(value)}, expected at least ${toText(MINIMUM_MARKET_BUY_USD)}`;
    }
  }
  if (order.expiresAtMs !== undefined && order.expiresAtMs <= nowMs) {
    return `expiresAtMs: got ${order.expiresAtMs}, expected a time after ${nowMs}`;
  }
  return undefined;
}

/** Why the account cannot carry the order; its own reservation must not be in force. */
export function refusedByBalance(order: PaperOrder, account: PaperAccount): string | undefined {
  const need = needOf(order, !order.postOnly);
  if (need.usd.gt(account.availableUsd)) {
    const [have, want] = [toText(account.availableUsd), toText(need.usd)];
    return `not enough balance: got ${have} dollars free, expected ${want} with the worst fee`;
  }
  const sellable = account.sellableShares(order.instrumentId);
  if (need.shares.gt(0) && need.shares.gt(sellable)) {
    const [have, want] = [toText(sellable), toText(need.shares)];
    return `not enough balance: got ${have} settled shares free, expected ${want}`;
  }
  return undefined;
}

/** A post-only order must not take. */
export function refusedByBook(order: PaperOrder, book: VisibleBook): string | undefined {
  if (!order.postOnly || !book.crosses(order.side, order.price)) return undefined;
  return `postOnly: price ${toText(order.price)} crosses the book, expected one that rests`;
}
