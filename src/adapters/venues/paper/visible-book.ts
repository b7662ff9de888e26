/**
 * The newest public book of one instrument, and what we took from it. A paper order changes nothing
 * in the real market, so the book goes on showing shares that we have already had: they are
 * remembered per level and not sold to us twice.
 *
 * How the memory fades: at every new book, `consumed` of a level shrinks to the size shown there (the
 * rest was taken by others), and is forgotten when the level is gone. What is added to a level is
 * new, so an upward change is ours to take: available = shown - consumed. A restart forgets it.
 */
import { Decimal, decimal, MAX_DECIMALS, ZERO } from '../../../domain/decimal.ts';
import type { Side } from '../../../domain/instrument.ts';
import type { BookLevel, BookSnapshot } from '../../../domain/market-data.ts';
import type { Take } from './records.ts';

export interface TakePlan {
  /** Best price first; one entry per level. */
  readonly takes: readonly Take[];
  /** All the shares, or all the money down to less than one smallest share, could be placed. */
  readonly complete: boolean;
}

interface Level {
  readonly price: Decimal;
  readonly shown: Decimal;
  consumed: Decimal;
}

interface Levels {
  /** Both best first. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** Something is consumed: the next book must carry it over. */
  touched: boolean;
}

/** Sizes have 6 decimals, as on chain. */
const SMALLEST = decimal('0.000001');
const floorShares = (size: Decimal): Decimal =>
  size.toDecimalPlaces(MAX_DECIMALS, Decimal.ROUND_DOWN);

export class VisibleBook {
  #newest: BookSnapshot | undefined;
  /** Read from `#newest` only when somebody asks: most books pass without an order of ours. */
  #levels: Levels | undefined;

  /** False until the first book came: nothing can be said about queues before. */
  get seen(): boolean {
    return this.#newest !== undefined;
  }

  replace(book: BookSnapshot): void {
    this.#newest = book;
    this.#levels = this.#levels?.touched ? renew(this.#levels, book) : undefined;
  }

  /** Shares shown at `price` on the side where an order of `side` rests. */
  shownAt(side: Side, price: Decimal): Decimal {
    const { bids, asks } = this.#read();
    return find(side === 'BUY' ? bids : asks, price)?.shown ?? ZERO;
  }

  /** True when an order of `side` with this limit would take something now. */
  crosses(side: Side, limit: Decimal): boolean {
    return this.plan(side, limit, { size: SMALLEST }).takes.length > 0;
  }

  /**
   * What an order would take, best level first and never beyond its limit or the shares shown.
   * Money buys shares floored to 6 decimals at every level, so it is never overspent.
   */
  plan(
    side: Side,
    limit: Decimal,
    wanted: { readonly size: Decimal } | { readonly amountUsd: Decimal },
  ): TakePlan {
    const takes: Take[] = [];
    let size = 'size' in wanted ? wanted.size : undefined;
    let amountUsd = 'amountUsd' in wanted ? wanted.amountUsd : ZERO;
    for (const level of this.#opposite(side)) {
      if (side === 'BUY' ? level.price.gt(limit) : level.price.lt(limit)) break;
      const available = floorShares(level.shown.minus(level.consumed));
      if (available.lte(0)) continue;
      const asked = size ?? floorShares(amountUsd.div(level.price));
      const taken = asked.lt(available) ? asked : available;
      if (taken.gt(0)) takes.push({ price: level.price, size: taken });
      if (asked.lte(available)) return { takes, complete: takes.length > 0 };
      if (size !== undefined) size = size.minus(taken);
      else amountUsd = amountUsd.minus(taken.times(level.price));
    }
    return { takes, complete: false };
  }

  /** Remembers that `takes`, planned for an order of `side`, were ours. */
  consume(side: Side, takes: readonly Take[]): void {
    for (const take of takes) {
      const level = find(this.#opposite(side), take.price);
      if (level !== undefined) level.consumed = level.consumed.plus(take.size);
    }
    if (takes.length > 0) this.#read().touched = true;
  }

  /** The levels that an order of `side` takes from. */
  #opposite(side: Side): readonly Level[] {
    const { bids, asks } = this.#read();
    return side === 'BUY' ? asks : bids;
  }

  #read(): Levels {
    this.#levels ??= renew(EMPTY, this.#newest ?? EMPTY);
    return this.#levels;
  }
}

const EMPTY = { bids: [], asks: [], touched: false } as const;

function find(levels: readonly Level[], price: Decimal): Level | undefined {
  return levels.find((level) => level.price.eq(price));
}

function renew(known: Levels, shown: Pick<BookSnapshot, 'bids' | 'asks'>): Levels {
  const bids = carryOver(known.bids, shown.bids);
  const asks = carryOver(known.asks, shown.asks);
  return { bids, asks, touched: [...bids, ...asks].some((level) => !level.consumed.isZero()) };
}

function carryOver(known: readonly Level[], shown: readonly BookLevel[]): readonly Level[] {
  const consumed = known.filter((level) => !level.consumed.isZero());
  return shown.map((entry) => {
    const price = decimal(entry.price);
    const size = decimal(entry.size);
    const before = find(consumed, price)?.consumed ?? ZERO;
    return { price, shown: size, consumed: before.lt(size) ? before : size };
  });
}
