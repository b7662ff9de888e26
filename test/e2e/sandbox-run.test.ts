/** The whole engine on the sandbox beside it: what it says is what the exchange says. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBuilt, runCli } from '../cli/cli-process.ts';
import { databaseUrl } from '../support/database.ts';
import { expectSameBooks, openSandboxDesk, type SandboxDesk } from './sandbox-desk.ts';

if (!isBuilt) console.warn('test/e2e/sandbox-run: not built (npm run build): it does not run.');

const MARKETS = 12;
/** Makers that stand still and sell at once at 0.90; settlement in a moment. */
const SCENARIO = {
  accounts: [{ name: 'trader', signatureType: 2, dollars: '5000' }],
  markets: Array.from({ length: MARKETS }, (_, index) => ({
    slug: `game-${index}`,
    fees: { rate: '0.05' },
    negRisk: index % 3 === 0,
    version: index % 4 === 3 ? 'v2' : 'v1',
    makers: {
      kind: 'fixed',
      bids: [{ price: '0.88', size: '5000' }],
      asks: [{ price: '0.9', size: '5000' }],
    },
  })),
  settlement: { minedAfterMs: 20, confirmedAfterMs: 40 },
};
const buyer = (sizeShares: string) => ({
  use: 'buy-high-probability',
  options: {
    ...{ minimumPrice: '0.8', maximumPrice: '0.9', sizeShares },
    ...{ targetPrice: '0.95', entryLifeMs: 300_000 },
  },
});
const FILLED = "side = 'BUY' and settlement = 'confirmed'";

describe.runIf(isBuilt)('fillwright run on a sandbox', () => {
  let desk: SandboxDesk;
  beforeAll(() => {
    desk = openSandboxDesk(SCENARIO);
  });
  afterAll(() => desk.dispose());

  /** Runs until so many orders are as they shall be, then Ctrl-C. */
  async function runUntil(strategies: object[], atLeast: number, condition: string) {
    const running = desk.run(strategies);
    await desk.untilOrders(atLeast, condition);
    running.child.kill('SIGINT');
    return desk.finish(running);
  }

  test('fills at once, and its summary is the ledger of the sandbox', async () => {
    const summary = await runUntil([buyer('20')], MARKETS, FILLED);
    expect(await expectSameBooks(desk, summary)).toEqual({ orders: MARKETS, legs: MARKETS });
    expect(summary.cash).toBe('4782.92');
  });

  test('goes on after a stop: what is held is offered, nothing is bought twice', async () => {
    const summary = await runUntil([buyer('20')], MARKETS, "side = 'SELL' and status = 'PLACED'");
    expect(await expectSameBooks(desk, summary)).toEqual({ orders: 2 * MARKETS, legs: MARKETS });
    expect(summary.orders.open).toBe(MARKETS);
  });

  test('new trades after a start are others than those before it', async () => {
    // Takes from every market: what rests there is of another strategy and stays.
    const taker = { ...buyer('30'), name: 'more' };
    const summary = await runUntil([taker], 2 * MARKETS, FILLED);
    const { orders, legs } = await expectSameBooks(desk, summary);
    expect([orders, legs]).toEqual([3 * MARKETS, 2 * MARKETS]);
  });

  test('a person reads what stays open by the names of the markets', async () => {
    const args = ['run', '--config', join(desk.folder, 'run-1.yaml'), '--for', '1s'];
    const { code, stdout } = await runCli(args, { env: { DATABASE_URL: databaseUrl() } });
    expect([code, stdout]).toEqual([0, expect.stringContaining('stay open at the venue')]);
    const orders = stdout.match(/^ord_.*$/gm) ?? [];
    expect(orders.length).toBeGreaterThanOrEqual(MARKETS);
    for (const order of orders) expect(order).toMatch(/^ord_\w+ +game-\d+:(YES|NO) +SELL /);
  });
});

describe.runIf(isBuilt)('fillwright run with real money', () => {
  const live = {
    mode: 'live',
    venue: { use: 'polymarket', markets: [`0x${'ab'.repeat(32)}`] },
  };
  const paper = { mode: 'paper', venue: { use: 'sandbox' } };

  test.each([
    ['mode: live is refused without --live', live, []],
    ['--live is refused with mode: paper', paper, ['--live']],
  ])('%s: exit code 2, before anything is opened', async (_name, config, options) => {
    const folder = mkdtempSync(join(tmpdir(), 'fillwright-live-'));
    const path = join(folder, 'live.yaml');
    const dataFolder = join(folder, 'data');
    writeFileSync(path, JSON.stringify({ ...config, dataFolder }));
    const { code, stdout, stderr } = await runCli(['run', '--config', path, ...options]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/mode: (?:live.*--live|paper)/);
    expect(existsSync(dataFolder)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
