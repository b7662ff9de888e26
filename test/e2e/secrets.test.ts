/**
 * An account trades through everything that can go wrong. Afterwards neither its keys nor any proof
 * made with them is in anything that was written, said or kept.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { createSandbox, type OpenedAccount, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../src/sandbox/scenario.ts';
import { openWebhookServer, type WebhookServer } from '../adapters/sinks/webhook-server.ts';
import { isBuilt, startCli } from '../cli/cli-process.ts';
import { linesOf } from '../doctor/doctor-harness.ts';
import { openProxy, type VenueProxy } from '../doctor/venue-proxy.ts';
import { until } from '../support/until.ts';
import { createEvidence, withTables } from './secrets-evidence.ts';

if (!isBuilt) console.warn('test/e2e/secrets: not built (npm run build): it does not run.');

const WRONG_SECRET = Buffer.from('a wrong secret of thirty-two byt').toString('base64');
const WEBHOOK_BYTES = Buffer.from('a secret of thirty-two bytes, yes');
const WEBHOOK_SECRET = `whsec_${WEBHOOK_BYTES.toString('base64')}`;
/** Of the address: many a server knows its callers by it. */
const WEBHOOK_PATH = 'T0p-s3cret-path';
const BAD_PRIVATE_KEY = `0x${'c0ffee'.repeat(10)}zzzz`;
/** Seed of the sandbox that an engine starts. */
const BESIDE = 'secrets beside';

const SCENARIO = {
  accounts: [{ name: 'trader', signatureType: 2, dollars: '5000' }],
  // More than faults: each may close a market to entries.
  markets: Array.from({ length: 10 }, (_, index) => ({
    slug: `game-${index}`,
    fees: { rate: '0.05' },
    makers: {
      kind: 'fixed',
      bids: [{ price: '0.48', size: '10000' }],
      asks: [{ price: '0.52', size: '10000' }],
    },
  })),
  settlement: { minedAfterMs: 20, confirmedAfterMs: 40 },
};

/** Each once, one after the other. */
const FAULTS = [
  { kind: 'error', status: 400, error: 'not enough balance / allowance' },
  { kind: 'error', status: 401, error: 'Unauthorized/Invalid api key' },
  { kind: 'error', status: 500 },
  { kind: 'html', status: 403 },
  { kind: 'truncate' },
  { kind: 'tooManyRequests' },
  { kind: 'acceptThenTimeout', closeAfterMs: 50 },
];

const STRATEGY = `
export function createStrategy() {
  let placed = 0;
  const ignore = () => undefined;
  return {
    name: 'restless',
    timerMs: 30,
    onTimer(context) {
      for (const order of context.workingOrders()) context.cancel(order.clientOrderId).catch(ignore);
      placed += 1;
      const instruments = context.instruments();
      const { id } = instruments[placed % instruments.length];
      const price = placed % 3 === 0 ? '0.52' : '0.3';
      // Too few shares for the venue, now and then.
      const size = placed % 5 === 0 ? '1' : '5';
      context.submit({ instrument: id, side: 'BUY', price, size, timeInForce: 'GTC' }).catch(ignore);
      if (placed === 20) throw new Error('A strategy that fails.');
      return undefined;
    },
  };
}
`;

describe.runIf(isBuilt)('secrets', () => {
  const { keepOutput, watchInspector, keepFolder, placesOf } = createEvidence();
  const folder = mkdtempSync(join(tmpdir(), 'fillwright-secrets-'));
  const dataFolder = join(folder, 'data');
  const besideFolder = join(folder, 'beside');
  let sandbox: Sandbox;
  let proxy: VenueProxy;
  let hooks: WebhookServer;
  let account: OpenedAccount;

  function configuration(name: string, venue: object, dataFolderOf = dataFolder): string {
    const path = join(folder, `${name}.yaml`);
    const strategies = [{ use: './restless.mjs' }];
    const events = {
      jsonLines: { path: join(dataFolderOf, 'events.jsonl') },
      webhooks: [{ url: `${hooks.url}/${WEBHOOK_PATH}`, secretEnv: 'HOOKS_SECRET' }],
    };
    const rest = { dataFolder: dataFolderOf, strategies, log: { level: 'trace' }, events };
    writeFileSync(path, JSON.stringify({ venue, ...rest }));
    return path;
  }

  /** A configuration for the sandbox behind the proxy, with its credentials file if there is one. */
  function polymarket(name: string, credentials?: object, mode = 0o600): string {
    const keys = join(folder, `${name}.json`);
    if (credentials !== undefined) {
      writeFileSync(keys, JSON.stringify(credentials));
      chmodSync(keys, mode);
    }
    const { url } = proxy;
    return configuration(name, {
      use: 'polymarket',
      markets: sandbox.markets.map(({ conditionId }) => conditionId),
      hosts: { clob: url, gamma: url, data: url, geoblock: url, stream: sandbox.ws.slice(0, -3) },
      ...(credentials === undefined ? {} : { credentials: keys }),
    });
  }

  const start = (...args: string[]) =>
    startCli(args, { cwd: folder, env: { HOOKS_SECRET: WEBHOOK_SECRET } });

  async function codesOf(
    commands: readonly (readonly [name: string, args: readonly string[]])[],
  ): Promise<readonly (number | null)[]> {
    const codes = [];
    for (const [name, args] of commands) codes.push(await keepOutput(name, start(...args)));
    return codes;
  }

  beforeAll(async () => {
    // Under root the database runs as another user, who must be able to get in.
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'restless.mjs'), STRATEGY);
    sandbox = createSandbox({
      clock: createSystemClock(),
      random: createRandom('secrets').next,
      scenario: scenarioOf(SCENARIO),
    });
    await sandbox.start();
    proxy = await openProxy(sandbox.rest);
    hooks = await openWebhookServer();
    // It fails now and then, so that failures are said.
    hooks.onRequest = (_request, count) => (count % 50 === 3 ? 500 : 204);
    const [first] = sandbox.accounts;
    if (first === undefined) throw new Error('The scenario has no account.');
    account = first;
  });

  afterAll(async () => {
    await proxy.close();
    await hooks.close();
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });

  test('an account trades, is refused, crashes and asks for its keys', async () => {
    const lines = linesOf(account);
    const path = polymarket('trader', lines);
    const wrong = polymarket('wrong', { ...lines, api_secret: WRONG_SECRET });
    const { private_key, funder, signature_type } = lines;
    const derived = polymarket('derived', { private_key, funder, signature_type });
    expect(await codesOf([['wrong secret', ['run', '--debug', '--config', wrong]]])).toEqual([1]);

    const faults = FAULTS.map((fault, index) =>
      sandbox.faults.read({ ...fault, route: 'POST /order', count: 1, skip: index }),
    );
    sandbox.faults.add({ kind: 'disconnect', frame: 'user.any', skip: 8, count: 2 });
    const crashed = start('run', '--inspect', '0', '--config', path);
    await watchInspector(crashed);
    await until(() => faults.every(({ hits }) => hits > 0), 'Every fault has struck.');
    await until(() => ordersOf(sandbox, account) > 20, 'Orders were placed.');
    crashed.child.kill('SIGKILL');
    await keepOutput('crash', crashed);

    const before = ordersOf(sandbox, account);
    const again = start('run', '--debug', '--inspect', '0', '--config', derived);
    await watchInspector(again);
    await until(() => ordersOf(sandbox, account) > before + 10, 'Trading went on.');
    again.child.kill('SIGINT');
    expect(await keepOutput('restart', again)).toBe(0);
  }, 120_000);

  test('its commands are asked for everything, and for what goes wrong', async () => {
    const lines = linesOf(account);
    const named = ['--debug', '--config', join(folder, 'trader.yaml')];
    const open = polymarket('open', lines, 0o644);
    const bad = polymarket('bad', { ...lines, private_key: BAD_PRIVATE_KEY });
    const order = await newestOrder(dataFolder);
    expect(
      await codesOf([
        ['config show', ['config', 'show', ...named]],
        ['doctor', ['doctor', '--json', ...named]],
        ['status', ['status', '--json', ...named]],
        ['orders', ['orders', '--json', ...named]],
        ['positions', ['positions', '--json', ...named]],
        ['explain', ['explain', order, '--json', ...named]],
      ]),
    ).toEqual([0, 0, 0, 0, 0, 0]);
    expect(
      await codesOf([
        ['doctor, wrong secret', ['doctor', '--debug', '--config', join(folder, 'wrong.yaml')]],
        ['doctor, bad key', ['doctor', '--json', '--debug', '--config', bad]],
        ['open key file', ['run', '--debug', '--config', open]],
        ['bad key', ['run', '--debug', '--json', '--config', bad]],
        ['unknown order', ['explain', 'no-such-order', ...named]],
      ]),
    ).toEqual([1, 1, 2, 2, 2]);
    const mixedUp = startCli(['run', '--debug', '--config', polymarket('environment')], {
      cwd: folder,
      env: {
        POLYMARKET_PRIVATE_KEY: account.privateKey ?? '',
        POLYMARKET_FUNDER: account.privateKey ?? '',
        POLYMARKET_API_SECRET: account.secret,
      },
    });
    expect(await keepOutput('keys mixed up', mixedUp)).toBe(2);
  }, 120_000);

  test('an engine starts a sandbox of its own, and fails to', async () => {
    const scenario = join(folder, 'broken.scenario.yaml');
    const trader = { name: 'trader', signatureType: 0, privateKey: BAD_PRIVATE_KEY };
    writeFileSync(scenario, JSON.stringify({ accounts: [trader] }));
    const beside = (name: string, more: object, ...options: string[]) => {
      const path = configuration(name, { use: 'sandbox', seed: BESIDE, ...more }, besideFolder);
      return [name, ['run', '--debug', ...options, '--config', path]] as const;
    };
    const codes = await codesOf([
      beside('beside', {}, '--for', '3s'),
      beside('no such account', { account: 9 }),
      beside('broken scenario', { scenario }),
    ]);
    expect(codes).toEqual([0, 2, 1]);
  }, 60_000);

  test('what is no secret is found in every kind of place: the search can fail', async () => {
    await keepFolder(dataFolder);
    await keepFolder(besideFolder);
    const { apiKey, funder } = account;
    // The last one: the inspector may have been there too late for the first.
    const order = [...sandbox.exchange.orders()].filter(({ owner }) => owner === apiKey).at(-1);
    const expected: readonly (readonly [text: string, ...places: unknown[]])[] = [
      [apiKey, 'doctor: standard output', 'table venue_inbox', 'table prepared_submissions'],
      [apiKey, expect.stringMatching(/^file data\/postgres\/.*pg_wal/)],
      [funder, 'doctor: standard output'],
      ['webhook:127.0.0.1', 'table event_cursors', 'crash: standard error'],
      [order?.id ?? '-', 'file data/events.jsonl'],
      [order?.id ?? '-', 'inspector', 'table journal', 'table order_events'],
      ['The venue polymarket is up', 'crash: standard error', 'restart: standard error'],
      ['A strategy that fails', 'crash: standard error'],
      ['Invalid api key', 'wrong secret: standard error', 'doctor, wrong secret: standard output'],
      ['private_key: got', 'bad key: standard error', 'doctor, bad key: standard output'],
      ['privateKey: got another text', 'broken scenario: standard error'],
      ['The venue polymarket is up', 'beside: standard error'],
    ];
    for (const [text, ...places] of expected) {
      expect(placesOf(text), text).toEqual(expect.arrayContaining(places));
    }
  }, 60_000);

  test('no key, and no proof made with one, is in any of it', () => {
    // Never started: the same seed is the same accounts.
    const twin = createSandbox({
      clock: createSystemClock(),
      random: createRandom(BESIDE).next,
      scenario: scenarioOf({ seed: BESIDE }),
    });
    const keys = [account, ...twin.accounts].flatMap(spellingsOf);
    expect(keys).toHaveLength(5 * 5);
    const hook = [WEBHOOK_SECRET.slice('whsec_'.length), String(WEBHOOK_BYTES), WEBHOOK_PATH];
    for (const key of [...keys, ...hook, WRONG_SECRET, BAD_PRIVATE_KEY.slice(2)]) {
      expect(placesOf(key.replace(/=+$/, ''))).toEqual([]);
    }
    const proofs = new Set(proxy.requests.map(({ headers }) => String(headers.poly_signature)));
    proofs.delete('undefined');
    // A wallet's, for the keys that were derived, and one for each request.
    expect([...proofs].filter((proof) => proof.startsWith('0x'))).not.toEqual([]);
    expect(proofs.size).toBeGreaterThan(30);
    const signatures = hooks.requests.map(({ headers }) => String(headers['webhook-signature']));
    expect(signatures.length).toBeGreaterThan(30);
    for (const signature of signatures) proofs.add(signature.slice('v1,'.length));
    const found = [...proofs].filter((proof) => placesOf(proof.replace(/=+$/, '')).length > 0);
    expect(found).toEqual([]);
  }, 60_000);
});

/** An account's secrets as they could be written; upper and lower case are the same here. */
function spellingsOf({ privateKey = '0x', secret, passphrase }: OpenedAccount): readonly string[] {
  const digits = privateKey.slice(2);
  const usual = Buffer.from(secret, 'base64url').toString('base64');
  return [digits, Buffer.from(digits, 'hex').toString('base64'), secret, usual, passphrase];
}

function ordersOf({ exchange }: Sandbox, { apiKey }: OpenedAccount): number {
  return [...exchange.orders()].filter(({ owner }) => owner === apiKey).length;
}

function newestOrder(dataFolder: string): Promise<string> {
  return withTables(dataFolder, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'select client_order_id as id from orders order by created_at_ms desc limit 1',
    );
    return rows[0]?.id ?? '';
  });
}
