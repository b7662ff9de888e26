/** The API keys that the sandbox has given out, and whose they are. */
import type { ApiCredentials } from '../adapters/venues/polymarket/protocol/auth.ts';
import type { Address } from '../adapters/venues/polymarket/protocol/order-types.ts';
import { checksumAddress } from '../adapters/venues/polymarket/protocol/words.ts';
import { apiKeyOf } from './identities.ts';

/** Made by anyone who can sign; beyond this a client is in a loop. */
const MOST_KEYS = 10_000;

export interface ApiKey extends ApiCredentials {
  /** Whole number as text. */
  readonly nonce: string;
}

export interface ApiKeys {
  /** A new key; undefined when this signer has one under the nonce, or there are too many. */
  create(address: Address, nonce: string): ApiKey | undefined;
  /** The key of this signer and nonce; undefined when it was never created. */
  derive(address: Address, nonce: string): ApiKey | undefined;
  byId(apiKey: string): ApiKey | undefined;
  of(address: Address): readonly ApiKey[];
  remove(apiKey: string): void;
  /** For the state file: address and nonce of each. The rest follows from the seed. */
  save(): readonly (readonly [address: string, nonce: string])[];
  restore(saved: readonly (readonly [address: string, nonce: string])[]): void;
}

export function createApiKeys(seed: string): ApiKeys {
  const keys = new Map<string, ApiKey>();
  const keyOf = (address: Address, nonce: string): ApiKey => ({
    ...apiKeyOf(seed, address, nonce),
    address,
    nonce,
  });

  function create(address: Address, nonce: string): ApiKey | undefined {
    const key = keyOf(address, nonce);
    if (keys.has(key.apiKey) || keys.size >= MOST_KEYS) return undefined;
    keys.set(key.apiKey, key);
    return key;
  }

  return {
    create,
    derive: (address, nonce) => keys.get(keyOf(address, nonce).apiKey),
    byId: (apiKey) => keys.get(apiKey),
    of: (address) => [...keys.values()].filter((key) => key.address === address),
    remove: (apiKey) => void keys.delete(apiKey),
    save: () => [...keys.values()].map(({ address, nonce }) => [address, nonce] as const),
    restore(saved) {
      keys.clear();
      for (const [address, nonce] of saved) create(checksumAddress(address), nonce);
    },
  };
}
