/**
 * The public books as the market channel tells them: what the exchange says becomes frames, with
 * the venue's hashes. Everything that happens before the next turn of the event loop is one batch:
 * its frames share a timestamp and carry the hash of its end, as the venue's do.
 *
 * Sources: recordings of 2026-09: a trade shows as price_change, book, book, and 100 ms later
 * last_trade_price.
 */
import type { Clock } from '../../actors/ports.ts';
import { assertInvariant } from '../../domain/faults.ts';
import type { Exchange, ExchangeEvent, Hex, SandboxMarket } from '../exchange/types.ts';
import { applyLevels, hashOf, type MarketState, readMarket, tradePriceText } from './book-state.ts';
import {
  bestFrame,
  bookFrame,
  changeFrame,
  resolvedFrame,
  tickFrame,
  tradeFrame,
} from './market-frames.ts';

/** A trade's price is announced this long after its books. Seen in recordings: 71 to 228 ms. */
const ANNOUNCED_AFTER_MS = 100;

export interface MarketFrame {
  /** `price_change`, `book` … */
  readonly type: string;
  readonly conditionId: Hex;
  /** Goes to whoever has subscribed to one of these. */
  readonly tokenIds: readonly string[];
  /** Only for connections with `custom_feature_enabled`. */
  readonly isCustom: boolean;
  readonly text: string;
}

/** One token's book at rest. */
export interface BookPicture {
  readonly market: SandboxMarket;
  readonly tokenId: string;
  readonly timestamp: string;
  readonly hash: string;
  readonly tickSize: string;
  /** Empty before the first trade. */
  readonly lastTradePrice: string;
  /** JSON lists of `{price, size}`, worst level first. */
  readonly bids: string;
  readonly asks: string;
  readonly bestBid: string | undefined;
  readonly bestAsk: string | undefined;
}

export interface MarketBooks {
  /** Undefined for a token that is unknown or whose market is resolved. */
  picture(tokenId: string): BookPicture | undefined;
  subscribe(listener: (frame: MarketFrame) => void): () => void;
  /** Sends what waits for the end of its batch now. */
  flush(): void;
  /** Reads every book from the exchange again, after it was restored. */
  reload(): void;
  stop(): void;
}

export function createMarketBooks(exchange: Exchange, clock: Clock): MarketBooks {
  return new Books(exchange, clock);
}

class Books implements MarketBooks {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #markets = new Map<Hex, MarketState>();
  readonly #listeners = new Set<(frame: MarketFrame) => void>();
  readonly #unsubscribe: () => void;

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#unsubscribe = exchange.subscribe((event) => this.#take(event));
    this.reload();
  }

  picture(tokenId: string): BookPicture | undefined {
    const market = this.#exchange.marketOfToken(tokenId);
    if (market === undefined || market.payout !== undefined) return undefined;
    const state = this.#stateOf(market.conditionId);
    this.#send(state);
    const token = state.tokens.find((candidate) => candidate.tokenId === tokenId);
    if (token === undefined) return undefined;
    return {
      market,
      tokenId,
      timestamp: String(state.timestampMs),
      hash: hashOf(state, token),
      tickSize: state.tickSize,
      lastTradePrice: state.lastTradePrice,
      bids: token.book.sideText('BUY'),
      asks: token.book.sideText('SELL'),
      bestBid: token.book.best.bid?.price,
      bestAsk: token.book.best.ask?.price,
    };
  }

  subscribe(listener: (frame: MarketFrame) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  flush(): void {
    for (const state of this.#markets.values()) this.#send(state);
  }

  reload(): void {
    for (const state of this.#markets.values()) state.cancelAnnouncement?.();
    this.#markets.clear();
    for (const conditionId of this.#exchange.markets.keys()) this.#stateOf(conditionId);
  }

  stop(): void {
    this.#unsubscribe();
    this.#listeners.clear();
    for (const state of this.#markets.values()) state.cancelAnnouncement?.();
  }

  #stateOf(conditionId: Hex): MarketState {
    const known = this.#markets.get(conditionId);
    if (known !== undefined) return known;
    const market = this.#exchange.markets.get(conditionId);
    assertInvariant(market !== undefined, 'the exchange knows the market', { conditionId });
    const state = readMarket(this.#exchange, market, this.#clock.now());
    this.#markets.set(conditionId, state);
    return state;
  }

  #take(event: ExchangeEvent): void {
    if (event.type === 'order' || event.type === 'trade') return;
    // A market that the exchange has just learned of is read with all that has happened to it.
    const isNew = !this.#markets.has(event.conditionId);
    const state = this.#stateOf(event.conditionId);
    switch (event.type) {
      case 'levels':
        if (!isNew) applyLevels(state, event.changes);
        this.#schedule(state);
        break;
      case 'print':
        state.printed.push(event);
        state.lastTradePrice = tradePriceText(event.price);
        this.#schedule(state);
        break;
      case 'tickSize': {
        // Hashes cover the tick: what happened before is told with the old one.
        this.#send(state);
        state.tickSize = event.newTickSize;
        const timestamp = this.#stamp(state);
        for (const { tokenId } of state.tokens) {
          this.#tell(state, 'tick_size_change', tickFrame(event, tokenId, timestamp), [tokenId]);
        }
        break;
      }
      case 'resolved':
        this.#send(state);
        this.#announce(state);
        this.#tellCustom(state, 'market_resolved', resolvedFrame(state, this.#stamp(state)));
        break;
    }
  }

  #schedule(state: MarketState): void {
    if (state.isScheduled) return;
    state.isScheduled = true;
    queueMicrotask(() => this.#send(state));
  }

  /** The end of a batch: its frames, and the trades that are announced a moment later. */
  #send(state: MarketState): void {
    state.isScheduled = false;
    const { changes, printed } = state;
    if (changes.length === 0 && printed.length === 0) return;
    state.changes = [];
    state.printed = [];
    const timestamp = this.#stamp(state);
    const hashes = new Map(state.tokens.map((token) => [token.tokenId, hashOf(state, token)]));
    for (const pair of changes) {
      this.#tell(state, 'price_change', changeFrame(state, pair, timestamp, hashes));
    }
    if (printed.length > 0) {
      for (const token of state.tokens) {
        this.#tell(state, 'book', bookFrame(state, token, timestamp, hashes), [token.tokenId]);
      }
      state.announced.push(...printed);
      // All that were not announced yet go together: one by one, an older price would contradict
      // the hashes of a later trade.
      state.cancelAnnouncement ??= this.#clock.at(this.#clock.now() + ANNOUNCED_AFTER_MS, () =>
        this.#announce(state),
      );
    }
    for (const token of state.tokens) {
      const { bid, ask } = token.book.best;
      if (bid?.price === token.bid && ask?.price === token.ask) continue;
      token.bid = bid?.price;
      token.ask = ask?.price;
      const frame = bestFrame(state, token, timestamp);
      this.#tellCustom(state, 'best_bid_ask', frame, [token.tokenId]);
    }
  }

  #announce(state: MarketState): void {
    state.cancelAnnouncement?.();
    state.cancelAnnouncement = undefined;
    const prints = state.announced;
    state.announced = [];
    for (const print of prints) {
      const frame = tradeFrame(print, this.#clock.now());
      this.#tell(state, 'last_trade_price', frame, [print.tokenId]);
    }
  }

  /** To all who have subscribed to one of the tokens; both unless told otherwise. */
  #tell(
    { market: { conditionId, tokens } }: MarketState,
    type: string,
    text: string,
    tokenIds: readonly string[] = tokens.map(({ tokenId }) => tokenId),
    isCustom = false,
  ): void {
    for (const listener of this.#listeners) {
      listener({ type, conditionId, tokenIds, isCustom, text });
    }
  }

  #tellCustom(state: MarketState, type: string, text: string, tokenIds?: readonly string[]): void {
    this.#tell(state, type, text, tokenIds, true);
  }

  /** Never twice the same in a market: then every batch can be proven by its hash. */
  #stamp(state: MarketState): string {
    state.timestampMs = Math.max(this.#clock.now(), state.timestampMs + 1);
    return String(state.timestampMs);
  }
}
