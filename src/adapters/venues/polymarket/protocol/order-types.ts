/** Orders as Polymarket's exchange contracts know them. Source: Polymarket docs, CLOB V2 and ExchangeV3. */
import type { Side } from '../../../../domain/instrument.ts';

/** `0x` and hex digits. */
export type Hex = `0x${string}`;
/** Checksummed (EIP-55). */
export type Address = `0x${string}`;

/** EIP-712 domain version: 2 for markets of version `v1`, 3 (ExchangeV3) for `v2`. */
export type OrderVersion = 2 | 3;

/** 0 EOA, 1 POLY_PROXY, 2 POLY_GNOSIS_SAFE, 3 POLY_1271 (deposit wallet). */
export type SignatureType = 0 | 1 | 2 | 3;

/** The contract that an order is for. */
export interface OrderDomain {
  readonly chainId: number;
  readonly version: OrderVersion;
  readonly negRisk: boolean;
}

/** The eleven signed fields. Integers are decimal text; amounts have 6 decimals. */
export interface OrderStruct {
  /** At most 2^53 - 1: it travels as a JSON number. */
  readonly salt: string;
  readonly maker: Address;
  readonly signer: Address;
  readonly tokenId: string;
  readonly makerAmount: string;
  readonly takerAmount: string;
  readonly side: Side;
  readonly signatureType: SignatureType;
  /** Milliseconds. */
  readonly timestamp: string;
  /** 32 bytes. */
  readonly metadata: Hex;
  /** 32 bytes. */
  readonly builder: Hex;
}

export interface SignedOrder extends OrderStruct {
  readonly signature: Hex;
}

/** The whole body of `POST /order`. */
export interface PostedOrder {
  readonly order: SignedOrder & {
    /** Unix seconds, `"0"` for none. Not signed. */
    readonly expiration: string;
  };
  /** API key. */
  readonly owner: string;
  readonly orderType: 'GTC' | 'GTD' | 'FOK' | 'FAK';
  readonly postOnly: boolean;
  readonly deferExec: boolean;
}

/** What signs. Local today; a remote signer fulfils the same. */
export interface Signer {
  readonly address: Address;
  /** Signs 32 bytes: `r ‖ s ‖ v` with v 27 or 28, s in the lower half. */
  sign(digest: Uint8Array): Hex | Promise<Hex>;
}
