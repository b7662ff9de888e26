import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/adapters/random.ts';
import { parseConfig } from '../../src/config.ts';
import { examine, type Row } from '../../src/doctor/checks.ts';
import { diagnose } from '../../src/doctor/doctor.ts';
import { venueChecks } from '../../src/doctor/venue-checks.ts';
import { startSandboxProcess } from '../../src/sandbox-process.ts';
import { polymarketPlace, SANDBOX_STATE } from '../../src/venue-polymarket.ts';
import {
  type Given,
  hurriedClock,
  NOBODY,
  openPatient,
  openRefusingStream,
  openSilence,
  type Patient,
} from './doctor-harness.ts';

/** `check: status` of what is not fine, in order. */
type Troubles = readonly string[];

interface Case {
  readonly given: Given;
  readonly troubles: Troubles;
  /** What the first of them says, and what to do about it. */
  readonly detail: RegExp;
  readonly fix: RegExp;
}

const UNKNOWN = `0x${'ab'.repeat(32)}`;
const answer = (path: string, text: string): Given => ({
  change: (asked) => (asked === path ? text : undefined),
});
const withAllowances = (allowances: Readonly<Record<string, string>>): Given => ({
  change: (path, text) =>
    path === '/balance-allowance' ? JSON.stringify({ ...JSON.parse(text), allowances }) : undefined,
});
/** All that markets of protocol V1 need. */
const ALLOWED = {
  '0xE111180000d2663C0091e4f400237545B87B996B': '5',
  '0xe2222d279d744050d28e00520010520000310F59': '5',
  '0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296': '5',
};
const WITHOUT_KEYS = { api_key: undefined, api_secret: undefined, api_passphrase: undefined };
/** A password that must not be seen. */
const PASSWORD = 'correct-horse';

const CASES: Readonly<Record<string, Case>> = {
  'a key file that others can read': {
    given: { mode: 0o644 },
    troubles: ['credentials: fail'],
    detail: /can be read or changed by others \(mode 644\); run: chmod 600 \S+keys\.json/,
    fix: /Credentials/,
  },
  'a private key that is no hex': {
    given: { credentials: { private_key: 'correct-horse-battery-staple' } },
    troubles: ['credentials: fail'],
    detail: /private_key: got "\[secret\]", expected a private key of 64 hex digits/,
    fix: /Credentials/,
  },
  'a private key that is not on the curve': {
    given: { credentials: { private_key: 'f'.repeat(64) } },
    troubles: ['credentials: fail'],
    detail: /privateKey: got "\[hidden\]"/,
    fix: /Credentials/,
  },
  'an API secret that is not the account’s': {
    given: { credentials: { api_secret: 'd3Jvbmcgc2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXM=' } },
    troubles: ['keys: fail', 'balance: fail', 'allowances: fail', 'stream: fail'],
    detail: /401.*Invalid api key/,
    fix: /remove the api_ lines/,
  },
  'a clock that is 10 s behind': {
    given: { skewMs: 10_000 },
    troubles: ['clock: warn'],
    detail: /^(?:9|10)\d{3} ms off/,
    fix: /time server/,
  },
  'a clock that is 2 min behind': {
    given: { skewMs: 120_000 },
    troubles: ['clock: fail'],
    detail: /^1[12]\d{4} ms off/,
    fix: /time server/,
  },
  'a clock that is 2 min ahead': {
    given: { skewMs: -120_000 },
    troubles: ['clock: fail'],
    detail: /^-1[12]\d{4} ms off/,
    fix: /time server/,
  },
  'a venue of version 1': {
    given: answer('/version', '{"version":1}'),
    troubles: ['version: fail', 'keys: fail', 'balance: fail', 'allowances: fail'],
    detail: /names version 1, this release knows 2/,
    fix: /would be refused/,
  },
  'a venue of version 3': {
    given: answer('/version', '{"version":3}'),
    troubles: ['version: warn'],
    detail: /names version 3, this release knows 2/,
    fix: /newer release/,
  },
  'an account that may only close': {
    given: answer('/auth/ban-status/closed-only', '{"closed_only":true}'),
    troubles: ['keys: fail'],
    detail: /may only close/,
    fix: /ask the venue/,
  },
  'an account without money': {
    given: { dollars: '0' },
    troubles: ['balance: warn'],
    detail: /^0 dollars$/,
    fix: /send pUSD/,
  },
  'no allowances': {
    given: withAllowances({}),
    troubles: ['allowances: fail'],
    detail: /^none for exchangeV2 0x\w{40}, negRiskExchangeV2 0x\w{40}, negRiskAdapter 0x\w{40}$/,
    fix: /approve pUSD/,
  },
  'no allowance for markets of protocol V2': {
    given: { ...withAllowances(ALLOWED), protocolV2: true },
    troubles: ['allowances: fail'],
    detail: /^none for exchangeV3 0x\w{40}$/,
    fix: /approve pUSD/,
  },
  'an allowance of zero': {
    given: withAllowances({ ...ALLOWED, '0xE111180000d2663C0091e4f400237545B87B996B': '0' }),
    troubles: ['allowances: fail'],
    detail: /^none for exchangeV2 0xE111180000d2663C0091e4f400237545B87B996B$/,
    fix: /approve pUSD/,
  },
  'allowances in another shape': {
    given: answer('/balance-allowance', '{"balance":"5000000","allowance":"0"}'),
    troubles: ['allowances: fail'],
    detail: /^allowances: got .*expected amounts by spender/,
    fix: /keys/,
  },
  'a country that is blocked': {
    given: answer('/api/geoblock', '{"blocked":true,"country":"US"}'),
    troubles: ['geoblock: fail'],
    detail: /^country US is blocked$/,
    fix: /where trading is allowed/,
  },
  'a geoblock answer that says nothing': {
    given: answer('/api/geoblock', '<html>502</html>'),
    troubles: ['geoblock: warn'],
    detail: /^says "<html>502<\/html>"$/,
    fix: /can be reached/,
  },
  'a geoblock host that nobody reaches': {
    given: { hosts: { geoblock: `http://${NOBODY}` } },
    troubles: ['geoblock: warn'],
    detail: /ECONNREFUSED/,
    fix: /can be reached/,
  },
  'one unknown market of two': {
    given: { unknownMarkets: [UNKNOWN] },
    troubles: ['markets: warn'],
    detail: /^1 of 2 can be traded: 0xabab/,
    fix: /condition ids/,
  },
  'no known market': {
    given: { unknownMarkets: [UNKNOWN], onlyUnknown: true },
    troubles: ['markets: fail'],
    detail: /None of the configured markets/,
    fix: /condition ids/,
  },
  'a database that is not there': {
    given: { databaseUrl: `postgres://me:${PASSWORD}@${NOBODY}/none` },
    troubles: ['database: fail'],
    detail: /ECONNREFUSED/,
    fix: /start the server, or correct DATABASE_URL/,
  },
  'a venue at whose address nobody listens': {
    given: {
      ...{ credentials: WITHOUT_KEYS },
      hosts: {
        ...{ clob: `http://${NOBODY}`, gamma: `http://${NOBODY}` },
        ...{ geoblock: `http://${NOBODY}`, stream: `ws://${NOBODY}` },
      },
    },
    troubles: [
      ...['clock: fail', 'version: fail', 'keys: fail', 'markets: fail', 'balance: fail'],
      ...['allowances: fail', 'geoblock: warn', 'stream: fail'],
    ],
    detail: /ECONNREFUSED/,
    fix: /check the network/,
  },
};

describe.concurrent('the doctor', () => {
  test('finds nothing wrong where nothing is', async ({ expect }) => {
    const patient = await openPatient();
    const rows = await rowsOf(patient);
    expect(troublesOf(rows)).toEqual([]);
    expect(rows.map(({ check }) => check)).toEqual([
      ...['config', 'disk', 'database', 'credentials', 'signing', 'clock', 'version', 'keys'],
      ...['markets', 'balance', 'allowances', 'geoblock', 'stream'],
    ]);
    expect(detailOf(rows, 'balance')).toBe('250.5 dollars');
    expect(detailOf(rows, 'keys')).toContain(patient.account.apiKey);
    expect(detailOf(rows, 'signing')).toContain(patient.account.funder);
  });

  test('takes keys that are derived at the start for as good', async ({ expect }) => {
    const patient = await openPatient({ credentials: WITHOUT_KEYS });
    const rows = await rowsOf(patient);
    expect(troublesOf(rows)).toEqual([]);
    expect(detailOf(rows, 'credentials')).toContain('to be derived');
  });

  test.each(Object.entries(CASES))(
    '%s is told with a remedy, without a secret, and nothing else is blamed',
    async (_name, { given, troubles, detail, fix }) => {
      const patient = await openPatient(given);
      const rows = await rowsOf(patient);
      expect(troublesOf(rows)).toEqual(troubles);
      const [first] = rows.filter(({ status }) => status !== 'ok');
      expect(first?.detail).toMatch(detail);
      expect(first?.fix).toMatch(fix);
      expect(secretsIn(rows, patient)).toEqual([]);
    },
  );

  test('a stream that closes is told', async ({ expect }) => {
    const stream = await openRefusingStream();
    const rows = await rowsOf(await openPatient({ hosts: { stream: stream.url } }));
    await stream.close();
    expect(troublesOf(rows)).toEqual(['stream: fail']);
    expect(detailOf(rows, 'stream')).toContain('has closed the connection');
  });

  test('a venue that takes the call and never answers is told', async ({ expect }) => {
    const silence = await openSilence();
    const http = `http://${silence.host}`;
    const hosts = { clob: http, gamma: http, geoblock: http, stream: `ws://${silence.host}` };
    const patient = await openPatient({ hosts });
    const { venue } = patient.config;
    if (venue.use !== 'polymarket') throw new Error('The configuration names another venue.');
    const { checks, close } = venueChecks({
      ...{ place: await polymarketPlace(venue), clock: hurriedClock() },
      random: createRandom('silence').next,
    });
    const rows: Row[] = [];
    for (const check of checks) rows.push(await examine(check));
    await close();
    await patient.close();
    await silence.close();
    expect(troublesOf(rows)).toEqual([
      ...['clock: fail', 'version: fail', 'keys: fail', 'markets: fail', 'balance: fail'],
      ...['allowances: fail', 'geoblock: warn', 'stream: fail'],
    ]);
    expect(detailOf(rows, 'clock')).toContain('no answer in');
    expect(detailOf(rows, 'stream')).toMatch(/no sign-in within|has closed/);
  });

  test('looks at a copy of what a sandbox remembers: the file of an engine stays as it is', async ({
    expect,
  }) => {
    const patient = await openPatient();
    const { database, dataFolder } = patient.config;
    const stateFile = join(dataFolder, SANDBOX_STATE);
    const log = { warn: () => undefined, error: () => undefined };
    const sandbox = await startSandboxProcess({ seed: '1', scenario: undefined, stateFile, log });
    const { rest, accounts } = sandbox.opened;
    const wallet = privateKeyToAccount(accounts[1]?.privateKey as `0x${string}`).address;
    const body = JSON.stringify({ address: wallet, signatureType: 1, dollars: '7.5' });
    await fetch(`${rest}/sandbox/deposit`, { method: 'POST', body });
    await sandbox.close();
    const before = readFileSync(stateFile, 'utf8');

    const text = JSON.stringify({ venue: { use: 'sandbox', account: 1 }, database, dataFolder });
    const rows: Row[] = [];
    for await (const row of diagnose(parseConfig(text, 'sandbox'))) rows.push(row);
    expect(troublesOf(rows)).toEqual([]);
    expect(detailOf(rows, 'balance')).toBe('10007.5 dollars');
    expect(readFileSync(stateFile, 'utf8')).toBe(before);
    await patient.close();
  });
});

/** All rows; the patient is closed afterwards. */
async function rowsOf(patient: Patient): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for await (const row of diagnose(patient.config)) rows.push(row);
  } finally {
    await patient.close();
  }
  return rows;
}

function troublesOf(rows: readonly Row[]): Troubles {
  return rows
    .filter(({ status }) => status !== 'ok')
    .map(({ check, status }) => `${check}: ${status}`);
}

function detailOf(rows: readonly Row[], name: string): string | undefined {
  return rows.find(({ check }) => check === name)?.detail;
}

function secretsIn(rows: readonly Row[], { account }: Patient): readonly string[] {
  const { privateKey = '', secret, passphrase } = account;
  const secrets = [privateKey.slice(2), secret, passphrase, PASSWORD, 'f'.repeat(64)];
  return secrets.filter((text) => JSON.stringify(rows).includes(text));
}
