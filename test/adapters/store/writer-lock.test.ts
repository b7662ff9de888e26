import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServerConnection } from '../../../src/adapters/store/connection.ts';
import {
  createPostgresStore,
  type PostgresStore,
} from '../../../src/adapters/store/postgres-store.ts';
import { createWriterLock } from '../../../src/adapters/store/writer-lock.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { startProxy } from './proxy.ts';
import { actorRow, batch, positionRow, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

const CASH = [{ asset: 'cash', amount: '1' }];

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

/** A store with the lock, and a way to take it from that store as a dying connection would. */
async function openWriter(connection?: ServerConnection) {
  let tell: () => void = () => undefined;
  const log = {
    info: () => undefined,
    warn: (_facts: object, message: string) => {
      if (message.startsWith('The writer lock was lost')) tell();
    },
  };
  const { schema } = fresh;
  const store =
    connection === undefined
      ? fresh.open({ log })
      : createPostgresStore({ connection, schema, log });
  await store.acquireWriter();
  const lose = async () => {
    const lost = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await endHolder();
    await lost;
  };
  return { store, lose };
}

test('a lost lock is reported and taken again by the next commit', async () => {
  const { store, lose } = await openWriter();
  await lose();
  await store.commit(batch(1));
  await expect(fresh.open().acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
});

test('an engine whose lock went to another writes nothing until it has it again', async () => {
  const { store, lose } = await openWriter();
  const second = fresh.open();
  await lose();
  await second.acquireWriter();
  const writes = [
    () => store.commit(batch(1)),
    () => store.project(projection(1)),
    () => store.setMetadata('key', 'value'),
    () => store.paper.save({ orders: [], trades: [], balances: CASH }),
  ];
  for (const write of writes) {
    await expect(write()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/cannot be taken yet: Another engine writes to this store/),
    });
  }
  expect(await store.lastSeq()).toBe(0);
  expect(await store.metadata('key')).toBeUndefined();
  expect((await store.paper.load()).balances).toEqual([]);
  await second.close();
  await store.commit(batch(1));
  expect(await store.lastSeq()).toBe(1);
});

const actors = Array.from({ length: 600 }, (_, index) => actorRow(`actor-${index}`));
const position = (size: string) => [positionRow('paper:market:YES', { size })];
const lateWrites = [
  {
    what: 'large projection',
    from: 'copy pg_temp',
    write: (store: PostgresStore) =>
      store.project(projection(20, { actors, positions: position('20') })),
  },
  {
    what: 'small projection',
    from: 'insert into positions',
    write: (store: PostgresStore) => store.project(projection(20, { positions: position('20') })),
  },
  {
    what: 'save of the paper venue',
    from: 'insert into paper_balances',
    write: ({ paper }: PostgresStore) => paper.save({ orders: [], trades: [], balances: CASH }),
  },
];

test.each(lateWrites)('a $what that arrives after the lock is gone is taken back', async (late) => {
  const proxy = await startProxy(fresh.url);
  const { store, lose } = await openWriter(proxy.connection);
  try {
    const held = proxy.holdFrom(late.from);
    const writing = late.write(store);
    const failed = expect(writing).rejects.toMatchObject({ code: 'store_unavailable' });
    await held;
    await lose();
    await fresh.store.acquireWriter();
    await fresh.store.project(projection(30, { positions: position('30') }));
    await fresh.store.paper.save({
      orders: [],
      trades: [],
      balances: [{ asset: 'cash', amount: '2' }],
    });
    proxy.resume();
    await failed;
    expect(await fresh.store.projectedThrough()).toBe(30);
    expect(await fresh.store.positions()).toMatchObject([{ size: '30' }]);
    expect((await fresh.store.paper.load()).balances).toMatchObject([{ amount: '2' }]);
  } finally {
    await store.close();
    await proxy.close();
  }
});

test('how far the tables have come never goes back; other facts may', async () => {
  const { store } = fresh;
  await store.project(projection(30, { metadata: { fact: 'b' } }));
  await store.project(projection(20, { metadata: { fact: 'a' } }));
  expect([await store.projectedThrough(), await store.metadata('fact')]).toEqual([30, 'a']);
  await store.project(projection(100));
  expect(await store.projectedThrough()).toBe(100);
});

test('a lock given back while it is being taken stays given back', async () => {
  const place = { address: { url: fresh.url }, schema: fresh.schema };
  const lock = createWriterLock(place);
  const taking = lock.acquire();
  await lock.release();
  await taking;
  expect(await lock.ensure()).toBeUndefined();
  await fresh.store.acquireWriter();
});
