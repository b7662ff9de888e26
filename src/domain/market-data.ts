/** Market data in the engine's own words. Sources translate their wire into these events. */
import type { DecimalText } from './decimal.ts';
import type { InstrumentId, Side } from './instrument.ts';

/** A price level. `price` and `size` keep the source's own text: the book hash covers it. */
export interface BookLevel {
  readonly price: DecimalText;
  /** Shares resting at this price. */
  readonly size: DecimalText;
}

/** An immutable picture of one outcome's book. Best level first on both sides. */
export interface BookSnapshot {
  readonly instrumentId: InstrumentId;
  /** The source's time, ms since 1970 UTC. */
  readonly atMs: number;
  /** Highest price first. */
  readonly bids: readonly BookLevel[];
  /** Lowest price first. */
  readonly asks: readonly BookLevel[];
  readonly tickSize: DecimalText;
  readonly lastTradePrice?: DecimalText;
}

/** A trade between others, seen on the public feed. */
export interface PublicTrade {
  readonly instrumentId: InstrumentId;
  readonly atMs: number;
  readonly price: DecimalText;
  readonly size: DecimalText;
  /** Side of the taker. */
  readonly side: Side;
}

export type MarketEvent =
  | { readonly type: 'market.bookChanged'; readonly book: BookSnapshot }
  | { readonly type: 'market.traded'; readonly trade: PublicTrade }
  | {
      readonly type: 'market.tickSizeChanged';
      readonly instrumentId: InstrumentId;
      readonly tickSize: DecimalText;
      readonly atMs: number;
    };

/** What a feed counted. Every skipped or odd message is counted somewhere here. */
export interface MarketDataCounts {
  /** Wire messages read, blank keep-alives included. */
  messages: number;
  /** Book pictures published. */
  books: number;
  trades: number;
  /** Hashes checked against the rebuilt book. */
  hashChecks: number;
  /** Hash differed although the message stood alone at its timestamp: an update was lost. */
  hashMismatches: number;
  /** Not comparable: in a batch every message carries the hash of the batch's end. */
  hashBatched: number;
  /** Messages of a type that we do not use, by `event_type`. */
  ignored: Record<string, number>;
  reconnects: number;
}
