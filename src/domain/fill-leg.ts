/** One execution of one of our orders in one trade, and what the chain has done with it. */
import type { DecimalText } from './decimal.ts';
import type { InstrumentId, Side } from './instrument.ts';

export type Role = 'taker' | 'maker';

/** `matched -> mined -> confirmed`, with `retrying` on the way; `confirmed` and `failed` are final. */
export type Settlement = 'matched' | 'retrying' | 'mined' | 'confirmed' | 'failed';

/** What a venue says of one leg. One trade that touches two of our orders gives two of these. */
export interface LegReport {
  readonly tradeId: string;
  readonly venueOrderId: string;
  readonly role: Role;
  readonly side: Side;
  readonly instrumentId: InstrumentId;
  readonly price: DecimalText;
  /** Shares. */
  readonly size: DecimalText;
  /** Dollars, where the venue states it; absent: computed from the market's schedule. */
  readonly feeUsd?: DecimalText;
  readonly settlement: Settlement;
  /** The venue's match time, ms since 1970 UTC. The same in every report of one leg. */
  readonly matchedAtMs: number;
  readonly transactionHash?: string;
}

/** A leg as an order keeps it. */
export interface FillLeg extends LegReport {
  /** `venue/tradeId/venueOrderId/role`: a leg is applied once however often it is reported. */
  readonly key: string;
  readonly feeUsd: DecimalText;
  /** Both final statuses were reported for this leg: shown as a finding. `confirmed` is kept. */
  readonly conflicted?: true;
  /** A later report gave another price, size or fee: counted once. The first ones are kept. */
  readonly contradicted?: true;
}

export function legKey(
  venue: string,
  leg: Pick<LegReport, 'tradeId' | 'venueOrderId' | 'role'>,
): string {
  return `${venue}/${leg.tradeId}/${leg.venueOrderId}/${leg.role}`;
}

/**
 * Join order of settlements: a report can only move a leg up, so that any order and any
 * repetition of reports ends in the same place. `confirmed` beats `failed`: a transaction that the
 * venue saw final on chain exists, whatever an earlier report said.
 */
const RANK: Readonly<Record<Settlement, number>> = {
  matched: 0,
  retrying: 1,
  mined: 2,
  failed: 3,
  confirmed: 4,
};

export function joinSettlement(known: Settlement, reported: Settlement): Settlement {
  return RANK[reported] > RANK[known] ? reported : known;
}

export function isFinalSettlement(settlement: Settlement): boolean {
  return settlement === 'confirmed' || settlement === 'failed';
}
