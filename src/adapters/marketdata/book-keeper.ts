/**
 * From frames to market events: keeps one book for every outcome, applies what arrives and proves
 * the result against the venue's hash wherever that can be done.
 *
 * Frames that share a timestamp are one batch: each carries the hash of the batch's end, so the
 * last one is checked once the market's time moves on. A trade's frames hash the new last trade
 * price before it is announced; that price is one of the levels that the batch moved.
 */
import { type DecimalText, decimal, ONE, toText } from '../../domain/decimal.ts';
import type { Instrument, InstrumentId } from '../../domain/instrument.ts';
import type { MarketDataCounts, MarketEvent } from '../../domain/market-data.ts';
import { bookHasher, hashedTradePrice } from './book-hash.ts';
import { countIgnored, type FeedLog, silentLog } from './counts.ts';
import { LevelBook } from './level-book.ts';
import type {
  WireBook,
  WireFrame,
  WireMessage,
  WirePriceChange,
  WireTickSize,
  WireTrade,
} from './polymarket-wire.ts';

/** Prices tried for an unannounced trade; a batch that moves more levels is left unproven. */
const MAX_TRADE_PRICES_TRIED = 64;

export interface BookKeeperOptions {
  readonly instruments: readonly Instrument[];
  readonly counts: MarketDataCounts;
  readonly log?: FeedLog;
  /** Called when a proven book stops matching: an update was lost, a new picture is needed. */
  readonly onSuspect?: (id: InstrumentId) => void;
  /** Asked once for a token that nobody named; undefined leaves it ignored and counted. */
  readonly discover?: (tokenId: string, marketId: string) => Instrument | undefined;
}

/**
 * `unproven`: no hash has matched yet, so a difference may be a field that we do not know.
 * `proven`: the last check matched. `suspect`: a check failed after one had matched.
 */
type Trust = 'unproven' | 'proven' | 'suspect';

interface PendingCheck {
  readonly hash: string;
  readonly marketId: string;
  readonly timestamp: string;
  /** The message held the whole book: a difference cannot be a lost update. */
  readonly whole: boolean;
}

interface TokenState {
  instrument: Instrument;
  readonly market: MarketState;
  readonly book: LevelBook;
  /** Time of the last whole book; undefined: none since the start or the last reset. */
  pictureAtMs: number | undefined;
  atMs: number;
  trust: Trust;
  pending: PendingCheck | undefined;
  lastTradePrice: DecimalText | undefined;
}

interface MarketState {
  readonly tokens: TokenState[];
  /** Timestamp of the batch that is being collected. */
  batch: string;
  /** Keys of the levels that the batch moved: where its trade may have been. */
  readonly moved: Set<string>;
  /** As the hash covers it. */
  lastTradeText: string | undefined;
}

interface Turn {
  readonly ticks: MarketEvent[];
  readonly changed: Set<TokenState>;
  readonly trades: MarketEvent[];
}

export class BookKeeper {
  readonly #tokens = new Map<string, TokenState>();
  readonly #markets = new Map<string, MarketState>();
  readonly #counts: MarketDataCounts;
  readonly #log: FeedLog;
  readonly #onSuspect: (id: InstrumentId) => void;
  readonly #discover: (tokenId: string, marketId: string) => Instrument | undefined;

  constructor(options: BookKeeperOptions) {
    this.#counts = options.counts;
    this.#log = options.log ?? silentLog;
    this.#onSuspect = options.onSuspect ?? (() => undefined);
    this.#discover = options.discover ?? (() => undefined);
    for (const instrument of options.instruments) this.#add(instrument);
  }

  /** The instruments with the tick sizes that the venue last stated. */
  instruments(): readonly Instrument[] {
    return [...this.#tokens.values()].map((token) => token.instrument);
  }

  /** Instruments whose book no longer matches the venue's hash. */
  suspects(): readonly InstrumentId[] {
    return [...this.#tokens.values()]
      .filter((token) => token.trust === 'suspect')
      .map((token) => token.instrument.id);
  }

  /**
   * Applies one frame. Gives tick size changes first, then one book for every outcome that the
   * frame touched, then trades.
   */
  apply(frame: WireFrame): MarketEvent[] {
    if (frame.type === 'keepAlive') {
      this.#counts.messages += 1;
      return [];
    }
    const turn: Turn = { ticks: [], changed: new Set(), trades: [] };
    for (const message of frame.messages) {
      this.#counts.messages += 1;
      this.#applyMessage(message, turn);
    }
    const books = [...turn.changed].map((token) => this.#publish(token));
    return [...turn.ticks, ...books, ...turn.trades];
  }

  /** Runs the checks that wait for their batch to end. Call when no more frames will join it. */
  settle(): void {
    for (const market of this.#markets.values()) this.#closeBatch(market);
  }

  /** Forgets what was proven: after a reconnect only whole books count until each has come. */
  reset(): void {
    for (const token of this.#tokens.values()) {
      token.pictureAtMs = undefined;
      token.pending = undefined;
      token.trust = 'unproven';
    }
    for (const market of this.#markets.values()) {
      market.batch = '';
      market.moved.clear();
    }
  }

  #add(instrument: Instrument): TokenState {
    let market = this.#markets.get(instrument.marketId);
    if (market === undefined) {
      market = { tokens: [], batch: '', moved: new Set(), lastTradeText: undefined };
      this.#markets.set(instrument.marketId, market);
    }
    const token: TokenState = {
      instrument,
      market,
      book: new LevelBook(),
      pictureAtMs: undefined,
      atMs: 0,
      trust: 'unproven',
      pending: undefined,
      lastTradePrice: undefined,
    };
    market.tokens.push(token);
    this.#tokens.set(instrument.tokenId, token);
    return token;
  }

  #token(tokenId: string, marketId: string): TokenState | undefined {
    const known = this.#tokens.get(tokenId);
    if (known !== undefined) return known;
    const found = this.#discover(tokenId, marketId);
    if (found !== undefined) return this.#add(found);
    countIgnored(this.#counts, 'unknown_token');
    return undefined;
  }

  #applyMessage(message: WireMessage, turn: Turn): void {
    switch (message.type) {
      case 'book':
        return this.#applyBook(message, turn);
      case 'priceChange':
        return this.#applyChanges(message, turn);
      case 'trade':
        return this.#applyTrade(message, turn);
      case 'tickSize':
        return this.#applyTickSize(message, turn);
      case 'ignored':
        return countIgnored(this.#counts, message.eventType);
    }
  }

  #applyBook(message: WireBook, turn: Turn): void {
    const token = this.#token(message.tokenId, message.marketId);
    if (token === undefined) return;
    // A suspect book is worse than an old one, so it takes any picture.
    if (token.pictureAtMs !== undefined && message.atMs < token.atMs && token.trust !== 'suspect') {
      return countIgnored(this.#counts, 'stale_book');
    }
    this.#openBatch(token.market, message.timestamp);
    if (message.tickSize !== undefined) this.#setTick(token, message.tickSize, message.atMs, turn);
    for (const key of token.book.replace(message.bids, message.asks)) {
      if (token.pictureAtMs !== undefined) token.market.moved.add(key);
    }
    if (message.lastTradePrice !== undefined) token.market.lastTradeText = message.lastTradePrice;
    if (token.trust === 'suspect') token.trust = 'unproven';
    token.pictureAtMs = message.atMs;
    token.atMs = message.atMs;
    this.#expect(token, message, message.hash, true);
    turn.changed.add(token);
  }

  #applyChanges(message: WirePriceChange, turn: Turn): void {
    for (const change of message.changes) {
      const token = this.#token(change.tokenId, message.marketId);
      if (token === undefined) continue;
      if (token.pictureAtMs === undefined) {
        countIgnored(this.#counts, 'price_change_before_book');
        continue;
      }
      if (message.atMs < token.pictureAtMs) {
        countIgnored(this.#counts, 'stale_price_change');
        continue;
      }
      this.#openBatch(token.market, message.timestamp);
      token.book.set(change.side, change.price, change.size);
      token.market.moved.add(change.price);
      token.atMs = Math.max(token.atMs, message.atMs);
      this.#expect(token, message, change.hash, false);
      turn.changed.add(token);
    }
  }

  #applyTrade(message: WireTrade, turn: Turn): void {
    const token = this.#token(message.tokenId, message.marketId);
    if (token === undefined) return;
    const { market, instrument } = token;
    // The announcement may name the very price that the batch before it hashed.
    market.moved.add(message.price);
    this.#closeBatch(market);
    market.lastTradeText = hashedTradePrice(message.price);
    const price = decimal(message.price);
    for (const other of market.tokens) {
      other.lastTradePrice = toText(other === token ? price : ONE.minus(price));
    }
    if (
      message.size === undefined ||
      message.side === undefined ||
      decimal(message.size).isZero()
    ) {
      return countIgnored(this.#counts, 'last_trade_price_without_trade');
    }
    this.#counts.trades += 1;
    turn.trades.push({
      type: 'market.traded',
      trade: {
        instrumentId: instrument.id,
        atMs: message.atMs,
        price: message.price,
        size: message.size,
        side: message.side,
      },
    });
  }

  #applyTickSize(message: WireTickSize, turn: Turn): void {
    const token = this.#token(message.tokenId, message.marketId);
    if (token === undefined) return;
    this.#closeBatch(token.market);
    this.#setTick(token, message.tickSize, message.atMs, turn);
  }

  #setTick(token: TokenState, tickSize: DecimalText, atMs: number, turn: Turn): void {
    if (token.instrument.tickSize === tickSize) return;
    token.instrument = { ...token.instrument, tickSize };
    turn.ticks.push({
      type: 'market.tickSizeChanged',
      instrumentId: token.instrument.id,
      tickSize,
      atMs,
    });
  }

  #publish(token: TokenState): MarketEvent {
    this.#counts.books += 1;
    const { instrument, lastTradePrice } = token;
    return {
      type: 'market.bookChanged',
      book: token.book.snapshot({
        instrumentId: instrument.id,
        atMs: token.atMs,
        tickSize: instrument.tickSize,
        ...(lastTradePrice === undefined ? {} : { lastTradePrice }),
      }),
    };
  }

  // ------------------------------------------------------------------------------------- proving

  #openBatch(market: MarketState, timestamp: string): void {
    if (market.batch === timestamp) return;
    this.#closeBatch(market);
    market.batch = timestamp;
  }

  #closeBatch(market: MarketState): void {
    for (const token of market.tokens) {
      const pending = token.pending;
      token.pending = undefined;
      if (pending !== undefined) this.#check(token, pending);
    }
    market.moved.clear();
  }

  #expect(
    token: TokenState,
    message: WireBook | WirePriceChange,
    hash: string | undefined,
    whole: boolean,
  ): void {
    if (token.pending !== undefined) this.#counts.hashBatched += 1;
    const { marketId, timestamp } = message;
    token.pending = hash === undefined ? undefined : { hash, marketId, timestamp, whole };
  }

  #check(token: TokenState, pending: PendingCheck): void {
    const { market, instrument } = token;
    if (market.lastTradeText === undefined) {
      return countIgnored(this.#counts, 'hash_not_checkable');
    }
    const hashWith = bookHasher(token.book, { ...pending, ...instrument });
    const match = tradeTexts(market.lastTradeText, market.moved).find(
      (text) => hashWith(text) === pending.hash,
    );
    if (match !== undefined) {
      this.#counts.hashChecks += 1;
      market.lastTradeText = match;
      token.trust = 'proven';
      return;
    }
    if (pending.whole || token.trust === 'unproven') {
      // Nothing was lost: some field that the hash covers is not what we think it is.
      countIgnored(this.#counts, 'hash_not_reproduced');
      return;
    }
    this.#counts.hashChecks += 1;
    this.#counts.hashMismatches += 1;
    if (token.trust === 'suspect') return;
    token.trust = 'suspect';
    this.#log('warn', 'An update was lost: the book does not match the hash of the venue.', {
      instrumentId: instrument.id,
      timestamp: pending.timestamp,
      hash: pending.hash,
    });
    this.#onSuspect(instrument.id);
  }
}

/** The last trade price as it stands, then what an unannounced trade may have made of it. */
function* tradeTexts(known: string, moved: ReadonlySet<string>): Generator<string> {
  yield known;
  if (moved.size > MAX_TRADE_PRICES_TRIED) return;
  for (const price of moved) {
    const own = decimal(price.includes('.') ? price : `0.${price}`);
    yield hashedTradePrice(toText(own));
    yield hashedTradePrice(toText(ONE.minus(own)));
  }
}
