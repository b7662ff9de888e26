/** `fillwright run` on a sandbox beside it, and what the two of them say of the same trades. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { createPostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { type Decimal, decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import type { Summary } from '../../src/engine.ts';
import { startSandboxProcess } from '../../src/sandbox-process.ts';
import { type RunningCli, startCli } from '../cli/cli-process.ts';
import { databaseUrl, withClient } from '../support/database.ts';

const SEED = 'e2e';
const silent = { warn: () => undefined, error: () => undefined };

/** What a start after a kill and a stop with open orders say, as they should. */
const EXPECTED_WARNINGS = [/The writer lease is taken from/, /Stopped\. \d+ order\(s\) stay open/];

function linesBut(text: string, expected: readonly RegExp[]): readonly string[] {
  return text.split('\n').filter((line) => line && !expected.some((one) => one.test(line)));
}

export interface SandboxDesk {
  readonly folder: string;
  /** Starts `fillwright run` with these strategies. */
  run(strategies: readonly object[], ...options: string[]): RunningCli;
  /** Runs to the end and answers the summary. */
  finish(running: RunningCli): Promise<Summary>;
  /** Rows of the engine's tables. */
  rows(sql: string): Promise<readonly Record<string, string>[]>;
  /** Waits until this many rows of `orders` fulfil the condition, at most half a minute. */
  untilOrders(atLeast: number, condition: string): Promise<void>;
  /** The sandbox's own account of everything, once all of it is settled. */
  ledger(): Promise<Ledger>;
  dispose(): Promise<void>;
}

interface MakerRow {
  readonly order_id: string;
  readonly owner: string;
  readonly matched_amount: string;
  readonly price: string;
}

export interface Ledger {
  readonly owner: string;
  readonly orders: readonly {
    readonly id: string;
    readonly status: string;
    readonly original_size: string;
    readonly size_matched: string;
  }[];
  readonly trades: readonly {
    readonly id: string;
    readonly owner: string;
    readonly taker_order_id: string;
    readonly size: string;
    readonly price: string;
    readonly status: string;
    readonly taker_fee: string;
    readonly maker_orders: readonly MakerRow[];
  }[];
  readonly dollars: string;
  /** By token id. */
  readonly shares: Readonly<Record<string, string>>;
}

/** A desk with a database of its own, and a sandbox that begins with this scenario. */
export function openSandboxDesk(scenario: object): SandboxDesk {
  const folder = mkdtempSync(join(tmpdir(), 'fillwright-e2e-'));
  const schema = `test_e2e_${randomBytes(6).toString('hex')}`;
  const scenarioPath = join(folder, 'scenario.yaml');
  const dataFolder = join(folder, 'data');
  writeFileSync(scenarioPath, JSON.stringify(scenario));
  let configurations = 0;

  const rows = (sql: string) =>
    withClient({ url: databaseUrl(), schema }, async (client) => (await client.query(sql)).rows);

  return {
    ...{ folder, rows },
    async untilOrders(atLeast, condition) {
      for (let tries = 0; tries < 600; tries += 1) {
        // At its first start the engine has not made the table yet.
        const found = await rows(`select 1 from orders where ${condition}`).catch(() => []);
        if (found.length >= atLeast) return;
        await sleep(50);
      }
      throw new Error(`There were never ${atLeast} orders with ${condition}.`);
    },
    run(strategies, ...options) {
      configurations += 1;
      const path = join(folder, `run-${configurations}.yaml`);
      const venue = { use: 'sandbox', seed: SEED, scenario: scenarioPath };
      const rest = { dataFolder, database: { schema }, strategies, log: { level: 'warn' } };
      writeFileSync(path, JSON.stringify({ venue, checkIdentities: true, ...rest }));
      return startCli(['run', '--config', path, '--json', ...options], {
        env: { DATABASE_URL: databaseUrl() },
      });
    },
    async finish(running) {
      const { code, stdout, stderr } = await running.ended;
      expect([code, linesBut(stderr, EXPECTED_WARNINGS)]).toEqual([0, []]);
      return JSON.parse(stdout);
    },
    async ledger() {
      const stateFile = join(dataFolder, 'sandbox.json');
      const sandbox = await startSandboxProcess({
        ...{ seed: SEED, scenario: scenarioPath, stateFile, log: silent },
      });
      try {
        return await settledLedger(sandbox.opened.rest, sandbox.opened.accounts[0]?.apiKey ?? '');
      } finally {
        await sandbox.close();
      }
    },
    async dispose() {
      rmSync(folder, { recursive: true });
      const store = createPostgresStore({ url: databaseUrl(), schema, poolSize: 1 });
      await store.dropSchema();
      await store.close();
    },
  };
}

/** Asks until every trade has come to its end, at most ten seconds. */
async function settledLedger(rest: string, owner: string): Promise<Ledger> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${rest}/sandbox/ledger?owner=${owner}`);
    const { orders, trades, balances } = (await answer.json()) as Pick<
      Ledger,
      'orders' | 'trades'
    > & { balances: readonly Pick<Ledger, 'dollars' | 'shares'>[] };
    if (trades.every(({ status }) => /^(?:CONFIRMED|FAILED)$/.test(status))) {
      const { dollars = '', shares = {} } = balances[0] ?? {};
      return { owner, orders, trades, dollars, shares };
    }
    await sleep(50);
  }
  throw new Error('The trades of the sandbox did not settle.');
}

/** Each part of ours in each trade: `trade order role size`. */
function legsOf({ orders, trades }: Ledger): readonly string[] {
  const ours = new Set(orders.map(({ id }) => id));
  return trades.flatMap((trade) => [
    ...(ours.has(trade.taker_order_id)
      ? [`${trade.id} ${trade.taker_order_id} taker ${plain(trade.size)}`]
      : []),
    ...trade.maker_orders
      .filter(({ order_id }) => ours.has(order_id))
      .map((maker) => `${trade.id} ${maker.order_id} maker ${plain(maker.matched_amount)}`),
  ]);
}

function plain(text: string): string {
  return toText(decimal(text));
}

const sum = (texts: readonly string[]): Decimal =>
  texts.reduce((total, text) => total.plus(text), ZERO);

/**
 * Holds what the engine says against what the sandbox says: the same orders, each filled as far;
 * the same legs; the same money, shares and fees. Answers how many orders and legs that were.
 */
export async function expectSameBooks(
  desk: SandboxDesk,
  summary: Summary,
): Promise<{ readonly orders: number; readonly legs: number }> {
  const ledger = await desk.ledger();
  const orders = await desk.rows(
    `select venue_order_id as id, filled_size, closed from orders
     where status not in ('DENIED', 'REJECTED', 'FAILED')`,
  );
  const ours = orders.map(({ id, filled_size }) => `${id} ${plain(filled_size ?? '')}`);
  const theirs = ledger.orders.map(({ id, size_matched }) => `${id} ${plain(size_matched)}`);
  expect(ours.sort()).toEqual(theirs.sort());
  expect(summary.orders.submitted - summary.orders.rejected - summary.orders.failed).toBe(
    ledger.orders.length,
  );
  const isLive = ledger.orders.filter(({ status }) => status === 'LIVE');
  expect(summary.orders.open).toBe(isLive.length);

  const legs = await desk.rows('select trade_id, venue_order_id, role, size from fill_legs');
  const ourLegs = legs.map(
    ({ trade_id, venue_order_id, role, size = '' }) =>
      `${trade_id} ${venue_order_id} ${role} ${plain(size)}`,
  );
  expect(ourLegs.sort()).toEqual([...legsOf(ledger)].sort());
  const voided = ledger.trades.filter(({ status }) => status === 'FAILED').length;
  expect(summary.fills).toBe(legs.length - voided);

  expect(summary.cash).toBe(plain(ledger.dollars));
  const fees = ledger.trades
    .filter(({ owner, status }) => owner === ledger.owner && status !== 'FAILED')
    .map(({ taker_fee }) => taker_fee);
  expect(summary.fees).toBe(toText(sum(fees)));
  const held = summary.positions.map(({ size }) => size).filter((size) => size !== '0');
  expect(held.sort()).toEqual(Object.values(ledger.shares).map(plain).sort());

  const [{ doubled } = {}] = await desk.rows(
    'select count(*) - count(distinct client_order_id) as doubled from intents',
  );
  expect(doubled).toBe('0');
  return { orders: ledger.orders.length, legs: legs.length };
}
