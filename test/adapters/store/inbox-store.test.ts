import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InboxFrame } from '../../../src/actors/venue-store-port.ts';
import { columnTypes } from '../../../src/adapters/store/connection.ts';
import { createInboxStore } from '../../../src/adapters/store/inbox-store.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { AWKWARD_JSON, AWKWARD_TEXT } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

const frame = (text: string, receivedAtMs = 1_780_000_000_000): InboxFrame => ({
  channel: 'user',
  connection: 3,
  receivedAtMs,
  text,
});

interface Row {
  readonly venue: string;
  readonly channel: string;
  readonly connection: number;
  readonly received_at_ms: number;
  readonly frame: string;
}

function rows(): Promise<Row[]> {
  return withClient(fresh, async (client) => {
    const text =
      'select venue, channel, connection, received_at_ms, frame from venue_inbox order by id';
    return (await client.query<Row>({ text, types: columnTypes })).rows;
  });
}

const texts = async (): Promise<string[]> => (await rows()).map((row) => row.frame);

test('frames are kept word for word, in their order, with where they came from', async () => {
  const inbox = fresh.store.inbox('polymarket');
  await inbox.keep([frame(AWKWARD_JSON), frame(AWKWARD_TEXT), frame('')]);
  await inbox.keep([]);
  await inbox.keep([frame(AWKWARD_JSON)]);
  expect(await texts()).toEqual([AWKWARD_JSON, AWKWARD_TEXT, '', AWKWARD_JSON]);
  expect((await rows())[0]).toEqual({
    venue: 'polymarket',
    channel: 'user',
    connection: 3,
    received_at_ms: 1_780_000_000_000,
    frame: AWKWARD_JSON,
  });
});

test.each([
  ['a NUL', 'a\0b', 'a\ufffdb'],
  ['the first half of a character', 'a\ud83d', 'a\ufffd'],
  ['the second half of a character', '\ude00b', '\ufffdb'],
])('%s does not break what comes with it', async (_, text, kept) => {
  await fresh.store.inbox('polymarket').keep([frame('before'), frame(text), frame('after')]);
  expect(await texts()).toEqual(['before', kept, 'after']);
});

test('a large group and a large frame are one write', async () => {
  const many = Array.from({ length: 5_000 }, (_, index) => frame(`frame ${index}`));
  const large = 'x'.repeat(4_000_000);
  await fresh.store.inbox('polymarket').keep([...many, frame(large)]);
  const kept = await texts();
  expect(kept).toHaveLength(5_001);
  expect(kept.slice(0, 5_000)).toEqual(many.map(({ text }) => text));
  expect(kept[5_000] === large).toBe(true);
});

test('what is older than the limit goes, and nothing else', async () => {
  const inbox = fresh.store.inbox('polymarket');
  await inbox.keep([frame('old', 10), frame('new', 20), frame('late', 15)]);
  expect(await inbox.prune(15)).toBe(1);
  expect(await texts()).toEqual(['new', 'late']);
  expect(await inbox.prune(15)).toBe(0);
});

test('of more rows than the bound the oldest go, over many pages', async () => {
  const pool = new pg.Pool({
    connectionString: fresh.url,
    options: `-c search_path=${fresh.schema}`,
    max: 1,
  });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const inbox = createInboxStore(db, (_, work) => work(), 'polymarket', 2);
    const many = Array.from({ length: 25_000 }, (_, index) => frame(`frame ${index}`));
    await inbox.keep(many);
    expect(await inbox.prune(0)).toBe(24_998);
    expect(await texts()).toEqual(['frame 24998', 'frame 24999']);
    await sql`delete from venue_inbox`.execute(db);
    expect(await inbox.prune(0)).toBe(0);
  } finally {
    await db.destroy();
  }
});

test('a store that is away says so, and takes the same frames later', async () => {
  const inbox = fresh.open().inbox('polymarket');
  await inbox.keep([frame('first')]);
  await withClient(fresh, (client) =>
    client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'fillwright/${process.pid}' and datname = current_database()`),
  );
  // The pool may hold more than one connection that has not noticed yet.
  for (let isKept = false; !isKept; ) {
    try {
      await inbox.keep([frame('second')]);
      isKept = true;
    } catch (fault) {
      expect(fault).toMatchObject({ code: 'store_unavailable' });
    }
  }
  expect(await texts()).toEqual(['first', 'second']);
});
