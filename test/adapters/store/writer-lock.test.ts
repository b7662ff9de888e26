import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { batch, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

/** Ends the server's side of the connection that holds the writer lock of this schema. */
async function endHolder(): Promise<void> {
  await withClient(fresh, (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_locks
       where locktype = 'advisory' and granted and objsubid = 1
         and ((classid::bigint << 32) | objid::bigint) =
           hashtextextended('fillwright writer ' || current_database() || '.' || $1, 0)`,
      [fresh.schema],
    ),
  );
}

test('one engine writes at a time; the second is told who does', async () => {
  const second = fresh.open();
  await fresh.store.acquireWriter();
  await expect(second.acquireWriter()).rejects.toMatchObject({
    code: 'store_busy',
    message: expect.stringContaining(`process ${process.pid} `),
    facts: { pid: process.pid, schema: fresh.schema },
  });
});

test('taking the lock again, or twice at once, is the same lock', async () => {
  await Promise.all([fresh.store.acquireWriter(), fresh.store.acquireWriter()]);
  await fresh.store.acquireWriter();
});

test('the lock of one schema does not lock another', async () => {
  const other = await freshStore();
  try {
    await fresh.store.acquireWriter();
    await other.store.acquireWriter();
  } finally {
    await other.dispose();
  }
});

test('closing gives the lock back', async () => {
  const second = fresh.open();
  await fresh.store.acquireWriter();
  await fresh.store.close();
  await second.acquireWriter();
});

test('a lost lock is reported once and taken again by the next commit', async () => {
  const { store } = fresh;
  await store.acquireWriter();
  const lost = new Promise<void>((resolve) => store.onWriterLost(resolve));
  await endHolder();
  await lost;
  await store.commit(batch(1));
  await expect(fresh.open().acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
});

test('an engine whose lock went to another writes nothing until it has it again', async () => {
  const { store } = fresh;
  const second = fresh.open();
  await store.acquireWriter();
  const lost = new Promise<void>((resolve) => store.onWriterLost(resolve));
  await endHolder();
  await lost;
  await second.acquireWriter();
  for (const write of [() => store.commit(batch(1)), () => store.project(projection(1))]) {
    await expect(write()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('Another engine writes to this store'),
    });
  }
  expect(await store.lastSeq()).toBe(0);
  await second.close();
  await store.commit(batch(1));
  expect(await store.lastSeq()).toBe(1);
});

test('a removed listener hears nothing', async () => {
  const { store } = fresh;
  await store.acquireWriter();
  let heard = 0;
  const remove = store.onWriterLost(() => {
    heard += 1;
  });
  remove();
  const lost = new Promise<void>((resolve) => store.onWriterLost(resolve));
  await endHolder();
  await lost;
  expect(heard).toBe(0);
});
