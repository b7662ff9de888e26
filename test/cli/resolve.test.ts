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
    expect(await json('cancel-all', '--market', 'elsewhere')).toMatchObject({ changed: false });
    expect(await json('cancel-all', '--side', 'BUY', '--market', 'rain')).toMatchObject({
      ...{ code: 0, facts: { orders: expect.arrayContaining([other]) } },
    });
    await untilState(running().trading, other, 'cancelled');
  });

  test('pause and resume', async () => {
    await cli('pause', '--why', 'the feed looks wrong', '--by', 'Ann');
    const { order } = await running().submit();
    expect(order.reason).toBe('entries are paused: the feed looks wrong (by Ann)');
    expect((await cli('resume')).stdout).toBe('Entries are taken again.\n');
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
