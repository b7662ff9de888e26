/**
 * The store port: what the engine needs of its database. One implementation (PostgreSQL) passes one
 * contract suite against the embedded and an outside server.
 *
 * Two writes exist. `commit` is the log: it decides what happened and is awaited before anything
 * leaves the process. `project` writes what follows from the log (snapshots and read tables) a
 * moment later, always for a whole number of turns; after a crash the log's tail says it again.
 */
import type { DecimalText } from '../domain/decimal.ts';
import type { Role, Settlement } from '../domain/fill-leg.ts';
import type { InstrumentId, Outcome, Side } from '../domain/instrument.ts';
import type { TimeInForce } from '../domain/intent.ts';

/** An intent's key and the whole intent as canonical text. The key is unique for ever. */
export interface IntentRow {
  readonly key: string;
  readonly clientOrderId: string;
  readonly body: string;
  readonly atMs: number;
}

/** The exact bytes of an order, committed before they are sent. Never changed, never re-made. */
export interface PreparedRow {
  readonly clientOrderId: string;
  readonly venue: string;
  readonly venueOrderId: string;
  readonly body: string;
  readonly atMs: number;
}

/** One group commit: the inputs of a whole number of turns, in order. */
export interface JournalBatch {
  /** Unique per attempt-independent batch: a retry after a lost answer carries the same id. */
  readonly batchId: string;
  /** Number of the first input; the next batch starts at `lastSeq + 1`. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** JSON array text of the inputs `firstSeq..lastSeq`. */
  readonly inputs: string;
  readonly intents: readonly IntentRow[];
  readonly prepared: readonly PreparedRow[];
}

export type ActorKind = 'system' | 'account' | 'venue' | 'order' | 'position';

export interface ActorRow {
  readonly actorId: string;
  readonly kind: ActorKind;
  /** Version of the machine that wrote the snapshot. */
  readonly version: number;
  /** Events that this actor has handled. Only ever grows. */
  readonly revision: number;
  /** False: nothing more is expected of this actor; it is restored only when something arrives. */
  readonly live: boolean;
  /** JSON text of XState's persisted snapshot. */
  readonly snapshot: string;
}

export interface OrderRow {
  readonly clientOrderId: string;
  readonly venue: string;
  readonly venueOrderId: string | null;
  readonly intentKey: string;
  readonly strategy: string;
  readonly instrumentId: InstrumentId;
  readonly marketId: string;
  readonly outcome: Outcome;
  readonly side: Side;
  readonly type: 'limit' | 'market';
  readonly price: DecimalText;
  readonly size: DecimalText | null;
  readonly amountUsd: DecimalText | null;
  readonly timeInForce: TimeInForce;
  readonly expiresAtMs: number | null;
  /** Public status, `PENDING … CONFIRMED`. */
  readonly status: string;
  /** Axis values, for example `working.open` and `none`. */
  readonly execution: string;
  readonly settlement: string;
  readonly filledSize: DecimalText;
  readonly averageFillPrice: DecimalText | null;
  readonly feesUsd: DecimalText;
  readonly reservedUsd: DecimalText;
  readonly reservedShares: DecimalText;
  readonly reason: string | null;
  readonly closed: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** One step of an order's life. `number` counts from 1 without gaps in each order. */
export interface OrderEventRow {
  readonly clientOrderId: string;
  readonly number: number;
  /** The journal input that caused it. */
  readonly seq: number;
  readonly atMs: number;
  readonly type: string;
  readonly fromState: string;
  readonly toState: string;
  readonly status: string;
  /** One sentence for a person. */
  readonly note: string;
  /** JSON text of the event as the order received it. */
  readonly event: string;
}

export interface LegRow {
  readonly legKey: string;
  readonly venue: string;
  readonly tradeId: string;
  readonly venueOrderId: string;
  readonly role: Role;
  /** Null: an orphan, a leg of an order that nobody here knows (yet). */
  readonly clientOrderId: string | null;
  readonly instrumentId: InstrumentId;
  readonly side: Side;
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly feeUsd: DecimalText;
  readonly settlement: Settlement;
  readonly conflicted: boolean;
  readonly matchedAtMs: number;
  readonly transactionHash: string | null;
}

export interface PositionRow {
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  /** Signed: positive is LONG. */
  readonly size: DecimalText;
  readonly sellableSize: DecimalText;
  readonly reservedShares: DecimalText;
  readonly averageEntry: DecimalText;
  readonly costBasis: DecimalText;
  readonly realizedPnl: DecimalText;
  readonly feesUsd: DecimalText;
  readonly updatedAtMs: number;
}

/** A movement of cash. The sum of an account's entries is its cash. Entries are never changed. */
export interface LedgerRow {
  /** Derived from what it books, so that saying it again is the same row. */
  readonly entryId: string;
  readonly accountId: string;
  readonly kind: 'deposit' | 'fill' | 'fee' | 'fillVoided' | 'feeVoided';
  /** Signed dollars. */
  readonly amountUsd: DecimalText;
  readonly legKey: string | null;
  readonly clientOrderId: string | null;
  readonly seq: number;
  readonly atMs: number;
}

/** A published event, for consumers that read the database. */
export interface OutboxRow {
  /** `seq * 1,000,000 + n`: ordered, and the same when said again. */
  readonly outboxId: number;
  readonly type: string;
  readonly body: string;
  readonly atMs: number;
}

/** A position reduced by a fill, for the audit of exits. */
export interface ExitEventRow {
  readonly exitId: string;
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  readonly clientOrderId: string;
  readonly legKey: string;
  readonly size: DecimalText;
  readonly exitPrice: DecimalText;
  readonly realizedPnl: DecimalText;
  readonly reason: string;
  readonly voided: boolean;
  readonly atMs: number;
}

/**
 * Rows to be written: an array, or rows that are made anew whenever a piece of them is asked for, so
 * that thousands need not be held while they wait for their turn. The latter have each key once.
 */
export interface Rows<Row> {
  readonly length: number;
  slice(start: number, end: number): readonly Row[];
}

/**
 * What follows from the log, written in one transaction. With snapshots (`actors`) it is their cut, and
 * `throughSeq` the last input that they know; rows without snapshots may be ahead of it.
 */
export interface Projection {
  readonly throughSeq: number;
  readonly actors: Rows<ActorRow>;
  readonly orders: Rows<OrderRow>;
  readonly orderEvents: Rows<OrderEventRow>;
  readonly legs: readonly LegRow[];
  readonly positions: Rows<PositionRow>;
  readonly ledger: readonly LedgerRow[];
  readonly outbox: Rows<OutboxRow>;
  readonly exits: readonly ExitEventRow[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface OrderFilter {
  readonly closed?: boolean;
  readonly strategy?: string;
  readonly marketId?: string;
  readonly instrumentId?: InstrumentId;
  /** Newest first; default 100, at most 10,000. */
  readonly limit?: number;
}

export interface Store {
  /** Applies missing migrations; answers the names of those applied now. */
  migrate(): Promise<readonly string[]>;
  /**
   * Takes the right to write, for the life of this store's connection.
   * @throws {FillwrightFault} `store_busy` when another engine holds it; the message names its pid.
   */
  acquireWriter(): Promise<void>;
  /**
   * Writes one batch durably. Idempotent by `batchId`.
   * @throws {FillwrightFault} `store_unavailable` (try the same batch again) or `broken_invariant`
   * (another writer has used these numbers, or a key exists: stop).
   */
  commit(batch: JournalBatch): Promise<void>;
  /** @throws {FillwrightFault} `store_unavailable`: nothing of it was written. */
  project(projection: Projection): Promise<void>;

  // ---- restore
  /** 0 when nothing was ever projected. */
  projectedThrough(): Promise<number>;
  /** 0 when the journal is empty. */
  lastSeq(): Promise<number>;
  /** Rows of actors that are live, in the order in which they were first written, in pages. */
  liveActors(): AsyncIterable<readonly ActorRow[]>;
  actor(actorId: string): Promise<ActorRow | undefined>;
  /** Batches with inputs above `afterSeq`, in order, in pages. */
  journalAfter(afterSeq: number): AsyncIterable<JournalBatch>;

  // ---- look-ups on the way of an order
  intentsByKeys(keys: readonly string[]): Promise<readonly IntentRow[]>;
  /** Our order for each venue order id that we know, from the prepared submissions. */
  preparedByVenueOrderIds(ids: readonly string[]): Promise<readonly PreparedRow[]>;
  preparedByClientOrderIds(ids: readonly string[]): Promise<readonly PreparedRow[]>;

  // ---- reads for people
  order(clientOrderId: string): Promise<OrderRow | undefined>;
  /** Orders whose id, venue order id or intent key is or begins with `text`; at most 10. */
  findOrders(text: string): Promise<readonly OrderRow[]>;
  orders(filter: OrderFilter): Promise<readonly OrderRow[]>;
  /** How many orders there are by status. */
  orderCounts(): Promise<Readonly<Record<string, number>>>;
  orderEvents(clientOrderId: string): Promise<readonly OrderEventRow[]>;
  legsOfOrder(clientOrderId: string): Promise<readonly LegRow[]>;
  /** Newest first. */
  legs(limit: number): Promise<readonly LegRow[]>;
  legCount(): Promise<number>;
  orphans(): Promise<readonly LegRow[]>;
  positions(): Promise<readonly PositionRow[]>;
  ledgerTotal(accountId: string): Promise<DecimalText>;
  metadata(key: string): Promise<string | undefined>;
  /** Small facts outside the log (the simulator's state, the paper venue's settings). */
  setMetadata(key: string, value: string): Promise<void>;

  /** Transactions committed through this object: journal batches and projections. */
  readonly transactions: number;
  /** Operations sent to the server and not yet answered. Replay waits until this is zero. */
  readonly pending: number;
  close(): Promise<void>;
}

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
