/** Taking, keeping and giving back the writer lease. */
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PostgresStore } from '../../../src/adapters/store/postgres-store.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { createManualTime, leaseOf, runOut } from './lease-harness.ts';
import { batch } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

/** Ends every connection of this process's stores to this schema on the server's side. */
async function endConnections(): Promise<void> {
  await withClient(fresh, (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'fillwright/${process.pid}' and query ilike '%writer_lease%'`,
    ),
  );
}

describe('one engine writes at a time', () => {
  test('the second is refused at once, and told who does, where, since when and until when', async () => {
    await fresh.store.acquireWriter();
    await expect(fresh.open().acquireWriter()).rejects.toMatchObject({
      code: 'store_busy',
      message: expect.stringMatching(
        new RegExp(
          `process ${process.pid} on ${hostname()} \\(since 20\\S+Z, until 20\\S+Z unless renewed\\)`,
        ),
      ),
      facts: { pid: process.pid, host: hostname(), schema: fresh.schema, epoch: 1 },
    });
    expect(fresh.store.lease.mayAct()).toBe(true);
    await fresh.store.commit(batch(1));
  });

  test('taking it again, or twice at once, is the same lease', async () => {
    await Promise.all([fresh.store.acquireWriter(), fresh.store.acquireWriter()]);
    await fresh.store.acquireWriter();
    expect(await leaseOf(fresh)).toMatchObject({ epoch: 1, pid: process.pid });
  });

  test('of many who want it at once one gets it', async () => {
    const stores = Array.from({ length: 5 }, () => fresh.open());
    const taken = await Promise.allSettled(stores.map((store) => store.acquireWriter()));
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(stores.filter((store) => store.lease.mayAct())).toHaveLength(1);
    expect((await leaseOf(fresh)).epoch).toBe(1);
  });

  test('the lease of one schema is none of another', async () => {
    const other = await freshStore();
    try {
      await fresh.store.acquireWriter();
      await other.store.acquireWriter();
    } finally {
      await other.dispose();
    }
  });

  test('closing gives it back at once, and the next one has the next epoch', async () => {
    await fresh.store.acquireWriter();
    await fresh.store.close();
    expect(await leaseOf(fresh)).toMatchObject({ epoch: 1, isReleased: true });
    expect(fresh.store.lease.mayAct()).toBe(false);
    await fresh.open().acquireWriter();
    expect(await leaseOf(fresh)).toMatchObject({ epoch: 2, isReleased: false });
  });

  test('one that is given back while it is being taken stays given back', async () => {
    const taking = fresh.store.acquireWriter();
    await fresh.store.close();
    await taking;
    await fresh.open().acquireWriter();
  });

  test('nothing is sent before it was asked for', async () => {
    expect(fresh.store.lease.mayAct()).toBe(false);
    let isActive = false;
    const active = fresh.store.lease.untilActive().then(() => {
      isActive = true;
    });
    await fresh.store.lastSeq();
    expect(isActive).toBe(false);
    await fresh.store.acquireWriter();
    await active;
  });

  test('a row that somebody has removed is named', async () => {
    await withClient(fresh, (client) => client.query('delete from writer_lease'));
    await expect(fresh.store.acquireWriter()).rejects.toMatchObject({ code: 'corrupt_row' });
  });
});

describe('it is renewed', () => {
  test('every third of its time, by the clock of the server', async () => {
    const leaseTime = createManualTime();
    const store = fresh.open({ leaseTime, leaseMs: 6_000 });
    await store.acquireWriter();
    const first = await leaseOf(fresh);
    expect(first.expiresAtMs - first.renewedAtMs).toBeCloseTo(6_000, 0);
    leaseTime.pass(1_999);
    expect(await leaseOf(fresh)).toEqual(first);
    leaseTime.pass(1);
    await until(async () => (await leaseOf(fresh)).renewedAtMs > first.renewedAtMs);
    const second = await leaseOf(fresh);
    expect(second.expiresAtMs - second.renewedAtMs).toBeCloseTo(6_000, 0);
    expect(second).toMatchObject({ epoch: 1, acquiredAtMs: first.acquiredAtMs });
  });

  test('without a renewal its holder stops a second before the server lets another have it', async () => {
    const leaseTime = createManualTime();
    const store = fresh.open({ leaseTime, leaseMs: 6_000 });
    await store.acquireWriter();
    await withClient(fresh, async (client) => {
      await client.query('begin; lock table writer_lease in access exclusive mode');
      leaseTime.pass(4_999);
      expect(store.lease.mayAct()).toBe(true);
      leaseTime.pass(1);
      expect(store.lease.mayAct()).toBe(false);
      await client.query('rollback');
    });
  });

  test('it outlives its connections: they are made again, and nobody else gets it', async () => {
    const leaseTime = createManualTime();
    const store = fresh.open({ leaseTime, leaseMs: 30_000 });
    await store.acquireWriter();
    const before = await leaseOf(fresh);
    await endConnections();
    await expect(fresh.open().acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    await until(async () => {
      leaseTime.pass(500);
      return (await leaseOf(fresh)).renewedAtMs > before.renewedAtMs;
    });
    expect(await leaseOf(fresh)).toMatchObject({ epoch: 1 });
  });
});

describe('a database that is away for longer than the lease', () => {
  /** A holder that could not renew it in time. */
  async function doubtful(): Promise<{
    store: PostgresStore;
    goOn: () => void;
    messages: readonly string[];
  }> {
    const leaseTime = createManualTime();
    const messages: string[] = [];
    const say = (_facts: object, message: string) => void messages.push(message);
    const store = fresh.open({ leaseTime, leaseMs: 900, log: { info: say, warn: say } });
    await store.acquireWriter();
    await withClient(fresh, async (client) => {
      await client.query('begin; lock table writer_lease in access exclusive mode');
      leaseTime.pass(900);
      await until(() => messages.some((message) => message.includes('cannot be renewed')));
      await client.query('rollback');
    });
    await runOut(fresh);
    expect(store.lease.mayAct()).toBe(false);
    return { store, messages, goOn: () => leaseTime.pass(500) };
  }

  test('nothing is sent; when nobody has taken the lease meanwhile, everything goes on', async () => {
    const { store, goOn, messages } = await doubtful();
    let isActive = false;
    const active = store.lease.untilActive().then(() => {
      isActive = true;
    });
    await store.lastSeq();
    expect([isActive, store.pending]).toEqual([false, 1]);
    goOn();
    await active;
    expect(store.lease.mayAct()).toBe(true);
    expect(messages).toContain('The writer lease is renewed: sending goes on.');
    await store.commit(batch(1));
    expect(await leaseOf(fresh)).toMatchObject({ epoch: 1 });
  });

  test('when another has taken it, it is over for good', async () => {
    const { store, goOn } = await doubtful();
    const lost: unknown[] = [];
    store.lease.onLost((fault) => lost.push(fault));
    const active = store.lease.untilActive();
    const refused = expect(active).rejects.toMatchObject({ code: 'lease_lost' });
    await fresh.store.acquireWriter();
    goOn();
    await refused;
    expect(lost).toMatchObject([{ code: 'lease_lost', facts: { epoch: 1 } }]);
    await fresh.store.close();
    for (const call of [() => store.acquireWriter(), () => store.commit(batch(1))]) {
      await expect(call()).rejects.toMatchObject({ code: 'lease_lost' });
    }
    expect(store.lease.mayAct()).toBe(false);
    // Whoever asks later is told as well.
    await new Promise<void>((resolve) => {
      store.lease.onLost(() => resolve());
    });
  });
});

test('the migration refuses to run beside an engine that knows only the lock of old', async () => {
  const { store, schema, url } = fresh;
  await store.dropSchema();
  await withClient({ url, schema }, async (client) => {
    await client.query(
      `select pg_advisory_lock(hashtextextended('fillwright writer ' || current_database() || '.' || $1, 0))`,
      [schema],
    );
    await expect(store.migrate()).rejects.toMatchObject({ code: 'store_busy' });
    await expect(store.lastSeq()).rejects.toMatchObject({ code: 'store_unavailable' });
  });
  await store.migrate();
  await store.acquireWriter();
});
