/**
 * What venues keep in the store beside the engine's log: the paper venue its own books, a live venue
 * the raw frames that it was told.
 */
import type { DecimalText } from '../domain/decimal.ts';

/** Where the paper venue keeps its own books: it is an outside system that happens to live here. */
export interface PaperStore {
  /** What a restart needs: every balance, the open orders, the trades that are not final. */
  load(): Promise<PaperState>;
  /** Inserts or replaces every row of the change, all of them or none. */
  save(change: PaperState): Promise<void>;
  /** An order, open or closed. */
  findOrder(id: string): Promise<PaperOrderRow | undefined>;
  /** Trades, final or not, changed at or after `sinceMs`, sorted by `changedAtMs`, then by `id`. */
  tradesSince(sinceMs: number): Promise<readonly PaperTradeRow[]>;
}

/** Rows of the paper venue. Empty lists: nothing of that kind. */
export interface PaperState {
  readonly orders: readonly PaperOrderRow[];
  readonly trades: readonly PaperTradeRow[];
  readonly balances: readonly PaperBalanceRow[];
}

/** `body` is JSON text that only the paper venue reads. */
export interface PaperOrderRow {
  readonly id: string;
  /** False: kept for look-ups, not loaded again as a working order. */
  readonly open: boolean;
  readonly body: string;
}

/** `body` is JSON text that only the paper venue reads. */
export interface PaperTradeRow {
  readonly id: string;
  /** True once confirmed or failed. */
  readonly final: boolean;
  /** Last change, ms since 1970 UTC. */
  readonly changedAtMs: number;
  readonly body: string;
}

export interface PaperBalanceRow {
  /** `cash`, or the id of the instrument that is held. */
  readonly asset: string;
  /** Dollars or shares, signed: a failed settlement can take back what was spent since. */
  readonly amount: DecimalText;
}

/** One text frame of a venue's stream. */
export interface InboxFrame {
  /** For example `user`. */
  readonly channel: string;
  /** Number of the connection that it came over, from 1 in each run of the stream. */
  readonly connection: number;
  readonly receivedAtMs: number;
  /** As received. */
  readonly text: string;
}

/** Where the raw frames of a live venue are kept before they are applied: evidence, with a bound. */
export interface FrameInbox {
  /**
   * Writes all of `frames` durably, in their order, or none.
   * @throws {FillwrightFault} `store_unavailable`: try the same frames again.
   */
  keep(frames: readonly InboxFrame[]): Promise<void>;
  /** Removes the frames received before `beforeMs`, and the oldest beyond the row bound; how many. */
  prune(beforeMs: number): Promise<number>;
}
