/** From an order of ours to the exact bytes of `POST /order`. */
import { createHash } from 'node:crypto';
import type { PreparedOrder, VenueOrder } from '../../../../actors/ports.ts';
import type { DecimalText } from '../../../../domain/decimal.ts';
import { InvalidValue } from '../../../../domain/faults.ts';
import { orderAmounts } from './amounts.ts';
import { hashOrder, signatureTail } from './eip712.ts';
import type {
  Address,
  Hex,
  OrderDomain,
  OrderStruct,
  OrderVersion,
  PostedOrder,
  SignatureType,
  SignedOrder,
  Signer,
} from './order-types.ts';
import { checksumAddress, toHex } from './words.ts';

/** What the order's market decides. */
export interface OrderMarket {
  /** Decimal text of a uint256. */
  readonly tokenId: string;
  readonly tickSize: DecimalText;
  readonly negRisk: boolean;
  readonly version: OrderVersion;
}

/** Who pays, and for whom the signer signs. */
export interface OrderAccount {
  readonly chainId: number;
  /** The wallet that holds the money and the shares; the signer's own address for type 0. */
  readonly funder: Address;
  readonly signatureType: SignatureType;
  /** An identifier, not a secret. */
  readonly apiKey: string;
}

export interface OrderRequest {
  readonly order: VenueOrder;
  readonly market: OrderMarket;
  readonly account: OrderAccount;
  readonly signer: Signer;
  /** Part of what is signed: another time is another order. */
  readonly timestampMs: number;
}

const ZERO_BYTES_32: Hex = `0x${'00'.repeat(32)}`;

/**
 * The venue ends a GTD order this long before the expiration that it states.
 * Source: Polymarket docs, "GTD orders expire one minute before their stated expiration".
 */
const EXPIRATION_LEAD_S = 60;

/**
 * Signs an order. The id is the order's hash, known before anything is sent; the body is what is to
 * be sent, byte for byte, every time. The same request gives the same bytes.
 *
 * @throws {InvalidValue} for an order, a market or an account that the venue would refuse.
 */
export async function prepareOrder(request: OrderRequest): Promise<PreparedOrder> {
  const { order, market, account, signer } = request;
  if (order.postOnly && order.timeInForce !== 'GTC' && order.timeInForce !== 'GTD') {
    throw new InvalidValue(
      'order.postOnly',
      true,
      'false: only GTC and GTD orders can be post-only',
    );
  }
  const domain = { chainId: account.chainId, version: market.version, negRisk: market.negRisk };
  const { orderHash, signed } = await signOrder(orderStruct(request), domain, signer);
  const body = serialiseOrder({
    order: { ...signed, expiration: expirationOf(order) },
    owner: account.apiKey,
    orderType: order.timeInForce,
    postOnly: order.postOnly,
    deferExec: false,
  });
  return { clientOrderId: order.clientOrderId, venueOrderId: orderHash, body };
}

/**
 * The signed fields of an order, without a signature.
 * @throws {InvalidValue} see `prepareOrder`.
 */
export function orderStruct(request: OrderRequest): OrderStruct {
  const { order, market, account, signer, timestampMs } = request;
  const maker = checksumAddress(account.funder, 'account.funder');
  if (account.signatureType === 0 && maker !== signer.address) {
    const expected = `${signer.address}, the signer itself, for signature type 0`;
    throw new InvalidValue('account.funder', maker, expected);
  }
  if (!Number.isSafeInteger(timestampMs) || timestampMs <= 0) {
    throw new InvalidValue('timestampMs', timestampMs, 'whole milliseconds since 1970');
  }
  return {
    salt: saltOf(order.clientOrderId),
    maker,
    // A deposit wallet signs for itself: its contract asks its owner.
    signer: account.signatureType === 3 ? maker : signer.address,
    tokenId: market.tokenId,
    ...orderAmounts({ ...order, tickSize: market.tickSize }),
    side: order.side,
    signatureType: account.signatureType,
    timestamp: `${timestampMs}`,
    metadata: ZERO_BYTES_32,
    builder: ZERO_BYTES_32,
  };
}

/**
 * Hashes and signs.
 * @throws {InvalidValue} when a field cannot be hashed.
 */
export async function signOrder(
  order: OrderStruct,
  domain: OrderDomain,
  signer: Signer,
): Promise<{ readonly orderHash: Hex; readonly signed: SignedOrder }> {
  const hashes = hashOrder(order, domain);
  const own = await signer.sign(hashes.digest);
  const signature: Hex = `${own}${signatureTail(order, hashes)}`;
  return { orderHash: toHex(hashes.orderHash), signed: { ...order, signature } };
}

/** 53 bits of the intent's own name: the same intent can never have two salts. */
function saltOf(clientOrderId: string): string {
  const hash = createHash('sha256').update(clientOrderId).digest();
  return `${hash.readBigUInt64BE(0) >> 11n}`;
}

/** Unix seconds as the venue wants them stated; never later than asked for. */
function expirationOf(order: VenueOrder): string {
  if (order.timeInForce !== 'GTD') return '0';
  const { expiresAtMs } = order;
  if (expiresAtMs === undefined || !Number.isSafeInteger(expiresAtMs) || expiresAtMs <= 0) {
    throw new InvalidValue(
      'order.expiresAtMs',
      expiresAtMs,
      'whole milliseconds since 1970 for GTD',
    );
  }
  return `${Math.floor(expiresAtMs / 1_000) + EXPIRATION_LEAD_S}`;
}

/**
 * The body of `POST /order` as JSON text, its fields in the order of the venue's own client, because
 * the request's signature covers the bytes. Source: `@polymarket/clob-client-v2` 1.1.0.
 */
export function serialiseOrder(posted: PostedOrder): string {
  const { order } = posted;
  return JSON.stringify({
    deferExec: posted.deferExec,
    postOnly: posted.postOnly,
    order: {
      salt: Number(order.salt),
      maker: order.maker,
      signer: order.signer,
      tokenId: order.tokenId,
      makerAmount: order.makerAmount,
      takerAmount: order.takerAmount,
      side: order.side,
      signatureType: order.signatureType,
      timestamp: order.timestamp,
      expiration: order.expiration,
      metadata: order.metadata,
      builder: order.builder,
      signature: order.signature,
    },
    owner: posted.owner,
    orderType: posted.orderType,
  });
}
