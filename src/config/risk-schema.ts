/** The section `risk`: limits that every intent is checked against. */
import { z } from 'zod';
import { DEFAULT_LIMITS, type RiskLimits } from '../domain/risk/limits.ts';
import { decimalField, oneOf, section, text, wholeNumber } from './fields.ts';

const DAY_S = 86_400;
const secondsOf = (ms: number | null) => (ms === null ? null : ms / 1_000);
const msOf = (seconds: number | null) => (seconds === null ? null : seconds * 1_000);
/** `null` switches a limit off. */
const orOff = <Schema extends z.ZodType>(schema: Schema) => z.union([z.null(), schema]);
const dollars = () => orOff(decimalField('dollars', { atLeast: '0' })).prefault(null);
const bps = () => orOff(decimalField('basis points', { atLeast: '0' }));
const percent = () => orOff(decimalField('percent', { above: '0', atMost: '100' }));
const choice = () => oneOf(['allow', 'deny']);

export const riskSchema = section({
  /** No BUY above this price, of whichever outcome. */
  maxEntryPrice: orOff(decimalField('a price', { above: '0', atMost: '1' })).prefault(
    DEFAULT_LIMITS.maxEntryPrice,
  ),
  /** What one BUY may cost at most; a larger one is made smaller. */
  maxOrderUsd: dollars(),
  /** What may be held and promised in one market, in one event, in all; a BUY is made smaller to fit. */
  maxMarketUsd: dollars(),
  maxEventUsd: dollars(),
  maxTotalUsd: dollars(),
  /** A second BUY of a strategy for one outcome while the first is not over. */
  duplicateSide: choice().prefault(DEFAULT_LIMITS.duplicateSide),
  /** A BUY that would meet an order of our own. */
  selfTrade: choice().prefault(DEFAULT_LIMITS.selfTrade),
  /** What taking the whole size may cost beyond the price it refers to. */
  slippage: section({
    warnBps: bps().prefault(DEFAULT_LIMITS.slippageWarnBps),
    denyBps: bps().prefault(DEFAULT_LIMITS.slippageDenyBps),
  }).prefault({}),
  /** What takes from the book needs a feed that has spoken within so long. */
  staleBookSeconds: orOff(wholeNumber(1, DAY_S, 'seconds')).prefault(
    secondsOf(DEFAULT_LIMITS.staleBookMs),
  ),
  /** Entries need a venue that has said what the account holds within so long. */
  staleBalanceSeconds: orOff(wholeNumber(1, DAY_S, 'seconds')).prefault(
    secondsOf(DEFAULT_LIMITS.staleBalanceMs ?? null),
  ),
  /** Orders that the venue refuses. */
  rejects: section({
    /** So many in a row stop entries. */
    inARow: orOff(wholeNumber(1, 1_000)).prefault(DEFAULT_LIMITS.maxRejectsInARow),
    /** More than this share of the newest 20 stops entries. */
    percent: percent().prefault(DEFAULT_LIMITS.maxRejectPct),
    /** For how long after the last refusal. */
    seconds: wholeNumber(1, DAY_S, 'seconds').prefault(DEFAULT_LIMITS.breakerMs / 1_000),
  }).prefault({}),
  /** What exits and fees may lose within a calendar day; then only exits are taken until it is over. */
  dailyLossUsd: dollars(),
  /** Where a day begins. */
  timeZone: text('a time zone such as Europe/Berlin')
    .refine(isTimeZone, { error: 'a time zone such as Europe/Berlin' })
    .prefault(DEFAULT_LIMITS.timeZone),
  /** How far the equity may be below its highest; then only exits are taken until a person resumes. */
  maxDrawdownPct: percent().prefault(DEFAULT_LIMITS.maxDrawdownPct),
});

export function limitsOf(risk: z.output<typeof riskSchema>): RiskLimits {
  const { slippage, rejects, staleBookSeconds, staleBalanceSeconds, ...same } = risk;
  return {
    ...same,
    slippageWarnBps: slippage.warnBps,
    slippageDenyBps: slippage.denyBps,
    staleBookMs: msOf(staleBookSeconds),
    staleBalanceMs: msOf(staleBalanceSeconds),
    maxRejectsInARow: rejects.inARow,
    maxRejectPct: rejects.percent,
    breakerMs: rejects.seconds * 1_000,
  };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
