/**
 * Proves the books of one market against the hashes that its messages carry.
 *
 * Frames that share a timestamp are one batch: each carries the hash of the batch's end, so the
 * last one is checked once the market's time moves on. A trade's frames hash the new last trade
 * price before it is announced; that price is one of the levels that the batch moved.
 */
import { type DecimalText, decimal, ONE, toText } from '../../domain/decimal.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { MarketDataCounts } from '../../domain/market-data.ts';
import { bookHasher, hashedTradePrice } from './book-hash.ts';
import { countIgnored } from './counts.ts';
import { type LevelBook, priceKey } from './level-book.ts';
import type { WireBook, WirePriceChange } from './polymarket-wire.ts';

/** Prices tried for an unannounced trade; a batch that moves more levels is left unproven. */
const MAX_TRADE_PRICES_TRIED = 64;

/**
 * `unproven`: no hash has matched since the last picture, so a difference may be a field that we
 * do not know. `proven`: the last check matched. `suspect`: one failed after that.
 */
type Trust = 'unproven' | 'proven' | 'suspect';

/** What a message says that the book's hash is now. */
export interface PendingCheck {
  readonly hash: string;
  /** Where it stands. A whole book that differs is not a lost update. */
  readonly message: WireBook | WirePriceChange;
}

export interface ProvenBook {
  readonly book: LevelBook;
  readonly instrument: Instrument;
  trust: Trust;
  pending: PendingCheck | undefined;
}

export class MarketProof {
  readonly #books: ProvenBook[] = [];
  readonly #counts: MarketDataCounts;
  readonly #onLost: (book: ProvenBook, check: PendingCheck) => void;
  /** Timestamp of the batch that is being collected. */
  #batch = '';
  /** Keys of the levels that the batch moved: where its trade may have been. */
  readonly #moved = new Set<string>();
  /** As the hash covers it; undefined while nobody has said. */
  #lastTrade: string | undefined;

  /** `onLost` is called once each time that a proven book stops matching. */
  constructor(counts: MarketDataCounts, onLost: (book: ProvenBook, check: PendingCheck) => void) {
    this.#counts = counts;
    this.#onLost = onLost;
  }

  add(book: ProvenBook): void {
    this.#books.push(book);
  }

  /** Starts the batch of a timestamp, if it is not the one that is open. */
  open(timestamp: string): void {
    if (this.#batch === timestamp) return;
    this.close();
    this.#batch = timestamp;
  }

  /** Ends the batch: runs the checks that waited for it. */
  close(): void {
    for (const book of this.#books) {
      const pending = book.pending;
      book.pending = undefined;
      if (pending !== undefined) this.#check(book, pending);
    }
    this.#moved.clear();
  }

  /** Forgets every open check and what was proven. */
  reset(): void {
    for (const book of this.#books) {
      book.pending = undefined;
      book.trust = 'unproven';
    }
    this.#batch = '';
    this.#moved.clear();
  }

  /** Notes a level that the batch moved, by its key. */
  moved(key: string): void {
    this.#moved.add(key);
  }

  /** Replaces the check of a book: only the last one of a batch can be compared. */
  expect(book: ProvenBook, check: PendingCheck | undefined): void {
    const replaced = book.pending?.message;
    if (replaced !== undefined && replaced !== check?.message) this.#counts.hashBatched += 1;
    book.pending = check;
  }

  /** The last trade price as a book frame states it. */
  stateLastTrade(text: string): void {
    this.#lastTrade = text;
  }

  /** A trade was announced: the batch before it may already have hashed its price. */
  announceTrade(price: DecimalText): void {
    this.#moved.add(priceKey(price));
    this.close();
    this.#lastTrade = hashedTradePrice(price);
  }

  #check(proven: ProvenBook, pending: PendingCheck): void {
    const lastTrade = this.#lastTrade;
    if (lastTrade === undefined) {
      countIgnored(this.#counts, 'hash_not_checkable');
      return;
    }
    const { tokenId, minimumOrderSize, tickSize, negRisk } = proven.instrument;
    const { marketId, timestamp } = pending.message;
    const fields = { marketId, tokenId, timestamp, minimumOrderSize, tickSize, negRisk };
    const hashWith = bookHasher(proven.book, fields);
    for (const text of tradeTexts(lastTrade, this.#moved)) {
      if (hashWith(text) !== pending.hash) continue;
      this.#counts.hashChecks += 1;
      this.#lastTrade = text;
      proven.trust = 'proven';
      return;
    }
    this.#differs(proven, pending);
  }

  #differs(proven: ProvenBook, pending: PendingCheck): void {
    if (pending.message.type === 'book' || proven.trust === 'unproven') {
      // Nothing was lost: some field that the hash covers is not what we think it is.
      countIgnored(this.#counts, 'hash_not_reproduced');
      proven.trust = 'unproven';
      return;
    }
    this.#counts.hashChecks += 1;
    this.#counts.hashMismatches += 1;
    if (proven.trust === 'suspect') return;
    proven.trust = 'suspect';
    this.#onLost(proven, pending);
  }
}

/** The last trade price as it stands, then what an unannounced trade may have made of it. */
function* tradeTexts(known: string, moved: ReadonlySet<string>): Generator<string> {
  yield known;
  if (moved.size > MAX_TRADE_PRICES_TRIED) return;
  for (const key of moved) {
    const own = decimal(`0.${key}`);
    // The price is stated once for the market, in the terms of either outcome.
    yield hashedTradePrice(toText(own));
    yield hashedTradePrice(toText(ONE.minus(own)));
  }
}
