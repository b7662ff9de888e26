/** What the exchange keeps of orders, trades and markets beside what it shows of them. */
import { ONE } from './arithmetic.ts';
import type { MarketBook } from './book.ts';
import type {
  Micros,
  NewOrder,
  SandboxMarket,
  SandboxOrder,
  SandboxTrade,
  TradeStatus,
} from './types.ts';

/** `view` is replaced and never changed, so that whoever was shown it may keep it. */
export interface OrderRecord {
  view: SandboxOrder;
  readonly market: MarketRecord;
  readonly makerAmount: Micros;
  readonly takerAmount: Micros;
  /** True for a FOK or FAK BUY: it spends `makerAmount` instead of getting `takerAmount`. */
  readonly byMoney: boolean;
  /** Worst price in terms of the own token, whole micros on the safe side. */
  readonly limit: Micros;
  readonly onBids: boolean;
  readonly yesPrice: Micros;
  /** Shares still wanted or offered; without meaning where `byMoney`. */
  remaining: Micros;
  /** What it holds back while it rests: dollars of a BUY, shares of a SELL. */
  reserved: Micros;
  /** Its place in time among resting orders; 0 before it rests. */
  restedNumber: number;
}

/** What one participant gives and gets in a trade. */
export interface TradeLeg {
  readonly maker: string;
  readonly tokenId: string;
  readonly isBuy: boolean;
  readonly shares: Micros;
  readonly dollars: Micros;
  readonly fee: Micros;
}

export interface TradeRecord {
  view: SandboxTrade;
  readonly legs: readonly TradeLeg[];
  /** Statuses still to come. */
  path: readonly TradeStatus[];
}

export interface MarketRecord {
  readonly market: SandboxMarket;
  readonly book: MarketBook;
  readonly minimumSize: Micros;
  /** Dollars that a taker pays for these fills beside the price. */
  readonly feeOf: (fills: Iterable<{ takerPrice: Micros; size: Micros }>) => Micros;
  tick: Micros;
}

export function newOrderRecord(
  order: NewOrder,
  market: MarketRecord,
  price: Micros,
  createdAtMs: number,
): OrderRecord {
  const { makerAmount, takerAmount, orderType, side } = order;
  const isBuy = side === 'BUY';
  const outcome = market.market.tokens[0].tokenId === order.tokenId ? 'YES' : 'NO';
  const size = isBuy ? takerAmount : makerAmount;
  // A BUY's worst price is rounded down and a SELL's up: neither may trade beyond it.
  const limit = isBuy
    ? (makerAmount * ONE) / takerAmount
    : (takerAmount * ONE + makerAmount - 1n) / makerAmount;
  return {
    market,
    makerAmount,
    takerAmount,
    byMoney: isBuy && (orderType === 'FOK' || orderType === 'FAK'),
    limit,
    onBids: isBuy === (outcome === 'YES'),
    yesPrice: outcome === 'YES' ? limit : ONE - limit,
    remaining: size,
    reserved: 0n,
    restedNumber: 0,
    view: {
      id: order.id,
      owner: order.owner,
      maker: order.maker,
      conditionId: market.market.conditionId,
      tokenId: order.tokenId,
      outcome,
      side,
      price,
      originalSize: size,
      sizeMatched: 0n,
      status: 'LIVE',
      orderType,
      postOnly: order.postOnly,
      expirationS: order.expirationS,
      createdAtMs,
      associateTrades: [],
    },
  };
}

export function neverRests(view: { readonly orderType: string }): boolean {
  return view.orderType === 'FOK' || view.orderType === 'FAK';
}

/** True until the order is over. */
export function isOpen(view: SandboxOrder): boolean {
  return view.status === 'LIVE' || view.status === 'DELAYED';
}
