/**
 * What the venue asks of an order before its matching engine sees it: form, owner, signer, the
 * contract that it was signed for, and the signature.
 * Source: Polymarket docs, error codes; the texts of py-clob-client-v2 #46, #52 and #32.
 */

import { hashOrder, type OrderHashes } from '../../adapters/venues/polymarket/protocol/eip712.ts';
import type {
  OrderDomain,
  PostedOrder,
} from '../../adapters/venues/polymarket/protocol/order-types.ts';
import { readPostedOrder } from '../../adapters/venues/polymarket/protocol/parse-order.ts';
import type { Curve } from '../../adapters/venues/polymarket/protocol/secp256k1.ts';
import { verifyOrder } from '../../adapters/venues/polymarket/protocol/verify-order.ts';
import { toHex } from '../../adapters/venues/polymarket/protocol/words.ts';
import { InvalidValue } from '../../domain/faults.ts';
import type { Accounts } from '../accounts.ts';
import type { ApiKey } from '../api-keys.ts';
import type { Exchange, NewOrder, SandboxMarket } from '../exchange/types.ts';
import { fieldsOf } from '../stream/messages.ts';

export interface OrderCheckParts {
  readonly chainId: number;
  readonly exchange: Exchange;
  readonly accounts: Accounts;
  readonly curve: Curve;
}

export type CheckedOrder = { readonly order: NewOrder } | { readonly error: string };

/** The largest expiration that a number holds. */
const MOST_SECONDS = 1_000_000_000_000n;
/** A million million shares or dollars, in micros: more than there are. */
const MOST_MICROS = 10n ** 18n;

/** Every refusal has status 400. */
export function checkOrder(parts: OrderCheckParts, input: unknown, key: ApiKey): CheckedOrder {
  if (isOfV1(input)) return { error: 'order_version_mismatch' };
  const posted = readOrder(input);
  if (posted === undefined) return { error: 'Invalid order payload' };
  if (posted.owner !== key.apiKey) {
    return { error: 'the order owner has to be the owner of the API KEY' };
  }
  const { order } = posted;
  const wallet = parts.accounts.byWallet(order.maker);
  if (order.signatureType !== 3 && order.signer !== key.address) {
    return { error: 'the order signer address has to be the address of the API KEY' };
  }
  if (order.signatureType === 3 && wallet !== undefined && wallet.address !== key.address) {
    return { error: 'the order signer address has to be the address of the API KEY' };
  }
  if (wallet === undefined) {
    return { error: 'maker address not allowed, please use the deposit wallet flow' };
  }
  const market = parts.exchange.marketOfToken(order.tokenId);
  const domain = domainOf(parts.chainId, market);
  const hashes = hashOrder(order, domain);
  // A token that nobody knows has no contract; the exchange says what is wrong with it.
  if (market !== undefined) {
    const error = signatureFault(parts, posted, domain, wallet.signatureType, hashes);
    if (error !== undefined) return { error };
  }
  return { order: newOrder(posted, hashes) };
}

/** Orders of the first generation name a nonce and a fee rate, and no time. */
function isOfV1(input: unknown): boolean {
  const order = fieldsOf(fieldsOf(input)?.order);
  return order !== undefined && order.timestamp === undefined && order.feeRateBps !== undefined;
}

function readOrder(input: unknown): PostedOrder | undefined {
  try {
    const posted = readPostedOrder(input);
    const { expiration, makerAmount, takerAmount } = posted.order;
    const amounts = [BigInt(makerAmount), BigInt(takerAmount)];
    const isSound =
      BigInt(expiration) <= MOST_SECONDS &&
      amounts.every((amount) => amount > 0n && amount <= MOST_MICROS);
    return isSound ? posted : undefined;
  } catch (fault) {
    if (fault instanceof InvalidValue) return undefined;
    throw fault;
  }
}

function domainOf(chainId: number, market: SandboxMarket | undefined): OrderDomain {
  return {
    chainId,
    version: market?.version === 'v2' ? 3 : 2,
    negRisk: market?.negRisk ?? false,
  };
}

function signatureFault(
  { accounts, curve }: OrderCheckParts,
  { order }: PostedOrder,
  domain: OrderDomain,
  walletType: number,
  hashes: OrderHashes,
): string | undefined {
  if (walletType !== order.signatureType) return 'invalid signature';
  const isGood = (of: OrderDomain, known?: OrderHashes) =>
    verifyOrder(
      order,
      order.signature,
      of,
      curve,
      (wallet) => accounts.byWallet(wallet)?.address,
      known,
    ) === undefined;
  if (isGood(domain, hashes)) return undefined;
  const other: OrderDomain = { ...domain, version: domain.version === 2 ? 3 : 2 };
  return isGood(other) ? 'order_version_mismatch' : 'invalid signature';
}

function newOrder(
  { order, owner, orderType, postOnly }: PostedOrder,
  { orderHash }: OrderHashes,
): NewOrder {
  return {
    id: toHex(orderHash),
    owner,
    maker: order.maker,
    tokenId: order.tokenId,
    side: order.side,
    makerAmount: BigInt(order.makerAmount),
    takerAmount: BigInt(order.takerAmount),
    orderType,
    postOnly,
    expirationS: Number(order.expiration),
  };
}
