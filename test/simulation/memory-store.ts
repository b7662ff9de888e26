/**
 * The store port over the simulated database. Every operation goes through a line: without a line of
 * its own it happens at once, in a simulation it takes time, gets lost, or dies with its process.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { ActorRow, JournalBatch, Store } from '../../src/actors/store-port.ts';
import type { FrameInbox } from '../../src/actors/venue-store-port.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { createMemoryLease, type MemoryLeaseOptions, newLeaseRow } from './memory-lease.ts';
import { type MemoryReads, memoryReads, type ReadName } from './memory-reads.ts';

const ACTOR_PAGE = 5_000;
const BATCH_PAGE = 200;

/** Carries an operation to the database and its answer back. */
export type StoreLine = <T>(operation: string, work: () => T) => Promise<T>;

export interface MemoryStore extends Store {
  inbox(venue: string): FrameInbox;
}

export interface MemoryStoreOptions {
  readonly database: MemoryDatabase;
  readonly line?: StoreLine;
  readonly lease?: Omit<MemoryLeaseOptions, 'line'>;
}

export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const { database } = options;
  const line = options.line ?? immediately;
  const lease = createMemoryLease({
    ...(options.lease ?? UNSHARED),
    row: newLeaseRow(),
    ...options.lease,
    line: ask,
  });
  let transactions = 0;
  let pending = 0;
  let isClosed = false;

  async function ask<T>(operation: string, work: () => T): Promise<T> {
    if (isClosed) throw new FillwrightFault('store_unavailable', 'The store is closed.');
    pending += 1;
    try {
      return await line(operation, work);
    } finally {
      pending -= 1;
    }
  }

  /** The lease is asserted at the server, last of all: what would be written is not, without it. */
  async function write<T>(operation: string, work: () => T): Promise<T> {
    const guard = lease.guard();
    try {
      return await ask(operation, () => {
        guard?.();
        return work();
      });
    } catch (error) {
      if (error instanceof FillwrightFault && error.code === 'lease_lost') throw lease.lose();
      throw error;
    }
  }

  return {
    ...readsThrough(memoryReads(database), ask),
    migrate: () => ask('migrate', () => []),
    acquireWriter: (how) => lease.acquire(how),
    lease,
    commit: (batch) =>
      write('commit', () => {
        database.commit(batch);
        transactions += 1;
      }),
    project: (projection) =>
      write('project', () => {
        database.project(projection);
        transactions += 1;
      }),
    keepReconciliation: (row) =>
      ask('keepReconciliation', () => {
        database.tables.reconciliations.push(row);
      }),
    setMetadata: (key, value) => write('setMetadata', () => database.setMetadata(key, value)),
    async *liveActors() {
      let after = 0;
      for (;;) {
        const from = after;
        const page = await ask('liveActors', () => livePage(database, from));
        if (page.length > 0) yield page.map(({ row }) => row);
        if (page.length < ACTOR_PAGE) return;
        after = page.at(-1)?.createdOrder ?? after;
      }
    },
    async *journalAfter(afterSeq) {
      let after = afterSeq;
      for (;;) {
        const from = after;
        const page = await ask('journalAfter', () => journalPage(database, from));
        yield* page;
        if (page.length < BATCH_PAGE) return;
        after = page.at(-1)?.lastSeq ?? after;
      }
    },
    inbox: () => ({
      keep: (frames) =>
        ask('inbox.keep', () => {
          database.tables.inboxFrames.push(...frames);
        }),
      prune: (beforeMs) =>
        ask('inbox.prune', () => {
          const frames = database.tables.inboxFrames;
          const kept = frames.filter(({ receivedAtMs }) => receivedAtMs >= beforeMs);
          database.tables.inboxFrames = kept;
          return frames.length - kept.length;
        }),
    }),
    get transactions() {
      return transactions;
    },
    get pending() {
      return pending;
    },
    async close() {
      if (isClosed) return;
      await lease.release();
      isClosed = true;
    },
  };
}

/** As a database answers: never before the caller goes on. */
const immediately: StoreLine = async (_operation, work) => {
  await nextTick();
  return work();
};

type Reads = Pick<Store, ReadName>;

function readsThrough(reads: MemoryReads, ask: StoreLine): Reads {
  return {
    projectedThrough: () => ask('projectedThrough', () => reads.projectedThrough()),
    lastSeq: () => ask('lastSeq', () => reads.lastSeq()),
    actor: (id) => ask('actor', () => reads.actor(id)),
    intentsByKeys: (keys) => ask('intentsByKeys', () => reads.intentsByKeys(keys)),
    preparedByVenueOrderIds: (ids) =>
      ask('preparedByVenueOrderIds', () => reads.preparedByVenueOrderIds(ids)),
    preparedByClientOrderIds: (ids) =>
      ask('preparedByClientOrderIds', () => reads.preparedByClientOrderIds(ids)),
    order: (id) => ask('order', () => reads.order(id)),
    findOrders: (text) => ask('findOrders', () => reads.findOrders(text)),
    orders: (filter) => ask('orders', () => reads.orders(filter)),
    orderCounts: () => ask('orderCounts', () => reads.orderCounts()),
    orderEvents: (id) => ask('orderEvents', () => reads.orderEvents(id)),
    legsOfOrder: (id) => ask('legsOfOrder', () => reads.legsOfOrder(id)),
    legs: (limit) => ask('legs', () => reads.legs(limit)),
    legCount: () => ask('legCount', () => reads.legCount()),
    orphans: () => ask('orphans', () => reads.orphans()),
    positions: () => ask('positions', () => reads.positions()),
    ledgerTotal: (accountId) => ask('ledgerTotal', () => reads.ledgerTotal(accountId)),
    metadata: (key) => ask('metadata', () => reads.metadata(key)),
    lastHash: () => ask('lastHash', () => reads.lastHash()),
    conflictedLegs: () => ask('conflictedLegs', () => reads.conflictedLegs()),
    findings: (filter) => ask('findings', () => reads.findings(filter)),
    budgets: (filter) => ask('budgets', () => reads.budgets(filter)),
    reconciliations: (limit) => ask('reconciliations', () => reads.reconciliations(limit)),
    settlementCounts: () => ask('settlementCounts', () => reads.settlementCounts()),
  };
}

function livePage(
  database: MemoryDatabase,
  after: number,
): readonly { row: ActorRow; createdOrder: number }[] {
  return [...database.tables.actors.values()]
    .filter(({ row, createdOrder }) => row.live && createdOrder > after)
    .sort((a, b) => a.createdOrder - b.createdOrder)
    .slice(0, ACTOR_PAGE);
}

function journalPage(database: MemoryDatabase, after: number): readonly JournalBatch[] {
  return database.tables.journal.filter(({ lastSeq }) => lastSeq > after).slice(0, BATCH_PAGE);
}

/** A process alone with its database: nothing to lose, and no time that passes. */
const UNSHARED = {
  holder: 0,
  serverNow: () => 0,
  time: { now: () => 0, after: () => () => undefined },
};
