/** Who we are at Polymarket: from a file that only its owner can read, or from the environment. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { inspect } from 'node:util';
import { FillwrightFault, InvalidValue } from '../../../domain/faults.ts';
import type { Address, SignatureType } from './protocol/order-types.ts';
import { checksumAddress } from './protocol/words.ts';

/** Text that no log, message or JSON shows by accident. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text itself, for whoever signs or signs in with it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}

const SHOWN = '[secret]';

export interface ApiKeySecrets {
  /** A uuid: an identifier, not a secret. */
  readonly apiKey: string;
  readonly secret: Secret;
  readonly passphrase: Secret;
}

/** The keys in the clear, for whoever signs in with them. */
export function revealed(
  api: ApiKeySecrets | undefined,
): { readonly apiKey: string; readonly secret: string; readonly passphrase: string } | undefined {
  if (api === undefined) return undefined;
  const { apiKey, secret, passphrase } = api;
  return { apiKey, secret: secret.reveal(), passphrase: passphrase.reveal() };
}

/** True for an address on this machine: no real money can be there. */
export function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false;
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(address).hostname);
}

export interface PolymarketCredentials {
  /** 64 hex digits, without `0x`. */
  readonly privateKey: Secret;
  /** The account that pays, with its checksum. Absent: the signer's own address (type 0 only). */
  readonly funder?: Address;
  readonly signatureType: SignatureType;
  /** REST base URL without a slash at its end. Absent: the venue's own. */
  readonly host?: string;
  readonly chainId: number;
  /** Absent: derived from the private key at the start. */
  readonly api?: ApiKeySecrets;
}

/** Polygon. */
const DEFAULT_CHAIN_ID = 137;
/** Eight short values; what is larger is another file. */
const MAX_FILE_BYTES = 64 * 1024;

const KEYS = [
  'api_key',
  'api_secret',
  'api_passphrase',
  'private_key',
  'funder',
  'signature_type',
  'host',
  'chain_id',
] as const;
type Key = (typeof KEYS)[number];

/** What was given, by key, and how a message calls the place of a key. */
interface Given {
  readonly values: Readonly<Partial<Record<Key, unknown>>>;
  placeOf(key: Key): string;
}

/**
 * Reads a JSON object with `private_key`, and optionally `funder`, `signature_type` (0 to 3, default
 * 0), `host`, `chain_id` (default 137) and all or none of `api_key`, `api_secret`, `api_passphrase`.
 *
 * @throws {FillwrightFault} `invalid_config` when the file cannot be read or others can read it.
 * @throws {InvalidValue} for an unknown key or a bad value; the value of a secret is never shown.
 */
export async function readCredentialsFile(path: string): Promise<PolymarketCredentials> {
  const parsed = parseObject(await readPrivateFile(path), path);
  for (const key of Object.keys(parsed)) {
    if (KEYS.some((known) => known === key)) continue;
    const name = /^[A-Za-z_][\w-]{0,40}$/.test(key) ? key : '[a key that is no name]';
    throw new InvalidValue(`${path}: ${name}`, SHOWN, `no such key; there are ${KEYS.join(', ')}`);
  }
  return checked({ values: parsed, placeOf: (key) => `${path}: ${key}` });
}

/**
 * The same from variables named as the file's keys: `POLYMARKET_PRIVATE_KEY`, `POLYMARKET_FUNDER`,
 * `POLYMARKET_SIGNATURE_TYPE`, `POLYMARKET_HOST`, `POLYMARKET_CHAIN_ID`, `POLYMARKET_API_KEY`,
 * `POLYMARKET_API_SECRET`, `POLYMARKET_API_PASSPHRASE`. An empty one counts as absent.
 *
 * @throws {InvalidValue} for a bad value; the value of a secret is never shown.
 */
export function readCredentialsEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): PolymarketCredentials {
  const placeOf = (key: Key): string => `POLYMARKET_${key.toUpperCase()}`;
  const values = Object.fromEntries(KEYS.map((key) => [key, environment[placeOf(key)]]));
  return checked({ values, placeOf });
}

// ------------------------------------------------------------------------------------------- file

/** Looks at the file that was opened, not at the path: it could be another one by then. */
async function readPrivateFile(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    // A pipe would wait for its writer for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    if (!found.isFile()) throw unusable(path, 'is no file');
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
      const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
      const remedy = `run: chmod 600 ${shellQuoted(path)}`;
      throw unusable(path, `can be read or changed by others (mode ${mode}); ${remedy}`);
    }
    if (found.size > MAX_FILE_BYTES) throw unusable(path, `has more than ${MAX_FILE_BYTES} bytes`);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof FillwrightFault) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw unusable(path, `cannot be read (${code})`);
  } finally {
    await file?.close();
  }
}

function unusable(path: string, why: string): FillwrightFault {
  return new FillwrightFault('invalid_config', `The credentials file ${path} ${why}.`, { path });
}

function shellQuoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Without the parser's message, which quotes the text. */
function parseObject(text: string, path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw unusable(path, 'holds no JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw unusable(path, 'holds no JSON object');
  }
  return { ...parsed };
}

// ----------------------------------------------------------------------------------------- values

const PRIVATE_KEY = /^(?:0x)?([\da-f]{64})$/i;
const ADDRESS = /^0x[\da-f]{40}$/i;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const BASE64 = /^[\w+/-]{16,200}={0,2}$/;
const VISIBLE = /^[\x21-\x7e]{8,200}$/;

function checked(given: Given): PolymarketCredentials {
  const privateKey = secret(given, 'private_key', PRIVATE_KEY, 'a private key of 64 hex digits');
  if (privateKey === undefined) {
    throw new InvalidValue(given.placeOf('private_key'), undefined, 'a private key');
  }
  const signatureType = signatureTypeOf(given);
  const funder = funderOf(given);
  if (funder === undefined && signatureType !== 0) {
    const expected = `the address of the account that pays: signature type ${signatureType} has one`;
    throw new InvalidValue(given.placeOf('funder'), undefined, expected);
  }
  const api = apiOf(given);
  const host = hostOf(given);
  return {
    privateKey,
    ...(funder === undefined ? {} : { funder }),
    signatureType,
    ...(host === undefined ? {} : { host }),
    chainId: wholeNumber(given, 'chain_id', DEFAULT_CHAIN_ID, Number.MAX_SAFE_INTEGER),
    ...(api === undefined ? {} : { api }),
  };
}

/** Text, or undefined for a key that is absent or empty. */
function textOf({ values, placeOf }: Given, key: Key): string | undefined {
  const value = values[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value.trim();
  throw new InvalidValue(placeOf(key), `a ${typeof value}`, 'text');
}

function secret(given: Given, key: Key, shape: RegExp, expected: string): Secret | undefined {
  const text = textOf(given, key);
  if (text === undefined) return undefined;
  const match = shape.exec(text);
  if (match === null) throw new InvalidValue(given.placeOf(key), SHOWN, expected);
  return new Secret(match[1] ?? text);
}

function funderOf(given: Given): Address | undefined {
  const text = textOf(given, 'funder');
  if (text === undefined) return undefined;
  const place = given.placeOf('funder');
  // Whoever mixes the keys up has a secret here.
  if (!ADDRESS.test(text)) throw new InvalidValue(place, SHOWN, 'an address of 40 hex digits');
  return checksumAddress(text, place);
}

function apiOf(given: Given): ApiKeySecrets | undefined {
  const apiKey = textOf(given, 'api_key');
  const apiSecret = secret(given, 'api_secret', BASE64, 'an API secret in base64');
  const passphrase = secret(
    given,
    'api_passphrase',
    VISIBLE,
    'a passphrase of 8 to 200 characters',
  );
  if (apiKey === undefined && apiSecret === undefined && passphrase === undefined) return undefined;
  if (apiKey === undefined || apiSecret === undefined || passphrase === undefined) {
    const missing =
      apiKey === undefined ? 'api_key' : apiSecret === undefined ? 'api_secret' : 'api_passphrase';
    const expected = 'all of api_key, api_secret and api_passphrase, or none';
    throw new InvalidValue(given.placeOf(missing), undefined, expected);
  }
  if (!UUID.test(apiKey)) {
    throw new InvalidValue(given.placeOf('api_key'), SHOWN, 'an API key, which is a uuid');
  }
  return { apiKey, secret: apiSecret, passphrase };
}

function signatureTypeOf(given: Given): SignatureType {
  const type = wholeNumber(given, 'signature_type', 0, 3);
  if (type === 0 || type === 1 || type === 2 || type === 3) return type;
  throw new InvalidValue(given.placeOf('signature_type'), type, 'a signature type from 0 to 3');
}

function wholeNumber({ values, placeOf }: Given, key: Key, absent: number, most: number): number {
  const value = values[key];
  if (value === undefined || value === null || value === '') return absent;
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number <= most) {
    return number;
  }
  const shownValue = typeof value === 'number' ? value : SHOWN;
  throw new InvalidValue(placeOf(key), shownValue, `a whole number from 0 to ${most}`);
}

/** Requests carry the passphrase: it goes over TLS, or does not leave this machine. */
function hostOf(given: Given): string | undefined {
  const text = textOf(given, 'host');
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(text));
  const isPlain = url?.username === '' && url.password === '' && !url.search && !url.hash;
  if (url !== undefined && isSafe && isPlain) return url.href.replace(/\/+$/, '');
  const place = given.placeOf('host');
  const shownText = isPlain && /^https?:/i.test(text) ? text : SHOWN;
  throw new InvalidValue(place, shownText, 'an https:// URL, or an http:// one of this machine');
}
