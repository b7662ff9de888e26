import fc from 'fast-check';
import { getAddress } from 'viem';
import { expect, test } from 'vitest';
import {
  checksumAddress,
  toHex,
} from '../../../../../src/adapters/venues/polymarket/protocol/words.ts';

test('an address is spelt as EIP-55 spells it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
      const spelt = getAddress(toHex(bytes));
      expect(checksumAddress(toHex(bytes))).toBe(spelt);
      expect(checksumAddress(spelt)).toBe(spelt);
      expect(checksumAddress(`0x${spelt.slice(2).toUpperCase()}`)).toBe(spelt);
    }),
  );
});

test.each([
  '0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266',
  '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb9226',
  'f39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
])('%s is refused: no address, or a letter changed', (text) => {
  expect(() => checksumAddress(text, 'funder')).toThrow('funder: got ');
});
