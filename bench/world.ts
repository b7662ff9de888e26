/** What the benchmarks run on: a database schema of their own and a real engine over a silent venue. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Execution, openExecution } from '../src/actors/execution.ts';
import type { PreparedOrder, Venue } from '../src/actors/ports.ts';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createIds } from '../src/adapters/ids.ts';
import { clientConfig } from '../src/adapters/store/connection.ts';
import type { PostgresStore } from '../src/adapters/store/postgres-store.ts';
import type { Instrument } from '../src/domain/instrument.ts';
import type { Intent } from '../src/domain/intent.ts';
import { openStore } from '../src/open-store.ts';

const quiet = () => undefined;
export const log = {
  debug: quiet,
  info: quiet,
  // Its facts may be a list of thousands of orders.
  warn: (_facts: object, message: string) => console.error(message),
  error: (facts: object, message: string) => console.error(message, facts),
};

export interface World {
  /** A migrated store in a new schema; gone when the world ends. */
  freshStore(): Promise<PostgresStore>;
  /** Plain connections in a new schema, for hand-made tables. */
  freshPool(connections: number): Promise<pg.Pool>;
  readonly server: string;
  end(): Promise<void>;
}

/** On DATABASE_URL, or on an embedded server in a temporary folder. */
export async function openWorld(): Promise<World> {
  const url = process.env.DATABASE_URL;
  const folder = await mkdtemp(join(tmpdir(), 'fillwright-bench-'));
  // As root the server runs under another account, which must be able to enter.
  await chmod(folder, 0o755);
  const opened = await openStore({
    dataFolder: folder,
    database: { schema: 'public', ...(url === undefined ? {} : { url }) },
  });
  const stores: PostgresStore[] = [];
  const pools: pg.Pool[] = [];
  const schemas: string[] = [];
  return {
    server: url === undefined ? 'embedded' : 'DATABASE_URL',
    async freshPool(connections) {
      const schema = `bench_${randomBytes(6).toString('hex')}`;
      const first = new pg.Client(clientConfig({ address: opened.address, schema: 'public' }));
      await first.connect();
      await first.query(`create schema ${schema}`);
      await first.end();
      schemas.push(schema);
      const pool = new pg.Pool({
        ...clientConfig({ address: opened.address, schema: schema }),
        max: connections,
      });
      pools.push(pool);
      return pool;
    },
    async freshStore() {
      const store = opened.inSchema(`bench_${randomBytes(6).toString('hex')}`);
      stores.push(store);
      await store.migrate();
      return store;
    },
    async end() {
      for (const store of stores) await store.dropSchema();
      for (const pool of pools) await pool.end();
      const last = new pg.Client(clientConfig({ address: opened.address, schema: 'public' }));
      await last.connect();
      for (const schema of schemas) await last.query(`drop schema ${schema} cascade`);
      await last.end();
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const DEPOSIT_USD = '1000000000';

/** Every order buys, of either outcome: half of them would meet the others. */
export const LIMITS = { selfTrade: 'allow' } as const;

const MARKETS = 32;

export const instruments: readonly Instrument[] = Array.from(
  { length: MARKETS * 2 },
  (_, index) => {
    const marketId = `market-${index >> 1}`;
    const outcome = index % 2 === 0 ? 'YES' : 'NO';
    return {
      id: `bench:${marketId}:${outcome}`,
      venue: 'bench',
      marketId,
      tokenId: String(index),
      outcome,
      tickSize: '0.01',
      minimumOrderSize: '5',
      fees: { rate: '0.05', exponent: 1, takerOnly: true },
      takerDelayMs: 0,
      negRisk: false,
    };
  },
);

export function instrumentAt(index: number): Instrument {
  const found = instruments[index % instruments.length];
  if (found === undefined) throw new Error('There are no instruments.');
  return found;
}

export function intentAt(index: number): Intent {
  return {
    key: `bench/${index}`,
    strategy: 'bench',
    instrumentId: instrumentAt(index).id,
    side: 'BUY',
    type: 'limit',
    price: '0.52',
    size: '10',
    timeInForce: 'GTC',
    postOnly: false,
    priority: 0,
    reason: 'a benchmark',
  };
}

/** A venue that takes everything and says nothing; `onSubmit` sees each order handed over. */
export function silentVenue(onSubmit: (order: PreparedOrder) => void = quiet): Venue {
  const never = new Promise<never>(quiet);
  return {
    name: 'bench',
    start: async () => undefined,
    stop: async () => undefined,
    instrument: (id) => instruments.find((known) => known.id === id),
    instruments: () => instruments,
    prepare: (order) => ({
      clientOrderId: order.clientOrderId,
      venueOrderId: `0x${order.clientOrderId}`,
      body: JSON.stringify(order),
    }),
    submit(prepared) {
      onSubmit(prepared);
      return never;
    },
    cancel: () => never,
    fetchOrder: async () => undefined,
    fetchOpenOrders: async () => [],
    fetchTrades: async () => [],
    fetchPositions: async () => [],
    fetchBalances: async () => ({ cashUsd: DEPOSIT_USD }),
    async *events(signal) {
      // Nothing ever happens here.
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
}

/** The real engine core over the silent venue, with money and a live connection. */
export async function openEngine(store: PostgresStore): Promise<Execution> {
  const clock = createSystemClock();
  const execution = await openExecution({
    store,
    venue: silentVenue(),
    clock,
    ids: createIds({ clock }),
    log,
    accountId: 'main',
    minimumReserveUsd: '0',
    maxOpenOrders: 1_000_000,
    limits: LIMITS,
    checkIdentities: false,
    catchUpSince: async () => [],
  });
  const atMs = clock.now();
  execution.dispatch({
    type: 'account.deposited',
    depositId: 'bench',
    amountUsd: DEPOSIT_USD,
    atMs,
  });
  execution.dispatch({ type: 'venue.connected', venue: 'bench', atMs });
  const balance = { cashUsd: DEPOSIT_USD, askedAtMs: atMs } as const;
  execution.dispatch({ type: 'venue.balanceTold', venue: 'bench', ...balance, atMs });
  execution.dispatch({ type: 'venue.caughtUp', venue: 'bench', atMs });
  await execution.journal.durable();
  return execution;
}

export function orderIdAt(index: number): string {
  return `ord_${index}`;
}

/** Makes order `index` and takes it to `working`, as its venue's answers would. */
export function placeOrder(execution: Execution, index: number, atMs: number): void {
  const clientOrderId = orderIdAt(index);
  const venueOrderId = `0x${clientOrderId}`;
  execution.dispatch({
    type: 'intent.submitted',
    intent: intentAt(index),
    clientOrderId,
    instrument: instrumentAt(index),
    atMs,
  });
  execution.dispatch({ type: 'order.prepared', clientOrderId, venueOrderId, atMs });
  execution.dispatch({
    type: 'venue.orderAcknowledged',
    clientOrderId,
    venueOrderId,
    status: 'live',
    atMs,
  });
}
