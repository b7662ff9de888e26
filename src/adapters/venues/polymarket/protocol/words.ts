/** The 32-byte words that EIP-712 hashes are made of, and the checks of what goes into them. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { InvalidValue } from '../../../../domain/faults.ts';
import type { Address, Hex } from './order-types.ts';

/** Bytes of one word. */
export const WORD = 32;

const CANONICAL_INTEGER = /^(?:0|[1-9]\d{0,77})$/;
const ADDRESS = /^0x[\da-fA-F]{40}$/;
const BYTES_32 = /^0x[\da-fA-F]{64}$/;
const UINT256_HEX_DIGITS = 64;

export function keccak(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes);
}

/** Hash of the text's UTF-8 bytes. */
export function keccakText(text: string): Uint8Array {
  return keccak_256(Buffer.from(text, 'utf8'));
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** @throws {InvalidValue} unless `text` is a uint256 as decimal text without leading zeros. */
export function readUint256(text: string, place: string): bigint {
  const value = CANONICAL_INTEGER.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value >> 256n !== 0n) {
    throw new InvalidValue(place, text, 'a uint256 as decimal text');
  }
  return value;
}

/** Writes a uint256, big-endian. @throws {InvalidValue} see `readUint256`. */
export function writeUint256(into: Buffer, offset: number, text: string, place: string): void {
  const digits = readUint256(text, place).toString(16).padStart(UINT256_HEX_DIGITS, '0');
  into.write(digits, offset, WORD, 'hex');
}

/** Writes an address, left-padded, in any letter case. @throws {InvalidValue} */
export function writeAddress(into: Buffer, offset: number, address: string, place: string): void {
  if (!ADDRESS.test(address)) throw new InvalidValue(place, address, EXPECTED_ADDRESS);
  into.write(address.slice(2), offset + WORD - 20, 20, 'hex');
}

/** @throws {InvalidValue} unless `bytes` is `0x` and 64 hex digits. */
export function writeBytes32(into: Buffer, offset: number, bytes: string, place: string): void {
  if (!BYTES_32.test(bytes)) throw new InvalidValue(place, bytes, '0x and 64 hex digits');
  into.write(bytes.slice(2), offset, WORD, 'hex');
}

const EXPECTED_ADDRESS = 'an address: 0x and 40 hex digits, lower case or with its checksum';

/**
 * An address in the spelling of EIP-55, where the case of the letters is a checksum.
 * @throws {InvalidValue} unless it is an address in lower case, upper case or with a true checksum.
 */
export function checksumAddress(text: string, place = 'address'): Address {
  if (!ADDRESS.test(text)) throw new InvalidValue(place, text, EXPECTED_ADDRESS);
  const digits = text.slice(2);
  const lower = digits.toLowerCase();
  const address = spell(lower);
  if (digits !== lower && digits !== digits.toUpperCase() && text !== address) {
    throw new InvalidValue(place, text, `${EXPECTED_ADDRESS}, which is ${address}`);
  }
  return address;
}

/** The address of an uncompressed public key: 65 bytes, the first of them 4. */
export function addressOfPublicKey(publicKey: Uint8Array): Address {
  return spell(toHex(keccak(publicKey.subarray(1)).subarray(12)).slice(2));
}

function spell(lower: string): Address {
  const hash = keccakText(lower);
  let spelt = '';
  for (let index = 0; index < lower.length; index += 1) {
    const digit = lower.charAt(index);
    const byte = hash[index >> 1] ?? 0;
    const nibble = index % 2 === 0 ? byte >> 4 : byte & 15;
    spelt += nibble >= 8 ? digit.toUpperCase() : digit;
  }
  return `0x${spelt}`;
}
