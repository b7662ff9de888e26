/** What one comparison of our books with the venue's found. */
import type { FindingKind } from '../domain/reconcile.ts';
import type { Compared } from './reconcile-judge.ts';

export interface Applied {
  readonly what: 'leg' | 'order';
  readonly id: string;
  readonly note: string;
}

export interface PassCounts {
  legs: number;
  newLegs: number;
  orphanLegs: number;
  refusedLegs: number;
  listedOrders: number;
  liveOrders: number;
  /** Asked about one by one. */
  askedOrders: number;
  /** Still to be asked about. */
  leftOrders: number;
  reports: number;
  positions: number;
}

export interface ListedIds {
  readonly ids: readonly string[];
  readonly atMs: number;
}

export interface PassResult {
  readonly compared: readonly Compared[];
  readonly covered: ReadonlySet<FindingKind>;
  readonly counts: Readonly<PassCounts>;
  readonly applied: readonly Applied[];
  /** Venue order ids of the open orders that the venue listed, and when it had. */
  readonly listed: ListedIds;
  /** What the venue said of our dollars, and when it was asked; undefined: it did not answer. */
  readonly balance: { readonly cashUsd: string; readonly askedAtMs: number } | undefined;
  /** Parts that were not answered. Nothing is concluded from them. */
  readonly errors: readonly { readonly part: string; readonly message: string }[];
}
