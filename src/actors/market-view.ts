/** The newest book of each instrument, for strategies and for marking positions. Not durable. */
import { type DecimalText, decimal, toText } from '../domain/decimal.ts';
import type { InstrumentId } from '../domain/instrument.ts';
import type { BookSnapshot, MarketEvent } from '../domain/market-data.ts';
import { bestAsk, bestBid, midPrice } from '../domain/order-book.ts';
import type { Clock } from './ports.ts';

export interface MarketView {
  take(event: MarketEvent): void;
  book(id: InstrumentId): BookSnapshot | undefined;
  /**
   * What one share is worth now: the middle of the book, else its only side, else the last trade.
   * Undefined while nothing has been seen.
   */
  mark(id: InstrumentId): DecimalText | undefined;
  /** When the feed last spoke, by the engine's clock; undefined: never. */
  readonly seenAtMs: number | undefined;
}

export function createMarketView(clock: Pick<Clock, 'now'>): MarketView {
  let seenAtMs: number | undefined;
  const books = new Map<InstrumentId, BookSnapshot>();
  const trades = new Map<InstrumentId, DecimalText>();

  return {
    take(event) {
      seenAtMs = clock.now();
      if (event.type === 'market.bookChanged') books.set(event.book.instrumentId, event.book);
      else if (event.type === 'market.traded') {
        trades.set(event.trade.instrumentId, event.trade.price);
      }
    },
    get seenAtMs() {
      return seenAtMs;
    },
    book: (id) => books.get(id),
    mark(id) {
      const book = books.get(id);
      const worth =
        book === undefined ? undefined : (midPrice(book) ?? bestBid(book) ?? bestAsk(book));
      if (worth !== undefined) return toText(worth);
      const traded = trades.get(id) ?? book?.lastTradePrice;
      return traded === undefined ? undefined : toText(decimal(traded));
    },
  };
}
