/**
 * Signatures of webhooks, as Standard Webhooks 1.0.0 has them: a secret `whsec_<base64>`, and
 * HMAC-SHA256 over `id.timestamp.body`. Source: the specification in
 * https://github.com/standard-webhooks/standard-webhooks, read 2026-11-27.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** The specification's bounds: 192 to 512 bits. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** What a secret must be, in words: the secret itself is said nowhere. */
export const SECRET_FORM = `whsec_ and ${MIN_BYTES} to ${MAX_BYTES} bytes as base64`;

/** The key of a secret; undefined for a text that is none. It is kept where no log looks. */
export function readSecret(text: string): KeyObject | undefined {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : '';
  if (!BASE64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < MIN_BYTES || bytes.length > MAX_BYTES) return undefined;
  return createSecretKey(bytes);
}

export interface Signed {
  /** The same in every attempt. */
  readonly id: string;
  /** Of the attempt, seconds since 1970 UTC. */
  readonly timestampSeconds: number;
  /** The exact bytes, as text. */
  readonly body: string;
}

/** The headers that prove where a message is from. */
export function signatureHeaders(
  key: KeyObject,
  { id, timestampSeconds, body }: Signed,
): Readonly<Record<string, string>> {
  const content = `${id}.${timestampSeconds}.${body}`;
  const signature = createHmac('sha256', key).update(content).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': `v1,${signature}`,
  };
}
