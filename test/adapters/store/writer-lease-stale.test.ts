/** A writer whose lease has gone to another writes nothing, however far it had come. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServerConnection } from '../../../src/adapters/store/connection.ts';
import {
  createPostgresStore,
  type PostgresStore,
} from '../../../src/adapters/store/postgres-store.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { createManualTime, leaseOf, runOut } from './lease-harness.ts';
import { startProxy } from './proxy.ts';
import { actorRow, batch, intent, journal, positionRow, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

const books = (amount: string) => ({
  ...{ orders: [], trades: [] },
  balances: [{ asset: 'cash', amount }],
});
const actors = Array.from({ length: 600 }, (_, index) => actorRow(`actor-${index}`));
const position = (size: string) => [positionRow('paper:market:YES', { size })];

/** A writer that renews nothing by itself, as one that stands still. */
async function openWriter(connection?: ServerConnection): Promise<PostgresStore> {
  const leaseTime = createManualTime();
  const { schema } = fresh;
  const store =
    connection === undefined
      ? fresh.open({ leaseTime })
      : createPostgresStore({ connection, schema, leaseTime });
  await store.acquireWriter();
  return store;
}

/** Another engine takes the lease of whoever has it, whose time is over. */
async function goesToAnother(): Promise<PostgresStore> {
  await runOut(fresh);
  const other = fresh.open();
  await other.acquireWriter();
  return other;
}

interface Write {
  readonly what: string;
  /** Text of the statement before which it can be held up. */
  readonly from: string;
  /** What an outsider does to hold it up in the server. */
  readonly holdUp: string;
  readonly write: (store: PostgresStore) => Promise<void>;
}

/** The journal row is written and the lease asserted before the key is found to be another's. */
const SAME_KEY = `insert into intents (key, client_order_id, body, at_ms, batch_seq, batch_position)
  values ('late', 'of another', '{}', 0, 1, 1)`;

const writes: readonly Write[] = [
  {
    what: 'commit',
    from: 'insert into journal',
    holdUp: 'lock table journal in access exclusive mode',
    write: (store) => store.commit(batch(1, { intents: [intent('late')] })),
  },
  {
    what: 'commit whose intents come last',
    from: 'insert into journal',
    holdUp: SAME_KEY,
    write: (store) => store.commit(batch(1, { intents: [intent('late')] })),
  },
  {
    what: 'small projection',
    from: 'insert into positions',
    holdUp: 'lock table positions in access exclusive mode',
    write: (store) => store.project(projection(20, { positions: position('20') })),
  },
  {
    what: 'large projection',
    from: 'copy pg_temp',
    holdUp: 'lock table positions in access exclusive mode',
    write: (store) => store.project(projection(20, { actors, positions: position('20') })),
  },
  {
    what: 'small fact',
    from: 'insert into system_metadata',
    holdUp: 'lock table system_metadata in access exclusive mode',
    write: (store) => store.setMetadata('late', 'yes'),
  },
  {
    what: 'save of the paper venue',
    from: 'insert into paper_balances',
    holdUp: 'lock table paper_balances in access exclusive mode',
    write: (store) => store.paper.save(books('1')),
  },
];

/** Nothing of any of `writes` is there. */
async function expectNothing(): Promise<void> {
  const { store } = fresh;
  expect(await journal(store)).toEqual([]);
  expect(await store.intentsByKeys(['late'])).toEqual([]);
  expect(await store.projectedThrough()).toBe(0);
  expect(await store.positions()).toEqual([]);
  expect(await store.metadata('late')).toBeUndefined();
  expect((await store.paper.load()).balances).toEqual([]);
}

describe('each write asserts the lease in its own transaction', () => {
  test.each(writes)('$what that begins too late', async ({ write }) => {
    const store = await openWriter();
    await goesToAnother();
    const lost: unknown[] = [];
    store.lease.onLost((fault) => lost.push(fault));
    await expect(write(store)).rejects.toMatchObject({
      code: 'lease_lost',
      facts: { schema: fresh.schema, epoch: 1 },
    });
    expect(lost).toHaveLength(1);
    expect(store.lease.mayAct()).toBe(false);
    await expectNothing();
  });

  test.each(writes)('$what that was on its way to the server', async ({ write, from }) => {
    const proxy = await startProxy(fresh.url);
    const store = await openWriter(proxy.connection);
    try {
      const held = proxy.holdFrom(from);
      const failed = expect(write(store)).rejects.toMatchObject({ code: 'lease_lost' });
      await held;
      const other = await goesToAnother();
      await other.commit(batch(1, { batchId: 'of the other' }));
      proxy.resume();
      await failed;
      expect(await journal(fresh.store)).toMatchObject([{ batchId: 'of the other' }]);
      await withClient(fresh, (client) => client.query('truncate journal'));
      await expectNothing();
    } finally {
      await store.close();
      await proxy.close();
    }
  });

  /**
   * The write hangs in the server. Either it has not asserted the lease yet, and is
   * taken back; or it has, and the taking waits until its transaction is over, by itself or ended.
   */
  test.each(writes)('$what in the middle of its transaction', async ({ write, holdUp }) => {
    const store = await openWriter();
    await withClient(fresh, async (client) => {
      await client.query('begin');
      await client.query(holdUp);
      const failed = expect(write(store)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:lease_lost|store_unavailable)$/),
      });
      await untilBlocked();
      await goesToAnother();
      await client.query('rollback');
      await failed;
    });
    await expectNothing();
    await expect(write(store)).rejects.toMatchObject({ code: 'lease_lost' });
    await expectNothing();
  });

  test('what a writer has asserted before the taking is there after it', async () => {
    const store = await openWriter();
    await runOut(fresh);
    await withClient(fresh, async (client) => {
      await client.query('begin');
      await client.query(SAME_KEY);
      const writing = store.commit(batch(1, { intents: [intent('late')] }));
      await untilBlocked();
      const taking = fresh.store.acquireWriter();
      await untilBlocked(2);
      await client.query('rollback');
      // On a machine so slow that the taking did not wait for it any longer it was ended instead.
      const isWritten = await writing.then(
        () => true,
        () => false,
      );
      await taking;
      expect(await fresh.store.lastSeq()).toBe(isWritten ? 1 : 0);
    });
    expect(await leaseOf(fresh)).toMatchObject({ epoch: 2 });
  });
});

/** Waits until so many statements of the stores wait for a lock. */
function untilBlocked(count = 1): Promise<void> {
  return withClient(fresh, (observer) =>
    until(async () => {
      const waiting = await observer.query(
        `select from pg_stat_activity where application_name = 'fillwright/${process.pid}'
           and wait_event_type = 'Lock'`,
      );
      return (waiting.rowCount ?? 0) >= count;
    }, `${count} statements to be blocked`),
  );
}

test('a process that stands still in a transaction cannot keep a take-over waiting', async () => {
  await openWriter();
  await withClient(fresh, async (client) => {
    const ended = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
    });
    await client.query('begin');
    await client.query('select from writer_lease for key share');
    await goesToAnother();
    await ended;
  }).catch(() => undefined);
  expect(await leaseOf(fresh)).toMatchObject({ epoch: 2 });
});

test('a renewal does not wait for a write, nor a write for a renewal', async () => {
  const leaseTime = createManualTime();
  const store = fresh.open({ leaseTime });
  await store.acquireWriter();
  const first = await leaseOf(fresh);
  await withClient(fresh, async (client) => {
    await client.query('begin');
    await client.query('select from writer_lease for key share');
    leaseTime.pass(2_000);
    await until(async () => (await leaseOf(fresh)).renewedAtMs > first.renewedAtMs);
    await client.query('rollback; begin');
    await client.query('update writer_lease set renewed_at = clock_timestamp()');
    await store.commit(batch(1));
    await client.query('rollback');
  });
});

test('an epoch that comes a second time, as after a backup or a failover, is another lease', async () => {
  const store = await openWriter();
  const other = await goesToAnother();
  await withClient(fresh, (client) => client.query('update writer_lease set epoch = 1'));
  await expect(store.commit(batch(1))).rejects.toMatchObject({ code: 'lease_lost' });
  await expect(other.commit(batch(1))).rejects.toMatchObject({ code: 'lease_lost' });
});

test('how far the tables have come never goes back; other facts may', async () => {
  const { store } = fresh;
  await store.project(projection(30, { metadata: { fact: 'b' } }));
  await store.project(projection(20, { metadata: { fact: 'a' } }));
  expect([await store.projectedThrough(), await store.metadata('fact')]).toEqual([30, 'a']);
  await store.project(projection(100));
  expect(await store.projectedThrough()).toBe(100);
});
