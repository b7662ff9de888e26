/** Who trades here: signers, the wallets that hold their money, and which kind each wallet is. */
import type { Address, SignatureType } from '../adapters/venues/polymarket/protocol/order-types.ts';
import type { Curve } from '../adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../adapters/venues/polymarket/protocol/signer.ts';
import { checksumAddress } from '../adapters/venues/polymarket/protocol/words.ts';
import { InvalidValue } from '../domain/faults.ts';
import type { Hex } from './exchange/types.ts';
import { privateKeyOf, walletOf } from './identities.ts';

/** Opened over HTTP as well; beyond this somebody is in a loop. */
const MOST_WALLETS = 10_000;

/** One wallet and the key that signs for it. */
export interface SandboxAccount {
  readonly name: string;
  /** The signer. */
  readonly address: Address;
  /** Known where the sandbox made the key. It is worth nothing elsewhere. */
  readonly privateKey?: Hex;
  /** The wallet that pays and holds shares; the signer itself for type 0. */
  readonly funder: Address;
  readonly signatureType: SignatureType;
}

export interface AccountInput {
  readonly name: string;
  readonly signatureType: SignatureType;
  /** Absent: derived from seed and name. */
  readonly privateKey?: string;
}

export interface Accounts {
  list(): readonly SandboxAccount[];
  /** @throws {InvalidValue} for a private key that is none, without showing it. */
  open(input: AccountInput): SandboxAccount;
  /** The wallet of a signer whose key stays with its owner. */
  openForeign(address: string, signatureType: SignatureType): SandboxAccount;
  byWallet(wallet: string): SandboxAccount | undefined;
  /** The wallet that this signer has for a signature type. */
  walletOf(address: string, signatureType: number): SandboxAccount | undefined;
}

export function createAccounts(seed: string, curve: Curve): Accounts {
  const byWallet = new Map<string, SandboxAccount>();

  function keep(account: SandboxAccount): SandboxAccount {
    const key = account.funder.toLowerCase();
    const known = byWallet.get(key);
    if (known !== undefined) return known;
    if (byWallet.size >= MOST_WALLETS) {
      throw new InvalidValue('accounts', byWallet.size, `at most ${MOST_WALLETS}`);
    }
    byWallet.set(key, account);
    return account;
  }

  function funderOf(address: Address, signatureType: SignatureType): Address {
    return checksumAddress(walletOf(address, signatureType));
  }

  return {
    list: () => [...byWallet.values()],
    open({ name, signatureType, privateKey = privateKeyOf(seed, name) }) {
      const { address } = createLocalSigner(privateKey, curve);
      return keep({
        name,
        address,
        privateKey: privateKey.startsWith('0x') ? (privateKey as Hex) : `0x${privateKey}`,
        funder: funderOf(address, signatureType),
        signatureType,
      });
    },
    openForeign(text, signatureType) {
      const address = checksumAddress(text);
      const funder = funderOf(address, signatureType);
      return keep({ name: funder, address, funder, signatureType });
    },
    byWallet: (wallet) => byWallet.get(wallet.toLowerCase()),
    walletOf: (text, signatureType) =>
      [...byWallet.values()].find(
        (account) =>
          account.signatureType === signatureType &&
          account.address.toLowerCase() === text.toLowerCase(),
      ),
  };
}
