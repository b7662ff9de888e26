import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { privateKeyToAccount, sign } from 'viem/accounts';
import { afterEach, expect, test, vi } from 'vitest';
import {
  openCurve,
  portableCurve,
} from '../../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { toHex } from '../../../../../src/adapters/venues/polymarket/protocol/words.ts';

const require = createRequire(import.meta.url);
const opened = openCurve();
const curves = [opened, portableCurve()];
const ORDER = secp256k1.Point.Fn.ORDER;

const digests = fc.uint8Array({ minLength: 32, maxLength: 32 });
const keys = fc.bigInt({ min: 1n, max: ORDER - 1n }).map((key) => bytesOf(key));

function bytesOf(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

afterEach(() => {
  vi.unstubAllEnvs();
});

test('both implementations sign and name the signer as viem does', async () => {
  await fc.assert(
    fc.asyncProperty(digests, keys, async (digest, key) => {
      const privateKey = toHex(key);
      const theirs = await sign({ hash: toHex(digest), privateKey, to: 'hex' });
      const { address } = privateKeyToAccount(privateKey);
      for (const curve of curves) {
        expect(curve.sign(digest, key)).toBe(theirs);
        expect(curve.addressOf(key)).toBe(address);
        expect(curve.recover(digest, theirs)).toBe(address);
      }
    }),
    { numRuns: 50 },
  );
});

/** The installed package carries bindings for these. */
const HAS_BINDING = ['linux-x64', 'darwin-arm64', 'win32-x64'].includes(
  `${process.platform}-${process.arch}`,
);

test.runIf(HAS_BINDING)('the native binding is used where it loads, without a word', () => {
  const warn = vi.fn();
  expect(openCurve({ warn }).implementation).toBe('native');
  expect(warn).not.toHaveBeenCalled();
});

test('without a native binding the portable curve is used, loudly, though the package falls back in silence', () => {
  vi.stubEnv('SECP256K1_PREBUILD', mkdtempSync(join(tmpdir(), 'no-binding-')));
  for (const path of Object.keys(require.cache)) {
    if (path.includes('secp256k1')) delete require.cache[path];
  }
  const warn = vi.fn();
  const curve = openCurve({ warn });
  expect(curve.implementation).toBe('portable');
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { error: expect.objectContaining({ message: expect.stringContaining('native build') }) },
    'secp256k1: no native binding, signing is about ten times slower',
  );
  // The trap: by its main name the package loads all the same.
  expect(require('secp256k1')).toHaveProperty('ecdsaSign');
});

test.each([
  ['zero', Buffer.alloc(32)],
  ['the order of the curve', bytesOf(ORDER)],
  ['31 bytes', Buffer.alloc(31, 1)],
  ['nothing', Buffer.alloc(0)],
])('%s is no private key', (_name, key) => {
  for (const curve of curves) {
    expect(() => curve.addressOf(key)).toThrow('privateKey: got "[hidden]"');
  }
});

const digest = Buffer.alloc(32, 7);
const good = opened.sign(digest, Buffer.alloc(32, 9));

test.each([
  ['v 0', `${good.slice(0, -2)}00`],
  ['v 29', `${good.slice(0, -2)}1d`],
  ['a byte too few', good.slice(0, -2)],
  ['a byte too many', `${good}00`],
  ['no hex', `0x${'zz'.repeat(65)}`],
  ['r zero', `0x${'00'.repeat(32)}${good.slice(66)}`],
  ['s zero', `${good.slice(0, 66)}${'00'.repeat(32)}1b`],
  ['r that no point has', `0x${'ff'.repeat(32)}${good.slice(66)}`],
  ['the high twin of s', highTwin(good)],
])('a signature with %s is nobody’s', (_name, signature) => {
  for (const curve of curves) expect(curve.recover(digest, signature)).toBeUndefined();
});

/** As valid by the curve alone: the reason why the contracts take low s only. */
function highTwin(signature: string): string {
  const s = ORDER - BigInt(`0x${signature.slice(66, 130)}`);
  return `${signature.slice(0, 66)}${s.toString(16)}${signature.endsWith('1b') ? '1c' : '1b'}`;
}
