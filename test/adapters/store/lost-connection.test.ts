/** The server goes away at the worst moments: nothing is lost, nothing is written twice. */
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createPostgresStore,
  type PostgresStore,
} from '../../../src/adapters/store/postgres-store.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { startProxy } from './proxy.ts';
import { actorRow, batch, intent, journal, liveActors, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

/** Ends every connection of this process's stores on the server's side. */
const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'fillwright/${process.pid}' and datname = current_database()`;

/** The calls until one works: what the engine does with `store_unavailable`. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      expect(error).toMatchObject({ code: 'store_unavailable' });
      if (attempt === 10) throw error;
    }
  }
}

test('connections that end between two calls are made again', async () => {
  await fresh.store.commit(batch(1));
  await withClient(fresh, (client) => client.query(TERMINATE));
  await retried(() => fresh.store.commit(batch(2)));
  expect(await retried(() => fresh.store.lastSeq())).toBe(2);
});

describe('a connection that ends in the middle of a write', () => {
  const actors = Array.from({ length: 4_500 }, (_, index) => actorRow(`actor-${index}`));
  const writes: {
    what: string;
    blocked: string;
    write: (store: PostgresStore) => Promise<void>;
  }[] = [
    {
      what: 'commit',
      blocked: 'intents',
      write: (store) => store.commit(batch(1, { intents: [intent('a')] })),
    },
    {
      what: 'small projection',
      blocked: 'system_metadata',
      write: (store) => store.project(projection(1, { actors: actors.slice(0, 1) })),
    },
    {
      what: 'large projection',
      blocked: 'system_metadata',
      write: (store) => store.project(projection(1, { actors })),
    },
  ];

  test.each(writes)('$what: nothing of it is written, and it can be repeated', async (example) => {
    const { store } = fresh;
    await withClient(fresh, async (client) => {
      await client.query('begin');
      await client.query(`lock table ${example.blocked} in access exclusive mode`);
      const writing = example.write(store);
      const failed = expect(writing).rejects.toMatchObject({ code: 'store_unavailable' });
      await untilBlocked(client);
      await client.query(TERMINATE);
      await failed;
      await client.query('rollback');
    });
    expect(await retried(() => journal(store))).toEqual([]);
    expect(await liveActors(store)).toEqual([]);
    expect(await store.projectedThrough()).toBe(0);
    expect(store.transactions).toBe(0);
    await example.write(store);
    await example.write(store);
    expect(store.transactions).toBe(2);
    expect((await journal(store)).length + (await store.projectedThrough())).toBe(1);
  });
});

async function untilBlocked(client: pg.Client): Promise<void> {
  for (;;) {
    const waiting = await client.query(
      `select from pg_stat_activity where application_name = 'fillwright/${process.pid}'
         and wait_event_type = 'Lock'`,
    );
    if (waiting.rowCount !== 0) return;
  }
}

test('a batch whose answer is lost on the way is there, and its retry finds it', async () => {
  const proxy = await startProxy(fresh.url);
  const { connection } = proxy;
  const store = createPostgresStore({ connection, schema: fresh.schema, poolSize: 1 });
  try {
    const one = batch(1, { intents: [intent('a')] });
    expect(await store.lastSeq()).toBe(0);
    proxy.dropNextAnswer();
    await expect(store.commit(one)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await fresh.store.lastSeq()).toBe(1);
    await store.commit(one);
    await store.commit(batch(2));
    expect(await journal(store)).toEqual([one, batch(2)]);
  } finally {
    await store.close();
    await proxy.close();
  }
});

test('nobody at the address: one clear line, no exception beside it', async () => {
  const connection = { host: '127.0.0.1', port: 1, user: 'u', database: 'd' };
  const store = createPostgresStore({ connection });
  try {
    const calls = [() => store.lastSeq(), () => store.acquireWriter(), () => store.migrate()];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringMatching(/^The store is not available \(\w+\): .*127\.0\.0\.1:1\.$/),
      });
    }
  } finally {
    await store.close();
  }
});
