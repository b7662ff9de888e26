import { expect, test } from 'vitest';
import { migrations } from '../../../migrations/index.ts';
import { columnTypes } from '../../../src/adapters/store/connection.ts';
import { createPostgresStore } from '../../../src/adapters/store/postgres-store.ts';
import { databaseUrl, freshStore, withClient } from '../../support/database.ts';
import { type ProjectionHarness, projectionContract } from './projection.contract.ts';
import { actorRow, batch, journal, liveActors, orderRow, projection } from './rows.ts';
import { storeContract } from './store.contract.ts';

const TABLES = { outbox: 'outbox', exits: 'exit_events', ledger: 'ledger_entries' };
const ALL_TABLES = `journal, intents, prepared_submissions, actor_snapshots, system_metadata, orders,
  order_events, fill_legs, positions, ledger_entries, exit_events, outbox`;

async function openPostgres(poolSize?: number): Promise<ProjectionHarness> {
  const fresh = await freshStore(poolSize === undefined ? {} : { poolSize });
  return {
    store: fresh.store,
    dispose: fresh.dispose,
    async clear() {
      await withClient(fresh, (client) => client.query(`truncate ${ALL_TABLES}`));
    },
    rowsOf: (list) =>
      withClient(fresh, async (client) => {
        const text = `select * from ${TABLES[list]} order by 1`;
        const { rows } = await client.query<object>({ text, types: columnTypes });
        return rows.map(camelCased);
      }),
  };
}

function camelCased(row: object): object {
  const entries = Object.entries(row).map(([name, value]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(entries);
}

storeContract('PostgreSQL', openPostgres);
projectionContract('PostgreSQL', openPostgres);
storeContract('PostgreSQL with one connection', () => openPostgres(1));

test('migrations are applied once, also by two processes at once', async () => {
  const fresh = await freshStore();
  try {
    await fresh.store.dropSchema();
    const stores = [fresh.store, fresh.open(), fresh.open()];
    const applied = await Promise.all(stores.map((store) => store.migrate()));
    expect(applied.flat()).toEqual(Object.keys(migrations));
    expect(await fresh.store.migrate()).toEqual([]);
  } finally {
    await fresh.dispose();
  }
});

test('a schema may have any name, and knows nothing of another', async () => {
  const url = databaseUrl();
  const names = [`odd "name" \\ of ${process.pid}`, `Other_${process.pid}`];
  const stores = names.map((schema) => createPostgresStore({ url, schema }));
  try {
    for (const store of stores) await store.migrate();
    await stores[0]?.commit(batch(1));
    expect(await Promise.all(stores.map((store) => store.lastSeq()))).toEqual([1, 0]);
  } finally {
    for (const store of stores) await store.dropSchema();
    await Promise.all(stores.map((store) => store.close()));
  }
});

test('with one connection everything works, in the order of the calls', async () => {
  const fresh = await freshStore({ poolSize: 1 });
  try {
    const { store } = fresh;
    await store.acquireWriter();
    const ended: string[] = [];
    const mark = (name: string) => () => void ended.push(name);
    const actors = Array.from({ length: 3_000 }, (_, index) => actorRow(`actor-${index}`));
    const calls = [
      store.commit(batch(1)).then(mark('commit 1')),
      store.project(projection(1, { actors, orders: [orderRow('o')] })).then(mark('project')),
      store.commit(batch(2)).then(mark('commit 2')),
      liveActors(store).then(mark('actors')),
      store.paper.load().then(mark('paper')),
      journal(store).then(mark('journal')),
    ];
    expect(store.pending).toBe(calls.length);
    await Promise.all(calls);
    expect(ended).toEqual(['commit 1', 'project', 'commit 2', 'actors', 'paper', 'journal']);
    expect(store.pending).toBe(0);
    expect(store.transactions).toBe(3);
  } finally {
    await fresh.dispose();
  }
});

test('a schema without tables is reported as such', async () => {
  const store = createPostgresStore({ url: databaseUrl(), schema: `absent_${process.pid}` });
  try {
    await expect(store.lastSeq()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('has this schema been migrated?'),
    });
  } finally {
    await store.close();
  }
});

test('a closed store says that it is not available, and closes once', async () => {
  const fresh = await freshStore();
  await fresh.store.close();
  await fresh.store.close();
  await expect(fresh.store.lastSeq()).rejects.toMatchObject({ code: 'store_unavailable' });
  await fresh.dispose();
});

test('an integer beyond the safe ones is refused, not rounded', async () => {
  const fresh = await freshStore();
  try {
    await withClient(fresh, (client) =>
      client.query(`insert into journal values ('b', 1, 9007199254740993, '[]')`),
    );
    await expect(fresh.store.lastSeq()).rejects.toMatchObject({ code: 'corrupt_row' });
  } finally {
    await fresh.dispose();
  }
});
