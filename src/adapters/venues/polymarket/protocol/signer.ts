/** Signing with a key in this process. */
import { InvalidValue } from '../../../../domain/faults.ts';
import type { Signer } from './order-types.ts';
import type { Curve } from './secp256k1.ts';

const PRIVATE_KEY = /^(?:0x)?(?<digits>[\da-fA-F]{64})$/;

/**
 * A signer over a private key of 64 hex digits, with or without `0x`. The key lives in a closure:
 * nothing that prints, copies or serialises the signer can reach it.
 *
 * @throws {InvalidValue} that does not show the key, unless it is one.
 */
export function createLocalSigner(privateKeyHex: string, curve: Curve): Signer {
  const digits = PRIVATE_KEY.exec(privateKeyHex)?.groups?.digits ?? '';
  const privateKey = Buffer.from(digits, 'hex');
  const address = curve.addressOf(privateKey);
  return Object.freeze({
    address,
    sign: (digest: Uint8Array) => {
      if (digest.length !== 32)
        throw new InvalidValue('digest', `${digest.length} bytes`, '32 bytes');
      return curve.sign(digest, privateKey);
    },
  });
}
