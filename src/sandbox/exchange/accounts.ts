/** Balances, and what resting orders hold back of them. */
import { ceilMultiply, floorMultiply } from './arithmetic.ts';
import type { OrderRecord } from './records.ts';
import type { Micros, SandboxMarket } from './types.ts';

export interface Account {
  dollars: Micros;
  /** By token id: settled shares only. */
  readonly shares: Map<string, Micros>;
  /** Dollars that open BUYs could still spend, by condition id; shares of open SELLs, by token id. */
  readonly reserved: Map<string, Micros>;
  openOrders: number;
}

export class Accounts {
  readonly #byMaker = new Map<string, Account>();

  makers(): IterableIterator<string> {
    return this.#byMaker.keys();
  }

  clear(): void {
    this.#byMaker.clear();
  }

  find(maker: string): Account | undefined {
    return this.#byMaker.get(maker);
  }

  /** The account of a maker, opened empty where there is none. */
  of(maker: string): Account {
    let account = this.#byMaker.get(maker);
    if (account === undefined) {
      account = { dollars: 0n, shares: new Map(), reserved: new Map(), openOrders: 0 };
      this.#byMaker.set(maker, account);
    }
    return account;
  }

  dollarsOf(maker: string): Micros {
    return this.#byMaker.get(maker)?.dollars ?? 0n;
  }

  sharesOf(maker: string, tokenId: string): Micros {
    return this.#byMaker.get(maker)?.shares.get(tokenId) ?? 0n;
  }

  addDollars(maker: string, dollars: Micros): void {
    this.of(maker).dollars += dollars;
  }

  /** Gives shares, or what they pay once their market is resolved; tells the dollars paid. */
  addShares(maker: string, market: SandboxMarket, tokenId: string, shares: Micros): Micros {
    const account = this.of(maker);
    const { payout } = market;
    if (payout === undefined) {
      account.shares.set(tokenId, (account.shares.get(tokenId) ?? 0n) + shares);
      return 0n;
    }
    const paid = floorMultiply(shares, payout[tokenId === market.tokens[0].tokenId ? 0 : 1]);
    account.dollars += paid;
    return paid;
  }

  /** Pays out all settled shares of a resolved market; tells the dollars paid. */
  payOut(market: SandboxMarket): Micros {
    let paid = 0n;
    for (const [maker, account] of this.#byMaker) {
      for (const { tokenId } of market.tokens) {
        const shares = account.shares.get(tokenId);
        if (shares === undefined) continue;
        account.shares.delete(tokenId);
        paid += this.addShares(maker, market, tokenId, shares);
      }
    }
    return paid;
  }

  /** Holds back what a resting order can still use; to be told again when its size has changed. */
  reserve(order: OrderRecord): void {
    const { view, remaining, limit } = order;
    this.#hold(order, view.side === 'BUY' ? ceilMultiply(remaining, limit) : remaining);
  }

  release(order: OrderRecord): void {
    this.#hold(order, 0n);
  }

  #hold(order: OrderRecord, amount: Micros): void {
    const { reserved } = this.of(order.view.maker);
    const key = reservationKey(order);
    reserved.set(key, (reserved.get(key) ?? 0n) + amount - order.reserved);
    order.reserved = amount;
  }

  /**
   * Why the account cannot carry `need` more: dollars for a BUY, shares for a SELL. Open orders of
   * other markets do not count. Source: Polymarket docs, maximum order size (balance minus the open
   * rest, per market); the texts are those that users report.
   */
  shortage(order: OrderRecord, need: Micros): string | undefined {
    const { maker, side, tokenId } = order.view;
    const isBuy = side === 'BUY';
    const balance = isBuy ? this.dollarsOf(maker) : this.sharesOf(maker, tokenId);
    const active = this.#byMaker.get(maker)?.reserved.get(reservationKey(order)) ?? 0n;
    if (need <= balance - active) return undefined;
    const amounts =
      active === 0n
        ? `order amount: ${need}`
        : `sum of active orders: ${active}, sum of matched orders: 0, order amount (inc. fees): ${need}`;
    return `not enough balance / allowance: the balance is not enough -> balance: ${balance}, ${amounts}`;
  }
}

function reservationKey(order: OrderRecord): string {
  return order.view.side === 'BUY' ? order.view.conditionId : order.view.tokenId;
}
