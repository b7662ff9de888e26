/** The server stops answering without a word: the call fails, the process and the store go on. */
import { once } from 'node:events';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyIn } from '../../../src/adapters/store/copy.ts';
import {
  createPostgresStore,
  type PostgresStore,
} from '../../../src/adapters/store/postgres-store.ts';
import { type FreshStore, freshStore } from '../../support/database.ts';
import { type Door, startProxy } from './proxy.ts';
import { actorRow, batch, liveActors, projection } from './rows.ts';

let fresh: FreshStore;
let proxy: Door;
let store: PostgresStore;
beforeEach(async () => {
  fresh = await freshStore();
  proxy = await startProxy(fresh.url);
  const { connection } = proxy;
  store = createPostgresStore({ connection, schema: fresh.schema, answerTimeoutMs: 1_000 });
});
afterEach(async () => {
  await store.close();
  await proxy.close();
  await fresh.dispose();
});

const actors = Array.from({ length: 600 }, (_, index) => actorRow(`actor-${index}`));
const LARGE = projection(1, { actors });

test.each([
  ['the COPY', 'copy pg_temp', () => store.project(LARGE)],
  ['a statement', 'insert into journal', () => store.commit(batch(1))],
])('silence from %s on ends the call; the store works when the network is back', async (...row) => {
  const [, text, write] = row;
  const silent = proxy.holdFrom(text);
  await expect(write()).rejects.toMatchObject({ code: 'store_unavailable' });
  await silent;
  proxy.resume();
  await write();
  expect((await liveActors(store)).length + (await store.lastSeq())).toBeGreaterThan(0);
});

test('a COPY that met silence has ended its connection before the answer can come', async () => {
  const client = new pg.Client({ ...proxy.connection, query_timeout: 1_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('create temp table copied (one text)');
  void proxy.holdFrom('copy copied');
  const ended = once(client, 'end');
  await expect(copyIn(client, 'copy copied from stdin', ['a\n', 'b\n'])).rejects.toThrow(
    'Query read timeout',
  );
  proxy.resume();
  await ended;
  await expect(client.query('select 1')).rejects.toThrow('not queryable');
});
