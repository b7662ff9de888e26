/**
 * What an order would take from the book: a plan that changes nothing.
 *
 * Rounding: a maker never pays more or gets less than its own price; the part of a micro that does
 * not divide is the taker's. A BUY by money never exceeds its money: shares are floored, and then their
 * cost rounded up is what was left. Source: Polymarket docs, ExchangeV3 fill arithmetic
 * (`floor(fill x takerAmount / makerAmount)`), and price improvement goes to the taker.
 */
import { ceilMultiply, floorMultiply, ONE, smaller } from './arithmetic.ts';
import { type BookSide, isWithinLimit, ownPrice } from './book.ts';
import type { OrderRecord } from './records.ts';
import type { Micros } from './types.ts';

export interface PlannedFill {
  readonly maker: OrderRecord;
  readonly size: Micros;
  /** In terms of the taker's token. */
  readonly takerPrice: Micros;
  readonly takerDollars: Micros;
  readonly makerDollars: Micros;
}

export interface Plan {
  readonly fills: readonly PlannedFill[];
  readonly size: Micros;
  /** Paid by a BUY or received by a SELL, without the fee. */
  readonly dollars: Micros;
  /** All the shares, or all the money, found its match. */
  readonly complete: boolean;
  /** Resting BUYs that were reached but whose account cannot pay for its fill. */
  readonly uncovered: readonly OrderRecord[];
}

/** `dollarsOf`: what an account has. A maker's money may be spent already in another market. */
export function planMatch(
  taker: OrderRecord,
  opposite: BookSide,
  dollarsOf: (maker: string) => Micros,
): Plan {
  const isBuy = taker.view.side === 'BUY';
  const fills: PlannedFill[] = [];
  const uncovered: OrderRecord[] = [];
  const spent = new Map<string, Micros>();
  let left = taker.byMoney ? taker.makerAmount : taker.remaining;
  let size = 0n;
  let dollars = 0n;

  const isCovered = (maker: OrderRecord, cost: Micros): boolean => {
    if (maker.view.side === 'SELL') return true;
    const before = spent.get(maker.view.maker) ?? 0n;
    if (before + cost > dollarsOf(maker.view.maker)) return false;
    spent.set(maker.view.maker, before + cost);
    return true;
  };

  levels: for (const level of opposite.bestFirst()) {
    const price = ownPrice(taker, level.price);
    if (!isWithinLimit(taker, price)) break;
    for (const maker of level.orders.values()) {
      if (left === 0n) break levels;
      // Never zero while money is left: a price is below 1, so one micro buys at least one.
      const wanted = taker.byMoney ? (left * ONE) / price : left;
      const taken = smaller(wanted, maker.remaining);
      const takerDollars = isBuy ? ceilMultiply(taken, price) : floorMultiply(taken, price);
      // Two BUYs mint and two SELLs merge: together they pay or get a dollar for each share.
      const isTransfer = maker.view.tokenId === taker.view.tokenId;
      const makerDollars = isTransfer ? takerDollars : taken - takerDollars;
      if (!isCovered(maker, makerDollars)) {
        uncovered.push(maker);
        continue;
      }
      fills.push({ maker, size: taken, takerPrice: price, takerDollars, makerDollars });
      size += taken;
      dollars += takerDollars;
      left -= taker.byMoney ? takerDollars : taken;
    }
  }
  return { fills, size, dollars, complete: left === 0n, uncovered };
}
