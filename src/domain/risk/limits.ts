/** The limits that intents are checked against. Plain JSON: the log keeps what each start ran with. */
import type { DecimalText } from '../decimal.ts';

export interface RiskLimits {
  /** No BUY above it, of whichever outcome. */
  readonly maxEntryPrice: DecimalText | null;
  /** Dollars that one BUY may cost, worst fee included. A larger one is made smaller. */
  readonly maxOrderUsd: DecimalText | null;
  /** Dollars held and promised in one market, in one event, in all. A BUY is made smaller to fit. */
  readonly maxMarketUsd: DecimalText | null;
  readonly maxEventUsd: DecimalText | null;
  readonly maxTotalUsd: DecimalText | null;
  /** A second BUY of one strategy for one outcome while the first is not over. */
  readonly duplicateSide: 'allow' | 'deny';
  /** A BUY that would meet an order of our own. */
  readonly selfTrade: 'allow' | 'deny';
  /** Basis points that taking the whole size costs beyond the price it refers to. */
  readonly slippageWarnBps: DecimalText | null;
  readonly slippageDenyBps: DecimalText | null;
  /** What takes from the book needs a feed that has spoken within so many ms. */
  readonly staleBookMs: number | null;
  /** Entries need a venue that said what the account holds within so many ms. Absent: as null. */
  readonly staleBalanceMs?: number | null;
  /** Refusals by the venue in a row that stop entries, and for how long after the last of them. */
  readonly maxRejectsInARow: number | null;
  /** Percent of the newest `OUTCOMES_KEPT` answers, of at least `OUTCOMES_NEEDED`. */
  readonly maxRejectPct: DecimalText | null;
  readonly breakerMs: number;
  /** Dollars lost by exits and fees within a calendar day of `timeZone`. */
  readonly dailyLossUsd: DecimalText | null;
  /** IANA name. */
  readonly timeZone: string;
  /** Percent below the highest equity that was seen. */
  readonly maxDrawdownPct: DecimalText | null;
}

/** What an engine enforces unless it is told otherwise. */
export const DEFAULT_LIMITS: RiskLimits = {
  maxEntryPrice: '0.95',
  maxOrderUsd: null,
  maxMarketUsd: null,
  maxEventUsd: null,
  maxTotalUsd: null,
  duplicateSide: 'allow',
  selfTrade: 'deny',
  slippageWarnBps: '25',
  slippageDenyBps: '50',
  staleBookMs: 60_000,
  staleBalanceMs: 300_000,
  maxRejectsInARow: 5,
  maxRejectPct: '50',
  breakerMs: 60_000,
  dailyLossUsd: null,
  timeZone: 'UTC',
  maxDrawdownPct: null,
};

/** Nothing is limited: what logs mean that were written before there were limits. */
export const NO_LIMITS: RiskLimits = {
  ...DEFAULT_LIMITS,
  maxEntryPrice: null,
  selfTrade: 'allow',
  slippageWarnBps: null,
  slippageDenyBps: null,
  staleBookMs: null,
  staleBalanceMs: null,
  maxRejectsInARow: null,
  maxRejectPct: null,
};
