/** The store on PostgreSQL: fulfils the store port and the paper venue's, embedded or outside. */
import { type Kysely, sql } from 'kysely';
import type { FrameInbox, PaperStore, Store } from '../../actors/store-port.ts';
import { commitBatch } from './commit.ts';
import {
  openDatabase,
  quoteIdentifier,
  type ServerAddress,
  type StoreLog,
  type StorePlace,
} from './connection.ts';
import { storeFault } from './fault.ts';
import { createInboxStore } from './inbox-store.ts';
import { migrate } from './migrate.ts';
import { createPaperStore } from './paper-store.ts';
import { assertStorable, writeProjection } from './project.ts';
import * as reads from './reads.ts';
import * as restore from './restore.ts';
import * as tables from './tables.ts';
import { createWriterLock } from './writer-lock.ts';

/** Commit, projection and reads overlap; more connections than that would only wait. */
const POOL_SIZE = 5;

export type PostgresStoreOptions = ServerAddress & {
  /** The PostgreSQL schema to live in, made when missing. Default `public`. */
  readonly schema?: string;
  /** Connections beside the writer lock's. 1: every operation in the order of its call. */
  readonly poolSize?: number;
  /** A server that has not answered by then counts as gone. Default 70,000. */
  readonly answerTimeoutMs?: number;
  readonly log?: StoreLog;
};

export interface PostgresStore extends Store {
  /** The paper venue's books in the same schema. */
  readonly paper: PaperStore;
  /** Where the raw frames of the live venue `venue` are kept, in the same schema. */
  inbox(venue: string): FrameInbox;
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
  const lock = createWriterLock(place);
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
    acquireWriter: () => tracked('acquireWriter', () => lock.acquire()),
    commit: (batch) =>
      tracked('commit', async () => {
        await lock.ensure();
        try {
          await commitBatch(db, batch);
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
        const held = await lock.ensure();
        await writeProjection(db, projection, held);
        transactions += 1;
      }),

    ...readsOf(db, tracked),
    setMetadata: (key, value) =>
      tracked('setMetadata', async () => {
        await lock.ensure();
        await tables.metadata.insert([{ key, value }]).execute(db);
      }),

    get transactions() {
      return transactions;
    },
    get pending() {
      return pending;
    },
    paper: createPaperStore(db, tracked, lock),
    inbox: (venue) => createInboxStore(db, tracked, venue),
    async dropSchema() {
      await tracked('dropSchema', () =>
        sql.raw(`drop schema if exists ${quoteIdentifier(schema)} cascade`).execute(db),
      );
    },
    close() {
      closing ??= tracked('close', async () => {
        await lock.release();
        await db.destroy();
      });
      return closing;
    },
  };
}

type Writes = 'migrate' | 'acquireWriter' | 'commit' | 'project' | 'setMetadata';
type Reads = Omit<Store, Writes | 'transactions' | 'pending' | 'close'>;

function readsOf(db: Kysely<unknown>, tracked: restore.Tracked): Reads {
  return {
    projectedThrough: () => tracked('projectedThrough', () => restore.projectedThrough(db)),
    lastSeq: () => tracked('lastSeq', () => restore.lastSeq(db)),
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
    orphans: () => tracked('orphans', () => reads.orphans(db)),
    positions: () => tracked('positions', () => reads.positions(db)),
    ledgerTotal: (accountId) => tracked('ledgerTotal', () => reads.ledgerTotal(db, accountId)),
    metadata: (key) => tracked('metadata', () => restore.metadata(db, key)),
  };
}
