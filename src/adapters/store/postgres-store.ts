/** The store on PostgreSQL: fulfils the store port and the paper venue's, embedded or outside. */
import { type Kysely, sql } from 'kysely';
import type { CommandInbox, CommandSender } from '../../actors/command-port.ts';
import type { Store } from '../../actors/store-port.ts';
import type { FrameInbox, PaperStore } from '../../actors/venue-store-port.ts';
import * as budgetStore from './budget-store.ts';
import { createCommandStore } from './command-store.ts';
import { commitBatch } from './commit.ts';
import {
  openDatabase,
  quoteIdentifier,
  type ServerAddress,
  type StoreLog,
  type StorePlace,
} from './connection.ts';
import { createEventStore, type EventTables } from './event-store.ts';
import { storeFault } from './fault.ts';
import * as findingStore from './finding-store.ts';
import { type FrozenStore, withFrozenStore } from './frozen-store.ts';
import { createInboxStore } from './inbox-store.ts';
import { migrate } from './migrate.ts';
import { createPaperStore } from './paper-store.ts';
import { type PerformanceReads, withPerformanceReads } from './performance-store.ts';
import { assertStorable, writeAll, writeProjection, writesOf } from './project.ts';
import * as reads from './reads.ts';
import * as restore from './restore.ts';
import * as tables from './tables.ts';
import { createWriterLease, type LeaseOptions } from './writer-lease.ts';
import { createUnsharedLease } from './writer-lease-unshared.ts';

/** Commit, projection and reads overlap; more connections than that would only wait. */
const POOL_SIZE = 5;

export type PostgresStoreOptions = ServerAddress &
  LeaseOptions & {
    /** The PostgreSQL schema to live in, made when missing. Default `public`. */
    readonly schema?: string;
    /** Connections beside the lease's. 1: every operation in the order of its call. */
    readonly poolSize?: number;
    /** A server that has not answered by then counts as gone. Default 70,000. */
    readonly answerTimeoutMs?: number;
    /** Nobody else can know the schema: no lease is kept for it. */
    readonly unshared?: boolean;
    readonly log?: StoreLog;
  };

export interface PostgresStore extends Store {
  /** The paper venue's books in the same schema. */
  readonly paper: PaperStore;
  /** Where the raw frames of the live venue `venue` are kept, in the same schema. */
  inbox(venue: string): FrameInbox;
  /** Commands for the engine that runs on this schema, both sides. */
  readonly commands: CommandInbox & CommandSender;
  /** The events in the same schema. */
  readonly events: EventTables;
  /** Runs `work` over everything as it stands now, with tables of its own beside it. */
  frozen<T>(work: (frozen: FrozenStore) => Promise<T>): Promise<T>;
  /** Runs `work` over what a report is made of, as it stands now; reads only. */
  performance<T>(work: (reads: PerformanceReads) => Promise<T>): Promise<T>;
  /** Removes the schema with everything in it. For tests and replays. */
  dropSchema(): Promise<void>;
}

/**
 * A store over a pool of connections, made when first used. Every method throws
 * `store_unavailable` while the server cannot be reached, and works again once it can.
 */
export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const { schema = 'public', poolSize = POOL_SIZE, answerTimeoutMs, log } = options;
  const place: StorePlace = { address: options, schema, answerTimeoutMs, log };
  const db = openDatabase(place, poolSize);
  const lease = options.unshared ? createUnsharedLease() : createWriterLease(place, options);
  let transactions = 0;
  let pending = 0;
  let closing: Promise<void> | undefined;
  let lastTurn: Promise<unknown> = Promise.resolve();

  /** The pool would order operations by when their first statement is ready, not by their calls. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async function tracked<T>(operation: string, work: () => Promise<T>): Promise<T> {
    pending += 1;
    try {
      return await (poolSize === 1 ? inTurn(work) : work());
    } catch (error) {
      throw storeFault(error, operation);
    } finally {
      pending -= 1;
    }
  }

  return {
    migrate: () => tracked('migrate', () => migrate(db, schema)),
    acquireWriter: (how) => lease.acquire(how),
    lease,
    commit: (batch) =>
      tracked('commit', async () => {
        try {
          await lease.guarded((guard) => commitBatch(db, batch, guard));
        } catch (error) {
          assertStorable('journal', [batch], error);
          assertStorable(tables.intents.name, batch.intents, error);
          assertStorable(tables.prepared.name, batch.prepared, error);
          throw error;
        }
        transactions += 1;
      }),
    project: (projection) =>
      tracked('project', async () => {
        await lease.guarded((guard) => writeProjection(db, projection, guard));
        transactions += 1;
      }),

    ...readsOf(db, tracked),
    setMetadata: (key, value) =>
      tracked('setMetadata', async () => {
        const writes = writesOf(tables.metadata, [{ key, value }]);
        await lease.guarded((guard) => writeAll(db, writes, guard));
      }),

    get transactions() {
      return transactions;
    },
    get pending() {
      return pending + lease.waiting;
    },
    paper: createPaperStore(db, tracked, lease),
    inbox: (venue) => createInboxStore(db, tracked, venue),
    commands: createCommandStore(db, tracked, lease),
    events: createEventStore(db, tracked, lease),
    frozen: (work) => withFrozenStore(place, work),
    performance: (work) => withPerformanceReads(db, work),
    async dropSchema() {
      await tracked('dropSchema', () =>
        sql.raw(`drop schema if exists ${quoteIdentifier(schema)} cascade`).execute(db),
      );
    },
    close() {
      closing ??= tracked('close', async () => {
        await lease.release();
        await db.destroy();
      });
      return closing;
    },
  };
}

type Writes = 'migrate' | 'acquireWriter' | 'commit' | 'project' | 'setMetadata';
type Reads = Omit<Store, Writes | 'lease' | 'transactions' | 'pending' | 'close'>;

function readsOf(db: Kysely<unknown>, tracked: restore.Tracked): Reads {
  return {
    projectedThrough: () => tracked('projectedThrough', () => restore.projectedThrough(db)),
    lastSeq: () => tracked('lastSeq', () => restore.lastSeq(db)),
    lastHash: () => tracked('lastHash', () => restore.lastHash(db)),
    liveActors: () => restore.liveActors(db, tracked),
    actor: (actorId) => tracked('actor', () => restore.actor(db, actorId)),
    journalAfter: (afterSeq) => restore.journalAfter(db, tracked, afterSeq),

    intentsByKeys: (keys) => tracked('intentsByKeys', () => reads.intentsByKeys(db, keys)),
    preparedByVenueOrderIds: (ids) =>
      tracked('preparedByVenueOrderIds', () => reads.preparedByVenueOrderIds(db, ids)),
    preparedByClientOrderIds: (ids) =>
      tracked('preparedByClientOrderIds', () => reads.preparedByClientOrderIds(db, ids)),

    order: (id) => tracked('order', () => reads.order(db, id)),
    findOrders: (text) => tracked('findOrders', () => reads.findOrders(db, text)),
    orders: (filter) => tracked('orders', () => reads.orders(db, filter)),
    orderCounts: () => tracked('orderCounts', () => reads.orderCounts(db)),
    orderEvents: (id) => tracked('orderEvents', () => reads.orderEvents(db, id)),
    legsOfOrder: (id) => tracked('legsOfOrder', () => reads.legsOfOrder(db, id)),
    legs: (limit) => tracked('legs', () => reads.legs(db, limit)),
    legCount: () => tracked('legCount', () => reads.legCount(db)),
    settlementCounts: () => tracked('settlementCounts', () => reads.settlementCounts(db)),
    orphans: () => tracked('orphans', () => reads.orphans(db)),
    positions: () => tracked('positions', () => reads.positions(db)),
    conflictedLegs: () => tracked('conflictedLegs', () => findingStore.conflictedLegs(db)),
    findings: (filter) => tracked('findings', () => findingStore.findings(db, filter)),
    reconciliations: (limit) =>
      tracked('reconciliations', () => findingStore.reconciliations(db, limit)),
    keepReconciliation: (row) =>
      tracked('keepReconciliation', () => findingStore.keepReconciliation(db, row)),
    budgets: (filter) => tracked('budgets', () => budgetStore.budgets(db, filter)),
    ledgerTotal: (accountId) => tracked('ledgerTotal', () => reads.ledgerTotal(db, accountId)),
    metadata: (key) => tracked('metadata', () => restore.metadata(db, key)),
  };
}
