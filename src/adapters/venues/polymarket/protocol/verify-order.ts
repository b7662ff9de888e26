/** Whether an order was signed by whoever may sign for its maker, as the exchange contracts ask it. */
import { hashOrder, type OrderHashes, signatureTail } from './eip712.ts';
import type { Address, Hex, OrderDomain, OrderStruct } from './order-types.ts';
import type { Curve } from './secp256k1.ts';

/** Finds the key that owns a wallet; undefined for a wallet that is not known. */
export type OwnerOf = (wallet: Address) => Address | undefined;

/** `0x` and the 65 bytes that a key makes. */
const OWN_CHARACTERS = 2 + 2 * 65;

/**
 * Undefined for a good signature, else a sentence that says what is wrong with it.
 * - Type 0: the maker signs for itself.
 * - Types 1 and 2: the signer is the key that owns the maker, a proxy wallet or a Safe.
 * - Type 3: the maker, a deposit wallet, is the signer; its owner signs ERC-7739's nested hash.
 *
 * `hashes`: those of the order, where they are known already.
 *
 * Source: Polymarket docs, signature types; ERC-7739.
 * @throws {InvalidValue} for an order that cannot be hashed: see `parsePostedOrder`.
 */
export function verifyOrder(
  order: OrderStruct,
  signature: Hex,
  domain: OrderDomain,
  curve: Curve,
  ownerOf: OwnerOf,
  hashes: OrderHashes = hashOrder(order, domain),
): string | undefined {
  if (signature.slice(OWN_CHARACTERS).toLowerCase() !== signatureTail(order, hashes)) {
    return tailFault(order, hashes, signature);
  }
  const { maker, signer, signatureType } = order;
  const isMakerSigner = signatureType === 0 || signatureType === 3;
  if (isMakerSigner && !isSame(maker, signer)) {
    return `Signature type ${signatureType}: the signer ${signer} is not the maker ${maker}.`;
  }
  const key = signatureType === 0 ? maker : ownerOf(maker);
  if (key === undefined) return `Nobody is known to own the wallet ${maker}.`;
  if (!isMakerSigner && !isSame(signer, key)) {
    return `The signer ${signer} does not own the wallet ${maker}.`;
  }
  const by = curve.recover(hashes.digest, signature.slice(0, OWN_CHARACTERS));
  if (by === undefined) return 'The signature is none: no key can have made it.';
  return isSame(by, key) ? undefined : `The order was signed by ${by} and not by ${key}.`;
}

function tailFault(order: OrderStruct, hashes: OrderHashes, signature: Hex): string {
  const bytes = (signature.length - 2) / 2;
  const expected = 65 + signatureTail(order, hashes).length / 2;
  if (bytes !== expected) return `The signature has ${bytes} bytes and not ${expected}.`;
  return 'The wallet signature is for another order, another exchange or another type of order.';
}

function isSame(one: Address, other: Address): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
