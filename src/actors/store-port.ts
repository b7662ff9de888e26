/**
 * The store port: what the engine needs of its database. One implementation (PostgreSQL) passes one
 * contract suite against the embedded and an outside server.
 *
 * Two writes exist. `commit` is the log: it decides what happened and is awaited before anything
 * leaves the process. `project` writes what follows from the log (snapshots and read tables) a
 * moment later, always for a whole number of turns; after a crash the log's tail says it again.
 */
import type { DecimalText } from '../domain/decimal.ts';
import type { FillwrightFault } from '../domain/faults.ts';
import type { Role, Settlement } from '../domain/fill-leg.ts';
import type { InstrumentId, Outcome, Side } from '../domain/instrument.ts';
import type { TimeInForce } from '../domain/intent.ts';
import type { FindingKind, Severity } from '../domain/reconcile.ts';
import type { SettlementCounts } from '../domain/settlement-rate.ts';

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
  /** See `batchHash` in chain.ts. Null: written before there were hashes. */
  readonly hash: string | null;
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
  /** Of an order: the hash of its step number `revision`. Null: others, and steps without a hash. */
  readonly eventHash: string | null;
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
  /** See `eventHash` in chain.ts. Null: written before there were hashes. */
  readonly hash: string | null;
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
  /** An open finding says that this may not be what is held. */
  readonly reconciliationRequired: boolean;
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

/** A difference between our books and the venue's that has lasted. JSON columns are text. */
export interface FindingRow {
  /** Follows from kind and subject. */
  readonly findingId: string;
  readonly kind: FindingKind;
  readonly subject: string;
  readonly instrumentId: InstrumentId | null;
  readonly severity: Severity;
  /** `applied`: the difference is gone. */
  readonly state: 'open' | 'applied' | 'approved' | 'dismissed';
  /** One sentence for a person. */
  readonly summary: string;
  readonly ours: string;
  readonly theirs: string;
  readonly evidence: string;
  readonly action: string;
  /** With `findingId` the key: one that comes back after it was gone is a row of its own. */
  readonly openedAtMs: number;
  /** When what was found last changed. */
  readonly seenAtMs: number;
  /** When it was decided, or was gone; null while it is open. */
  readonly closedAtMs: number | null;
  readonly closedBy: string | null;
  readonly why: string | null;
  /** When the difference was no longer there; null while it is. */
  readonly goneAtMs: number | null;
}

/** One comparison of our books with the venue's: what was asked, applied and found. */
export interface ReconciliationRow {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly reason: 'start' | 'reconnect' | 'interval' | 'asked';
  /** False: something was not answered; nothing was concluded from that part. */
  readonly complete: boolean;
  /** Legs and reports that were taken in. */
  readonly applied: number;
  readonly openFindings: number;
  readonly criticalFindings: number;
  /** JSON text of the whole document. */
  readonly body: string;
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
  readonly findings: readonly FindingRow[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface FindingFilter {
  /** Only those that are open. */
  readonly open?: boolean;
  /** Id, or the beginning of one. */
  readonly id?: string;
  /** Default 100, at most 10,000. */
  readonly limit?: number;
}

export interface OrderFilter {
  readonly closed?: boolean;
  readonly strategy?: string;
  readonly marketId?: string;
  readonly instrumentId?: InstrumentId;
  /** Newest first; default 100, at most 10,000. */
  readonly limit?: number;
}

/** What to do while another engine holds the writer lease. */
export interface AcquireOptions {
  /**
   * `refuse` (the default); `wait` until it can be had; `takeOver`: take it at once, for a person who
   * knows what they do, and wait until the other's own time is over before anything is sent.
   */
  readonly whenBusy?: 'refuse' | 'wait' | 'takeOver';
  /** Ends the waiting, with `store_busy`. */
  readonly signal?: AbortSignal;
}

/** The right to write to a store and to act on what is in it. At most one engine has it. */
export interface WriterLease {
  /**
   * Whether something may be sent now, by what this process knows without asking anybody. False
   * before `acquireWriter`, while the lease may have run out, and for ever once it is lost.
   */
  mayAct(): boolean;
  /** Resolves while `mayAct`, else when it is so again. @throws {FillwrightFault} `lease_lost`. */
  untilActive(): Promise<void>;
  /** `listener` is told once, when another engine has taken the lease. Answers how to end that. */
  onLost(listener: (fault: FillwrightFault) => void): () => void;
}

export interface Store {
  /** Applies missing migrations; answers the names of those applied now. */
  migrate(): Promise<readonly string[]>;
  /**
   * Takes the writer lease, and renews it until `close`. Nothing to do while it is held. From then on
   * every write of this store asserts it, within its own transaction.
   * @throws {FillwrightFault} `store_busy` while another engine holds it: the message names who, on
   * which host, since when and until when. `lease_lost` once this store has lost it.
   */
  acquireWriter(options?: AcquireOptions): Promise<void>;
  readonly lease: WriterLease;
  /**
   * Writes one batch durably. Idempotent by `batchId`.
   * @throws {FillwrightFault} `store_unavailable` (try the same batch again), `broken_invariant`
   * (another writer has used these numbers, or a key exists: stop) or `lease_lost` (another engine
   * has taken over: stop). Nothing was written.
   */
  commit(batch: JournalBatch): Promise<void>;
  /** @throws {FillwrightFault} `store_unavailable` or `lease_lost`: nothing of it was written. */
  project(projection: Projection): Promise<void>;

  // ---- restore
  /** 0 when nothing was ever projected. */
  projectedThrough(): Promise<number>;
  /** 0 when the journal is empty. */
  lastSeq(): Promise<number>;
  /** Hash of the newest batch; null when there is none, or it has none. */
  lastHash(): Promise<string | null>;
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
  /** How the legs of our orders ended, by market, at most 10,000 markets. */
  settlementCounts(): Promise<readonly SettlementCounts[]>;
  orphans(): Promise<readonly LegRow[]>;
  positions(): Promise<readonly PositionRow[]>;
  /** Legs of which the venue told both final statuses, newest first, at most 1,000. */
  conflictedLegs(): Promise<readonly LegRow[]>;
  /** Newest first. */
  findings(filter?: FindingFilter): Promise<readonly FindingRow[]>;
  /** Newest first. */
  reconciliations(limit: number): Promise<readonly ReconciliationRow[]>;
  /** Keeps a document, and lets the oldest go beyond a bound. Evidence: nothing follows from it. */
  keepReconciliation(row: ReconciliationRow): Promise<void>;
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
