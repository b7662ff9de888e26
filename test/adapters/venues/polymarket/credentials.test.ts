import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  readCredentialsEnvironment,
  readCredentialsFile,
  Secret,
} from '../../../../src/adapters/venues/polymarket/credentials.ts';
import { FillwrightFault } from '../../../../src/domain/faults.ts';

const PRIVATE_KEY = 'ab'.repeat(32);
const FUNDER = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045';
const FULL = {
  api_key: '3e2c94ca-8124-c4c1-c7ea-be1ea21b71fe',
  api_secret: 'c2VjcmV0IHRleHQgb2YgMzIgYnl0ZXMgbG9uZyE=',
  api_passphrase: 'open-sesame-2026',
  private_key: `0x${PRIVATE_KEY}`,
  funder: FUNDER,
  signature_type: 2,
  host: 'https://clob.example.org/',
  chain_id: 80002,
};
const SECRETS = [PRIVATE_KEY, FULL.api_secret, FULL.api_passphrase];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fillwright-credentials-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(content: unknown, mode = 0o600): string {
  const path = join(folder, "owner's keys.json");
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}

/** The fault of a file with this content; no secret is in any form of it. */
async function faultOf(content: unknown, mode?: number): Promise<FillwrightFault> {
  const fault = await readCredentialsFile(file(content, mode)).catch((error: unknown) => error);
  if (!(fault instanceof FillwrightFault)) throw new Error(`Not refused: ${inspect(fault)}`);
  const shown = `${inspect(fault, { depth: 9 })} ${JSON.stringify(fault)} ${fault.message}`;
  for (const secret of SECRETS) expect(shown).not.toContain(secret);
  return fault;
}

const environment = (values: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`POLYMARKET_${key.toUpperCase()}`, `${value}`]),
  );

describe('what is given', () => {
  test('is the same from a file and from the environment', async () => {
    const read = [
      await readCredentialsFile(file(FULL)),
      await readCredentialsFile(file(`\ufeff${JSON.stringify(FULL)}`)),
      readCredentialsEnvironment({ ...environment(FULL), POLYMARKET_OTHER: 'x', HOME: '/' }),
    ];
    for (const credentials of read) {
      expect(credentials).toMatchObject({
        funder: FUNDER,
        signatureType: 2,
        host: 'https://clob.example.org',
        chainId: 80002,
        api: { apiKey: FULL.api_key },
      });
      expect(credentials.privateKey.reveal()).toBe(PRIVATE_KEY);
      expect(credentials.api?.secret.reveal()).toBe(FULL.api_secret);
      expect(credentials.api?.passphrase.reveal()).toBe(FULL.api_passphrase);
    }
  });

  test('need be no more than the private key', async () => {
    const least = { private_key: PRIVATE_KEY };
    const defaults = { signatureType: 0, chainId: 137 };
    const read = [
      await readCredentialsFile(file(least)),
      readCredentialsEnvironment({ ...environment(least), POLYMARKET_FUNDER: '' }),
    ];
    for (const { privateKey, ...rest } of read) {
      expect(rest).toEqual(defaults);
      expect(privateKey.reveal()).toBe(PRIVATE_KEY);
    }
  });

  test.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost:1/', 'http://localhost:1'],
    ['http://[::1]:1/base/', 'http://[::1]:1/base'],
  ])('may be a host of this machine: %s', (host, read) => {
    const values = environment({ private_key: PRIVATE_KEY, host });
    expect(readCredentialsEnvironment(values).host).toBe(read);
  });

  test.each<[string, object, RegExp]>([
    ['no private key', { private_key: undefined }, /private_key: got undefined/],
    ['a short private key', { private_key: PRIVATE_KEY.slice(1) }, /private_key: got "\[secret\]"/],
    ['a private key that is a number', { private_key: 7 }, /private_key: got "a number"/],
    [
      'a key that does not exist',
      { api_keys: 'x' },
      /api_keys: got "\[secret\]", expected no such key/,
    ],
    ['a secret as a key', { [PRIVATE_KEY]: 'x' }, /\[a key that is no name\]/],
    ['a secret in the place of the API key', { api_key: PRIVATE_KEY }, /api_key: got "\[secret\]"/],
    ['a secret in the place of the funder', { funder: FULL.private_key }, /funder: got/],
    ['a secret in the place of the host', { host: FULL.api_secret }, /host: got/],
    [
      'a secret in the place of the type',
      { signature_type: PRIVATE_KEY },
      /signature_type: got "\[secret\]"/,
    ],
    [
      'an API key without its secret',
      { api_secret: '' },
      /api_secret: got undefined, expected all of/,
    ],
    [
      'an API key without its passphrase',
      { api_passphrase: null },
      /api_passphrase: got undefined/,
    ],
    ['an API secret without its key', { api_key: undefined }, /api_key: got undefined/],
    [
      'an API secret that is no base64',
      { api_secret: 'not base64 at all' },
      /api_secret: got "\[secret\]"/,
    ],
    ['a short passphrase', { api_passphrase: 'x' }, /api_passphrase: got "\[secret\]"/],
    ['a type beyond the known', { signature_type: 4 }, /signature_type: got 4/],
    ['a type between two', { signature_type: 1.5 }, /signature_type: got 1.5/],
    [
      'a type that needs a funder',
      { funder: undefined },
      /funder: got undefined, expected the address/,
    ],
    [
      'a funder with a slip of the pen',
      { funder: FUNDER.replace('96045', '96046') },
      /funder: got/,
    ],
    ['a short funder', { funder: '0x12' }, /funder: got "\[secret\]"/],
    ['a chain that is no number', { chain_id: 'polygon' }, /chain_id: got "\[secret\]"/],
    ['a host without TLS', { host: 'http://clob.polymarket.com' }, /host: got "http:\/\/clob/],
    ['a host that looks local', { host: 'http://127.0.0.1.example.org' }, /host: got/],
    [
      'a host with a password',
      { host: `https://u:${FULL.api_passphrase}@x.org` },
      /host: got "\[secret\]"/,
    ],
    ['a host that is no URL', { host: 'clob.polymarket.com' }, /host: got/],
    ['a host of another scheme', { host: 'ftp://x.org' }, /host: got/],
  ])('%s is refused, and no secret is shown', async (_, change, message) => {
    expect((await faultOf({ ...FULL, ...change })).message).toMatch(message);
  });

  test('any text in any place never shows a secret of the others', async () => {
    const keys = fc.constantFrom(...Object.keys(FULL));
    fc.assert(
      fc.property(keys, fc.string(), (key, value) => {
        try {
          readCredentialsEnvironment(environment({ ...FULL, [key]: value }));
        } catch (fault) {
          expect(fault).toBeInstanceOf(FillwrightFault);
          for (const secret of SECRETS) expect(inspect(fault)).not.toContain(secret);
        }
      }),
    );
  });
});

describe('a file', () => {
  test.each([
    [0o640, '640'],
    [0o604, '604'],
    [0o620, '620'],
    [0o601, '601'],
    [0o777, '777'],
  ])('with mode %o is refused with the remedy', async (mode, shown) => {
    const fault = await faultOf(FULL, mode);
    expect(fault.code).toBe('invalid_config');
    expect(fault.message).toContain(`mode ${shown}`);
    // The remedy is a command: it is run as it stands.
    const command = /run: (chmod .*)\.$/.exec(fault.message)?.[1] ?? 'false';
    execFileSync('sh', ['-c', command]);
    const path = join(folder, "owner's keys.json");
    expect((await readCredentialsFile(path)).funder).toBe(FUNDER);
  });

  test.each([0o600, 0o400, 0o700])('with mode %o is read', async (mode) => {
    expect((await readCredentialsFile(file(FULL, mode))).chainId).toBe(80002);
  });

  test('is looked at where a link leads', async () => {
    const link = join(folder, 'link.json');
    symlinkSync(file(FULL, 0o644), link);
    await expect(readCredentialsFile(link)).rejects.toMatchObject({ code: 'invalid_config' });
  });

  test.each<[string, string]>([
    ['no JSON', `{"private_key": "${PRIVATE_KEY}"`],
    ['a list', '[]'],
    ['null', 'null'],
    ['nothing', ''],
    ['far too much', ' '.repeat(70_000)],
  ])('that holds %s is refused without quoting it', async (_, content) => {
    const fault = await faultOf(content);
    expect(fault).toMatchObject({ code: 'invalid_config' });
    expect(fault.cause).toBeUndefined();
  });

  test('that is missing, a folder or a pipe is refused, and nothing waits', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', pipe]);
    mkdirSync(join(folder, 'sub'));
    for (const name of ['absent', 'sub', 'pipe']) {
      await expect(readCredentialsFile(join(folder, name))).rejects.toMatchObject({
        code: 'invalid_config',
      });
    }
  });
});

describe('a secret', () => {
  test('shows itself only when asked', () => {
    const secret = new Secret('hush');
    const holder = { secret, list: [secret] };
    const shown = [
      String(secret),
      `${secret}`,
      JSON.stringify(holder),
      inspect(holder, { depth: 9, showHidden: true }),
      JSON.stringify({ ...secret }),
      Object.values(secret).join(),
    ].join();
    expect(shown).not.toContain('hush');
    expect(shown).toContain('[secret]');
    expect(secret.reveal()).toBe('hush');
  });
});
