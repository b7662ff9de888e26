/** Where the venue of a configuration is, and who we are there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createSystemClock } from '../src/adapters/clock/system-clock.ts';
import { createRandom } from '../src/adapters/random.ts';
import { parseConfig } from '../src/config.ts';
import { createSandbox } from '../src/sandbox/sandbox.ts';
import { scenarioOf } from '../src/sandbox/scenario.ts';
import type { OpenedSandbox } from '../src/sandbox-process.ts';
import { polymarketPlace, sandboxPlace } from '../src/venue-polymarket.ts';

const CONDITION = `0x${'ab'.repeat(32)}`;
const KEY = '11'.repeat(32);
const folder = mkdtempSync(join(tmpdir(), 'fillwright-place-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

function venueOf(more: object = {}) {
  const venue = { use: 'polymarket', markets: [CONDITION], ...more };
  const parsed = parseConfig(JSON.stringify({ mode: 'live', venue }), 'place').venue;
  if (parsed.use !== 'polymarket') throw new Error('The configuration names another venue.');
  return parsed;
}

function keysFile(lines: object): string {
  const path = join(folder, 'keys.json');
  writeFileSync(path, JSON.stringify(lines), { mode: 0o600 });
  return path;
}

describe('Polymarket', () => {
  test('is where the configuration says, and we are who the file says', async () => {
    const credentials = keysFile({ private_key: KEY, host: 'https://clob.polymarket.com' });
    const place = await polymarketPlace(venueOf({ credentials }));
    expect(place).toMatchObject({
      clob: 'https://clob.polymarket.com',
      stream: 'wss://ws-subscriptions-clob.polymarket.com/ws',
      markets: [CONDITION],
    });
    expect(place.credentials.privateKey.reveal()).toBe(KEY);
    expect(JSON.stringify(place)).not.toContain(KEY);
  });

  test('without a file we are who the environment says', async () => {
    vi.stubEnv('POLYMARKET_PRIVATE_KEY', `0x${KEY}`);
    vi.stubEnv('POLYMARKET_SIGNATURE_TYPE', '0');
    const { credentials } = await polymarketPlace(venueOf());
    expect(credentials.privateKey.reveal()).toBe(KEY);
    expect(credentials.signatureType).toBe(0);
  });

  test('keys of another host are refused: they would be shown to strangers', async () => {
    const credentials = keysFile({ private_key: KEY, host: 'https://clob.example.org' });
    await expect(polymarketPlace(venueOf({ credentials }))).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('for https://clob.example.org, the configuration trades on'),
    });
  });
});

describe('a sandbox', () => {
  const { accounts, markets, chainId } = createSandbox({
    clock: createSystemClock(),
    random: createRandom('place').next,
    scenario: scenarioOf({ chainId: 80_002 }),
  });
  const opened: OpenedSandbox = {
    ...{ rest: 'http://127.0.0.1:1', ws: 'ws://127.0.0.1:1/ws', chainId },
    accounts: accounts.map(({ privateKey = '0x', ...account }) => ({ ...account, privateKey })),
    markets: [...markets],
  };

  test.each(accounts.map(({ name }, index) => [name, index] as const))(
    'trades with the account %s by its number',
    (_name, index) => {
      const { credentials, ...place } = sandboxPlace(opened, index);
      const account = accounts[index];
      expect(credentials).toMatchObject({
        funder: account?.funder,
        signatureType: account?.signatureType,
        chainId: 80_002,
        api: { apiKey: account?.apiKey },
      });
      expect(credentials.api?.secret.reveal()).toBe(account?.secret);
      expect(place.markets).toEqual(markets.map(({ conditionId }) => conditionId));
      expect(place.stream).toBe(opened.ws);
    },
  );

  test('has no more accounts than its scenario: a number too high is refused', () => {
    expect(() => sandboxPlace(opened, accounts.length)).toThrow(
      `venue.account: got ${accounts.length}, expected 0 to ${accounts.length - 1}`,
    );
  });
});
