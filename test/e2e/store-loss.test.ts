/** The database goes away in the middle of trading: refused while it is away, nothing lost or twice. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../src/actors/store-port.ts';
import {
  type EmbeddedServer,
  startEmbeddedServer,
} from '../../src/adapters/store/embedded-server.ts';
import { storeFault } from '../../src/adapters/store/fault.ts';
import { createPostgresStore } from '../../src/adapters/store/postgres-store.ts';
import {
  postmasterPid,
  removeTemporary,
  temporaryFolder,
} from '../adapters/store/embedded-harness.ts';
import { type FreshStore, freshStore, withClient } from '../support/database.ts';
import { asked, booksOf, openDesk, type TestDesk, ticks, until } from '../support/desk.ts';
import { foldJournal, storedStates } from '../support/fold.ts';
import { createPaperMarket } from '../support/paper-desk.ts';
import { createScriptedVenue } from '../support/scripted-venue.ts';

const RICH = { id: 'main', depositUsd: '100000', minimumReserveUsd: '0' };

/** Submits until the store has taken it; the key makes a second try harmless. */
async function insist(desk: TestDesk, intent: object): Promise<string> {
  let orderId = '';
  await until(async () => {
    try {
      orderId = (await desk.trading.submit(intent)).orderId;
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'store_unavailable' });
      return false;
    }
  }, 'the store to take an intent');
  return orderId;
}

describe('connections that the server ends', () => {
  let fresh: FreshStore;
  let desk: TestDesk;
  beforeEach(async () => {
    fresh = await freshStore();
  });
  afterEach(async () => {
    await desk.crash();
    await fresh.dispose();
  });

  const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'fillwright/${process.pid}' and datname = current_database()`;

  test('again and again under load: everything that was promised is there, nothing twice', async () => {
    const market = createPaperMarket({ cashUsd: RICH.depositUsd });
    desk = await openDesk(fresh, { venue: market.venue, account: RICH, checkIdentities: false });
    market.show(
      [['0.45', '100']],
      [
        ['0.5', '40'],
        ['0.55', '5000'],
      ],
    );
    const intents = Array.from({ length: 200 }, (_, index) =>
      asked({ price: index % 3 === 0 ? '0.4' : '0.55', size: '7' }),
    );
    let taken = 0;
    const denied: string[] = [];
    const { trading } = desk;
    // A lost answer closes the market to entries: then another intent is tried when the doubt is over.
    const place = async (intent: object): Promise<string> => {
      const orderId = await insist(desk, intent);
      if ((await trading.order(orderId))?.status !== 'DENIED') return orderId;
      denied.push(orderId);
      await until(() => trading.health().quarantine.length === 0, 'the doubt to end');
      return place({ ...intent, key: asked().key });
    };
    const placed = Promise.all(
      intents.map(async (intent, index) => {
        // Some at once, the others while connections end.
        await until(() => taken >= index - 20);
        const orderId = await place(intent);
        taken += 1;
        return orderId;
      }),
    );
    for (const share of [20, 60, 100, 150]) {
      await until(() => taken >= share);
      await withClient(fresh, (client) => client.query(TERMINATE));
    }
    const ids = await placed;
    expect(new Set(ids).size).toBe(intents.length);
    await until(() => trading.health().store === 'ok');
    await until(() => trading.workingOrders().every(({ status }) => /PLAC|PART/.test(status)));
    await trading.cancelAll();
    await until(() => trading.health().openOrders === 0, 'every order to be closed');
    await trading.settled();
    const { cashUsd } = await desk.venue.fetchBalances();
    expect((await trading.account()).cashUsd).toBe(cashUsd);
    expect(await fresh.store.ledgerTotal('main')).toBe(cashUsd);
    const books = await booksOf(fresh);
    expect(books.orders).toHaveLength(intents.length + denied.length);
    expect(books.prepared).toHaveLength(intents.length);
    await trading.stop();
    expect((await foldJournal(fresh)).states).toEqual(await storedStates(fresh));
  });

  /** A store whose writes fail as on a full disk while `full` is set. */
  function smallDisk(): { around: (store: Store) => Store; full: boolean } {
    const disk = {
      full: false,
      around: (store: Store) =>
        new Proxy<Store>(store, {
          get(target, key) {
            const value: unknown = Reflect.get(target, key, target);
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              if (disk.full && (key === 'commit' || key === 'project')) {
                const error = Object.assign(new Error('could not extend file'), { code: '53100' });
                return Promise.reject(storeFault(error, String(key)));
              }
              return Reflect.apply(value, target, args);
            };
          },
        }),
    };
    return disk;
  }

  test('a full disk: a clear error, nothing sent, and all goes on when there is room', async () => {
    const venue = createScriptedVenue({ now: () => Date.now() });
    const disk = smallDisk();
    desk = await openDesk(fresh, { venue: () => venue.connect(), around: disk.around });
    const { trading } = desk;
    const health: string[] = [];
    trading.on('health', ({ part, state }) => health.push(`${part} ${state}`));
    const placed = await desk.submit();
    await until(() => trading.workingOrders().every(({ status }) => status === 'PLACED'));
    await trading.settled();
    disk.full = true;
    const pending = desk.submit();
    await until(() => trading.health().store === 'lost');
    await expect(desk.submit()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('the disk of the server is full'),
    });
    await expect(trading.cancel(placed.orderId)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    // A fill is a fact whether or not there is room for it.
    venue.fill({ venueOrderId: `0x${placed.orderId}`, size: '10' });
    await until(() => trading.health().waiting >= 2);
    await ticks();
    expect(venue.submits).toHaveLength(1);
    disk.full = false;
    const { orderId } = await pending;
    await until(() => venue.submits.length === 2);
    expect(venue.submits[1]?.clientOrderId).toBe(orderId);
    await trading.settled();
    expect(await fresh.store.order(placed.orderId)).toMatchObject({ status: 'MATCHED' });
    expect(health).toEqual(['store lost', 'store ok']);
  });
});

describe('a server of its own that dies or hangs', () => {
  let folder = '';
  let server: EmbeddedServer;
  let fresh: FreshStore;
  let desk: TestDesk;

  beforeEach(async () => {
    folder = temporaryFolder();
    server = await startEmbeddedServer({ dataFolder: folder });
    fresh = freshOn(server);
    await fresh.store.migrate();
  });
  afterEach(async () => {
    await desk.crash();
    await fresh.store.close();
    await server.stop().catch(() => undefined);
    removeTemporary();
  });

  function freshOn({ url }: EmbeddedServer): FreshStore {
    const schema = 'public';
    const open = () => createPostgresStore({ url, schema });
    return { store: open(), url, schema, open, dispose: () => Promise.resolve() };
  }

  const signal = (name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL', pid = pidOf()) =>
    process.kill(pid, name);

  function pidOf(): number {
    const pid = postmasterPid(folder);
    if (pid === undefined) throw new Error('No server runs.');
    return pid;
  }

  test('killed: submits are refused, nothing new goes out; restarted: what waited is durable', async () => {
    const venue = createScriptedVenue({ now: () => Date.now() });
    desk = await openDesk(fresh, { venue: () => venue.connect() });
    const { trading } = desk;
    const placed = await desk.submit();
    await until(() => trading.workingOrders().every(({ status }) => status === 'PLACED'));
    await trading.settled();
    signal('SIGKILL');
    const isGone = () =>
      fresh.store.lastSeq().then(
        () => false,
        () => true,
      );
    await until(isGone, 'the server to be gone');
    venue.fill({ venueOrderId: `0x${placed.orderId}`, size: '4' });
    await until(() => trading.health().store === 'lost');
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(desk.submit()).rejects.toMatchObject({ code: 'store_unavailable' });
    }
    expect(trading.health()).toMatchObject({ running: false, failure: null });
    expect(venue.submits).toHaveLength(1);
    await until(() => startEmbeddedServer({ dataFolder: folder }).then(keep, () => false));
    await until(() => trading.health().running, 'the store to be back');
    await trading.settled();
    expect(await fresh.store.order(placed.orderId)).toMatchObject({ filledSize: '4' });
    const next = await desk.submit();
    await until(() => venue.submits.length === 2);
    expect(venue.submits[1]?.clientOrderId).toBe(next.orderId);
    expect((await booksOf(fresh)).intents).toHaveLength(2);
  });

  function keep(started: EmbeddedServer): true {
    server = started;
    return true;
  }

  test('frozen: an answer waits, and nothing goes out until the server has written it', async () => {
    const venue = createScriptedVenue({ now: () => Date.now() });
    desk = await openDesk(fresh, { venue: () => venue.connect() });
    const placed = await desk.submit();
    await until(() => venue.submits.length === 1);
    await desk.trading.settled();
    const backends = await withClient(fresh, async (client) => {
      const found = await client.query(
        `select pid from pg_stat_activity where application_name like 'fillwright/%'`,
      );
      return found.rows.map(({ pid }) => Number(pid));
    });
    const frozen = [pidOf(), ...backends];
    for (const pid of frozen) signal('SIGSTOP', pid);
    let answered = false;
    const pending = desk.submit().finally(() => {
      answered = true;
    });
    const cancelled = desk.trading.cancel(placed.orderId);
    try {
      await until(() => desk.trading.health().waiting > 0);
      await ticks(100);
      expect({ answered, sent: venue.submits.length, cancels: venue.cancels }).toEqual({
        answered: false,
        sent: 1,
        cancels: [],
      });
    } finally {
      for (const pid of frozen) signal('SIGCONT', pid);
    }
    const { orderId } = await pending;
    await cancelled;
    await until(() => venue.submits.length === 2 && venue.cancels.length === 1);
    expect(venue.submits[1]?.clientOrderId).toBe(orderId);
  });
});
