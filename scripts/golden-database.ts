/**
 * A whole database as this release leaves it when it is killed while it trades on the paper venue:
 * the log with a tail that no snapshot knows, snapshots, read tables and the venue's own books.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { MarketDataSource } from '../src/actors/ports.ts';
import { clientConfig } from '../src/adapters/store/connection.ts';
import { createEngine, type Engine, type Instrument, parseConfig } from '../src/engine.ts';
import { openStore } from '../src/open-store.ts';
import { NO, YES } from './golden-actors.ts';

/** A table's row, every value as PostgreSQL writes it. */
export interface GoldenRow {
  readonly table: string;
  readonly row: Readonly<Record<string, string | null>>;
}

const INSTRUMENTS = [YES, NO];

/** The slow submit leaves orders under way, the slow confirmation legs that are not final. */
const CONFIG = `
account: { id: golden, depositUsd: 1000, minimumReserveUsd: 5 }
paper:
  latencyMs: { submit: 250, cancel: 250 }
  settlement: { minedAfterMs: 300, confirmedAfterMs: 1500, failedShare: 0.3, retryingShare: 0.3 }
`;
/** Longer than snapshots wait to be written. */
const UNTIL_SNAPSHOTS_MS = 4_000;
const TRIES = 20;

/** @throws when this release cannot be brought to leave everything that is to be in there. */
export async function goldenDatabase(): Promise<readonly GoldenRow[]> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const rows = await inFolder(tradeAndDump);
    const missing = missingFrom(rows);
    if (missing.length === 0) return rows;
    process.stderr.write(`Attempt ${attempt} left no ${missing.join(', no ')}.\n`);
  }
  throw new Error(`${TRIES} attempts did not leave a database with everything in it.`);
}

/** What a golden database must hold to be worth restoring. */
function missingFrom(rows: readonly GoldenRow[]): string[] {
  const of = (table: string) => rows.filter((one) => one.table === table).map(({ row }) => row);
  const orders = new Set(of('orders').map((row) => `${row.execution}/${row.settlement}`));
  const legs = new Set(of('fill_legs').map((row) => row.settlement));
  const ends = of('journal').map((row) => Number(row.last_seq));
  const through = of('system_metadata').find(({ key }) => key === 'projected_through')?.value;
  const wanted: readonly (readonly [string, boolean])[] = [
    ['order under way', [...orders].some((state) => state.startsWith('submitting'))],
    ['order at the venue', orders.has('working.open/none')],
    ['order filled in part', [...orders].some((state) => state.startsWith('working.partially'))],
    ['cancel under way', [...orders].some((state) => state.startsWith('cancelling'))],
    ['cancelled order', orders.has('cancelled/none')],
    ['denied order', orders.has('denied/none')],
    ['confirmed leg', legs.has('confirmed')],
    ['failed leg', legs.has('failed')],
    ['leg that is not final', legs.has('matched') || legs.has('mined') || legs.has('retrying')],
    ['tail', Math.max(0, ...ends) - Number(through ?? 0) >= 5],
  ];
  return wanted.flatMap(([name, holds]) => (holds ? [] : [name]));
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'fillwright-golden-'));
  // As root the server runs under another account, which must be able to enter.
  await chmod(folder, 0o755);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tradeAndDump(folder: string): Promise<readonly GoldenRow[]> {
  const url = process.env.DATABASE_URL;
  const schema = `golden_${randomBytes(6).toString('hex')}`;
  const parsed = parseConfig(CONFIG, 'golden');
  const database = { ...parsed.database, schema, ...(url === undefined ? {} : { url }) };
  const config = { ...parsed, dataFolder: folder, database };
  const feed = createFeed();
  const engine = createEngine(config, {
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    marketData: { source: feed.source, instruments: () => INSTRUMENTS },
    strategies: [],
  });
  await engine.start();
  try {
    await trade(engine, feed);
    return await dump(config, schema);
  } finally {
    await engine.stop();
    const opened = await openStore(config);
    await opened.inSchema(schema).dropSchema();
    await opened.close();
  }
}

function quiet(): void {
  // What happens is in the database.
}

type Level = readonly [price: string, size: string];

interface Feed {
  readonly source: MarketDataSource;
  show(instrument: Instrument, bids: readonly Level[], asks: readonly Level[]): Promise<void>;
}

function createFeed(): Feed {
  let deliver: Parameters<MarketDataSource['run']>[0] = () => undefined;
  const counts = {
    ...{ messages: 0, books: 0, trades: 0, ignored: {}, reconnects: 0 },
    ...{ hashChecks: 0, hashMismatches: 0, hashBatched: 0 },
  };
  const level = ([price, size]: Level) => ({ price, size });
  return {
    source: {
      name: 'golden',
      instruments: () => INSTRUMENTS,
      counts,
      run(toDesk, signal) {
        deliver = toDesk;
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    },
    async show(instrument, bids, asks) {
      await deliver({
        type: 'market.bookChanged',
        book: {
          instrumentId: instrument.id,
          atMs: Date.now(),
          bids: bids.map(level),
          asks: asks.map(level),
          tickSize: instrument.tickSize,
        },
      });
    },
  };
}

let placed = 0;
async function place(engine: Engine, over: object): Promise<string> {
  placed += 1;
  const intent = { key: `golden-${placed}`, instrument: YES.id, side: 'BUY', ...over };
  return (await engine.submit(intent)).orderId;
}

async function until(engine: Engine, orderId: string, state: RegExp): Promise<void> {
  for (let look = 0; look < 500; look += 1) {
    const order = await engine.order(orderId);
    if (state.test(`${order?.execution}/${order?.settlement}`)) return;
    await sleep(10);
  }
  throw new Error(`Order ${orderId} did not come to ${state}.`);
}

async function trade(engine: Engine, feed: Feed): Promise<void> {
  const deep: readonly Level[] = [
    ['0.5', '400'],
    ['0.52', '400'],
  ];
  await feed.show(YES, [['0.48', '400']], deep);
  await feed.show(NO, [['0.46', '300']], [['0.49', '300']]);
  const bought: string[] = [];
  for (let size = 10; size < 18; size += 1) {
    bought.push(await place(engine, { price: '0.52', size: String(size) }));
  }
  bought.push(await place(engine, { type: 'market', price: '0.55', amountUsd: '7' }));
  for (const id of bought) await until(engine, id, /^matched\/(confirmed|failed)/);
  const sold = await place(engine, { side: 'SELL', price: '0.48', size: '5' });
  const gone = await place(engine, { price: '0.3', size: '20' });
  await until(engine, gone, /^working/);
  await engine.cancel(gone, 'no longer wanted');
  await until(engine, gone, /^cancelled/);
  await until(engine, sold, /^matched/);
  const resting = await place(engine, { price: '0.31', size: '30' });
  await place(engine, { side: 'SELL', price: '0.7', size: '6' });
  const kept = await place(engine, { instrument: NO.id, price: '0.4', size: '12' });
  await place(engine, { price: '0.5', size: '100000' });
  const part = await place(engine, { price: '0.52', size: '1000' });
  await until(engine, kept, /^working/);
  await until(engine, part, /^working.partially/);
  await sleep(UNTIL_SNAPSHOTS_MS);

  // From here on things are under way: what the snapshots know is older than the log.
  await feed.show(YES, [['0.48', '400']], [['0.51', '8']]);
  const last = await place(engine, { instrument: NO.id, price: '0.49', size: '9' });
  await until(engine, last, /^matched/);
  await engine.cancel(resting, 'in the middle of it');
  await place(engine, { price: '0.35', size: '11' });
  await place(engine, { side: 'SELL', price: '0.69', size: '5' });
  await sleep(100);
}

/** All tables at one moment, while the engine goes on: what a kill at that moment would leave. */
async function dump(
  config: Parameters<typeof openStore>[0],
  schema: string,
): Promise<readonly GoldenRow[]> {
  const opened = await openStore(config);
  const client = new pg.Client(clientConfig({ address: opened.address, schema }));
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const rows: GoldenRow[] = [];
    const tables = await client.query<{ name: string; columns: string }>(
      `select table_name::text as name, string_agg(format('%I::text', column_name), ', ' order by ordinal_position) as columns
       from information_schema.columns where table_schema = $1 group by 1 order by 1`,
      [schema],
    );
    for (const { name, columns } of tables.rows) {
      if (name === 'kysely_migration_lock') continue;
      const found = await client.query(`select ${columns} from ${name} order by 1`);
      for (const row of found.rows) rows.push({ table: name, row });
    }
    await client.query('commit');
    return rows;
  } finally {
    await client.end();
    await opened.close();
  }
}
