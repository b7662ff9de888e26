/**
 * The mutable book of one outcome: price levels with absolute sizes, best level first. It keeps the
 * source's own texts, because the venue's hash covers them, and orders by value.
 */
import type { DecimalText } from '../../domain/decimal.ts';
import { InvalidValue } from '../../domain/faults.ts';
import type { InstrumentId, Side } from '../../domain/instrument.ts';
import type { BookLevel, BookSnapshot } from '../../domain/market-data.ts';

/** A tick of 0.0001 has 9,999 prices; a side with more levels than that is not a book. */
export const MAX_LEVELS_A_SIDE = 10_000;

/** What a snapshot says beside the levels. */
export interface SnapshotHead {
  readonly instrumentId: InstrumentId;
  readonly atMs: number;
  readonly tickSize: DecimalText;
  readonly lastTradePrice?: DecimalText;
}

const PRICE = /^0?\.(\d{1,6})0{0,12}$/;
const SIZE = /^(?:\d{1,24}(?:\.\d{1,6}0{0,12})?|\.\d{1,6}0{0,12})$/;
const NOTHING = /^[0.]+$/;
const ZERO_KEY = '000000';

/**
 * The price as six digits of millionths: comparing two keys as text compares the prices, without
 * a decimal object for every comparison.
 *
 * @throws {InvalidValue} unless 0 < price < 1 with at most 6 decimals.
 */
export function priceKey(price: unknown, place = 'price'): string {
  const digits = typeof price === 'string' ? PRICE.exec(price)?.[1] : undefined;
  const key = digits?.padEnd(6, '0');
  if (key === undefined || key === ZERO_KEY) {
    throw new InvalidValue(place, price, 'a price strictly between 0 and 1, as decimal text');
  }
  return key;
}

/** @throws {InvalidValue} unless size >= 0, as decimal text with at most 6 decimals. */
export function levelSize(size: unknown, place = 'size'): DecimalText {
  if (typeof size !== 'string' || !SIZE.test(size)) {
    throw new InvalidValue(place, size, 'a size of zero or more, as decimal text');
  }
  return size;
}

export class LevelBook {
  readonly #bids = new BookSide(true);
  readonly #asks = new BookSide(false);
  #snapshot: BookSnapshot | undefined;

  /**
   * Takes a whole book, levels in any order. Zero sizes are left out; of two levels at one price
   * the later one counts.
   *
   * @returns The price keys whose size is not what it was.
   * @throws {InvalidValue} for a bad price or size; the book is then unchanged.
   */
  replace(bids: readonly BookLevel[], asks: readonly BookLevel[]): string[] {
    const nextBids = prepareSide(bids, true, 'bids');
    const nextAsks = prepareSide(asks, false, 'asks');
    const moved = [...this.#bids.take(nextBids), ...this.#asks.take(nextAsks)];
    this.#snapshot = undefined;
    return moved;
  }

  /**
   * Sets the absolute size at a price; zero deletes the level. BUY is the bid side.
   *
   * @returns False when nothing changed.
   * @throws {InvalidValue} for a bad price or size, or for a level too many.
   */
  set(side: Side, price: DecimalText, size: DecimalText): boolean {
    const changed = (side === 'BUY' ? this.#bids : this.#asks).set(
      priceKey(price),
      price,
      levelSize(size),
    );
    if (changed) this.#snapshot = undefined;
    return changed;
  }

  /** The best level of each side, where there is one. */
  get best(): { readonly bid: BookLevel | undefined; readonly ask: BookLevel | undefined } {
    return { bid: this.#bids.levels[0], ask: this.#asks.levels[0] };
  }

  /** A frozen picture, best first. A side that did not change is shared with the last picture. */
  snapshot(head: SnapshotHead): BookSnapshot {
    const last = this.#snapshot;
    if (
      last !== undefined &&
      last.atMs === head.atMs &&
      last.instrumentId === head.instrumentId &&
      last.tickSize === head.tickSize &&
      last.lastTradePrice === head.lastTradePrice
    ) {
      return last;
    }
    const next = Object.freeze({ ...head, bids: this.#bids.frozen(), asks: this.#asks.frozen() });
    this.#snapshot = next;
    return next;
  }

  /** A side as the venue's hash wants it: compact JSON, worst level first on both sides. */
  sideText(side: Side): string {
    return (side === 'BUY' ? this.#bids : this.#asks).text();
  }
}

interface SideContent {
  readonly keys: string[];
  readonly levels: BookLevel[];
}

function prepareSide(
  levels: readonly BookLevel[],
  descending: boolean,
  place: string,
): SideContent {
  if (levels.length > MAX_LEVELS_A_SIDE) {
    throw new InvalidValue(place, levels.length, `at most ${MAX_LEVELS_A_SIDE} levels a side`);
  }
  const byKey = new Map<string, BookLevel>();
  for (const [index, { price, size }] of levels.entries()) {
    const key = priceKey(price, `${place}[${index}].price`);
    levelSize(size, `${place}[${index}].size`);
    if (NOTHING.test(size)) byKey.delete(key);
    else byKey.set(key, Object.freeze({ price, size }));
  }
  const sorted = [...byKey].sort(([left], [right]) => (left < right !== descending ? -1 : 1));
  return { keys: sorted.map(([key]) => key), levels: sorted.map(([, level]) => level) };
}

/** One side, sorted best first: two parallel arrays, found by binary search. */
class BookSide {
  readonly #descending: boolean;
  #keys: string[] = [];
  #frozen: readonly BookLevel[] | undefined;
  #text: string | undefined;
  levels: BookLevel[] = [];

  constructor(descending: boolean) {
    this.#descending = descending;
  }

  take(content: SideContent): string[] {
    const before = new Map(this.#keys.map((key, index) => [key, this.levels[index]?.size]));
    const moved: string[] = [];
    for (const [index, key] of content.keys.entries()) {
      if (before.get(key) !== content.levels[index]?.size) moved.push(key);
      before.delete(key);
    }
    this.#keys = content.keys;
    this.levels = content.levels;
    this.#forget();
    return [...moved, ...before.keys()];
  }

  set(key: string, price: DecimalText, size: DecimalText): boolean {
    const index = this.#find(key);
    const present = this.#keys[index] === key;
    if (NOTHING.test(size)) {
      if (!present) return false;
      this.#keys.splice(index, 1);
      this.levels.splice(index, 1);
    } else if (present) {
      const level = this.levels[index];
      if (level?.size === size && level.price === price) return false;
      this.levels[index] = Object.freeze({ price, size });
    } else {
      if (this.#keys.length >= MAX_LEVELS_A_SIDE) {
        throw new InvalidValue('levels', price, `at most ${MAX_LEVELS_A_SIDE} levels a side`);
      }
      this.#keys.splice(index, 0, key);
      this.levels.splice(index, 0, Object.freeze({ price, size }));
    }
    this.#forget();
    return true;
  }

  frozen(): readonly BookLevel[] {
    this.#frozen ??= Object.freeze(this.levels.slice());
    return this.#frozen;
  }

  /** Texts passed the patterns above: digits and a point, so nothing needs escaping. */
  text(): string {
    if (this.#text === undefined) {
      let text = '';
      for (let index = this.levels.length - 1; index >= 0; index -= 1) {
        const level = this.levels[index];
        if (level === undefined) break;
        text += `${text === '' ? '' : ','}{"price":"${level.price}","size":"${level.size}"}`;
      }
      this.#text = `[${text}]`;
    }
    return this.#text;
  }

  #forget(): void {
    this.#frozen = undefined;
    this.#text = undefined;
  }

  /** The index of the key, or where it belongs. */
  #find(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#keys[middle] ?? '';
      const before = this.#descending ? there > key : there < key;
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
