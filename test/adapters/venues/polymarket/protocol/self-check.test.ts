import { expect, test } from 'vitest';
import {
  type Curve,
  openCurve,
  portableCurve,
} from '../../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { checkAgainstPackage } from '../../../../../src/adapters/venues/polymarket/protocol/self-check.ts';

test('both curves sign every kind of order as the venue’s client does', async () => {
  await checkAgainstPackage(openCurve());
  await checkAgainstPackage(portableCurve());
});

test('a curve that signs one bit otherwise is found out, by the name of the field', async () => {
  const honest = openCurve();
  const flipped: Curve = {
    ...honest,
    sign: (digest, key) => {
      const signature = honest.sign(digest, key);
      return `0x${signature.slice(2, -1)}${signature.endsWith('b') ? 'c' : 'b'}`;
    },
  };
  await expect(checkAgainstPackage(flipped)).rejects.toMatchObject({
    code: 'broken_invariant',
    facts: { field: 'signature', version: 2, signatureType: 0 },
  });
});

test('a curve that takes a key for another’s is found out', async () => {
  const curve: Curve = {
    ...openCurve(),
    addressOf: () => '0x2222222222222222222222222222222222222222',
  };
  await expect(checkAgainstPackage(curve)).rejects.toThrow();
});
