/** A second bookkeeper with nothing clever: it reads the exchange's own trades and adds them up. */
import { type Decimal, decimal, ONE, ZERO } from '../../src/domain/decimal.ts';
import type { Exchange, SandboxTrade } from '../../src/sandbox/exchange/types.ts';

export interface TwinLeg {
  /** `trade/order/role`. */
  readonly key: string;
  readonly tradeId: string;
  readonly orderId: string;
  readonly tokenId: string;
  readonly side: 'BUY' | 'SELL';
  readonly size: Decimal;
  readonly dollars: Decimal;
  readonly fee: Decimal;
  readonly status: SandboxTrade['status'];
}

export interface Twin {
  readonly legs: ReadonlyMap<string, TwinLeg>;
  /** Less what was deposited. */
  readonly cash: Decimal;
  readonly fees: Decimal;
  /** By token id. */
  readonly shares: ReadonlyMap<string, Decimal>;
}

/** Everything that the orders of `owner` came to, without what failed on chain. */
export function twinOf(exchange: Exchange, owner: string): Twin {
  const legs = new Map<string, TwinLeg>();
  for (const trade of exchange.trades()) {
    for (const leg of legsOf(trade, owner)) legs.set(leg.key, leg);
  }
  let cash = ZERO;
  let fees = ZERO;
  const shares = new Map<string, Decimal>();
  for (const { status, side, size, dollars, fee, tokenId } of legs.values()) {
    if (status === 'FAILED') continue;
    const isBuy = side === 'BUY';
    cash = (isBuy ? cash.minus(dollars) : cash.plus(dollars)).minus(fee);
    fees = fees.plus(fee);
    const before = shares.get(tokenId) ?? ZERO;
    shares.set(tokenId, isBuy ? before.plus(size) : before.minus(size));
  }
  return { legs, cash, fees, shares };
}

function legsOf(trade: SandboxTrade, owner: string): TwinLeg[] {
  const { id: tradeId, tokenId, status } = trade;
  const legs: TwinLeg[] = [];
  if (trade.takerOwner === owner) {
    let dollars = ZERO;
    for (const fill of trade.makerFills) {
      const price = micros(fill.price);
      const met = fill.tokenId === tokenId ? price : ONE.minus(price);
      dollars = dollars.plus(met.times(micros(fill.matchedAmount)));
    }
    const { takerOrderId: orderId, side } = trade;
    const fee = micros(trade.takerFee);
    const size = micros(trade.size);
    const key = `${tradeId}/${orderId}/taker`;
    legs.push({ key, tradeId, orderId, tokenId, side, size, dollars, fee, status });
  }
  for (const fill of trade.makerFills) {
    if (fill.owner !== owner) continue;
    const { orderId, side } = fill;
    const size = micros(fill.matchedAmount);
    const dollars = size.times(micros(fill.price));
    const key = `${tradeId}/${orderId}/maker`;
    legs.push({
      key,
      tradeId,
      orderId,
      tokenId: fill.tokenId,
      side,
      size,
      dollars,
      fee: ZERO,
      status,
    });
  }
  return legs;
}

export function micros(amount: bigint): Decimal {
  return decimal(amount.toString()).div(1_000_000);
}
