/**
 * Our resting orders of one instrument and their places in the queue.
 *
 * The model: `ahead` is what the book showed at our price when the order arrived. Public trades there
 * eat it and then us; when the level shrinks below it, shares ahead of us were cancelled. A trade at a
 * worse price for its taker, or an opposite level that reaches our price, must have met us first. We
 * are filled at our own price, for no more than was traded or shown.
 */
import { Decimal, decimal, MAX_DECIMALS, ZERO } from '../../../domain/decimal.ts';
import type { Side } from '../../../domain/instrument.ts';
import type { PublicTrade } from '../../../domain/market-data.ts';
import { type PaperOrder, restingSize } from './records.ts';
import type { VisibleBook } from './visible-book.ts';

export interface MakerFill {
  readonly order: PaperOrder;
  readonly size: Decimal;
}

interface Place {
  readonly order: PaperOrder;
  /**
   * How much the last book of this time took off `ahead`. A feed tells one trade twice, as a smaller
   * level and as a trade with the same time; what the level said already is not counted again.
   */
  shrunk: { atMs: number; size: Decimal };
}

export class RestingOrders {
  readonly #queuePosition: 'back' | 'front';
  readonly #places = new Map<string, Place>();
  /** By priority; undefined after an order came or went. */
  #byPriority: readonly Place[] | undefined;

  constructor(queuePosition: 'back' | 'front') {
    this.#queuePosition = queuePosition;
  }

  get count(): number {
    return this.#places.size;
  }

  /** Adds an order that arrives now, or one that a restart brings back with its place. */
  add(order: PaperOrder, book: VisibleBook): void {
    if (order.ahead === undefined && book.seen) order.ahead = this.#arrival(order, book);
    this.#places.set(order.id, { order, shrunk: { atMs: Number.NaN, size: ZERO } });
    this.#byPriority = undefined;
  }

  remove(id: string): void {
    if (this.#places.delete(id)) this.#byPriority = undefined;
  }

  /** The orders, first to be filled first. */
  orders(): readonly PaperOrder[] {
    return this.#sorted().map((place) => place.order);
  }

  /** Moves the queue for a new book; fills what its opposite levels reach. `moved`: new places. */
  onBook(book: VisibleBook, atMs: number, moved: (order: PaperOrder) => void): MakerFill[] {
    const fills: MakerFill[] = [];
    for (const place of this.#sorted()) {
      const { order } = place;
      this.#requeue(place, book, atMs, moved);
      const resting = restingSize(order);
      if (resting.lte(0)) continue;
      const { takes } = book.plan(order.side, order.price, { size: resting });
      if (takes.length === 0) continue;
      book.consume(order.side, takes);
      fills.push({ order, size: takes.reduce((sum, take) => sum.plus(take.size), ZERO) });
    }
    return fills;
  }

  /** Fills what a public trade must have met. Only trades whose taker is on the other side count. */
  onTrade(trade: PublicTrade, moved: (order: PaperOrder) => void): MakerFill[] {
    const side: Side = trade.side === 'BUY' ? 'SELL' : 'BUY';
    const price = decimal(trade.price);
    const fills: MakerFill[] = [];
    let left = decimal(trade.size).toDecimalPlaces(MAX_DECIMALS, Decimal.ROUND_DOWN);
    const level: Place[] = [];
    for (const place of this.#sorted()) {
      const { order } = place;
      if (order.side !== side) continue;
      if (order.price.eq(price)) level.push(place);
      else if (side === 'BUY' ? order.price.gt(price) : order.price.lt(price)) {
        const size = smaller(restingSize(order), left);
        if (size.gt(0)) fills.push({ order, size });
        left = left.minus(size);
      }
    }
    return left.gt(0) ? [...fills, ...fillLevel(level, left, trade.atMs, moved)] : fills;
  }

  #requeue(
    place: Place,
    book: VisibleBook,
    atMs: number,
    moved: (order: PaperOrder) => void,
  ): void {
    const { order } = place;
    if (order.ahead === undefined) {
      order.ahead = this.#arrival(order, book);
      moved(order);
      return;
    }
    const shown = order.ahead.isZero() ? ZERO : book.shownAt(order.side, order.price);
    if (shown.gte(order.ahead)) return;
    const known = place.shrunk.atMs === atMs ? place.shrunk.size : ZERO;
    place.shrunk = { atMs, size: known.plus(order.ahead).minus(shown) };
    order.ahead = shown;
    moved(order);
  }

  #arrival(order: PaperOrder, book: VisibleBook): Decimal {
    return this.#queuePosition === 'front' ? ZERO : book.shownAt(order.side, order.price);
  }

  #sorted(): readonly Place[] {
    this.#byPriority ??= [...this.#places.values()].sort((a, b) => byPriority(a.order, b.order));
    return this.#byPriority;
  }
}

/** Shares of a trade at exactly our price: first those ahead of each order, then the order itself. */
function fillLevel(
  level: readonly Place[],
  traded: Decimal,
  atMs: number,
  moved: (order: PaperOrder) => void,
): MakerFill[] {
  const fills: MakerFill[] = [];
  let ours = ZERO;
  for (const place of level) {
    const { order } = place;
    // No book was seen yet: who stands ahead of us is unknown, so we do not claim the trade.
    if (order.ahead === undefined) continue;
    const told = place.shrunk.atMs === atMs ? smaller(place.shrunk.size, traded) : ZERO;
    place.shrunk = { atMs, size: place.shrunk.size.minus(told) };
    const untold = traded.minus(told);
    const reached = untold.minus(order.ahead).minus(ours);
    if (!order.ahead.isZero() && untold.gt(0)) {
      order.ahead = untold.gte(order.ahead) ? ZERO : order.ahead.minus(untold);
      moved(order);
    }
    const size = smaller(restingSize(order), reached);
    if (size.lte(0)) continue;
    fills.push({ order, size });
    ours = ours.plus(size);
  }
  return fills;
}

/** Better price first; at one price the earlier order, which can have no more ahead of it. */
function byPriority(a: PaperOrder, b: PaperOrder): number {
  if (a.side !== b.side) return a.side === 'BUY' ? -1 : 1;
  const byPrice = a.side === 'BUY' ? b.price.comparedTo(a.price) : a.price.comparedTo(b.price);
  return byPrice === 0 ? a.arrival - b.arrival : byPrice;
}

function smaller(a: Decimal, b: Decimal): Decimal {
  return a.lt(b) ? a : b;
}
