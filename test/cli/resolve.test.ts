/** What a person asks of a running engine from another process, and what waits where none runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { databaseUrl, type FreshStore, freshStore } from '../support/database.ts';
import { openDesk, type TestDesk, until, untilState } from '../support/desk.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';
import { type CliResult, isBuilt, runCli } from './cli-process.ts';

if (!isBuilt) console.warn('test/cli/resolve: not built (npm run build): these tests do not run.');

// A command is a process of its own, and a test asks several: a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let folder: string;
let configPath: string;
let fresh: FreshStore;
let venue: ScriptedVenue;
let desk: TestDesk | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-resolve-'));
  fresh = await freshStore();
  configPath = join(folder, 'resolve.yaml');
  await writeFile(configPath, `database: { schema: ${fresh.schema} }\nlog: { level: warn }\n`);
  venue = createScriptedVenue({ now: () => Date.now() });
  desk = await open();
});
afterAll(async () => {
  await desk?.crash();
  await fresh.dispose();
  await rm(folder, { recursive: true });
});

/** An engine in this process, on the database that the command line is told of. */
function open(): Promise<TestDesk> {
  const database = fresh.open();
  return openDesk(fresh, { venue: () => venue.connect(), database, commands: database.commands });
}

function running(): TestDesk {
  if (desk === undefined) throw new Error('No engine runs.');
  return desk;
}

const cli = (...args: string[]): Promise<CliResult> =>
  runCli([...args, '--config', configPath], { env: { DATABASE_URL: databaseUrl() } });

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await cli(...args, '--json');
  return { code, ...JSON.parse(stdout || stderr) };
}

/** An order in doubt, as the read tables show it too. */
async function doubtful(): Promise<string> {
  const broken = () => Promise.reject(new Error('socket hang up'));
  venue.onSubmit = broken;
  venue.onLookup = broken;
  const { orderId } = await running().submit();
  await until(async () => (await running().trading.order(orderId))?.status === 'UNKNOWN');
  await running().trading.settled();
  venue.onSubmit = (sent) => venue.take(sent);
  return orderId;
}

async function placed(over: object = {}): Promise<string> {
  const { orderId } = await running().submit(over);
  await untilState(running().trading, orderId, 'working.open');
  await running().trading.settled();
  return orderId;
}

const WHY = ['--why', 'not in its list at 03:12 UTC', '--yes'];

// One engine for all of them, in their order: each leaves no doubt behind.
describe.runIf(isBuilt)('with an engine', () => {
  test('an order is settled, and the timeline says who, why and when', async () => {
    const orderId = await doubtful();
    expect(await json('status')).toMatchObject({
      quarantine: [{ marketId: 'rain', orderId, sinceMs: expect.any(Number) }],
    });
    expect((await cli('explain', orderId)).stdout).toContain(`fillwright resolve ${orderId} --as`);

    const prefix = orderId.slice(0, -1);
    const asked = await json('resolve', prefix, '--as', 'never-taken', '--by', 'Ann', ...WHY);
    expect(asked).toMatchObject({
      ...{ code: 0, state: 'done', text: `${orderId} is settled as never-taken: REJECTED.` },
    });
    await running().trading.settled();
    const { stdout } = await cli('explain', orderId);
    expect(stdout).toMatch(/\d\d:\d\d:\d\d\.\d{3} .*Ann settled it.*not in its list at 03:12 UTC/);
    expect(stdout).not.toContain('fillwright resolve');
    expect(await json('status')).toMatchObject({ quarantine: [] });
  });

  test.each([
    ['cancelled', 'CANCELLED'],
    ['live', 'PLACED'],
  ])('an order is settled as %s: %s', async (as, status) => {
    const orderId = await doubtful();
    await cli('resolve', orderId, '--as', as, ...WHY);
    expect(await running().trading.order(orderId)).toMatchObject({ status });
    const events = await eventsOf(orderId);
    expect(events.at(-1)).toMatchObject({ by: userInfo().username });
  });

  test('an order that is not in doubt is not settled: exit code 2', async () => {
    const orderId = await placed();
    const { code, stdout, stderr } = await cli('resolve', orderId, '--as', 'cancelled', ...WHY);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      `fillwright: order ${orderId}: got "PLACED", expected an order in doubt: UNKNOWN.\n`,
    );
  });

  test('candidates are listed, and nothing is done where nobody can be asked', async () => {
    const [one, other] = [await placed(), await placed()];
    const { code, stderr } = await cli('resolve', 'ord_', '--as', 'live', ...WHY);
    expect(code).toBe(2);
    for (const id of [one, other]) expect(stderr).toContain(id);
    const asked = await cli('resolve', one, '--as', 'live', '--why', 'seen');
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toContain('--yes');
  });

  test('cancel and cancel-all ask the venue', async () => {
    const [one, other] = [await placed(), await placed()];
    expect((await cli('cancel', one)).stdout).toContain(`${one} is to be cancelled`);
    await untilState(running().trading, one, 'cancelled');
    expect(await json('cancel-all', '--yes', '--market', 'elsewhere')).toMatchObject({
      changed: false,
    });
    expect(await json('cancel-all', '--yes', '--side', 'BUY', '--market', 'rain')).toMatchObject({
      ...{ code: 0, facts: { orders: expect.arrayContaining([other]) } },
    });
    await untilState(running().trading, other, 'cancelled');
  });

  test('pause and resume', async () => {
    await cli('pause', '--why', 'the feed looks wrong', '--by', 'Ann');
    const { order } = await running().submit();
    expect(order.reason).toBe('entries are paused: the feed looks wrong (by Ann)');
    const holds = [{ level: 'paused', scope: 'all', reason: 'the feed looks wrong', by: 'Ann' }];
    expect(running().trading.health()).toMatchObject({ holds });
    await running().trading.settled();
    expect(await json('status')).toMatchObject({ holds });
    expect((await cli('status')).stdout).toContain(
      'Trading is paused: the feed looks wrong (by Ann).',
    );
    expect((await cli('resume')).stdout).toBe('Trading is resumed.\n');
    expect(running().trading.health()).toMatchObject({ holds: [] });
    expect((await cli('resume')).stdout).toBe('Nothing held all.\n');
  });

  test('reduce cancels the entries of one market, and leaves others alone', async () => {
    const orderId = await placed();
    const reduced = await json('reduce', '--market', 'rain', '--why', 'news');
    expect(reduced.text).toContain('reducing for market:rain: news');
    await untilState(running().trading, orderId, 'cancelled');
    expect((await running().submit()).order.reason).toContain('reducing for market:rain: news');
    expect(await json('resume', '--market', 'rain')).toMatchObject({ changed: true });
  });

  test('halt is asked about, and stops exits too', async () => {
    expect((await cli('halt', '--why', 'keys')).stderr).toContain('--yes');
    await cli('halt', '--why', 'keys', '--yes', '--by', 'Ann');
    const { order } = await running().submit({ side: 'SELL', size: '5' });
    expect(order).toMatchObject({ status: 'DENIED', reason: 'trading is halted: keys (by Ann)' });
    await cli('resume');
  });

  test('flatten is asked about, closes everything and leaves trading paused', async () => {
    expect((await cli('flatten', '--why', 'a drill')).stderr).toContain('--yes');
    const orderId = await placed();
    const { stdout } = await cli('flatten', '--why', 'a drill', '--yes', '--by', 'Ann');
    expect(stdout).toBe('Everything is being closed: a drill (by Ann). Then trading is paused.\n');
    await untilState(running().trading, orderId, 'cancelled');
    await until(() => running().trading.health().holds[0]?.level === 'paused');
    expect((await cli('resume')).stdout).toContain('engine:liquidation stays paused');
    expect(await json('resume', '--scope', 'engine:liquidation')).toMatchObject({ changed: true });
  });

  test('an override lets one order go that a limit is against', async () => {
    const dear = { price: '0.97' };
    expect((await running().submit(dear)).order.reason).toContain('the limit for entries is 0.95');
    const granted = await json('override', '--rule', 'maxEntryPrice', '--why', 'sure of it');
    const { overrideId } = (granted.facts as { override: { overrideId: string } }).override;
    const orderId = await placed(dear);
    expect((await cli('explain', orderId)).stdout).toContain(`was set aside by ${overrideId}`);
    expect((await running().submit(dear)).order.status).toBe('DENIED');
    expect((await cli('override', '--rule', 'cash', '--why', 'x')).code).toBe(2);
  });

  test('a budget is reserved, used, shown, committed and released', async () => {
    const asked = [
      'budget',
      'reserve',
      '250',
      '--owner',
      'pairs',
      '--for',
      '30m',
      '--why',
      'a pair',
    ];
    const { facts } = await json(...asked, '--by', 'Ann', '--key', 'pair-1');
    const { budgetId } = (facts as { budget: { budgetId: string } }).budget;
    expect(await json(...asked, '--by', 'Ann', '--key', 'pair-1')).toMatchObject({
      ...{ code: 0, changed: false, text: `${budgetId} was reserved before with this key.` },
    });
    const orderId = await placed({ strategy: 'pairs', budget: budgetId });
    const commit = ['budget', 'commit', budgetId.slice(0, 20), '--amount', '40', '--why', 'gas'];
    expect((await cli(...commit)).stdout).toBe(
      `40 dollars of ${budgetId} are committed; 204.875 remain.\n`,
    );
    const { stdout } = await cli('budget', 'list');
    expect(stdout).toMatch(/pairs +open +250 +40 +5\.125 +204\.875 .* a pair/);
    const status = await json('status');
    expect(status).toMatchObject({ budgets: '204.875', minimumReserve: '0' });
    expect(Number(status.available)).toBeCloseTo(
      Number(status.cash) - Number(status.reserved) - 204.875,
      9,
    );
    const over = await json('budget', 'commit', budgetId, '--amount', '205', '--why', 'x');
    expect(over).toMatchObject({ code: 2, error: { code: 'insufficient_funds' } });
    const released = await json('budget', 'release', budgetId, '--why', 'done');
    expect(released).toMatchObject({ code: 0, changed: true });
    expect(await json('budget', 'release', budgetId, '--why', 'done')).toMatchObject({
      ...{ code: 0, changed: false, text: `${budgetId} is released already.` },
    });
    expect((await cli('budget', 'list')).stdout).toBe('No budgets.\n');
    expect((await cli('budget', 'list', '--all', '--owner', 'pairs')).stdout).toContain('released');
    expect((await json('budget', 'release', 'bud_none', '--why', 'x')).code).toBe(2);
    await cli('cancel', orderId);
    await untilState(running().trading, orderId, 'cancelled');
  });

  test('--no-wait leaves a command there without a complaint', async () => {
    const orderId = await placed();
    expect(await json('cancel', orderId, '--no-wait')).toMatchObject({ code: 0, state: 'pending' });
    await untilState(running().trading, orderId, 'cancelled');
  });
});

test.runIf(isBuilt)(
  'without an engine a command is kept, exit code 4; the next start runs it',
  async () => {
    const orderId = await doubtful();
    await running().stop();
    desk = undefined;
    const args = ['resolve', orderId, '--as', 'never-taken', '--by', 'Ann', ...WHY];
    const { code, stdout } = await cli(...args);
    expect(code).toBe(4);
    expect(stdout).toMatch(/^No engine runs\. Command \d+ is kept: the next start runs it before/);
    const again = await json(...args);
    expect(again).toMatchObject({ code: 4, id: expect.any(Number), state: 'pending' });

    desk = await open();
    expect(await running().trading.order(orderId)).toMatchObject({
      ...{ status: 'REJECTED', reason: 'not in its list at 03:12 UTC (settled by Ann)' },
    });
    expect(await fresh.store.commands.find(Number(again.id))).toMatchObject({ state: 'done' });
  },
);

describe.runIf(isBuilt)('a command line that makes no sense is refused', () => {
  test.each([
    ['a word that is none', ['resolve', 'ord_1', '--as', 'filled', ...WHY], '--as: got "filled"'],
    ['no such side', ['cancel-all', '--side', 'buy'], '--side: got "buy", expected BUY or SELL'],
  ])('%s', async (_what, args, text) => {
    const { code, stderr } = await cli(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
  });
});

async function eventsOf(orderId: string): Promise<Record<string, unknown>[]> {
  await running().trading.settled();
  const events = await fresh.store.orderEvents(orderId);
  return events.map(({ event }) => JSON.parse(event));
}
