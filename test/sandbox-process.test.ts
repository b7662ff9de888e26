/** The sandbox beside an engine: a process that lives as long as its parent and remembers everything. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createRandom } from '../src/adapters/random.ts';
import { createL2Signer } from '../src/adapters/venues/polymarket/protocol/auth.ts';
import type { FillwrightFault } from '../src/domain/faults.ts';
import { createSandbox } from '../src/sandbox/sandbox.ts';
import { scenarioOf } from '../src/sandbox/scenario.ts';
import { type OpenedSandbox, startSandboxProcess } from '../src/sandbox-process.ts';
import { isBuilt } from './cli/cli-process.ts';
import { accountOf, marketOf, orderOf } from './sandbox/sandbox-harness.ts';
import { until } from './support/until.ts';

if (!isBuilt) console.warn('test/sandbox-process: not built (npm run build): it does not run.');

const SEED = 'beside';
const SCENARIO = {
  seed: SEED,
  accounts: [{ name: 'trader', signatureType: 2 }],
  markets: [{ slug: 'rain', makers: { kind: 'fixed', asks: [{ price: '0.52', size: '100' }] } }],
  settlement: { minedAfterMs: 10, confirmedAfterMs: 20 },
};
/** An engine in little: starts a sandbox, says where it is, and stays. Ctrl-C is not its end. */
const PARENT = `
  import { startSandboxProcess } from ${JSON.stringify(new URL('../dist/src/sandbox-process.js', import.meta.url).href)};
  const [stateFile, scenario] = process.argv.slice(1);
  process.on('SIGINT', () => console.log('interrupted'));
  process.on('SIGTERM', () => undefined);
  const log = { warn: () => undefined, error: (_facts, message) => console.log(message) };
  const { opened } = await startSandboxProcess({ seed: ${JSON.stringify(SEED)}, scenario, stateFile, log });
  console.log(JSON.stringify(opened));
`;

interface Files {
  readonly stateFile: string;
  readonly scenario: string;
}

function newFiles(scenario: string = JSON.stringify(SCENARIO)): Files {
  const folder = mkdtempSync(join(tmpdir(), 'fillwright-beside-'));
  const path = join(folder, 'scenario.yaml');
  writeFileSync(path, scenario);
  return { stateFile: join(folder, 'state.json'), scenario: path };
}

function collectingLog() {
  const said: string[] = [];
  const note = (facts: object, message: string) => {
    said.push(`${message} ${JSON.stringify(facts)}`);
  };
  return { said, log: { warn: note, error: note } };
}

const start = (files: Files, log = collectingLog().log) =>
  startSandboxProcess({ seed: SEED, ...files, log });

/** The parent in a process group of its own, as a terminal makes one for a command. */
async function startParent({ stateFile, scenario }: Files) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', PARENT, stateFile, scenario],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout });
  const nextLine = async () => String((await once(lines, 'line'))[0]);
  const opened: OpenedSandbox = JSON.parse(await nextLine());
  return { child, opened, nextLine };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Posts an order of 10 shares at `price`; the maker shows 100 at 0.52. */
async function post({ rest }: OpenedSandbox, price: string): Promise<unknown> {
  // Never started: the same seed and slugs are the same keys and tokens.
  const twin = createSandbox({
    clock: createSystemClock(),
    random: createRandom(SEED).next,
    scenario: scenarioOf(SCENARIO),
  });
  const account = accountOf(twin, 'trader');
  const { body } = await orderOf(twin, account, marketOf(twin, 'rain'), { price });
  const request = { method: 'POST', path: '/order', body };
  const headers = createL2Signer(account)(request, Math.floor(Date.now() / 1_000));
  const answer = await fetch(`${rest}/order`, { method: 'POST', headers: { ...headers }, body });
  return answer.json();
}

interface Ledger {
  readonly orders: readonly object[];
  readonly trades: readonly { readonly status: string }[];
  readonly balances: readonly object[];
}

async function ledgerOf({ rest, accounts }: OpenedSandbox): Promise<Ledger> {
  const answer = await fetch(`${rest}/sandbox/ledger?owner=${accounts[0]?.apiKey}`);
  const { orders, trades, balances } = (await answer.json()) as Ledger;
  return { orders, trades, balances };
}

async function answers({ rest }: OpenedSandbox): Promise<boolean> {
  return fetch(`${rest}/ok`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function failureOf(starting: Promise<unknown>): Promise<FillwrightFault> {
  return starting.then(
    () => expect.fail('It has started.'),
    (fault: FillwrightFault) => fault,
  );
}

describe.runIf(isBuilt).concurrent('a sandbox in a process of its own', () => {
  test('says where it is, who trades there and what, and ends when it is closed', async () => {
    const { said, log } = collectingLog();
    const sandbox = await start(newFiles(), log);
    const { opened } = sandbox;
    expect(await answers(opened)).toBe(true);
    expect(opened.chainId).toBe(137);
    expect(opened.accounts).toMatchObject([{ name: 'trader', signatureType: 2 }]);
    expect(opened.markets.map(({ slug }) => slug)).toEqual(['rain']);
    await sandbox.close();
    expect(await answers(opened)).toBe(false);
    expect(said).toEqual([]);
  });

  test('ends when its parent is killed, and knows every order at the next start', async () => {
    const files = newFiles();
    const { child, opened } = await startParent(files);
    expect(await post(opened, '0.52')).toMatchObject({ success: true, status: 'matched' });
    expect(await post(opened, '0.4')).toMatchObject({ success: true, status: 'live' });
    const isConfirmed = async () => (await ledgerOf(opened)).trades[0]?.status === 'CONFIRMED';
    await until(isConfirmed);
    const before = await ledgerOf(opened);
    await kill(child);
    await until(async () => !(await answers(opened)));
    await until(() => existsSync(files.stateFile));

    const again = await start(files);
    expect(await ledgerOf(again.opened)).toEqual(before);
    expect(before.orders).toHaveLength(2);
    expect(again.opened.accounts).toEqual(opened.accounts);
    expect(await post(again.opened, '0.39')).toMatchObject({ success: true, status: 'live' });
    await again.close();
  });

  test('a Ctrl-C in the terminal of both is the parent’s to hear', async () => {
    const { child, opened, nextLine } = await startParent(newFiles());
    const heard = nextLine();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await heard).toBe('interrupted');
    expect(await answers(opened)).toBe(true);
    await kill(child);
    await until(async () => !(await answers(opened)));
  });

  test('a scenario with problems is told in the error, each of them, with file and line', async () => {
    const files = newFiles('markets:\n  - { slug: a, tickSize: 7 }\n  - { slug: b, price: 1 }\n');
    const fault = await failureOf(start(files));
    expect(fault.code).toBe('not_running');
    const { scenario } = files;
    const problems = fault.message.replace('The sandbox did not start: ', '').split('\n');
    expect(problems).toEqual([
      expect.stringContaining(`${scenario}:2: markets.0.tickSize: got 7, expected 0.1 or`),
      expect.stringContaining(`${scenario}:3: markets.1.price: got 1, expected one of slug,`),
    ]);
    expect(existsSync(files.stateFile)).toBe(false);
  });

  test('a state that is none is told in the error, and left as it is', async () => {
    const files = newFiles();
    writeFileSync(files.stateFile, 'not a state');
    const fault = await failureOf(start(files));
    expect(fault.message).toContain('expected a state that the sandbox saved');
    expect(readFileSync(files.stateFile, 'utf8')).toBe('not a state');
  });

  test('one that says nothing is given up and ended', async () => {
    const { stateFile, scenario } = newFiles();
    const pipe = `${scenario}.pipe`;
    execFileSync('/usr/bin/env', ['mkfifo', pipe]);
    // Nobody writes into the pipe: the scenario is never read to its end.
    const starting = start({ stateFile, scenario: pipe });
    const fault = await failureOf(starting);
    expect(fault.message).toBe('The sandbox did not start.');
    const canWrite = () => {
      try {
        return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK) >= 0;
      } catch {
        return false;
      }
    };
    await until(() => !canWrite());
  });

  test('its end without a word from the parent is told in the log', async () => {
    const { child, nextLine } = await startParent(newFiles());
    const heard = nextLine();
    // Both get it; the parent takes no notice.
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    expect(await heard).toBe('The sandbox has ended. Start again to go on.');
    await kill(child);
  });
});
