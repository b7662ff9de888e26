/**
 * The curve of Ethereum's signatures: libsecp256k1 where its native binding loads, else the portable
 * implementation, which gives the same bytes about ten times slower.
 */
import { createRequire } from 'node:module';
import { secp256k1 as portable } from '@noble/curves/secp256k1.js';
import type { Log } from '../../../../actors/execution.ts';
import { InvalidValue } from '../../../../domain/faults.ts';
import type { Address, Hex } from './order-types.ts';
import { addressOfPublicKey } from './words.ts';

export interface Curve {
  readonly implementation: 'native' | 'portable';
  /**
   * The address of a private key of 32 bytes.
   * @throws {InvalidValue} that does not show the key, unless it is one.
   */
  addressOf(privateKey: Uint8Array): Address;
  /** Signs 32 bytes, deterministically (RFC 6979): `r ‖ s ‖ v`, low s, v 27 or 28. */
  sign(digest: Uint8Array, privateKey: Uint8Array): Hex;
  /**
   * Who signed. Undefined for anything but 65 bytes with low s and v 27 or 28: the contracts take
   * no other. Source: OpenZeppelin ECDSA, used by Polymarket's contracts.
   */
  recover(digest: Uint8Array, signature: string): Address | undefined;
}

/** The part of the native binding that we use. */
type Native = Pick<
  typeof import('secp256k1'),
  'privateKeyVerify' | 'publicKeyCreate' | 'ecdsaSign' | 'ecdsaRecover'
>;

const SIGNATURE = /^0x(?<r>[\da-f]{64})(?<s>[\da-f]{64})(?<v>1b|1c)$/;
/** Half of the curve's order: the largest low s. */
const HALF_ORDER = '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0';

/**
 * Opens the fastest curve there is. Warns when that is the portable one.
 *
 * The package is loaded by its binding's own name: by its main name it falls back to a third
 * implementation, slower than ours, and does not say so.
 */
export function openCurve(log?: Pick<Log, 'warn'>): Curve {
  let native: unknown;
  let error: unknown = 'it is not the binding that we know';
  try {
    native = createRequire(import.meta.url)('secp256k1/bindings.js');
  } catch (caught) {
    error = caught;
  }
  if (isNative(native)) return nativeCurve(native);
  log?.warn({ error }, 'secp256k1: no native binding, signing is about ten times slower');
  return portableCurve();
}

function isNative(value: unknown): value is Native {
  if (typeof value !== 'object' || value === null) return false;
  const names = ['privateKeyVerify', 'publicKeyCreate', 'ecdsaSign', 'ecdsaRecover'];
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}

function nativeCurve(native: Native): Curve {
  return {
    implementation: 'native',
    addressOf: (privateKey) => {
      if (privateKey.length !== 32 || !native.privateKeyVerify(privateKey)) throw invalidKey();
      return addressOfPublicKey(native.publicKeyCreate(privateKey, false));
    },
    sign: (digest, privateKey) => {
      const { signature, recid } = native.ecdsaSign(digest, privateKey);
      return spell(signature, recid);
    },
    recover: (digest, signature) =>
      recoverWith(signature, (compact, recovery) =>
        native.ecdsaRecover(compact, recovery, digest, false),
      ),
  };
}

/** The curve in JavaScript. */
export function portableCurve(): Curve {
  return {
    implementation: 'portable',
    addressOf: (privateKey) => {
      if (!portable.utils.isValidSecretKey(privateKey)) throw invalidKey();
      return addressOfPublicKey(portable.getPublicKey(privateKey, false));
    },
    sign: (digest, privateKey) => {
      const options = { prehash: false, format: 'recovered' } as const;
      const recovered = portable.sign(digest, privateKey, options);
      return spell(recovered.subarray(1), recovered[0] ?? 0);
    },
    recover: (digest, signature) =>
      recoverWith(signature, (compact, recovery) =>
        portable.Signature.fromBytes(compact)
          .addRecoveryBit(recovery)
          .recoverPublicKey(digest)
          .toBytes(false),
      ),
  };
}

function spell(compact: Uint8Array, recovery: number): Hex {
  return `0x${Buffer.from(compact).toString('hex')}${recovery % 2 === 0 ? '1b' : '1c'}`;
}

function recoverWith(
  signature: string,
  publicKeyOf: (compact: Uint8Array, recovery: number) => Uint8Array,
): Address | undefined {
  const { r, s, v } = SIGNATURE.exec(signature.toLowerCase())?.groups ?? {};
  if (r === undefined || s === undefined || s > HALF_ORDER) return undefined;
  try {
    return addressOfPublicKey(publicKeyOf(Buffer.from(r + s, 'hex'), v === '1b' ? 0 : 1));
  } catch {
    // r or s of zero, or r that no point has: nobody signed this.
    return undefined;
  }
}

function invalidKey(): InvalidValue {
  return new InvalidValue(
    'privateKey',
    '[hidden]',
    'a private key: 0x and 64 hex digits, in range',
  );
}
