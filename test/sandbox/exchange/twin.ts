/**
 * The exchange once more, naively: every question is answered by looking through all orders. It knows
 * how trades end only from what it is told, and shares no code with the exchange.
 */
import type { MakerFill, NewOrder, SandboxTrade } from '../../../src/sandbox/exchange/types.ts';

const ONE = 1_000_000n;
/** What is less is not matched any more. */
const DUST = 10_000n;
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const roundUp = (amount: bigint, unit: bigint): bigint => ((amount + unit - 1n) / unit) * unit;

interface TwinOrder {
  readonly order: NewOrder;
  readonly market: string;
  readonly isYes: boolean;
  readonly price: bigint;
  left: bigint;
  matched: bigint;
  status: string;
}

interface Movement {
  readonly maker: string;
  readonly tokenId: string;
  readonly shares: bigint;
  readonly dollars: bigint;
  readonly fee: bigint;
  readonly isBuy: boolean;
}

interface Fill {
  readonly maker: TwinOrder;
  readonly size: bigint;
  readonly price: bigint;
  readonly takerDollars: bigint;
  readonly makerDollars: bigint;
}

export class Twin {
  /** `maker` for dollars, `maker token` for settled shares. */
  readonly balances = new Map<string, bigint>();
  readonly orders = new Map<string, TwinOrder>();
  /** Resting, oldest first. */
  #resting: TwinOrder[] = [];
  readonly #movements = new Map<string, readonly Movement[]>();
  /** By market: minted minus merged by confirmed trades. */
  readonly minted = new Map<string, bigint>();
  fees = 0n;
  /** Fee of ten shares at 0.5 in a hundred thousandths of a dollar is `rate * 25`. */
  readonly #ratePercent: bigint;
  readonly #marketOf: (tokenId: string) => { name: string; isYes: boolean };

  constructor(
    ratePercent: bigint,
    marketOf: (tokenId: string) => { name: string; isYes: boolean },
  ) {
    this.#ratePercent = ratePercent;
    this.#marketOf = marketOf;
  }

  balance(key: string): bigint {
    return this.balances.get(key) ?? 0n;
  }

  move(key: string, by: bigint): void {
    this.balances.set(key, this.balance(key) + by);
  }

  /** What the exchange should answer: a status, or the beginning of the refusal. */
  place(order: NewOrder): { answer: string; fills: readonly Fill[]; dollars: bigint } {
    const { name, isYes } = this.#marketOf(order.tokenId);
    const isBuy = order.side === 'BUY';
    const size = isBuy ? order.takerAmount : order.makerAmount;
    const dollars = isBuy ? order.makerAmount : order.takerAmount;
    const mine: TwinOrder = {
      order,
      market: name,
      isYes,
      price: (dollars * ONE) / size,
      left: size,
      matched: 0n,
      status: 'REFUSED',
    };
    const isImmediate = order.orderType === 'FOK' || order.orderType === 'FAK';
    const refuse = (answer: string) => ({ answer, fills: [], dollars: 0n });
    if (order.makerAmount > this.#free(mine)) return refuse('not enough balance');
    const crosses = this.#within(mine).length > 0;
    if (!crosses && !isImmediate && size < 5n * ONE) return refuse('order');
    if (crosses && order.postOnly) return refuse('invalid post-only');
    if (crosses && isBuy && order.makerAmount < ONE) return refuse('invalid amount for');
    const { fills, complete, uncovered } = this.#walk(mine, isImmediate && isBuy);
    if (fills.length === 0) this.#drop(uncovered);
    if (order.orderType === 'FOK' && !complete) return this.#kill(mine, "order couldn't");
    if (order.orderType === 'FAK' && fills.length === 0) return this.#kill(mine, 'no orders found');
    const paid = fills.reduce((sum, fill) => sum + fill.takerDollars, 0n);
    const got = fills.reduce((sum, fill) => sum + fill.size, 0n);
    const fee = this.#fee(fills, isBuy ? undefined : paid);
    const rest = isImmediate || size - got < DUST ? 0n : size - got;
    if (isBuy && paid + fee + roundUp(rest * mine.price, ONE) / ONE > this.#free(mine)) {
      return refuse('not enough balance');
    }
    this.#drop(uncovered);
    this.#book(mine, fills, paid, got, fee);
    mine.left = rest;
    mine.status = rest > 0n ? 'LIVE' : 'MATCHED';
    this.orders.set(order.id, mine);
    if (rest > 0n) this.#resting.push(mine);
    return { answer: fills.length > 0 ? 'matched' : 'live', fills, dollars: paid };
  }

  cancel(id: string): void {
    const found = this.#resting.find(({ order }) => order.id === id);
    if (found === undefined) return;
    found.status = 'CANCELED';
    this.#resting = this.#resting.filter((other) => other !== found);
  }

  /** Gives the last match the id that the exchange gave it. */
  named(tradeId: string): void {
    const movements = this.#movements.get('new');
    if (movements === undefined) return;
    this.#movements.delete('new');
    this.#movements.set(tradeId, movements);
  }

  settled({ id, status, conditionId }: SandboxTrade): void {
    if (status !== 'CONFIRMED' && status !== 'FAILED') return;
    let minted = 0n;
    for (const { maker, tokenId, shares, dollars, fee, isBuy } of this.#movements.get(id) ?? []) {
      const key = `${maker} ${tokenId}`;
      if (status === 'FAILED') {
        if (isBuy) this.move(maker, dollars + fee);
        else this.move(key, shares);
        continue;
      }
      this.fees += fee;
      minted += isBuy ? dollars : -dollars;
      if (isBuy) this.move(key, shares);
      else this.move(maker, dollars - fee);
    }
    this.minted.set(conditionId, (this.minted.get(conditionId) ?? 0n) + minted);
  }

  /** Shares resting by price of YES: bids below zero. */
  levels(market: string): Map<bigint, bigint> {
    const levels = new Map<bigint, bigint>();
    for (const entry of this.#resting) {
      if (entry.market !== market) continue;
      const isBid = (entry.order.side === 'BUY') === entry.isYes;
      const price = (entry.isYes ? entry.price : ONE - entry.price) * (isBid ? -1n : 1n);
      levels.set(price, (levels.get(price) ?? 0n) + entry.left);
    }
    return levels;
  }

  fillsOf(fills: readonly Fill[]): Pick<MakerFill, 'orderId' | 'price' | 'matchedAmount'>[] {
    return fills.map(({ maker, size }) => ({
      orderId: maker.order.id,
      price: maker.price,
      matchedAmount: size,
    }));
  }

  #free({ order, market }: TwinOrder): bigint {
    const isBuy = order.side === 'BUY';
    const own = this.#resting.filter(
      (other) =>
        other.order.maker === order.maker &&
        other.order.side === order.side &&
        (isBuy ? other.market === market : other.order.tokenId === order.tokenId),
    );
    const held = own.reduce(
      (sum, { left, price }) => sum + (isBuy ? roundUp(left * price, ONE) / ONE : left),
      0n,
    );
    return this.balance(isBuy ? order.maker : `${order.maker} ${order.tokenId}`) - held;
  }

  /** Resting orders that `mine` could trade with, best first; equal prices stay by age. */
  #within(mine: TwinOrder): { other: TwinOrder; price: bigint }[] {
    const isBuy = mine.order.side === 'BUY';
    return this.#resting
      .filter(
        (other) =>
          other.market === mine.market &&
          (other.order.side === mine.order.side) !== (other.isYes === mine.isYes),
      )
      .map((other) => ({
        other,
        price: other.isYes === mine.isYes ? other.price : ONE - other.price,
      }))
      .filter(({ price }) => (isBuy ? price <= mine.price : price >= mine.price))
      .sort((a, b) => Number(isBuy ? a.price - b.price : b.price - a.price));
  }

  #walk(
    mine: TwinOrder,
    byMoney: boolean,
  ): { fills: Fill[]; complete: boolean; uncovered: TwinOrder[] } {
    const isBuy = mine.order.side === 'BUY';
    const spent = new Map<string, bigint>();
    const fills: Fill[] = [];
    const uncovered: TwinOrder[] = [];
    let left = byMoney ? mine.order.makerAmount : mine.left;
    for (const { other, price } of this.#within(mine)) {
      if (left === 0n) break;
      const size = min(other.left, byMoney ? (left * ONE) / price : left);
      const down = (size * price) / ONE;
      const takerDollars = isBuy && down * ONE < size * price ? down + 1n : down;
      const makerDollars = other.isYes === mine.isYes ? takerDollars : size - takerDollars;
      const { maker, side } = other.order;
      const before = spent.get(maker) ?? 0n;
      if (side === 'BUY' && before + makerDollars > this.balance(maker)) {
        uncovered.push(other);
        continue;
      }
      if (side === 'BUY') spent.set(maker, before + makerDollars);
      fills.push({ maker: other, size, price, takerDollars, makerDollars });
      left -= byMoney ? takerDollars : size;
    }
    return { fills, complete: left === 0n, uncovered };
  }

  #fee(fills: readonly Fill[], most: bigint | undefined): bigint {
    const exact = fills.reduce(
      (sum, { size, price }) => sum + size * this.#ratePercent * price * (ONE - price),
      0n,
    );
    const unit = 100n * ONE * ONE;
    const fee = roundUp(exact, 10n * unit) / unit;
    return most === undefined ? fee : min(fee, most);
  }

  #book(mine: TwinOrder, fills: readonly Fill[], paid: bigint, got: bigint, fee: bigint): void {
    if (fills.length === 0) return;
    const moved = (
      { order }: TwinOrder,
      shares: bigint,
      dollars: bigint,
      cost: bigint,
    ): Movement => ({
      maker: order.maker,
      tokenId: order.tokenId,
      shares,
      dollars,
      fee: cost,
      isBuy: order.side === 'BUY',
    });
    const movements = [moved(mine, got, paid, fee)];
    mine.matched = got;
    for (const { maker, size, makerDollars } of fills) {
      maker.left -= size;
      maker.matched += size;
      movements.push(moved(maker, size, makerDollars, 0n));
      if (maker.left >= DUST) continue;
      maker.status = 'MATCHED';
      maker.left = 0n;
    }
    this.#resting = this.#resting.filter((other) => other.left > 0n);
    for (const { maker, tokenId, shares, dollars, fee: cost, isBuy } of movements) {
      if (isBuy) this.move(maker, -dollars - cost);
      else this.move(`${maker} ${tokenId}`, -shares);
    }
    this.#movements.set('new', movements);
  }

  #kill(
    mine: TwinOrder,
    answer: string,
  ): { answer: string; fills: readonly Fill[]; dollars: bigint } {
    mine.status = 'CANCELED';
    this.orders.set(mine.order.id, mine);
    return { answer, fills: [], dollars: 0n };
  }

  #drop(orders: readonly TwinOrder[]): void {
    for (const order of orders) order.status = 'INVALID';
    this.#resting = this.#resting.filter((other) => !orders.includes(other));
  }
}
