/** Rules that look at the order itself, at the book, and at our other orders. */
import { compare } from '../exact.ts';
import { deny, type Rule } from './rule.ts';

/** Whichever outcome it is, and however its side was spelt: a BUY of NO at 0.97 is one at 0.97. */
export const maxEntryPrice: Rule = {
  name: 'maxEntryPrice',
  check({ intent: { price }, limits: { maxEntryPrice: limit } }) {
    if (limit === null || compare(price, limit) <= 0) return undefined;
    return deny('price_too_high', `the price is ${price}, the limit for entries is ${limit}`, {
      price,
      limit,
    });
  },
};

export const openOrders: Rule = {
  name: 'openOrders',
  check({ openOrders: open, maxOpenOrders: limit }) {
    if (open < limit) return undefined;
    return deny('too_many_orders', `${open} orders are open, the limit is ${limit}`, {
      open,
      limit,
    });
  },
};

export const duplicateSide: Rule = {
  name: 'duplicateSide',
  check({ pendingOrderId, intent, limits }) {
    if (limits.duplicateSide === 'allow' || pendingOrderId === null) return undefined;
    const reason = `${pendingOrderId} of ${intent.strategy} for the same outcome and side is not over`;
    return deny('duplicate_side', reason, { pendingOrderId });
  },
};

export const selfTrade: Rule = {
  name: 'selfTrade',
  check({ ownOrderId, limits }) {
    if (limits.selfTrade === 'allow' || ownOrderId === null) return undefined;
    return deny('self_trade', `it would meet our own order ${ownOrderId}`, { ownOrderId });
  },
};

export const staleBook: Rule = {
  name: 'staleBook',
  check({ quote, limits: { staleBookMs } }) {
    if (quote === null || staleBookMs === null || !quote.takes) return undefined;
    const { feedAgeMs } = quote;
    if (feedAgeMs !== null && feedAgeMs <= staleBookMs) return undefined;
    const age = feedAgeMs === null ? 'has never spoken' : `has been silent for ${feedAgeMs} ms`;
    return deny('stale_book', `the feed of books ${age}, the limit is ${staleBookMs} ms`, {
      feedAgeMs,
      staleBookMs,
    });
  },
};

export const slippage: Rule = {
  name: 'slippage',
  check({ quote, limits: { slippageDenyBps: most, slippageWarnBps: warn } }) {
    if (quote === null || quote.slippageBps === null) return undefined;
    const { slippageBps, expectedPrice, bid, ask } = quote;
    const inputs = { slippageBps, expectedPrice, bid, ask };
    if (slippageBps === 'infinite') {
      const reason = 'the book does not hold the whole size';
      if (most !== null) return deny('slippage', reason, inputs);
      return warn === null ? undefined : { kind: 'warn', reason, inputs };
    }
    const costs = `it would cost ${slippageBps} basis points more, at ${expectedPrice} on average`;
    if (most !== null && compare(slippageBps, most) > 0) {
      return deny('slippage', `${costs}, the limit is ${most}`, inputs);
    }
    if (warn === null || compare(slippageBps, warn) <= 0) return undefined;
    return { kind: 'warn', reason: costs, inputs };
  },
};
