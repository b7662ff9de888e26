import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { databaseUrl } from '../support/database.ts';
import { type CliResult, isBuilt, runCli, startCli } from './cli-process.ts';
import { climbingGame } from './recording.ts';

const schema = `test_cli_${randomBytes(6).toString('hex')}`;
let folder: string;
let configPath: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-cli-'));
  configPath = join(folder, 'cli.yaml');
  await writeFile(
    configPath,
    `database: { schema: ${schema} }
marketData: { source: simulator, seed: 385, intervalMs: 50 }
paper: { latencyMs: { submit: 5, cancel: 5 }, settlement: { minedAfterMs: 50, confirmedAfterMs: 50 } }
strategies:
  - use: buy-high-probability
    options: { markets: [sim-home-team-wins, '0xfeed'], minimumPrice: 0.6, maximumPrice: 0.9 }
  - use: synthetic-arbitrage
    options: { markets: [sim-rain-tomorrow, sim-launch-on-time], pairShares: 10 }
log: { level: warn }
`,
  );
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  const store = createPostgresStore({ url: databaseUrl(), schema, poolSize: 1 });
  await store.dropSchema();
  await store.close();
});

const cli = (...args: string[]): Promise<CliResult> =>
  runCli([...args, '--config', configPath], { env: { DATABASE_URL: databaseUrl() } });

/** The one JSON value on standard output. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await cli(...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.trimEnd()).not.toContain('\n');
  return JSON.parse(stdout);
}

if (!isBuilt) console.warn('test/cli/commands: not built (npm run build): these tests do not run.');

describe.runIf(isBuilt)('commands on one database', () => {
  test('a database that was never migrated is not available: exit code 3', async () => {
    const { code, stdout, stderr } = await cli('status');
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^fillwright: There are no tables, .* start with "fillwright run" .*\n$/,
    );
  });

  test('migrate says what it applied, and nothing the second time', async () => {
    expect((await json('migrate')).applied).not.toEqual([]);
    expect((await json('migrate')).applied).toEqual([]);
  });

  test('an empty account is shown as such', async () => {
    expect(await json('status')).toMatchObject({ cash: '0', openOrders: 0, orders: {} });
    expect((await cli('orders')).stdout).toBe('No orders.\n');
    expect((await cli('positions')).stdout).toBe('No positions.\n');
  });

  test('run ends by itself and prints one summary', async () => {
    const summary = await json('run', '--for', '4s');
    expect(Object.keys(summary)).toEqual(
      expect.arrayContaining(['events', 'books', 'hashMismatches', 'orders', 'fills', 'fees']),
    );
    expect(summary.orders).toMatchObject({ submitted: expect.any(Number) });
    expect(summary.fills).toBeGreaterThan(0);
    const status = await json('status');
    expect(status.fills).toBe(summary.fills);
    expect(status.cash).toBe(summary.cash);
    expect(await json('report')).toMatchObject({
      totals: { feesUsd: summary.fees, fills: expect.any(Number) },
      end: { cashUsd: summary.cash, depositsUsd: expect.any(String) },
      ...{ ledgerDifference: '0', inputsBehind: 0 },
    });
  });

  test('status and report refuse an account that the database does not hold, as run does', async () => {
    const other = join(folder, 'other.yaml');
    await writeFile(other, `account: { id: other }\ndatabase: { schema: ${schema} }\n`);
    const env = { DATABASE_URL: databaseUrl() };
    const status = await runCli(['status', '--config', other], { env });
    expect(status).toMatchObject({ code: 2, stdout: '' });
    expect(status.stderr).toContain('This database holds account "main" on venue "paper"');
    const report = await runCli(['report', '--config', other], { env });
    expect(report).toMatchObject({ code: 2, stdout: '', stderr: status.stderr });
    const run = await runCli(['run', '--for', '1s', '--quiet', '--config', other], { env });
    expect(run.stderr.trimEnd().split('\n').at(-1)).toBe(status.stderr.trimEnd());
  });

  test('orders are listed, by strategy and by number', async () => {
    const all = JSON.parse((await cli('orders', '--json')).stdout);
    const bought = JSON.parse(
      (await cli('orders', '--json', '--strategy', 'buy-high-probability')).stdout,
    );
    const [one, ...others] = JSON.parse((await cli('orders', '--json', '--limit', '1')).stdout);
    expect(others).toEqual([]);
    expect(one).toEqual(all[0]);
    expect(bought.length).toBeGreaterThan(0);
    expect(
      bought.every((order: { strategy: string }) => order.strategy === 'buy-high-probability'),
    ).toBe(true);
    const open = JSON.parse((await cli('orders', '--json', '--open')).stdout);
    const isOpen = (order: { status: string }) =>
      ['PENDING', 'PLACED', 'PARTIAL_FILL', 'UNKNOWN'].includes(order.status);
    expect(open).toEqual(all.filter(isOpen));
  });

  test('explain finds an order by id, venue id, intent key and prefix, and shows its life', async () => {
    const [order] = JSON.parse(
      (await cli('orders', '--json', '--strategy', 'buy-high-probability')).stdout,
    );
    for (const text of [order.clientOrderId, order.venueOrderId, order.intentKey]) {
      expect(await json('explain', text)).toMatchObject({
        order: { clientOrderId: order.clientOrderId },
      });
    }
    const { order: found, events } = await json('explain', order.venueOrderId.slice(0, 20));
    expect(found).toMatchObject({ clientOrderId: order.clientOrderId });
    const [first, second] = Array.isArray(events) ? events : [];
    expect(first).toMatchObject({ number: 1, sinceMs: null, type: 'intent.submitted' });
    expect(second).toMatchObject({ number: 2, sinceMs: second.atMs - first.atMs });
    const { stdout } = await cli('explain', order.clientOrderId);
    expect(stdout).toContain('new -> recording');
    expect(stdout).toContain(order.intentKey);
  });

  test('explain names the candidates of an ambiguous beginning, and an unknown order', async () => {
    const ambiguous = await cli('explain', 'ord_');
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.stderr).toMatch(/^fillwright: order "ord_": could be any of ord_\w+, ord_/);
    const unknown = await cli('explain', 'nothing', '--json');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(unknown.stderr)).toMatchObject({ error: { code: 'unknown_order' } });
  });

  test('reading works beside a running engine, a second engine does not start', async () => {
    const args = ['run', '--config', configPath];
    const running = startCli(args, { env: { DATABASE_URL: databaseUrl() } });
    await running.said('Starting.');
    let busy = await cli('run', '--for', '100ms', '--json');
    // The first may not hold the right to write yet: then the second has come and gone.
    for (let tries = 0; tries < 50 && busy.code === 0; tries += 1) {
      busy = await cli('run', '--for', '100ms', '--json');
    }
    expect(busy).toMatchObject({ code: 3, stdout: '' });
    expect(JSON.parse(busy.stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      error: { code: 'store_busy' },
    });
    expect(await json('status')).toMatchObject({ account: 'main' });
    expect((await cli('positions')).code).toBe(0);
    expect((await cli('report')).code).toBe(0);

    running.child.kill('SIGTERM');
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('Stopping. Press Ctrl-C again to leave at once.');
    expect(stdout).toContain('starting again goes on from here');
  });

  test('a second signal leaves at once, and the next start goes on from there', async () => {
    const args = ['run', '--config', configPath];
    const { child, ended, said } = startCli(args, { env: { DATABASE_URL: databaseUrl() } });
    await said('Starting.');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(130);
    expect((await cli('run', '--for', '100ms')).code).toBe(0);
  });

  test('a reader that goes away is no fault', async () => {
    const args = ['orders', '--config', configPath];
    const { child, ended } = startCli(args, { env: { DATABASE_URL: databaseUrl() } });
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('replay prints the same result twice, and leaves nothing behind', async () => {
    const recording = join(folder, 'game.jsonl');
    await writeFile(recording, climbingGame());
    const before = await json('status');
    const first = await json('replay', '--recording', recording);
    const second = await json('replay', '--recording', recording);
    expect(first.fills).toBeGreaterThan(0);
    // Inputs may be grouped into commits in another way.
    const vague = { durationMs: 0, transactions: 0 };
    expect({ ...second, ...vague }).toEqual({ ...first, ...vague });
    expect(await json('status')).toEqual(before);
  });

  test('a run on a recording with a broken line ends with one line that names it', async () => {
    const lines = climbingGame().split('\n');
    const recording = join(folder, 'broken-run.jsonl');
    const broken = [...lines.slice(0, 20), '{"event_type":"book"', ...lines.slice(20)];
    await writeFile(recording, broken.join('\n'));
    const path = join(folder, 'broken-run.yaml');
    await writeFile(
      path,
      `database: { schema: ${schema} }
marketData: { source: recording, path: "${recording}", speed: 0 }
log: { level: silent }
`,
    );
    const { code, stdout, stderr } = await runCli(['run', '--config', path, '--json'], {
      env: { DATABASE_URL: databaseUrl() },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'corrupt_recording', message: expect.stringContaining('line 21') },
    });
  });

  test('a recording with a broken line is refused with file and line', async () => {
    const recording = join(folder, 'broken.jsonl');
    await writeFile(recording, `${climbingGame()}\n{"event_type":"book"`);
    const { code, stdout, stderr } = await cli('replay', '--recording', recording, '--quiet');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^fillwright: .*broken\.jsonl.*41.*\n$/);
  });
});
