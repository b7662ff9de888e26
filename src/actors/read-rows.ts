/** Rows of the tables that people and reports read: what follows from the log. Amounts are decimal text. */
import type { Budget } from '../domain/budgets.ts';
import type { DecimalText } from '../domain/decimal.ts';
import type { Role, Settlement } from '../domain/fill-leg.ts';
import type { InstrumentId, Outcome, Side } from '../domain/instrument.ts';
import type { TimeInForce } from '../domain/intent.ts';
import type { FindingKind, Severity } from '../domain/reconcile.ts';
export interface OrderRow {
  readonly clientOrderId: string;
  readonly venue: string;
  readonly venueOrderId: string | null;
  readonly intentKey: string;
  readonly strategy: string;
  readonly instrumentId: InstrumentId;
  readonly marketId: string;
  readonly outcome: Outcome;
  readonly side: Side;
  readonly type: 'limit' | 'market';
  readonly price: DecimalText;
  readonly size: DecimalText | null;
  readonly amountUsd: DecimalText | null;
  readonly timeInForce: TimeInForce;
  readonly expiresAtMs: number | null;
  /** Public status, `PENDING … CONFIRMED`. */
  readonly status: string;
  /** Axis values, for example `working.open` and `none`. */
  readonly execution: string;
  readonly settlement: string;
  readonly filledSize: DecimalText;
  readonly averageFillPrice: DecimalText | null;
  readonly feesUsd: DecimalText;
  readonly reservedUsd: DecimalText;
  readonly reservedShares: DecimalText;
  readonly reason: string | null;
  readonly closed: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** One step of an order's life. `number` counts from 1 without gaps in each order. */
export interface OrderEventRow {
  readonly clientOrderId: string;
  readonly number: number;
  /** The journal input that caused it. */
  readonly seq: number;
  readonly atMs: number;
  readonly type: string;
  readonly fromState: string;
  readonly toState: string;
  readonly status: string;
  /** One sentence for a person. */
  readonly note: string;
  /** JSON text of the event as the order received it. */
  readonly event: string;
  /** See `eventHash` in chain.ts. Null: written before there were hashes. */
  readonly hash: string | null;
}

export interface LegRow {
  readonly legKey: string;
  readonly venue: string;
  readonly tradeId: string;
  readonly venueOrderId: string;
  readonly role: Role;
  /** Null: an orphan, a leg of an order that nobody here knows (yet). */
  readonly clientOrderId: string | null;
  readonly instrumentId: InstrumentId;
  readonly side: Side;
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly feeUsd: DecimalText;
  readonly settlement: Settlement;
  readonly conflicted: boolean;
  readonly matchedAtMs: number;
  readonly transactionHash: string | null;
}

export interface PositionRow {
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  /** See `positionState`: `redeemable`, `redeemed` and `closed` once its market is resolved. */
  readonly state: 'flat' | 'open' | 'redeemable' | 'redeemed' | 'closed';
  /** Signed: positive is LONG. Of a resolved market those that wait to be redeemed. */
  readonly size: DecimalText;
  readonly sellableSize: DecimalText;
  readonly reservedShares: DecimalText;
  readonly averageEntry: DecimalText;
  readonly costBasis: DecimalText;
  readonly realizedPnl: DecimalText;
  readonly feesUsd: DecimalText;
  /** Dollars that a share pays; null while its market is traded. */
  readonly payout: DecimalText | null;
  /** When its market was resolved, by the venue. */
  readonly resolvedAtMs: number | null;
  /** What a redemption would pay now. Not cash. */
  readonly redeemableUsd: DecimalText;
  /** Shares turned into collateral, and what came for them. */
  readonly redeemedSize: DecimalText;
  readonly redeemedUsd: DecimalText;
  /** An open finding says that this may not be what is held. */
  readonly reconciliationRequired: boolean;
  readonly updatedAtMs: number;
}

/** A movement of cash. The sum of an account's entries is its cash. Entries are never changed. */
export interface LedgerRow {
  /** Derived from what it books, so that saying it again is the same row. */
  readonly entryId: string;
  readonly accountId: string;
  readonly kind: 'deposit' | 'fill' | 'fee' | 'fillVoided' | 'feeVoided' | 'redemption';
  /** Signed dollars. */
  readonly amountUsd: DecimalText;
  readonly legKey: string | null;
  readonly clientOrderId: string | null;
  readonly seq: number;
  readonly atMs: number;
}

/**
 * Double entry: what one turn moved between the accounts of the ledger. The amounts add up to zero:
 * assets (cash, reserved, budgets, shares, redeemable) and expenses (fees) grow upwards, income (pnl) and what came from
 * outside (external) downwards.
 */
export interface PostingRow {
  readonly seq: number;
  readonly accountId: string;
  /** `opening`: what older programs left. */
  readonly kind: 'opening' | 'turn';
  readonly cashUsd: DecimalText;
  readonly reservedUsd: DecimalText;
  readonly budgetsUsd: DecimalText;
  readonly sharesUsd: DecimalText;
  readonly feesUsd: DecimalText;
  readonly pnlUsd: DecimalText;
  readonly externalUsd: DecimalText;
  /** What resolved markets owe: shares at their payout. */
  readonly redeemableUsd: DecimalText;
  readonly atMs: number;
}

/** A budget as it stands; of an ended one as it stood when its last order had let go. */
export interface BudgetRow extends Omit<Budget, 'commits'> {
  readonly accountId: string;
  /** What an order of it may still reserve; `0` once it has ended. */
  readonly remainingUsd: DecimalText;
  /** JSON text: what was committed by word. */
  readonly commits: string;
}

/** A published event, for consumers that read the database. */
export interface OutboxRow {
  /** `seq * 1,000,000 + n`: ordered, and the same when said again. */
  readonly outboxId: number;
  readonly type: string;
  readonly body: string;
  readonly atMs: number;
}

/** A position reduced by a fill, for the audit of exits. */
export interface ExitEventRow {
  readonly exitId: string;
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  readonly clientOrderId: string;
  readonly legKey: string;
  readonly size: DecimalText;
  readonly exitPrice: DecimalText;
  readonly realizedPnl: DecimalText;
  readonly reason: string;
  readonly voided: boolean;
  readonly atMs: number;
}

/** A difference between our books and the venue's that has lasted. JSON columns are text. */
export interface FindingRow {
  /** Follows from kind and subject. */
  readonly findingId: string;
  readonly kind: FindingKind;
  readonly subject: string;
  readonly instrumentId: InstrumentId | null;
  readonly severity: Severity;
  /** `applied`: the difference is gone. */
  readonly state: 'open' | 'applied' | 'approved' | 'dismissed';
  /** One sentence for a person. */
  readonly summary: string;
  readonly ours: string;
  readonly theirs: string;
  readonly evidence: string;
  readonly action: string;
  /** With `findingId` the key: one that comes back after it was gone is a row of its own. */
  readonly openedAtMs: number;
  /** When what was found last changed. */
  readonly seenAtMs: number;
  /** When it was decided, or was gone; null while it is open. */
  readonly closedAtMs: number | null;
  readonly closedBy: string | null;
  readonly why: string | null;
  /** When the difference was no longer there; null while it is. */
  readonly goneAtMs: number | null;
}

/** One comparison of our books with the venue's: what was asked, applied and found. */
export interface ReconciliationRow {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly reason: 'start' | 'reconnect' | 'interval' | 'asked';
  /** False: something was not answered; nothing was concluded from that part. */
  readonly complete: boolean;
  /** Legs and reports that were taken in. */
  readonly applied: number;
  readonly openFindings: number;
  readonly criticalFindings: number;
  /** JSON text of the whole document. */
  readonly body: string;
}
