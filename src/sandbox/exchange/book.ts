/**
 * The one book of a market, in terms of YES: a NO order at p stands on the other side at 1 - p.
 * Source: Polymarket docs, order lifecycle (complementary matching).
 */
import { ONE } from './arithmetic.ts';
import type { OrderRecord } from './records.ts';
import type { BookView, LevelChange, Micros, SandboxMarket } from './types.ts';

interface Level {
  readonly price: Micros;
  size: Micros;
  /** By arrival: a map keeps the order of insertion and lets any order leave at once. */
  readonly orders: Map<string, OrderRecord>;
}

interface ShownLevel {
  readonly price: Micros;
  readonly size: Micros;
}

/** The levels of one side; best first is from the end of `#prices`. */
export class BookSide {
  /** Bids rank by price, asks by price below zero, so that both have their best last. */
  readonly #sign: bigint;
  readonly #prices: Micros[] = [];
  readonly #levels = new Map<Micros, Level>();
  #touched = new Set<Micros>();

  constructor(kind: 'bids' | 'asks') {
    this.#sign = kind === 'bids' ? 1n : -1n;
  }

  best(): Micros | undefined {
    return this.#prices.at(-1);
  }

  *bestFirst(): IterableIterator<Level> {
    for (let index = this.#prices.length - 1; index >= 0; index -= 1) {
      const level = this.#levels.get(this.#prices[index] ?? 0n);
      if (level !== undefined) yield level;
    }
  }

  add(order: OrderRecord): void {
    let level = this.#levels.get(order.yesPrice);
    if (level === undefined) {
      level = { price: order.yesPrice, size: 0n, orders: new Map() };
      this.#levels.set(order.yesPrice, level);
      this.#prices.splice(this.#indexOf(order.yesPrice), 0, order.yesPrice);
    }
    level.orders.set(order.view.id, order);
    this.#resize(level, order.remaining);
  }

  /** Takes `size` off an order that stays. */
  reduce(order: OrderRecord, size: Micros): void {
    const level = this.#levels.get(order.yesPrice);
    if (level !== undefined) this.#resize(level, -size);
  }

  /** Removes an order with the rest of its size; one that is not there changes nothing. */
  remove(order: OrderRecord): void {
    const level = this.#levels.get(order.yesPrice);
    if (level?.orders.delete(order.view.id) !== true) return;
    this.#resize(level, -order.remaining);
    if (level.orders.size > 0) return;
    this.#levels.delete(level.price);
    this.#prices.splice(this.#indexOf(level.price), 1);
  }

  /** Best last. */
  shown(): ShownLevel[] {
    return this.#prices.map((price) => ({ price, size: this.sizeAt(price) }));
  }

  sizeAt(price: Micros): Micros {
    return this.#levels.get(price)?.size ?? 0n;
  }

  /** The prices whose size changed since the last call, in the order of their first change. */
  takeTouched(): readonly Micros[] {
    if (this.#touched.size === 0) return [];
    const touched = [...this.#touched];
    this.#touched = new Set();
    return touched;
  }

  #resize(level: Level, by: Micros): void {
    level.size += by;
    this.#touched.add(level.price);
  }

  /** Where `price` is, or where it belongs. */
  #indexOf(price: Micros): number {
    let low = 0;
    let high = this.#prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#prices[middle] ?? 0n) * this.#sign < price * this.#sign) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class MarketBook {
  readonly bids = new BookSide('bids');
  readonly asks = new BookSide('asks');
  lastTradePrice: Micros | undefined;

  /** The side that an order rests on. */
  own(order: OrderRecord): BookSide {
    return order.onBids ? this.bids : this.asks;
  }

  /** The side that an order takes from. */
  opposite(order: OrderRecord): BookSide {
    return order.onBids ? this.asks : this.bids;
  }

  /** True when the order's limit reaches the best opposite price. */
  isMarketable(order: OrderRecord): boolean {
    const best = this.opposite(order).best();
    return best !== undefined && isWithinLimit(order, ownPrice(order, best));
  }

  view(isYes: boolean): BookView {
    const [bids, asks] = [this.bids.shown(), this.asks.shown()];
    const { lastTradePrice } = this;
    if (isYes) return { bids, asks, lastTradePrice };
    return { bids: asks.map(mirrored), asks: bids.map(mirrored), lastTradePrice };
  }

  /** What changed since the last call: each level for YES and mirrored for NO. */
  takeChanges(market: SandboxMarket): LevelChange[] {
    const [yes, no] = market.tokens;
    const bids = this.bids.takeTouched().flatMap((price): LevelChange[] => {
      const size = this.bids.sizeAt(price);
      return [
        { tokenId: yes.tokenId, side: 'BUY', price, size },
        { tokenId: no.tokenId, side: 'SELL', price: ONE - price, size },
      ];
    });
    const asks = this.asks.takeTouched().flatMap((price): LevelChange[] => {
      const size = this.asks.sizeAt(price);
      return [
        { tokenId: yes.tokenId, side: 'SELL', price, size },
        { tokenId: no.tokenId, side: 'BUY', price: ONE - price, size },
      ];
    });
    return [...bids, ...asks];
  }
}

/** A price of YES in terms of the order's own token. */
export function ownPrice(order: OrderRecord, yesPrice: Micros): Micros {
  return order.view.outcome === 'YES' ? yesPrice : ONE - yesPrice;
}

export function isWithinLimit(order: OrderRecord, price: Micros): boolean {
  return order.view.side === 'BUY' ? price <= order.limit : price >= order.limit;
}

function mirrored(level: ShownLevel): ShownLevel {
  return { price: ONE - level.price, size: level.size };
}
