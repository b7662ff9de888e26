/**
 * From frames to market events: keeps one book for every outcome, applies what arrives and has the
 * result proven against the venue's hash wherever that can be done.
 */
import { type DecimalText, decimal, ONE, toText } from '../../domain/decimal.ts';
import type { Instrument, InstrumentId } from '../../domain/instrument.ts';
import type { MarketDataCounts, MarketEvent } from '../../domain/market-data.ts';
import { MarketProof, type PendingCheck, type ProvenBook } from './book-proof.ts';
import { countIgnored, type FeedLog, silentLog } from './counts.ts';
import { LevelBook, priceKey } from './level-book.ts';
import type {
  WireBook,
  WireFrame,
  WireMessage,
  WirePriceChange,
  WireTickSize,
  WireTrade,
} from './polymarket-wire.ts';

export interface BookKeeperOptions {
  readonly instruments: readonly Instrument[];
  readonly counts: MarketDataCounts;
  readonly log?: FeedLog;
  /** Called when a proven book stops matching: an update was lost, a new picture is needed. */
  readonly onSuspect?: (id: InstrumentId) => void;
  /** Asked once for a token that nobody named; undefined leaves it ignored and counted. */
  readonly discover?: (tokenId: string, marketId: string) => Instrument | undefined;
}

interface MarketState {
  readonly tokens: TokenState[];
  readonly proof: MarketProof;
}

interface TokenState extends ProvenBook {
  instrument: Instrument;
  readonly market: MarketState;
  /** Time of the last whole book; undefined: none since the start or the last reset. */
  pictureAtMs: number | undefined;
  atMs: number;
  lastTradePrice: DecimalText | undefined;
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
    for (const market of this.#markets.values()) market.proof.close();
  }

  /** Forgets what was proven: after a reconnect only whole books count until each has come. */
  reset(): void {
    for (const token of this.#tokens.values()) token.pictureAtMs = undefined;
    for (const market of this.#markets.values()) market.proof.reset();
  }

  #add(instrument: Instrument): TokenState {
    let market = this.#markets.get(instrument.marketId);
    if (market === undefined) {
      market = { tokens: [], proof: new MarketProof(this.#counts, this.#lost) };
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
    market.proof.add(token);
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
        this.#applyBook(message, turn);
        break;
      case 'priceChange':
        this.#applyChanges(message, turn);
        break;
      case 'trade':
        this.#applyTrade(message, turn);
        break;
      case 'tickSize':
        this.#applyTickSize(message, turn);
        break;
      case 'ignored':
        countIgnored(this.#counts, message.eventType);
        break;
    }
  }

  #applyBook(message: WireBook, turn: Turn): void {
    const token = this.#token(message.tokenId, message.marketId);
    if (token === undefined) return;
    // A suspect book is worse than an old one, so it takes any picture.
    if (token.pictureAtMs !== undefined && message.atMs < token.atMs && token.trust !== 'suspect') {
      countIgnored(this.#counts, 'stale_book');
      return;
    }
    const { proof } = token.market;
    proof.open(message.timestamp);
    if (message.tickSize !== undefined) this.#setTick(token, message.tickSize, message.atMs, turn);
    const first = token.pictureAtMs === undefined;
    for (const key of token.book.replace(message.bids, message.asks)) {
      if (!first) proof.moved(key);
    }
    if (message.lastTradePrice !== undefined) proof.stateLastTrade(message.lastTradePrice);
    if (token.trust === 'suspect') token.trust = 'unproven';
    token.pictureAtMs = message.atMs;
    token.atMs = message.atMs;
    proof.expect(token, checkOf(message, message.hash));
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
      const { proof } = token.market;
      proof.open(message.timestamp);
      token.book.set(change.side, change.price, change.size);
      proof.moved(priceKey(change.price));
      token.atMs = Math.max(token.atMs, message.atMs);
      proof.expect(token, checkOf(message, change.hash));
      turn.changed.add(token);
    }
  }

  #applyTrade(message: WireTrade, turn: Turn): void {
    const token = this.#token(message.tokenId, message.marketId);
    if (token === undefined) return;
    const { market, instrument } = token;
    market.proof.announceTrade(message.price);
    const price = decimal(message.price);
    for (const other of market.tokens) {
      other.lastTradePrice = toText(other === token ? price : ONE.minus(price));
    }
    if (
      message.size === undefined ||
      message.side === undefined ||
      decimal(message.size).isZero()
    ) {
      countIgnored(this.#counts, 'last_trade_price_without_trade');
      return;
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
    token.market.proof.close();
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

  readonly #lost = (lost: ProvenBook, check: PendingCheck): void => {
    const instrumentId = lost.instrument.id;
    const { hash, message } = check;
    this.#log('warn', 'An update was lost: the book does not match the hash of the venue.', {
      instrumentId,
      timestamp: message.timestamp,
      hash,
    });
    this.#onSuspect(instrumentId);
  };
}

function checkOf(
  message: WireBook | WirePriceChange,
  hash: string | undefined,
): PendingCheck | undefined {
  return hash === undefined ? undefined : { hash, message };
}
