/** What the engine is told of the end of markets. */
import type { Payouts } from '../domain/resolution.ts';

export type ResolutionEvent =
  /**
   * A market is resolved, for good. The first vector stands: said again it changes nothing, and another
   * one is never applied.
   */
  | {
      readonly type: 'market.resolved';
      readonly marketId: string;
      /** Dollars a share, by outcome; they add up to 1. */
      readonly payouts: Payouts;
      /** When it was, by the venue. */
      readonly resolvedAtMs: number;
      /** The venue and what it names as its source, or a person with a reason. */
      readonly source: string;
      readonly atMs: number;
    }
  /** Shares of a resolved market were turned into collateral, outside. */
  | {
      readonly type: 'position.redeemed';
      readonly instrumentId: string;
      /** Shares that are gone. Negative: an earlier redemption was none. */
      readonly size: string;
      /** Collateral that came for them. */
      readonly amountUsd: string;
      /** What shows it: the venue's balances, or a person with a reason. */
      readonly source: string;
      readonly atMs: number;
    };

export type MarketResolved = Extract<ResolutionEvent, { type: 'market.resolved' }>;
export type PositionRedeemed = Extract<ResolutionEvent, { type: 'position.redeemed' }>;
