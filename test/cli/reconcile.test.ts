/** Comparing with the venue and deciding findings from the command line, with an engine and without. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LASTING_MS } from '../../src/actors/reconcile-judge.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { plus } from '../../src/domain/exact.ts';
import { databaseUrl, type FreshStore, freshStore } from '../support/database.ts';
import { openDesk, pass, type TestDesk } from '../support/desk.ts';
import { AT_MS, rain } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';
import { type CliResult, isBuilt, runCli } from './cli-process.ts';

if (!isBuilt)
  console.warn('test/cli/reconcile: not built (npm run build): these tests do not run.');

/** A process takes a second to start, and ten on a busy machine. */
const LIMIT_MS = 240_000;
/** Comparisons come when a test asks for them. */
const SELDOM = { everySeconds: 3_600 };
/** How often an engine looks for commands, in its time; and how fast its time goes here. */
const STEP_MS = 500;

let folder: string;
let configPath: string;
let fresh: FreshStore;
let venue: ScriptedVenue;
let clock: VirtualClock;
let desk: TestDesk | undefined;
let going: Promise<void> = Promise.resolve();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-reconcile-'));
  fresh = await freshStore();
  configPath = join(folder, 'reconcile.yaml');
  await writeFile(
    configPath,
    `venue: { use: paper }\ndatabase: { schema: ${fresh.schema} }\nlog: { level: warn }\n`,
  );
  clock = createVirtualClock(AT_MS);
  venue = createScriptedVenue({ now: () => clock.now() });
  const database = fresh.open();
  desk = await openDesk(fresh, {
    ...{ clock, venue: () => venue.connect(), database, commands: database.commands },
    reconcile: SELDOM,
  });
  going = goOn();
});
afterAll(async () => {
  const left = desk;
  desk = undefined;
  await going;
  await left?.crash();
  await fresh.dispose();
  await rm(folder, { recursive: true });
});

function running(): TestDesk {
  if (desk === undefined) throw new Error('No engine runs.');
  return desk;
}

/** The engine's time, one step after the other. */
let moved: Promise<void> = Promise.resolve();
function advance(forMs: number): Promise<void> {
  moved = moved.then(async () => {
    if (desk !== undefined) await pass(clock, desk, forMs);
  });
  return moved;
}

/** It goes on while commands wait for it. */
async function goOn(): Promise<void> {
  while (desk !== undefined) {
    await sleep(STEP_MS);
    await advance(STEP_MS);
  }
}

const cli = (...args: string[]): Promise<CliResult> =>
  runCli([...args, '--config', configPath], { env: { DATABASE_URL: databaseUrl() } });

/** Two comparisons, far enough apart for what differs to have lasted. */
async function found(): Promise<void> {
  await running().trading.send({ type: 'reconcile.run', apply: true, by: 'test' });
  await advance(LASTING_MS);
  await running().trading.settled();
}

async function json(...args: string[]) {
  const { code, stdout, stderr } = await cli(...args, '--json');
  return { code, answer: JSON.parse(stdout || stderr) };
}

// One engine for all of them, in their order.
describe.runIf(isBuilt)('with an engine', { timeout: LIMIT_MS }, () => {
  test('nothing differs: exit code 0', async () => {
    const [compared, findings] = await Promise.all([cli('reconcile'), cli('findings')]);
    expect(compared).toMatchObject({ code: 0, stderr: '' });
    expect(compared.stdout).toContain('No differences.');
    expect(findings).toMatchObject({ code: 0, stdout: 'No findings.\n' });
  });

  test('--apply takes in what is proven; without it, it is only said', async () => {
    const { orderId } = await running().submit();
    await advance(STEP_MS);
    venue.report(`0x${orderId}`, { status: 'matched', sizeMatched: '10' });
    venue.fill({ venueOrderId: `0x${orderId}`, size: '10', settlement: 'confirmed' }, 'silent');
    const looked = await json('reconcile');
    expect(looked).toMatchObject({ code: 0, answer: { applies: false, counts: { newLegs: 1 } } });
    expect(await running().trading.order(orderId)).toMatchObject({ filledSize: '0' });
    const { stdout } = await cli('reconcile', '--apply');
    expect(stdout).toContain('BUY 10 at 0.5: confirmed');
    expect(await running().trading.order(orderId)).toMatchObject({ status: 'CONFIRMED' });
  });

  test('a critical finding: exit code 1, shown whole, and beside its position', async () => {
    venue.onPositions = () => [{ instrumentId: rain.id, size: '15' }];
    await found();
    const [{ code, answer }, shown, compared, positions, status] = await Promise.all([
      ...[json('findings'), cli('findings'), cli('reconcile'), cli('positions'), json('status')],
    ] as const);
    expect(code).toBe(1);
    expect(answer).toMatchObject([
      {
        ...{ kind: 'position.size', severity: 'critical', state: 'open' },
        ...{ theirs: { size: '15' }, action: { type: 'review' } },
      },
    ]);
    expect(shown.stdout).toContain(answer[0].findingId);
    expect(shown.stdout).toMatch(/ours +size 10.*\n +theirs +size 15\n +evidence +asked positions/);
    expect(compared.code).toBe(1);
    expect(positions.stdout).toContain('REQUIRED');
    expect(status.answer.findings).toEqual({ open: 1, critical: 1 });
  });

  test('exit code 1 also where the critical one is not among those that are shown', async () => {
    venue.report('0xforeign', { status: 'live' });
    await found();
    const { code, answer } = await json('findings', '--limit', '1');
    expect(answer).toMatchObject([{ kind: 'order.external', severity: 'warning' }]);
    expect(code).toBe(1);
    venue.orders.delete('0xforeign');
    await found();
  });

  test('a person dismisses it by the beginning of its id, with name and reason', async () => {
    const [known] = await running().store.findings({ open: true });
    const findingId = String(known?.findingId);
    const prefix = findingId.slice(0, 8);
    const decided = await cli('findings', 'dismiss', prefix, '--why', 'mine', '--by', 'Ann');
    expect(decided).toMatchObject({
      ...{ code: 0, stdout: `Finding ${findingId} is dismissed (by Ann).\n` },
    });
    await running().trading.settled();
    const [open, all, again, other] = await Promise.all([
      cli('findings'),
      cli('findings', '--all'),
      cli('findings', 'dismiss', findingId, '--why', 'mine'),
      cli('findings', 'approve', findingId, '--why', 'or not'),
    ]);
    expect(open).toMatchObject({ code: 0, stdout: 'No findings.\n' });
    expect(all.stdout).toContain('dismissed   by Ann: mine');
    expect(again.stdout).toBe(`Finding ${findingId} was dismissed already.\n`);
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toContain('expected one that is open');
  });

  test('money that came from outside is booked once it is approved', async () => {
    venue.cashUsd = '1250';
    await found();
    const [known] = await running().store.findings({ open: true });
    const findingId = String(known?.findingId);
    expect(JSON.parse(known?.action ?? '')).toMatchObject({ amountUsd: '250' });
    const before = await running().store.ledgerTotal('main');
    expect(await cli('findings', 'approve', findingId, '--why', 'by bank')).toMatchObject({
      code: 0,
    });
    await running().trading.settled();
    expect(await running().store.ledgerTotal('main')).toBe(plus(before, '250'));
  });

  test('past comparisons are listed', async () => {
    const [{ stdout }, { answer }] = await Promise.all([
      cli('reconcile', '--history', '3'),
      json('reconcile', '--history', '1000'),
    ]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(answer.at(-1)).toMatchObject({ reason: 'start', complete: true });
  });

  test.each([
    [['findings', 'approve', 'f_nothing', '--why', 'x'], 'finding: got "f_nothing"'],
    [['findings', 'approve', 'f_', '--why', ' '], '--why: got " "'],
    [['findings', '--limit', '0'], '--limit: got "0"'],
    [['reconcile', '--history', 'many'], '--history: got "many"'],
  ])('%s: refused, naming place, value and what was expected', async (args, said) => {
    const { code, stdout, stderr } = await cli(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
  });
});

describe.runIf(isBuilt)('without an engine', { timeout: LIMIT_MS }, () => {
  beforeAll(async () => {
    const stopped = running();
    desk = undefined;
    await going;
    await stopped.trading.stop();
    await stopped.store.close();
  });

  test('the venue is asked from here, and nothing is changed', async () => {
    // The paper venue's own books know nothing of what the engine has traded elsewhere.
    const { code, answer } = await json('reconcile');
    expect(code).toBe(0);
    expect(answer).toMatchObject({ applies: false, reason: 'asked', complete: true });
    const kinds = answer.differences.map(({ kind }: { kind: string }) => kind).sort();
    expect(kinds).toEqual(['collateral', 'position.size']);
    const { stdout, stderr } = await cli('reconcile');
    expect(stderr).toContain('No engine runs: the venue is asked from here, nothing is changed.');
    expect(stdout).toContain('not lasting yet');
    expect(await cli('findings')).toMatchObject({ code: 0, stdout: 'No findings.\n' });
  });

  test('--apply is refused: there is nobody to take anything in', async () => {
    const { code, stderr } = await cli('reconcile', '--apply');
    expect(code).toBe(2);
    expect(stderr).toContain('--apply: no engine runs that could take anything in.');
  });
});
