/**
 * Names and keys of the sandbox. Markets are named by their slug alone, so that a client can be
 * configured before the sandbox runs; accounts by the seed, so that two sandboxes share no key.
 */
import { createHash } from 'node:crypto';
import type { SignatureType } from '../adapters/venues/polymarket/protocol/order-types.ts';
import type { Hex, SandboxToken } from './exchange/types.ts';

function digest(...parts: readonly string[]): string {
  return createHash('sha256')
    .update(['fillwright sandbox', ...parts].join('\n'))
    .digest('hex');
}

/** 32 bytes. A digest outside the curve's order has a chance of 2^-128. */
export function privateKeyOf(seed: string, name: string): Hex {
  return `0x${digest('private key', seed, name)}`;
}

/**
 * The contract wallet of a signer: some address that follows from it. The real ones follow from the
 * factories of proxies, safes and deposit wallets; nothing in the protocol checks that.
 */
export function walletOf(signer: string, signatureType: SignatureType): Hex {
  if (signatureType === 0) return `0x${signer.slice(2).toLowerCase()}`;
  return `0x${digest('wallet', signer.toLowerCase(), String(signatureType)).slice(0, 40)}`;
}

export interface MarketIds {
  readonly conditionId: Hex;
  readonly tokens: readonly [SandboxToken, SandboxToken];
}

/**
 * `v1`: ids like those of the conditional tokens. `v2`: position ids, whose bits say the condition
 * and the outcome. Source: Polymarket docs, Protocol V2 migration.
 */
export function marketIdsOf(slug: string, version: 'v1' | 'v2', negRisk: boolean): MarketIds {
  if (version === 'v1') {
    return {
      conditionId: `0x${digest('condition', slug)}`,
      tokens: [
        { tokenId: BigInt(`0x${digest('token', slug, 'YES')}`).toString(), outcome: 'YES' },
        { tokenId: BigInt(`0x${digest('token', slug, 'NO')}`).toString(), outcome: 'NO' },
      ],
    };
  }
  // module 8 | base hash 128 | arity 16 | reserved 64 | resolution chain 16 | condition 16 | outcome 8
  const moduleId = negRisk ? 2n : 1n;
  const baseHash = BigInt(`0x${digest('position', slug).slice(0, 32)}`);
  const position = (moduleId << 248n) | (baseHash << 120n) | (2n << 104n);
  return {
    // CLOB and Data API pad the 31 bytes of the condition on the right.
    conditionId: `0x${(position >> 8n).toString(16).padStart(62, '0')}00`,
    tokens: [
      { tokenId: position.toString(), outcome: 'YES' },
      { tokenId: (position | 1n).toString(), outcome: 'NO' },
    ],
  };
}

/** A uuid of the form that the venue uses, from 16 bytes in hex. */
export function uuidOf(hex: string): string {
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-');
}

/** What an API key is made of: the same for the same signer and nonce, whatever happened before. */
export function apiKeyOf(seed: string, address: string, nonce: string) {
  const of = (what: string) => digest(what, seed, address.toLowerCase(), nonce);
  return {
    apiKey: uuidOf(of('api key')),
    secret: Buffer.from(of('secret'), 'hex').toString('base64url').padEnd(44, '='),
    passphrase: of('passphrase'),
  };
}
