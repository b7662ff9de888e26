import { inspect } from 'node:util';
import { hashMessage } from 'viem';
import { expect, test } from 'vitest';
import { createLocalSigner } from '../../../../../src/adapters/venues/polymarket/protocol/signer.ts';
import { account, curve, KEY } from './fixtures.ts';

test('a signer signs as its key and has its address', async () => {
  const signer = createLocalSigner(KEY, curve);
  const digest = hashMessage('anything');
  expect(signer.address).toBe(account.address);
  expect(signer.sign(Buffer.from(digest.slice(2), 'hex'))).toBe(
    await account.sign({ hash: digest }),
  );
  expect(createLocalSigner(KEY.slice(2), curve).address).toBe(account.address);
});

test('the key cannot be read off the signer', () => {
  const signer = createLocalSigner(KEY, curve);
  const seen = [
    JSON.stringify(signer),
    inspect(signer, { depth: 20, showHidden: true, getters: true }),
    String(signer.sign),
    JSON.stringify(Object.getOwnPropertyDescriptors(signer)),
    JSON.stringify(structuredClone({ address: signer.address })),
  ].join('\n');
  const bytes = inspect(Buffer.from(KEY.slice(2), 'hex')).slice(8, 40);
  expect(seen.toLowerCase()).not.toContain(KEY.slice(2, 20));
  expect(seen).not.toContain(bytes);
  expect(Object.keys(signer)).toEqual(['address', 'sign']);
});

test.each([
  ['too short', KEY.slice(0, -1)],
  ['too long', `${KEY}0`],
  ['no hex', `0x${'g'.repeat(64)}`],
  ['zero', `0x${'0'.repeat(64)}`],
  ['out of range', `0x${'f'.repeat(64)}`],
])('a key that is %s is refused without being shown', (_name, key) => {
  let fault: unknown;
  try {
    createLocalSigner(key, curve);
  } catch (error) {
    fault = error;
  }
  expect(fault).toMatchObject({ code: 'invalid_value', facts: { place: 'privateKey' } });
  expect(inspect(fault, { depth: 20, showHidden: true })).not.toContain(key.slice(2, 20));
});

test('anything but 32 bytes is not signed', () => {
  const signer = createLocalSigner(KEY, curve);
  expect(() => signer.sign(new Uint8Array(31))).toThrow(
    'digest: got "31 bytes", expected 32 bytes.',
  );
});
