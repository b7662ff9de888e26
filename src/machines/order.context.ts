/** What an order remembers. JSON only: decimals are text, times are ms since 1970 UTC. */
import type { DecimalText } from '../domain/decimal.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { Intent } from '../domain/intent.ts';

export interface OrderInput {
  readonly clientOrderId: string;
  readonly accountId: string;
  readonly intent: Intent;
  /** The venue's rules as they were when the order was made: fees are computed with these. */
  readonly instrument: Instrument;
  /** What one unit still to be executed may cost: dollars per share, or per dollar by money. */
  readonly reserveRate: DecimalText;
  readonly reservedUsd: DecimalText;
  readonly reservedShares: DecimalText;
  readonly atMs: number;
}

/** A named person's word on an order in doubt, until the venue's own word comes. */
export interface SettledBy {
  readonly name: string;
  /** The command that said so; null for one of a program. */
  readonly commandId: string | null;
}

export interface OrderContext {
  readonly clientOrderId: string;
  readonly accountId: string;
  readonly intent: Intent;
  readonly instrument: Instrument;
  readonly venueOrderId: string | null;
  /** How often the same bytes were handed to the venue. */
  readonly submitAttempts: number;
  /** When the bytes were last handed over; null before. */
  readonly sentAtMs: number | null;
  readonly cancelAttempts: number;
  /** When the present doubt began; null where nobody doubts. */
  readonly doubtSinceMs: number | null;
  /** Look-ups that have not ended the present doubt. */
  readonly lookups: number;
  /** It has been looked for so often that a person has been told. */
  readonly escalated: boolean;
  /** The newest word of each rung in the present doubt. */
  readonly evidence: readonly Evidence[];
  /** The venue has shown in any way that it has the order. */
  readonly acknowledged: boolean;
  /** Nobody could say what became of an attempt. Kept: an answer to a later one says nothing of it. */
  readonly doubted: boolean;
  readonly cancelRequested: boolean;
  /** On whose word, in place of the venue's, the order stands where it does. */
  readonly settledBy: SettledBy | null;
  /** When the present wait ends; null where nothing waits. */
  readonly retryAtMs: number | null;
  /** Why it was denied, rejected or cancelled, in words. */
  readonly reason: string | null;
  /** In the order in which they were first reported. A list: orders have few legs. */
  readonly legs: readonly FillLeg[];
  /** Shares executed by the matching engine, voided legs included. */
  readonly matchedSize: DecimalText;
  /** The venue's own cumulative figure, where it is ahead of our legs: legs are missing. */
  readonly reportedSize: DecimalText;
  /** Shares, dollars and fees of legs that are not failed. */
  readonly filledSize: DecimalText;
  readonly filledUsd: DecimalText;
  readonly feesUsd: DecimalText;
  readonly reserveRate: DecimalText;
  readonly reservedUsd: DecimalText;
  readonly reservedShares: DecimalText;
  /** Events that could not be, or that contradict each other. Shown, never fatal. */
  readonly faults: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export function initialOrder(input: OrderInput): OrderContext {
  return {
    clientOrderId: input.clientOrderId,
    accountId: input.accountId,
    intent: input.intent,
    instrument: input.instrument,
    venueOrderId: null,
    submitAttempts: 0,
    sentAtMs: null,
    cancelAttempts: 0,
    doubtSinceMs: null,
    lookups: 0,
    escalated: false,
    evidence: [],
    acknowledged: false,
    doubted: false,
    cancelRequested: false,
    settledBy: null,
    retryAtMs: null,
    reason: null,
    legs: [],
    matchedSize: '0',
    reportedSize: '0',
    filledSize: '0',
    filledUsd: '0',
    feesUsd: '0',
    reserveRate: input.reserveRate,
    reservedUsd: input.reservedUsd,
    reservedShares: input.reservedShares,
    faults: 0,
    createdAtMs: input.atMs,
    updatedAtMs: input.atMs,
  };
}
