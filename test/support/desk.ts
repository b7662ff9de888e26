/**
 * The whole engine over a real database for a test: started, stopped, or left for dead as by
 * `kill -9`, and started again on the same rows.
 */
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Log } from '../../src/actors/execution.ts';
import type { Clock, Ids, Venue } from '../../src/actors/ports.ts';
import type { Store } from '../../src/actors/store-port.ts';
import { createTrading } from '../../src/actors/trading.ts';
import type { SubmitResult, Trading, TradingParts } from '../../src/actors/trading-api.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import type { VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { createIds } from '../../src/adapters/ids.ts';
import type { PostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { type FreshStore, withClient } from './database.ts';
import { rain } from './orders.ts';
import { until } from './until.ts';

export { until };

/** Turns of the event loop in which everything that is under way without a timer gets ahead. */
export async function ticks(count = 20): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await sleep(0);
}

/** Turns of the event loop without any work after which nothing but timers is under way. */
const QUIET_TICKS = 6;

/** Waits until the engine waits for nothing but its clock. */
export async function idle({ trading, store }: Pick<TestDesk, 'trading' | 'store'>): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TICKS; quiet += 1) {
    await nextTick();
    if (store.pending > 0 || trading.health().waiting > 0) quiet = -1;
  }
}

/** Lets virtual time pass, with everything done that falls due on the way. */
export async function pass(clock: VirtualClock, desk: TestDesk, forMs: number): Promise<void> {
  await idle(desk);
  await clock.advanceTo(clock.now() + forMs, () => idle(desk));
  await idle(desk);
}

export interface LogLine {
  readonly level: string;
  readonly facts: object;
  readonly message: string;
}

export function createListLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (facts: object, message: string) =>
    void lines.push({ level, facts, message });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The lines of one process to the outside. Once cut, nothing goes out and no answer comes in. */
export interface Lines {
  wrap<T extends object>(port: T): T;
  clock(clock: Clock): Clock;
  cut(): void;
}

export function createLines(): Lines {
  let isCut = false;
  const never = new Promise<never>(() => undefined);
  const after = (value: unknown) => (isCut ? never : value);
  const failed = (error: unknown) => {
    if (isCut) return never;
    throw error;
  };

  function wrap<T extends object>(port: T): T {
    return new Proxy(port, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (key === 'paper' && typeof value === 'object' && value !== null) return wrap(value);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (isCut) return never;
          const answer: unknown = Reflect.apply(value, target, args);
          return answer instanceof Promise ? answer.then(after, failed) : answer;
        };
      },
    });
  }

  return {
    wrap,
    clock: (clock) => ({
      now: () => clock.now(),
      at: (atMs, callback) => clock.at(atMs, () => (isCut ? undefined : callback())),
    }),
    cut() {
      isCut = true;
    },
  };
}

export interface DeskOptions extends Partial<Omit<TradingParts, 'store' | 'venue'>> {
  /** Made for each life over the cuttable store and clock of that life. */
  readonly venue: (parts: { store: PostgresStore; clock: Clock; ids: Ids; log: Log }) => Venue;
  /** Changes the store of this life: holds it up, makes it fail. */
  readonly around?: (store: PostgresStore) => Store;
  readonly database?: PostgresStore;
}

export interface TestDesk<V extends Venue = Venue> {
  readonly trading: Trading;
  readonly venue: V;
  readonly store: PostgresStore;
  readonly log: ReturnType<typeof createListLog>;
  submit(over?: object): Promise<SubmitResult>;
  stop(): Promise<void>;
  /** As by `kill -9`: nothing more goes out or comes in, and the server ends its connections. */
  crash(): Promise<void>;
}

let keys = 0;

/** An intent with a key of its own: BUY 10 at 0.5. */
export function asked(over: object = {}): Record<string, unknown> {
  keys += 1;
  return {
    key: `key-${keys}`,
    instrument: rain.id,
    side: 'BUY',
    price: '0.5',
    size: '10',
    ...over,
  };
}

/** Everything but the start: for tests of a start that fails. */
export function makeDesk(fresh: FreshStore, options: DeskOptions): TestDesk {
  const lines = createLines();
  const log = createListLog();
  const store = options.database ?? fresh.open();
  const clock = lines.clock(options.clock ?? createSystemClock());
  const ids = options.ids ?? createIds({ clock });
  const near = lines.wrap(store);
  const venue = options.venue({ store: near, clock, ids, log });
  const { around, venue: _venue, database: _database, ...rest } = options;
  const trading = createTrading({
    account: { id: 'main', depositUsd: '1000', minimumReserveUsd: '0' },
    maxOpenOrders: 10_000,
    // Tests let orders rest on both sides of both outcomes.
    limits: { selfTrade: 'allow' },
    checkIdentities: true,
    ids,
    log,
    ...rest,
    store: lines.wrap(around?.(near) ?? near),
    venue: lines.wrap(venue),
    clock,
  });
  return {
    trading,
    venue,
    store,
    log,
    submit: (over) => trading.submit(asked(over)),
    async stop() {
      await trading.stop();
      await store.close();
    },
    async crash() {
      lines.cut();
      await store.close();
    },
  };
}

export async function openDesk(fresh: FreshStore, options: DeskOptions): Promise<TestDesk> {
  const desk = makeDesk(fresh, options);
  await desk.trading.start();
  return desk;
}

/** The order as it stands in memory, or in its row once it was reaped. */
export async function stateOf(trading: Trading, orderId: string): Promise<string | undefined> {
  return (await trading.order(orderId))?.execution;
}

export async function untilState(trading: Trading, orderId: string, state: string): Promise<void> {
  await until(async () => {
    expect(await stateOf(trading, orderId)).toBe(state);
    return true;
  }, `order ${orderId} to be ${state}`);
}

/** A store of which one kind of write waits while it is held. */
export interface Held {
  around(store: PostgresStore): Store;
  hold(): void;
  release(): void;
}

export function holding(write: 'commit' | 'project'): Held {
  let held: Promise<void> | undefined;
  let release: () => void = () => undefined;
  return {
    around: (store) =>
      new Proxy<Store>(store, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key, target);
          if (typeof value !== 'function') return value;
          if (key !== write) return value.bind(target);
          return async (...args: unknown[]) => {
            await held;
            return Reflect.apply(value, target, args);
          };
        },
      }),
    hold() {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
  };
}

/** Every row that a restart must leave as it was, without what a start itself writes. */
export async function booksOf(fresh: FreshStore): Promise<Record<string, unknown[]>> {
  const tables = {
    orders: 'select * from orders order by client_order_id',
    legs: 'select * from fill_legs order by leg_key',
    positions: 'select * from positions order by instrument_id',
    ledger: 'select * from ledger_entries order by entry_id',
    exits: 'select * from exit_events order by exit_id',
    intents: 'select key, client_order_id, body from intents order by key',
    prepared: 'select client_order_id, venue_order_id, body from prepared_submissions order by 1',
    actors: `select actor_id, live, snapshot::text from actor_snapshots
      where kind in ('order', 'position', 'account') order by actor_id`,
  };
  return withClient(fresh, async (client) => {
    const books: Record<string, unknown[]> = {};
    for (const [name, query] of Object.entries(tables)) {
      books[name] = (await client.query(query)).rows;
    }
    return books;
  });
}

/** How many rows each table has that only ever grows. */
export async function countsOf(fresh: FreshStore): Promise<Record<string, number>> {
  return withClient(fresh, async (client) => {
    const counts: Record<string, number> = {};
    for (const table of [
      'journal',
      'intents',
      'order_events',
      'actor_snapshots',
      'outbox',
      'events',
    ]) {
      const found = await client.query(`select count(*)::int as n from ${table}`);
      counts[table] = Number(found.rows[0]?.n);
    }
    return counts;
  });
}
