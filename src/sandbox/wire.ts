/**
 * Orders and trades in the shapes of the wire. REST and the user channel differ: times in seconds
 * or milliseconds, numbers or text, fields that only one of them has.
 *
 * Sources: Polymarket docs, "User channel", "Get order", "Get trades"; captures in
 * nautilus_trader's test data (the fields that documentation leaves out).
 */
import type { Outcome } from '../domain/instrument.ts';
import type { ExchangeEvent, MakerFill, SandboxOrder, SandboxTrade } from './exchange/types.ts';
import { microsText } from './numbers.ts';

const OUTCOME_NAMES: Readonly<Record<Outcome, string>> = { YES: 'Yes', NO: 'No' };

export function outcomeName(outcome: Outcome): string {
  return OUTCOME_NAMES[outcome];
}

export function seconds(atMs: number): number {
  return Math.floor(atMs / 1_000);
}

/** `OpenOrder` of REST. Sizes are decimal shares; `created_at` is in seconds, a number. */
export function orderRow(order: SandboxOrder) {
  return {
    id: order.id,
    status: order.status,
    owner: order.owner,
    maker_address: order.maker,
    market: order.conditionId,
    asset_id: order.tokenId,
    side: order.side,
    original_size: microsText(order.originalSize),
    size_matched: microsText(order.sizeMatched),
    price: microsText(order.price),
    outcome: outcomeName(order.outcome),
    expiration: String(order.expirationS),
    order_type: order.orderType,
    associate_trades: order.associateTrades,
    created_at: seconds(order.createdAtMs),
  };
}

/** The `order` frame of the user channel. */
export function orderFrame({ change, order, atMs }: Extract<ExchangeEvent, { type: 'order' }>) {
  const isEnd = change === 'CANCELLATION';
  // An order that was killed at once has no numbers. Source: nautilus_trader #3987.
  const isKilled = isEnd && order.reason !== undefined && order.sizeMatched === 0n;
  return {
    event_type: 'order',
    type: change,
    id: order.id,
    owner: order.owner,
    order_owner: order.owner,
    market: order.conditionId,
    asset_id: order.tokenId,
    side: order.side,
    price: microsText(order.price),
    original_size: microsText(order.originalSize),
    size_matched: isKilled ? '' : microsText(order.sizeMatched),
    associate_trades: order.associateTrades.length === 0 ? null : order.associateTrades,
    outcome: isKilled ? '' : outcomeName(order.outcome),
    created_at: isKilled ? '' : String(seconds(order.createdAtMs)),
    expiration: String(order.expirationS),
    order_type: order.orderType,
    status: isEnd && order.reason !== undefined ? `${order.status}_${order.reason}` : order.status,
    maker_address: order.maker,
    timestamp: String(atMs),
  };
}

/** What a trade says to both sides: the taker's fields on top, then every maker order. */
function tradeFields(trade: SandboxTrade, isTaker: boolean) {
  return {
    id: trade.id,
    taker_order_id: trade.takerOrderId,
    market: trade.conditionId,
    asset_id: trade.tokenId,
    side: trade.side,
    size: microsText(trade.size),
    price: microsText(trade.price),
    // Always zero, though a fee is charged. Source: py-clob-client-v2 #107.
    fee_rate_bps: '0',
    status: trade.status,
    match_time: String(seconds(trade.matchedAtMs)),
    last_update: String(seconds(trade.updatedAtMs)),
    outcome: outcomeName(trade.outcome),
    bucket_index: 0,
    owner: trade.takerOwner,
    maker_address: trade.takerMaker,
    transaction_hash: trade.transactionHash,
    trader_side: isTaker ? 'TAKER' : 'MAKER',
    maker_orders: trade.makerFills.map(makerRow),
  };
}

function makerRow(fill: MakerFill) {
  return {
    order_id: fill.orderId,
    owner: fill.owner,
    maker_address: fill.maker,
    matched_amount: microsText(fill.matchedAmount),
    price: microsText(fill.price),
    fee_rate_bps: '0',
    asset_id: fill.tokenId,
    outcome: outcomeName(fill.outcome),
    side: fill.side,
  };
}

/** `Trade` of REST, as the owner of an API key sees it. */
export function tradeRow(trade: SandboxTrade, owner: string) {
  return {
    ...tradeFields(trade, trade.takerOwner === owner),
    match_time_nano: `${trade.matchedAtMs}000000`,
    err_msg: trade.status === 'FAILED' ? 'transaction reverted' : null,
  };
}

/** The `trade` frame of the user channel, as the owner of an API key receives it. */
export function tradeFrame(trade: SandboxTrade, owner: string, atMs: number) {
  return {
    event_type: 'trade',
    type: 'TRADE',
    ...tradeFields(trade, trade.takerOwner === owner),
    trade_owner: owner,
    timestamp: String(atMs),
  };
}
