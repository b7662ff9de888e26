/** What was made, from the command line, on rows that the test wrote. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LedgerRow, LegRow } from '../../src/actors/store-port.ts';
import { negated, plus, times } from '../../src/domain/exact.ts';
import { exitRow, ledgerRow, legRow, orderRow, projection } from '../adapters/store/rows.ts';
import { databaseUrl, type FreshStore, freshStore, withClient } from '../support/database.ts';
import { type CliResult, isBuilt, runCli } from './cli-process.ts';

if (!isBuilt) console.warn('test/cli/report: not built (npm run build): these tests do not run.');

const NASTY = '<script>alert(1)</script>';
const at = (time: string) => Date.parse(`2026-11-${time}Z`);

const LEGS: readonly LegRow[] = [
  legRow('t1', {
    clientOrderId: 'bought',
    price: '0.4',
    size: '50',
    feeUsd: '0.5',
    matchedAtMs: at('20T10:00'),
  }),
  legRow('t2', {
    clientOrderId: 'sold',
    side: 'SELL',
    price: '0.5',
    size: '20',
    feeUsd: '0.1',
    matchedAtMs: at('20T12:30'),
  }),
  // 23:30 of the 20th in UTC is the 21st in Berlin.
  legRow('t3', {
    clientOrderId: 'sold',
    side: 'SELL',
    price: '0.3',
    size: '10',
    matchedAtMs: at('20T23:30'),
  }),
  legRow('t4', {
    clientOrderId: 'sold',
    side: 'SELL',
    price: '0.9',
    size: '20',
    settlement: 'failed',
    matchedAtMs: at('21T09:00'),
  }),
  legRow('t5', { clientOrderId: null, matchedAtMs: at('21T09:30') }),
];

/** As the engine books a leg, and takes it back. */
function bookings({
  legKey,
  side,
  price,
  size,
  feeUsd,
  settlement,
  clientOrderId,
}: LegRow): LedgerRow[] {
  if (clientOrderId === null) return [];
  const flow = side === 'BUY' ? negated(times(price, size)) : times(price, size);
  const booked = plus(flow, negated(feeUsd));
  const entry = (kind: 'fill' | 'fillVoided', amountUsd: string) =>
    ledgerRow(`${legKey}/${kind}`, { kind, amountUsd, legKey });
  const made = entry('fill', booked);
  return settlement === 'failed' ? [made, entry('fillVoided', negated(booked))] : [made];
}

let folder: string;
let configPath: string;
let fresh: FreshStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-report-'));
  fresh = await freshStore();
  configPath = join(folder, 'report.yaml');
  await writeFile(configPath, `database: { schema: ${fresh.schema} }\nlog: { level: warn }\n`);
});
afterAll(async () => {
  await fresh.dispose();
  await rm(folder, { recursive: true });
});

const cli = (...args: string[]): Promise<CliResult> =>
  runCli(['report', ...args, '--config', configPath], { env: { DATABASE_URL: databaseUrl() } });

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe.runIf(isBuilt)('fillwright report', () => {
  test('of an account that has done nothing says so', async () => {
    expect(await output()).toContain('Nothing moved.');
    expect(await output('--csv')).toMatch(/^strategy,fills,[^\n]*\r\n$/);
  });

  test('tells what each strategy made; voided fills and orphans count nowhere', async () => {
    // Held as by an engine that runs.
    await fresh.store.acquireWriter();
    const deposit = ledgerRow('d', { kind: 'deposit', amountUsd: '100', atMs: at('20T09:00') });
    const sold = LEGS.slice(1, 3).map(({ legKey }) => exitRow(legKey, { reason: 'the target' }));
    await fresh.store.project(
      projection(1, {
        orders: [
          orderRow('bought', { strategy: NASTY, marketId: 'rain' }),
          orderRow('sold', { strategy: 'seller', side: 'SELL', marketId: 'rain' }),
        ],
        legs: LEGS,
        ledger: [deposit, ...LEGS.flatMap(bookings)],
        exits: sold,
      }),
    );
    const lines = (await output()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^account main +the beginning to now, UTC$/),
        expect.stringMatching(/^win rate +50\.00 %, 1 of 2 exits$/),
        expect.stringMatching(/^strategy +fills +volume +exits +win rate +cost +realised +fees/),
        expect.stringMatching(/^seller +2 +13\.00 +2 +50\.00 % +12\.00 +1\.00 +0\.10 +0\.90 /),
        'Unrealised PnL is at the prices of our own last fills; the market may have moved.',
      ]),
    );
  });

  test('as JSON has exact figures, every breakdown, the curve and the exits', async () => {
    const report = JSON.parse(await output('--json'));
    expect(report).toMatchObject({
      ...{ account: 'main', timeZone: 'UTC', marks: 'last own fill', ledgerDifference: '0' },
      totals: { fills: 3, exits: 2, wins: 1, realizedPnl: '1', feesUsd: '0.6', netPnl: '0.4' },
      end: { depositsUsd: '100', cashUsd: '92.4', unrealizedPnl: '-2', equityUsd: '98.4' },
      strategies: [{ name: NASTY }, { name: 'seller', roiPct: '8.3333' }],
      markets: [{ name: 'rain' }],
      days: [{ day: '2026-11-20', equityUsd: '98.4' }],
      exits: [{ reason: 'the target', holdMs: 9_000_000 }, { netPnl: '-1.1' }],
    });
    expect(report.curve).toHaveLength(4);
  });

  test('counts days where they are told to begin, and only those asked for', async () => {
    const berlin = ['--by', 'day', '--time-zone', 'Europe/Berlin', '--csv'];
    const rows = async (...args: string[]) =>
      (await output(...berlin, ...args)).split('\r\n').map((line) => line.split(',').slice(0, 2));
    expect(await rows()).toEqual([
      ['day', 'fills'],
      ['2026-11-20', '2'],
      ['2026-11-21', '1'],
      [''],
    ]);
    expect(await rows('--since', '2026-11-21')).toEqual([
      ['day', 'fills'],
      ['2026-11-21', '1'],
      [''],
    ]);
    expect(await rows('--until', '2026-11-20')).toEqual([
      ['day', 'fills'],
      ['2026-11-20', '2'],
      [''],
    ]);
  });

  test('as a page is one file, in which a name stays a name', async () => {
    const path = join(folder, 'report.html');
    expect(await output('--html', path)).toBe(`Written to ${path}.\n`);
    const page = await readFile(path, 'utf8');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('alert(1)</script>');
    expect(page.trimEnd().endsWith('</html>')).toBe(true);
    expect(JSON.parse(await output('--html', path, '--json'))).toMatchObject({ account: 'main' });
  });

  test.each([
    [['--by', 'colour'], /Allowed choices are strategy, market, day/],
    [['--csv', '--json'], /give one of them/],
    [['--since', 'yesterday'], /^fillwright: --since: got "yesterday", expected a date/],
    [['--since', '2026-11-21', '--until', '2026-11-20'], /--until: got "2026-11-20"/],
    [['--time-zone', 'Nowhere'], /--time-zone: got "Nowhere"/],
    [['--html', '/nowhere/report.html'], /--html: got "\/nowhere\/report.html".*ENOENT/],
  ])('%j is refused with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await cli(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(args.includes('--json') ? JSON.parse(stderr).error.message : stderr).toMatch(message);
  });

  test('books that do not add up are told, with exit code 1', async () => {
    await withClient(fresh, (client) =>
      client.query(`update ledger_entries set amount_usd = amount_usd - 3 where kind = 'deposit'`),
    );
    // The deposit is in both; only the ledger has the entry without a leg.
    expect((await cli('--json')).code).toBe(0);
    await withClient(fresh, (client) =>
      client.query(`update ledger_entries set amount_usd = amount_usd - 3 where kind = 'fill'
        and leg_key = 'paper/t1/0xorder/taker'`),
    );
    const { code, stderr } = await cli();
    expect(code).toBe(1);
    expect(stderr).toBe('The ledger differs from deposits and fills by -3 dollars.\n');
  });
});
