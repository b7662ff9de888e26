/**
 * The EIP-712 hashes of orders and of the sign-in message, encoded by hand into buffers that are
 * used again and again: this is the hot path of every order. Nothing here waits, so no two hashes
 * are ever under way in the same buffer.
 * Sources: EIP-712; ERC-7739; Polymarket docs, CLOB V2 and ExchangeV3 order structs.
 */
import { InvalidValue } from '../../../../domain/faults.ts';
import { exchangeDomain } from './contracts.ts';
import type { Address, Hex, OrderDomain, OrderStruct } from './order-types.ts';
import {
  keccak,
  keccakText,
  readUint256,
  toHex,
  WORD,
  writeAddress,
  writeBytes32,
  writeUint256,
} from './words.ts';

const ORDER_TYPE =
  'Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,' +
  'uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,' +
  'bytes32 builder)';
const TYPED_DATA_SIGN_TYPE = `TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)${ORDER_TYPE}`;
const EXCHANGE_DOMAIN_TYPE =
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)';
const AUTH_DOMAIN_TYPE = 'EIP712Domain(string name,string version,uint256 chainId)';
const AUTH_TYPE = 'ClobAuth(address address,string timestamp,uint256 nonce,string message)';

/** What signing in attests. Source: Polymarket docs, authentication. */
const AUTH_MESSAGE = 'This message attests that I control the given wallet';

/** A salt travels as a JSON number. Source: Polymarket docs, `POST /order`. */
const MAX_SALT = BigInt(Number.MAX_SAFE_INTEGER);

const POLY_1271 = 3;

/** Everything that is hashed on the way to an order's signature. */
export interface OrderHashes {
  readonly domainSeparator: Uint8Array;
  readonly structHash: Uint8Array;
  /** The order's EIP-712 hash: its id at the venue and on chain. */
  readonly orderHash: Uint8Array;
  /**
   * The 32 bytes that the key signs: the order's hash; for a deposit wallet (type 3) the hash of
   * ERC-7739's `TypedDataSign` around the order, so that the signature holds for that wallet alone.
   */
  readonly digest: Uint8Array;
}

/**
 * Hashes an order for a contract.
 * @throws {InvalidValue} naming the field: a number out of range, no address, no 32 bytes.
 */
export function hashOrder(order: OrderStruct, domain: OrderDomain): OrderHashes {
  const domainSeparator = exchangeSeparator(domain);
  const structHash = orderStructHash(order);
  const orderHash = typedDataHash(domainSeparator, structHash);
  if (order.signatureType !== POLY_1271) {
    return { domainSeparator, structHash, orderHash, digest: orderHash };
  }
  const nested = walletStructHash(order.signer, domain.chainId, structHash);
  const digest = typedDataHash(domainSeparator, nested);
  return { domainSeparator, structHash, orderHash, digest };
}

/**
 * An order's hash alone, lower-case: the venue's order id.
 * @throws {InvalidValue} see `hashOrder`.
 */
export function orderId(order: OrderStruct, domain: OrderDomain): Hex {
  return toHex(typedDataHash(exchangeSeparator(domain), orderStructHash(order)));
}

/**
 * What follows the 65 bytes of the key's signature in the signature of an order: nothing, or for a
 * deposit wallet the parts from which its contract builds the digest again. Hex without `0x`.
 */
export function signatureTail(order: OrderStruct, hashes: OrderHashes): string {
  if (order.signatureType !== POLY_1271) return '';
  return toHex(hashes.domainSeparator).slice(2) + toHex(hashes.structHash).slice(2) + TYPE_TAIL;
}

/** The type's text, then its length in 2 bytes. Source: ERC-7739. */
const TYPE_TAIL =
  Buffer.from(ORDER_TYPE, 'utf8').toString('hex') + ORDER_TYPE.length.toString(16).padStart(4, '0');

/** What a key signs to sign in (L1). */
export interface ClobAuth {
  readonly chainId: number;
  readonly address: Address;
  /** Unix seconds, decimal text. */
  readonly timestamp: string;
  /** uint256, decimal text. */
  readonly nonce: string;
}

/**
 * The digest of the sign-in message. Its domain has version 1 in all generations of the exchange.
 * Source: Polymarket docs, authentication.
 * @throws {InvalidValue} when the address or the nonce is none.
 */
export function clobAuthDigest(auth: ClobAuth): Uint8Array {
  const domain = Buffer.alloc(4 * WORD);
  domain.set(keccakText(AUTH_DOMAIN_TYPE), 0);
  domain.set(keccakText('ClobAuthDomain'), WORD);
  domain.set(keccakText('1'), 2 * WORD);
  writeUint256(domain, 3 * WORD, `${auth.chainId}`, 'chainId');
  const message = Buffer.alloc(5 * WORD);
  message.set(keccakText(AUTH_TYPE), 0);
  writeAddress(message, WORD, auth.address, 'address');
  message.set(keccakText(auth.timestamp), 2 * WORD);
  writeUint256(message, 3 * WORD, auth.nonce, 'nonce');
  message.set(keccakText(AUTH_MESSAGE), 4 * WORD);
  return typedDataHash(keccak(domain), keccak(message));
}

/** At most one for each exchange of each known chain: `exchangeDomain` refuses all others. */
const separators = new Map<string, Uint8Array>();

/**
 * The domain separator of the contract that an order is for.
 * @throws {InvalidValue} for an unknown chain.
 */
export function exchangeSeparator(domain: OrderDomain): Uint8Array {
  const key = `${domain.chainId}/${domain.version}/${domain.negRisk}`;
  const known = separators.get(key);
  if (known !== undefined) return known;
  const { name, version, chainId, verifyingContract } = exchangeDomain(domain);
  const words = Buffer.alloc(5 * WORD);
  words.set(keccakText(EXCHANGE_DOMAIN_TYPE), 0);
  words.set(keccakText(name), WORD);
  words.set(keccakText(version), 2 * WORD);
  writeUint256(words, 3 * WORD, `${chainId}`, 'chainId');
  writeAddress(words, 4 * WORD, verifyingContract, 'verifyingContract');
  const separator = keccak(words);
  separators.set(key, separator);
  return separator;
}

const orderWords = Buffer.alloc(12 * WORD);
orderWords.set(keccakText(ORDER_TYPE), 0);

function orderStructHash(order: OrderStruct): Uint8Array {
  if (readUint256(order.salt, 'salt') > MAX_SALT) {
    throw new InvalidValue('salt', order.salt, 'at most 2^53 - 1');
  }
  const words = orderWords;
  writeUint256(words, WORD, order.salt, 'salt');
  writeAddress(words, 2 * WORD, order.maker, 'maker');
  writeAddress(words, 3 * WORD, order.signer, 'signer');
  writeUint256(words, 4 * WORD, order.tokenId, 'tokenId');
  writeUint256(words, 5 * WORD, order.makerAmount, 'makerAmount');
  writeUint256(words, 6 * WORD, order.takerAmount, 'takerAmount');
  words[8 * WORD - 1] = order.side === 'BUY' ? 0 : 1;
  words[9 * WORD - 1] = order.signatureType;
  writeUint256(words, 9 * WORD, order.timestamp, 'timestamp');
  writeBytes32(words, 10 * WORD, order.metadata, 'metadata');
  writeBytes32(words, 11 * WORD, order.builder, 'builder');
  return keccak(words);
}

/** Name and version are the deposit wallet's own domain; its salt is zero. */
const walletWords = Buffer.alloc(7 * WORD);
walletWords.set(keccakText(TYPED_DATA_SIGN_TYPE), 0);
walletWords.set(keccakText('DepositWallet'), 2 * WORD);
walletWords.set(keccakText('1'), 3 * WORD);

function walletStructHash(wallet: Address, chainId: number, contents: Uint8Array): Uint8Array {
  walletWords.set(contents, WORD);
  writeUint256(walletWords, 4 * WORD, `${chainId}`, 'chainId');
  writeAddress(walletWords, 5 * WORD, wallet, 'signer');
  return keccak(walletWords);
}

const typedData = Buffer.alloc(2 + 2 * WORD);
typedData.set([0x19, 0x01], 0);

function typedDataHash(domainSeparator: Uint8Array, structHash: Uint8Array): Uint8Array {
  typedData.set(domainSeparator, 2);
  typedData.set(structHash, 2 + WORD);
  return keccak(typedData);
}
