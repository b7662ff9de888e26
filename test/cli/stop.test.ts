/** How `run` ends: what it says of open orders, cancelling them first, and the second signal. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createPostgresStore,
  type PostgresStore,
} from '../../src/adapters/store/postgres-store.ts';
import { databaseUrl } from '../support/database.ts';
import { until } from '../support/until.ts';
import { isBuilt, type RunningCli, runCli, startCli } from './cli-process.ts';

if (!isBuilt) console.warn('test/cli/stop: not built (npm run build): these tests do not run.');

const ORDERS = 2;
/** Processes start slowly on a busy machine. */
const LIMIT_MS = 240_000;

/** Rests two orders far below the market, under keys of their own. */
const STRATEGY = `
export function createStrategy() {
  return {
    name: 'patient',
    onStart: (context) =>
      context
        .instruments()
        .slice(0, ${ORDERS})
        .map(({ id }) => ({ key: id, instrument: id, side: 'BUY', price: '0.01', size: '10' })),
  };
}
`;
describe.runIf(isBuilt)('the end of a run', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let schema: string;
  let store: PostgresStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fillwright-stop-'));
    schema = `test_stop_${randomBytes(6).toString('hex')}`;
    store = createPostgresStore({ url: databaseUrl(), schema, poolSize: 1 });
    await writeFile(join(folder, 'patient.mjs'), STRATEGY);
  });
  afterEach(async () => {
    await store.dropSchema();
    await store.close();
    await rm(folder, { recursive: true });
  });

  /** `cancelMs`: how long the venue takes to cancel. */
  async function configure(cancelMs: number, more = ''): Promise<string> {
    const path = join(folder, `cancel-${cancelMs}.yaml`);
    await writeFile(
      path,
      `database: { schema: ${schema} }
marketData: { source: simulator, seed: 385, intervalMs: 50 }
paper: { latencyMs: { submit: 5, cancel: ${cancelMs} } }
strategies: [{ use: ./patient.mjs }]
log: { level: warn }
${more}
`,
    );
    return path;
  }

  const env = { DATABASE_URL: databaseUrl() };

  /** Until both orders rest at the venue. */
  async function runUntilPlaced(...args: string[]): Promise<RunningCli> {
    const running = startCli(['run', ...args], { env });
    const counts = async () => {
      await sleep(50);
      const found: Readonly<Record<string, number>> = await store.orderCounts().catch(() => ({}));
      return found.PLACED === ORDERS;
    };
    await Promise.race([until(counts, 'two orders to rest', LIMIT_MS), running.ended]);
    return running;
  }

  async function stop(running: RunningCli) {
    running.child.kill('SIGTERM');
    return running.ended;
  }

  test('says which orders stay open at the venue', async () => {
    const path = await configure(5);
    const { code, stdout } = await stop(await runUntilPlaced('--config', path));
    expect(code).toBe(0);
    expect(stdout).toContain('2 order(s) stay open at the venue, and may be filled');
    expect(stdout).toMatch(/ord_\w+ .* BUY .* 0\.01 .* 10 .* PLACED/);
    const again = await runCli(['run', '--for', '100ms', '--json', '--config', path], { env });
    const { left } = JSON.parse(again.stdout);
    expect(left).toMatchObject({ orderCount: ORDERS, inDoubt: 0, ended: null });
  });

  test('cancels them first where that is asked for, by option or configuration', async () => {
    const byOption = await configure(5);
    const running = await runUntilPlaced('--config', byOption, '--cancel-on-stop');
    const { code, stdout, stderr } = await stop(running);
    expect(code).toBe(0);
    expect(stderr).toContain('Open orders are cancelled first.');
    expect(stdout).toContain('2 open order(s) ended.');
    expect(stdout).toContain('Nothing is open at the venue.');
    expect(await store.orderCounts()).toEqual({ CANCELLED: ORDERS });
    const byConfiguration = await configure(6, 'stop: { cancelOrders: true }');
    const json = await runCli(['run', '--for', '100ms', '--json', '--config', byConfiguration], {
      env,
    });
    expect(JSON.parse(json.stdout).left).toMatchObject({ orderCount: 0, ended: 0 });
  });

  test('does not wait longer than it was told, and says what it could not end', async () => {
    const path = await configure(3_600_000, 'stop: { cancelOrders: true, cancelSeconds: 1 }');
    const { code, stdout } = await stop(await runUntilPlaced('--config', path, '--json'));
    expect(code).toBe(0);
    const { left } = JSON.parse(stdout);
    expect(left).toMatchObject({ orderCount: ORDERS, ended: 0, ranOutOfTime: true });
  });

  test('a second signal leaves at once, whatever is waited for; the next start goes on', async () => {
    const slow = await configure(3_600_000, 'stop: { cancelOrders: true, cancelSeconds: 300 }');
    const { child, ended, said } = await runUntilPlaced('--config', slow);
    child.kill('SIGINT');
    await said('Open orders are cancelled first.');
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    // What was asked for is in the log: the next engine asks the venue again.
    const quick = await configure(5);
    const next = startCli(['run', '--config', quick, '--wait'], { env });
    const isOver = async () => {
      await sleep(50);
      return (await store.orderCounts()).CANCELLED === ORDERS;
    };
    await until(isOver, 'the cancels to be done', LIMIT_MS);
    const { code, stdout } = await stop(next);
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing is open at the venue.');
  });
});
