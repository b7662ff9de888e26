/** The venue's own account of us: cash, shares, and what open orders may still use of both. */
import type { PaperBalanceRow } from '../../../actors/venue-store-port.ts';
import { type Decimal, decimal, toText, ZERO } from '../../../domain/decimal.ts';
import { feeUsd, worstFeeForMoney, worstFeeForShares } from '../../../domain/fees.ts';
import type { InstrumentId } from '../../../domain/instrument.ts';
import { payoutUsd } from '../../../domain/resolution.ts';
import { isOpen, type PaperOrder, type PaperTrade, remainingSize } from './records.ts';

export const CASH = 'cash';
/** What a share pays, by the instrument of a market that has ended: kept among the balances. */
const PAYOUT = 'payout of ';

interface Need {
  readonly usd: Decimal;
  readonly shares: Decimal;
}

const NOTHING: Need = { usd: ZERO, shares: ZERO };

/**
 * Cash and shares move at the match and move back when the settlement fails. Shares that were bought
 * can be sold once they are mined: before that they exist on no chain (the venue refuses such a SELL
 * as `not enough balance`). A failed settlement can leave a balance below zero: what it takes back
 * may be spent already.
 */
export class PaperAccount {
  readonly #balances = new Map<string, Decimal>();
  readonly #unsettled = new Map<InstrumentId, Decimal>();
  readonly #needs = new Map<string, Need>();
  readonly #reservedShares = new Map<InstrumentId, Decimal>();
  #reservedUsd: Decimal = ZERO;

  constructor(balances: readonly PaperBalanceRow[], unfinished: readonly PaperTrade[]) {
    for (const row of balances) this.#balances.set(row.asset, decimal(row.amount));
    for (const trade of unfinished) {
      if (trade.side === 'BUY' && isUnsettled(trade)) this.#unsettle(trade, trade.size);
    }
  }

  /** Dollars, reservations included. */
  get cashUsd(): Decimal {
    return this.balance(CASH);
  }

  get availableUsd(): Decimal {
    return this.cashUsd.minus(this.#reservedUsd);
  }

  balance(asset: string): Decimal {
    return this.#balances.get(asset) ?? ZERO;
  }

  balanceRow(asset: string): PaperBalanceRow {
    return { asset, amount: toText(this.balance(asset)) };
  }

  /** Instruments of which the balance is not zero. */
  *holdings(): IterableIterator<[InstrumentId, Decimal]> {
    for (const [asset, amount] of this.#balances) {
      const isShares = asset !== CASH && !asset.startsWith(PAYOUT);
      if (isShares && !amount.isZero()) yield [asset, amount];
    }
  }

  sellableShares(instrumentId: InstrumentId): Decimal {
    return this.balance(instrumentId)
      .minus(this.#unsettled.get(instrumentId) ?? ZERO)
      .minus(this.#reservedShares.get(instrumentId) ?? ZERO);
  }

  deposit(amountUsd: Decimal): void {
    this.#add(CASH, amountUsd);
  }

  /** Books a new leg. */
  book(trade: PaperTrade): void {
    this.#move(trade, 1);
    if (trade.side === 'BUY') this.#unsettle(trade, trade.size);
  }

  /** The leg was mined: what it bought can be sold. */
  settle(trade: PaperTrade): void {
    if (trade.side === 'BUY') this.#unsettle(trade, trade.size.neg());
  }

  /** The leg failed before it was mined: everything moves back. */
  void(trade: PaperTrade): void {
    this.#move(trade, -1);
    if (trade.side === 'BUY') this.#unsettle(trade, trade.size.neg());
  }

  isResolved(instrumentId: InstrumentId): boolean {
    return this.#balances.has(PAYOUT + instrumentId);
  }

  /** The market has ended: its shares are paid, now and whenever some come or go. The changed assets. */
  resolve(instrumentId: InstrumentId, payout: Decimal): readonly string[] {
    const shares = this.balance(instrumentId);
    this.#balances.set(PAYOUT + instrumentId, payout);
    this.#balances.set(instrumentId, ZERO);
    this.#add(instrumentId, shares);
    return [CASH, instrumentId, PAYOUT + instrumentId];
  }

  /** Reserves what the order may still use, in place of what was reserved for it before. */
  reserve(order: PaperOrder): void {
    const mayTake = order.status === 'delayed' || order.later !== undefined;
    this.#setNeed(order, isOpen(order) ? needOf(order, mayTake) : NOTHING);
  }

  /** Gives back everything that is reserved for the order. */
  release(order: PaperOrder): void {
    this.#setNeed(order, NOTHING);
  }

  #setNeed(order: PaperOrder, need: Need): void {
    const before = this.#needs.get(order.id) ?? NOTHING;
    if (need === NOTHING) this.#needs.delete(order.id);
    else this.#needs.set(order.id, need);
    this.#reservedUsd = this.#reservedUsd.plus(need.usd).minus(before.usd);
    const shares = this.#reservedShares.get(order.instrumentId) ?? ZERO;
    this.#reservedShares.set(order.instrumentId, shares.plus(need.shares).minus(before.shares));
  }

  #move(trade: PaperTrade, direction: 1 | -1): void {
    const value = trade.price.times(trade.size);
    const isBuy = trade.side === 'BUY';
    const cash = isBuy ? value.plus(trade.feeUsd).neg() : value.minus(trade.feeUsd);
    const shares = isBuy ? trade.size : trade.size.neg();
    this.#add(CASH, cash.times(direction));
    this.#add(trade.instrumentId, shares.times(direction));
  }

  #add(asset: string, amount: Decimal): void {
    const payout = this.#balances.get(PAYOUT + asset);
    if (payout !== undefined) {
      this.#add(CASH, decimal(payoutUsd(toText(amount), toText(payout))));
      return;
    }
    this.#balances.set(asset, this.balance(asset).plus(amount));
  }

  #unsettle(trade: PaperTrade, size: Decimal): void {
    const before = this.#unsettled.get(trade.instrumentId) ?? ZERO;
    this.#unsettled.set(trade.instrumentId, before.plus(size));
  }
}

export function isUnsettled(trade: PaperTrade): boolean {
  return trade.settlement === 'matched' || trade.settlement === 'retrying';
}

/**
 * The most that an order can still use. A BUY needs its limit price for every share and, where it
 * `mayTake`, the worst fee between one tick and its limit; one that rests needs a maker's fee. An order in many fills can cost
 * 0.00001 dollars more for each, because every fee is rounded up: cash may end below zero by that.
 */
export function needOf(order: PaperOrder, mayTake: boolean): Need {
  if (order.side === 'SELL') return { usd: ZERO, shares: remainingSize(order) };
  if (order.amountUsd !== undefined) {
    const left = order.amountUsd.minus(order.spentUsd);
    const fee = worstFeeForMoney(order.fees, order.price, order.tickSize, left);
    return { usd: left.plus(fee), shares: ZERO };
  }
  const size = remainingSize(order);
  const fee = mayTake
    ? worstFeeForShares(order.fees, 'BUY', order.price, order.tickSize, size)
    : feeUsd(order.fees, 'maker', order.price, size);
  return { usd: order.price.times(size).plus(fee), shares: ZERO };
}
