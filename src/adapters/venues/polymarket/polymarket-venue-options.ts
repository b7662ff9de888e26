/** What the venue is made from. */
import type { Clock, Random } from '../../../actors/ports.ts';
import type { FrameInbox } from '../../../actors/venue-store-port.ts';
import type { OpenSocket } from '../../marketdata/channel-link.ts';
import type { FeedLog } from '../../marketdata/counts.ts';
import type { HttpOptions } from './http.ts';
import type { Address, SignatureType, Signer } from './protocol/order-types.ts';
import type { TierName } from './rate-limiter-budgets.ts';
import type { ApiKeys } from './rest.ts';

export const POLYMARKET_REST = 'https://clob.polymarket.com';
export const POLYMARKET_GAMMA = 'https://gamma-api.polymarket.com';
export const POLYMARKET_DATA = 'https://data-api.polymarket.com';

export interface PolymarketVenueOptions {
  /** Default `polymarket`. Part of every instrument's id. */
  readonly name?: string;
  /** Absent: the venue's own addresses. */
  readonly urls?: {
    readonly rest?: string | undefined;
    readonly gamma?: string | undefined;
    readonly data?: string | undefined;
    readonly userChannel?: string | undefined;
  };
  readonly chainId: number;
  /** The wallet that holds money and shares. */
  readonly funder: Address;
  readonly signatureType: SignatureType;
  readonly signer: Signer;
  /** Absent: derived from the signer's key at the start. */
  readonly apiKeys?: ApiKeys | undefined;
  /** Condition ids of the markets to trade. */
  readonly markets: readonly string[];
  /** False: markets of version `v2` (ExchangeV3) are refused. */
  readonly protocolV2?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: FeedLog;
  /** Keeps raw frames of the user channel before they are acted on. */
  readonly inbox?: FrameInbox | undefined;
  /**
   * Switches on the venue's dead-man switch: it cancels all orders of the API key when this process
   * falls silent for ten seconds, a stop included.
   */
  readonly heartbeat?: boolean;
  /** Keeps a connection open while nothing is sent, so that an order finds one. Default true. */
  readonly keepWarm?: boolean;
  /**
   * The signer's tier of the venue's trading rate limits. The venue's answers correct it. Default
   * `standard`.
   */
  readonly rateLimitTier?: TierName;
  /** No trade before this moment is told: the account may have a past of its own. */
  readonly historySinceMs?: number;
  /**
   * Whether orders, cancels and heartbeats may be sent now: asked right before the first byte of each.
   * Absent: always.
   */
  readonly mayWrite?: () => boolean;
  /**
   * Refuses the start by rejecting: until it has resolved, no order is signed. Run while the user channel
   * signs in, which waits for the venue: loading the package that orders are held against takes a second.
   */
  readonly checkSigning?: () => Promise<void>;
  readonly http?: Omit<HttpOptions, 'url' | 'clock'>;
  /** Makes the sockets of the user channel. Default: real ones. */
  readonly openSocket?: OpenSocket | undefined;
}
