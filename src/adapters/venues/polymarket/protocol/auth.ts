/**
 * The two ways to prove to the venue who asks: a wallet's signature (L1, for API keys only) and an
 * HMAC over the request's exact bytes (L2, for everything else); and their proof for a server.
 * Source: Polymarket docs, authentication; `@polymarket/clob-client-v2` 1.1.0.
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { InvalidValue } from '../../../../domain/faults.ts';
import { clobAuthDigest } from './eip712.ts';
import type { Address, Signer } from './order-types.ts';
import type { Curve } from './secp256k1.ts';
import { checksumAddress } from './words.ts';

export type L1Headers = Readonly<
  Record<'POLY_ADDRESS' | 'POLY_SIGNATURE' | 'POLY_TIMESTAMP' | 'POLY_NONCE', string>
>;
export type L2Headers = Readonly<
  Record<
    'POLY_ADDRESS' | 'POLY_SIGNATURE' | 'POLY_TIMESTAMP' | 'POLY_API_KEY' | 'POLY_PASSPHRASE',
    string
  >
>;

export interface ApiCredentials {
  /** The key's own address, also where a wallet pays. */
  readonly address: Address;
  /** A uuid: an identifier, not a secret. */
  readonly apiKey: string;
  /** Base64, usual or url-safe. */
  readonly secret: string;
  readonly passphrase: string;
}

export interface SignedRequest {
  /** Upper case. */
  readonly method: string;
  /** Begins with `/`, without the query. */
  readonly path: string;
  /** The exact text that is sent. */
  readonly body?: string;
}

/** Makes the headers of a request at a time in Unix seconds. */
export type L2Signer = (request: SignedRequest, timestampS: number) => L2Headers;

const BASE64 = /^[\w+/-]+={0,2}$/;

/**
 * Headers that sign in with a wallet's key.
 * @throws {InvalidValue} for a nonce that is no whole number.
 */
export async function l1Headers(
  signer: Signer,
  chainId: number,
  timestampS: number,
  nonce = 0,
): Promise<L1Headers> {
  const auth = { chainId, address: signer.address, timestamp: `${timestampS}`, nonce: `${nonce}` };
  return {
    POLY_ADDRESS: auth.address,
    POLY_SIGNATURE: await signer.sign(clobAuthDigest(auth)),
    POLY_TIMESTAMP: auth.timestamp,
    POLY_NONCE: auth.nonce,
  };
}

/**
 * Holds credentials where nothing that prints or serialises can reach them, and signs requests.
 * @throws {InvalidValue} that does not show the secret, unless it is base64.
 */
export function createL2Signer(credentials: ApiCredentials): L2Signer {
  const { address, apiKey, passphrase } = credentials;
  const hmac = createRequestHmac(credentials.secret);
  return (request, timestampS) => ({
    POLY_ADDRESS: address,
    POLY_SIGNATURE: hmac(request, `${timestampS}`),
    POLY_TIMESTAMP: `${timestampS}`,
    POLY_API_KEY: apiKey,
    POLY_PASSPHRASE: passphrase,
  });
}

/** Url-safe base64 that keeps its `=`, of the HMAC-SHA256 over time, method, path and body. */
function createRequestHmac(secret: string): (request: SignedRequest, timestamp: string) => string {
  if (!BASE64.test(secret)) throw new InvalidValue('secret', '[hidden]', 'base64 text');
  const key = createSecretKey(Buffer.from(secret, 'base64'));
  return ({ method, path, body = '' }, timestamp) =>
    createHmac('sha256', key)
      .update(timestamp + method + path + body)
      .digest('base64')
      .replaceAll('+', '-')
      .replaceAll('/', '_');
}

// ------------------------------------------------------------------------------- for a server

/** As Node lists them: names in lower case. */
export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export type L1Proof =
  | { readonly address: Address; readonly timestampS: number; readonly nonce: string }
  | { readonly refusal: string };

/** Who signs in, or why not. Whether the time is near enough is the caller's to say. */
export function verifyL1(headers: ReceivedHeaders, chainId: number, curve: Curve): L1Proof {
  const timestamp = read(headers, 'poly_timestamp');
  const nonce = read(headers, 'poly_nonce');
  if (!isInteger(timestamp)) return { refusal: 'POLY_TIMESTAMP is not Unix seconds.' };
  try {
    const address = checksumAddress(read(headers, 'poly_address'), 'POLY_ADDRESS');
    const digest = clobAuthDigest({ chainId, address, timestamp, nonce });
    if (curve.recover(digest, read(headers, 'poly_signature')) !== address) {
      return { refusal: 'POLY_SIGNATURE is not by POLY_ADDRESS.' };
    }
    return { address, timestampS: Number(timestamp), nonce };
  } catch (error) {
    if (error instanceof InvalidValue) return { refusal: error.message };
    throw error;
  }
}

export type L2Proof =
  | { readonly credentials: ApiCredentials; readonly timestampS: number }
  | { readonly refusal: string };

/** Whose request this is, or why it is nobody's. Whether the time is near enough is the caller's to say. */
export function verifyL2(
  headers: ReceivedHeaders,
  request: SignedRequest,
  findCredentials: (apiKey: string) => ApiCredentials | undefined,
): L2Proof {
  const credentials = findCredentials(read(headers, 'poly_api_key'));
  if (credentials === undefined) return { refusal: 'POLY_API_KEY is unknown.' };
  const timestamp = read(headers, 'poly_timestamp');
  if (!isInteger(timestamp)) return { refusal: 'POLY_TIMESTAMP is not Unix seconds.' };
  if (read(headers, 'poly_address').toLowerCase() !== credentials.address.toLowerCase()) {
    return { refusal: 'POLY_ADDRESS is not the address of the API key.' };
  }
  if (!isEqual(read(headers, 'poly_passphrase'), credentials.passphrase)) {
    return { refusal: 'POLY_PASSPHRASE is wrong.' };
  }
  const hmac = createRequestHmac(credentials.secret)(request, timestamp);
  if (!isEqual(read(headers, 'poly_signature'), hmac)) {
    return { refusal: 'POLY_SIGNATURE is not of this request.' };
  }
  return { credentials, timestampS: Number(timestamp) };
}

function read(headers: ReceivedHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function isInteger(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

/** Takes equally long wherever the texts of one length differ. */
function isEqual(one: string, other: string): boolean {
  const left = Buffer.from(one, 'utf8');
  const right = Buffer.from(other, 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}
