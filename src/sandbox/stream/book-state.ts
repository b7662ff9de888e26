/** The books of one market as they were told last, and what waits to be told. */
import { bookHasher, hashedTradePrice } from '../../adapters/marketdata/book-hash.ts';
import { LevelBook } from '../../adapters/marketdata/level-book.ts';
import type {
  Exchange,
  ExchangeEvent,
  LevelChange,
  Micros,
  SandboxMarket,
} from '../exchange/types.ts';
import { microsText } from '../numbers.ts';

export type EventOf<Type extends ExchangeEvent['type']> = Extract<ExchangeEvent, { type: Type }>;

export interface TokenState {
  readonly tokenId: string;
  readonly book: LevelBook;
  /** The best prices that were told last. */
  bid: string | undefined;
  ask: string | undefined;
}

export interface MarketState {
  readonly market: SandboxMarket;
  readonly tokens: readonly [TokenState, TokenState];
  tickSize: string;
  timestampMs: number;
  /** As the hash covers it; empty before the first trade. */
  lastTradePrice: string;
  /** Level changes of the batch, an outcome and its mirror together. */
  changes: (readonly LevelChange[])[];
  /** Trades of the batch, then those that wait to be announced. */
  printed: EventOf<'print'>[];
  announced: EventOf<'print'>[];
  cancelAnnouncement: (() => void) | undefined;
  isScheduled: boolean;
}

/** A market as the exchange has it now. */
export function readMarket(exchange: Exchange, market: SandboxMarket, nowMs: number): MarketState {
  const [yes, no] = market.tokens;
  const { lastTradePrice } = exchange.book(yes.tokenId);
  return {
    market,
    tokens: [readToken(exchange, yes.tokenId), readToken(exchange, no.tokenId)],
    tickSize: market.tickSize,
    timestampMs: nowMs,
    lastTradePrice: lastTradePrice === undefined ? '' : tradePriceText(lastTradePrice),
    changes: [],
    printed: [],
    announced: [],
    cancelAnnouncement: undefined,
    isScheduled: false,
  };
}

function readToken(exchange: Exchange, tokenId: string): TokenState {
  const { bids, asks } = exchange.book(tokenId);
  const text = (levels: readonly { price: Micros; size: Micros }[]) =>
    levels.map(({ price, size }) => ({ price: microsText(price), size: microsText(size) }));
  const book = new LevelBook();
  book.replace(text(bids), text(asks));
  return { tokenId, book, bid: book.best.bid?.price, ask: book.best.ask?.price };
}

/** A trade's price in the market's words: not mirrored, at least three decimals. */
export function tradePriceText(price: Micros): string {
  return hashedTradePrice(microsText(price));
}

/** Sets the levels of both tokens and keeps the changes for the batch. */
export function applyLevels(state: MarketState, changes: readonly LevelChange[]): void {
  for (const { tokenId, side, price, size } of changes) {
    const token = state.tokens.find((candidate) => candidate.tokenId === tokenId);
    token?.book.set(side, microsText(price), microsText(size));
  }
  for (let index = 0; index < changes.length; index += 2) {
    state.changes.push(changes.slice(index, index + 2));
  }
}

/** The venue's hash of a token's book, as of the market's last timestamp. */
export function hashOf(state: MarketState, { tokenId, book }: TokenState): string {
  const { market, tickSize, timestampMs, lastTradePrice } = state;
  return bookHasher(book, {
    marketId: market.conditionId,
    tokenId,
    timestamp: String(timestampMs),
    minimumOrderSize: market.minimumOrderSize,
    tickSize,
    negRisk: market.negRisk,
  })(lastTradePrice);
}
