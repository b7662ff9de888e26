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
import type { InstrumentId } from '../domain/instrument.ts';
import type { SettlementCounts } from '../domain/settlement-rate.ts';
import type { EventRow } from './event-port.ts';
import type {
  BudgetRow,
  ExitEventRow,
  FindingRow,
  LedgerRow,
  LegRow,
  OrderEventRow,
  OrderRow,
  OutboxRow,
  PositionRow,
  PostingRow,
  ReconciliationRow,
} from './read-rows.ts';

export type * from './read-rows.ts';

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

export type ActorKind = 'system' | 'account' | 'venue' | 'order' | 'position' | 'exit';

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
  /** How many events its stream has. */
  readonly events: number;
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
  readonly postings: readonly PostingRow[];
  readonly outbox: Rows<OutboxRow>;
  readonly events: Rows<EventRow>;
  readonly exits: readonly ExitEventRow[];
  readonly findings: readonly FindingRow[];
  readonly budgets: readonly BudgetRow[];
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

export interface BudgetFilter {
  /** Only those that are open. */
  readonly open?: boolean;
  readonly owner?: string;
  /** Id, or the beginning of one. */
  readonly id?: string;
  /** The whole key. */
  readonly key?: string;
  /** Newest first; default 100, at most 10,000. */
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
  budgets(filter?: BudgetFilter): Promise<readonly BudgetRow[]>;
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
