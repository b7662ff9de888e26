/** What the user channel says is in the database before anybody acts on it. */
import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FrameInbox, InboxFrame } from '../../../../src/actors/venue-store-port.ts';
import { MAX_WAITING_FRAMES } from '../../../../src/adapters/venues/polymarket/inbox.ts';
import { PRUNE_EVERY_MS } from '../../../../src/adapters/venues/polymarket/user-channel.ts';
import { type FreshStore, freshStore, withClient } from '../../../support/database.ts';
import { until, venue } from '../../marketdata/channel-harness.ts';
import { orderMessage, tradeMessage } from './user-fixtures.ts';
import { listen, START } from './user-harness.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

const order = (change: object = {}): string => JSON.stringify(orderMessage(change));

interface Watched extends FrameInbox {
  /** Frames of each write that was tried. */
  readonly groups: (readonly InboxFrame[])[];
  readonly prunes: number[];
}

/** The real inbox, and what it was asked to do. */
function watched(): Watched {
  const inbox = fresh.store.inbox('polymarket');
  const groups: (readonly InboxFrame[])[] = [];
  const prunes: number[] = [];
  return {
    groups,
    prunes,
    keep(frames) {
      groups.push(frames);
      return inbox.keep(frames);
    },
    prune(beforeMs) {
      prunes.push(beforeMs);
      return inbox.prune(beforeMs);
    },
  };
}

async function kept(): Promise<string[]> {
  return withClient(fresh, async (client) => {
    const { rows } = await client.query<{ frame: string }>(
      'select frame from venue_inbox order by id',
    );
    return rows.map(({ frame }) => frame);
  });
}

/** Holds every write of the inbox up while `work` runs. */
async function whileHeld(work: (client: pg.Client) => Promise<void>): Promise<void> {
  await withClient(fresh, async (client) => {
    await client.query('begin');
    await client.query('lock table venue_inbox in share mode');
    await work(client);
    await client.query('rollback');
  });
}

/** Time for what must not happen: many turns of the loop, and a round trip to the database. */
async function nothingMore(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await fresh.store.lastSeq();
}

test('frames are in the database before they are handed on, and word for word', async () => {
  const frames = [
    order(),
    JSON.stringify([tradeMessage()], null, 1),
    '{"broken',
    '{"event_type":"riddle","text":"it\\u0000s"}',
  ];
  const server = await venue((socket) => {
    socket.send('PONG');
    for (const frame of frames) socket.send(frame);
  });
  const inbox = watched();
  const { channel, events, run, end } = listen(server.url, { inbox });
  let running = Promise.resolve();
  await whileHeld(async () => {
    running = run();
    await until(() => channel.counts.frames === 5 && events.length === 1);
    await nothingMore();
    expect(events).toEqual(['up']);
  });
  await until(() => channel.counts.malformed === 1 && channel.counts.ignored.riddle === 1);
  expect(events.slice(1, 3)).toEqual(['order live 0', expect.stringContaining('leg taker')]);
  expect(await kept()).toEqual(frames);
  expect(inbox.groups.flat()[0]).toMatchObject({
    channel: 'user',
    connection: 1,
    receivedAtMs: START,
  });
  await end(running);
});

test('what arrives during a write goes into one more', async () => {
  const server = await venue((socket) => {
    for (let size = 0; size < 300; size += 1) socket.send(order({ size_matched: `${size}` }));
  });
  const inbox = watched();
  const { channel, events, run, end } = listen(server.url, { inbox });
  let running = Promise.resolve();
  await whileHeld(async () => {
    running = run();
    await until(() => channel.counts.frames === 300);
  });
  await until(() => events.length === 301);
  await end(running);
  expect(inbox.groups.map((group) => group.length)).toEqual([1, 299]);
  expect(await kept()).toHaveLength(300);
});

test('a store that is away only delays, and keeps every frame once', async () => {
  const server = await venue((socket) => {
    socket.send(order());
    socket.send(order({ type: 'CANCELLATION' }));
  });
  const inbox = watched();
  const { clock, events, log, run, end } = listen(server.url, { inbox });
  let running = Promise.resolve();
  await whileHeld(async (client) => {
    running = run();
    await untilBlocked(client);
    await client.query(TERMINATE);
    await until(() => log.some((line) => line.includes('The store is away')));
    expect(events).toEqual(['up']);
  });
  for (let tries = 0; tries < 20_000 && events.length < 3; tries += 1) {
    await clock.advanceTo(clock.now() + 200);
    await nothingMore();
  }
  await end(running);
  expect(events).toEqual(['up', 'order live 0', 'order cancelled 0']);
  expect(await kept()).toHaveLength(2);
  expect(log.some((line) => line.includes('takes the venue frames again'))).toBe(true);
});

test('an abort while the store is away ends the reading at once', async () => {
  const server = await venue((socket) => socket.send(order()));
  const inbox = watched();
  const { log, run, end } = listen(server.url, { inbox });
  await whileHeld(async (client) => {
    const running = run();
    await untilBlocked(client);
    await client.query(TERMINATE);
    await until(() => log.some((line) => line.includes('The store is away')));
    await end(running);
  });
});

test('more than may wait costs the connection, not the memory', async () => {
  const server = await venue((socket, nth) => {
    if (nth > 1) return socket.send(order({ type: 'CANCELLATION' }));
    for (let sent = 0; sent <= MAX_WAITING_FRAMES; sent += 1) socket.send(order());
  });
  const inbox = watched();
  const { channel, clock, events, run, end } = listen(server.url, { inbox });
  let running = Promise.resolve();
  await whileHeld(async () => {
    running = run();
    await until(() => events.at(-1) === 'down');
  });
  // The one frame that was being written stays.
  expect(channel.counts.dropped).toBe(MAX_WAITING_FRAMES);
  await clock.advanceTo(START + 1000);
  await until(() => events.at(-1) === 'order cancelled 0');
  await end(running);
  expect(events.filter((event) => event !== 'order live 0')).toEqual([
    'up',
    'down',
    'up',
    'order cancelled 0',
  ]);
  expect(await kept()).toHaveLength(2);
});

test('frames that the store refuses for good are taken, counted and told', async () => {
  await withClient(fresh, (client) =>
    client.query(`alter table venue_inbox add check (frame not like '%CANCELLATION%')`),
  );
  const server = await venue((socket) => {
    socket.send(order());
    setImmediate(() => socket.send(order({ type: 'CANCELLATION' })));
  });
  const { channel, events, log, run, end } = listen(server.url, { inbox: watched() });
  const running = run();
  await until(() => events.at(-1) === 'order cancelled 0');
  await end(running);
  const { notKept } = channel.counts;
  expect(notKept).toBeGreaterThan(0);
  expect(await kept()).toHaveLength(2 - notKept);
  expect(log.some((line) => line.includes('without being kept'))).toBe(true);
});

test('old frames are removed at the start and from time to time, and a failure is only told', async () => {
  const inbox = watched();
  const old = { channel: 'user', connection: 1, receivedAtMs: START - 8 * 86_400_000, text: 'old' };
  await inbox.keep([old, { ...old, receivedAtMs: START, text: 'new' }]);
  const server = await venue((socket) => {
    socket.on('message', () => socket.send('PONG'));
    socket.send(order());
  });
  const { clock, events, log, run, end } = listen(server.url, { inbox });
  const running = run();
  await until(() => events.length === 2);
  await fresh.store.lastSeq();
  expect(await kept()).toEqual(['new', order()]);
  await withClient(fresh, (client) => client.query('drop table venue_inbox'));
  await clock.advanceTo(START + PRUNE_EVERY_MS);
  await until(() => log.some((line) => line.includes('could not be removed')));
  await end(running);
  const sevenDays = START - 7 * 86_400_000;
  expect(inbox.prunes).toEqual([sevenDays, sevenDays + PRUNE_EVERY_MS]);
});

/** Ends every connection of this process's stores on the server's side. */
const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'fillwright/${process.pid}' and datname = current_database()`;

/** Until the pruning of the start and the first write both wait. */
async function untilBlocked(client: pg.Client): Promise<void> {
  for (;;) {
    // Inside a transaction the server would show what it showed the first time.
    await client.query('select pg_stat_clear_snapshot()');
    const { rows } = await client.query(`select from pg_stat_activity
      where application_name = 'fillwright/${process.pid}' and wait_event_type = 'Lock'`);
    if (rows.length === 2) return;
  }
}
