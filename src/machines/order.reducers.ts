/** Pure steps of an order: (context, what was reported) -> context. */
import { type DecimalText, decimal, toText } from '../domain/decimal.ts';
import { compare, minus, negated, notBelowZero, plus, times } from '../domain/exact.ts';
import { feeUsd } from '../domain/fees.ts';
import {
  type FillLeg,
  isFinalSettlement,
  joinSettlement,
  type LegReport,
  legKey,
  type Settlement,
} from '../domain/fill-leg.ts';
import { reservation } from '../domain/reservation.ts';
import { effectOf } from './order.changes.ts';
import type { OrderContext } from './order.context.ts';

export interface LegStep {
  readonly next: OrderContext;
  /** The report is of a leg that the order had not seen. */
  readonly isNew: boolean;
}

let lastContext: OrderContext | undefined;
let lastReport: LegReport | undefined;
let lastAtMs: number | undefined;
let lastStep: LegStep | undefined;

/**
 * Takes one leg report in: applied once, however often and in whatever order reports come.
 * Guards and actions of one transition ask for the same step, so the newest is remembered.
 */
export function takeLeg(context: OrderContext, report: LegReport, atMs: number): LegStep {
  // Whoever only looked whether the report is news may have asked a millisecond before.
  const isSame = lastContext === context && lastReport === report && lastAtMs === atMs;
  if (lastStep !== undefined && isSame) return lastStep;
  const key = legKey(context.instrument.venue, report);
  const known = context.legs.find((leg) => leg.key === key);
  lastContext = context;
  lastReport = report;
  lastAtMs = atMs;
  lastStep =
    known === undefined
      ? newLeg(context, report, key, atMs)
      : knownLeg(context, report, known, atMs);
  return lastStep;
}

function newLeg(context: OrderContext, report: LegReport, key: string, atMs: number): LegStep {
  const leg: FillLeg = { ...report, key, feeUsd: feeOf(context, report) };
  // A leg first seen as failed moved no money: it only counts as executed.
  const isAlive = leg.settlement !== 'failed';
  const next = {
    ...context,
    acknowledged: true,
    venueOrderId: context.venueOrderId ?? report.venueOrderId,
    // The doubt is over with the leg. The wait for a cancel's answer is not.
    ...(context.cancelRequested ? {} : { retryAtMs: null }),
    ...(inDoubt(context) ? { reason: null } : {}),
    legs: [...context.legs, leg],
    matchedSize: plus(context.matchedSize, report.size),
    updatedAtMs: atMs,
  };
  if (isAlive) addMoney(next, leg, 1);
  hold(next);
  return { next, isNew: true };
}

function feeOf(context: OrderContext, report: LegReport): string {
  if (report.feeUsd !== undefined) return report.feeUsd;
  const { fees } = context.instrument;
  if (report.role === 'maker' && fees.takerOnly) return '0';
  return toText(feeUsd(fees, report.role, decimal(report.price), decimal(report.size)));
}

function knownLeg(context: OrderContext, report: LegReport, known: FillLeg, atMs: number): LegStep {
  const settlement = joinSettlement(known.settlement, report.settlement);
  const conflicted =
    known.settlement !== report.settlement &&
    isFinalSettlement(known.settlement) &&
    isFinalSettlement(report.settlement);
  const contradicts = tellsOtherwise(known, report);
  const isNewConflict = conflicted && known.conflicted !== true;
  const isNewContradiction = contradicts && known.contradicted !== true;
  const transactionHash = hashOf(known, report, settlement);
  if (
    settlement === known.settlement &&
    transactionHash === known.transactionHash &&
    !isNewConflict &&
    !isNewContradiction
  ) {
    return { next: context, isNew: false };
  }
  const leg: FillLeg = {
    ...known,
    settlement,
    ...(transactionHash === undefined ? {} : { transactionHash }),
    ...(conflicted || known.conflicted ? { conflicted: true } : {}),
    ...(contradicts || known.contradicted ? { contradicted: true } : {}),
  };
  const next = {
    ...context,
    legs: context.legs.map((other) => (other === known ? leg : other)),
    faults: context.faults + (isNewConflict || isNewContradiction ? 1 : 0),
    updatedAtMs: atMs,
  };
  const effect = effectOf(known.settlement, settlement);
  if (effect === 'voided') addMoney(next, leg, -1);
  else if (effect === 'applied') addMoney(next, leg, 1);
  return { next, isNew: false };
}

/** A leg keeps what was first said of its money; a venue that says otherwise contradicts itself. */
function tellsOtherwise(known: FillLeg, report: LegReport): boolean {
  return (
    compare(known.price, report.price) !== 0 ||
    compare(known.size, report.size) !== 0 ||
    (report.feeUsd !== undefined && compare(known.feeUsd, report.feeUsd) !== 0)
  );
}

/** The hash of the newest step; a report of an older one only fills a gap. */
function hashOf(known: FillLeg, report: LegReport, settlement: Settlement): string | undefined {
  return report.settlement === settlement
    ? (report.transactionHash ?? known.transactionHash)
    : (known.transactionHash ?? report.transactionHash);
}

/** A context being made: not yet seen by anybody. */
type Draft = { -readonly [K in keyof OrderContext]: OrderContext[K] };

function addMoney(draft: Draft, leg: FillLeg, sign: 1 | -1): void {
  const size = sign === 1 ? leg.size : negated(leg.size);
  draft.filledSize = plus(draft.filledSize, size);
  draft.filledUsd = plus(draft.filledUsd, times(size, leg.price));
  if (leg.feeUsd === '0') return;
  draft.feesUsd = plus(draft.feesUsd, sign === 1 ? leg.feeUsd : negated(leg.feeUsd));
}

/** An order that holds a reservation holds what it could still spend or sell. */
function hold(draft: Draft): void {
  if (draft.reservedUsd === '0' && draft.reservedShares === '0') return;
  const left = remaining(draft);
  if (draft.intent.side === 'SELL') draft.reservedShares = left;
  else draft.reservedUsd = reservation(left, draft.reserveRate);
}

/** Takes the reservation up again: the venue has an order that we had given up. */
export function reserveAgain(context: OrderContext): OrderContext {
  return reserve(context, remaining(context));
}

/**
 * Lets the reservation go once execution is over, but for shares that the venue has told of and
 * whose legs are still to come. Told of later, they are held again: what is held does not depend
 * on the order in which the venue speaks.
 */
export function releaseReservation(context: OrderContext): OrderContext {
  const missing = notBelowZero(minus(context.reportedSize, context.matchedSize));
  const holdsNothing = context.reservedUsd === '0' && context.reservedShares === '0';
  if (missing === '0' && holdsNothing) return context;
  if (context.intent.size !== undefined || missing === '0') return reserve(context, missing);
  return reserve(context, remaining(context));
}

function reserve(context: OrderContext, quantity: DecimalText): OrderContext {
  return context.intent.side === 'SELL'
    ? { ...context, reservedShares: quantity }
    : { ...context, reservedUsd: reservation(quantity, context.reserveRate) };
}

/** Shares or dollars that the matching engine may still execute; never below zero. */
export function remaining(context: OrderContext): DecimalText {
  const { size, amountUsd = '0' } = context.intent;
  if (size !== undefined) return notBelowZero(minus(size, context.matchedSize));
  let left: DecimalText = amountUsd;
  for (const leg of context.legs) left = minus(left, times(leg.price, leg.size));
  return notBelowZero(left);
}

/**
 * An order by shares is complete at its size. One by money is complete when less than a cent is
 * left: sizes are floored to the venue's grid, so the last fraction can never be spent.
 */
export function isComplete(context: OrderContext): boolean {
  const { size } = context.intent;
  if (size !== undefined) return compare(context.matchedSize, size) >= 0;
  return compare(remaining(context), '0.01') < 0;
}

/** The venue's cumulative figure; only ever grows. */
export function takeReportedSize(context: OrderContext, sizeMatched: DecimalText): OrderContext {
  return compare(sizeMatched, context.reportedSize) > 0
    ? { ...context, reportedSize: sizeMatched }
    : context;
}

/** True while the venue has told of more shares than we have legs for. */
export function missesLegs(context: OrderContext): boolean {
  return compare(context.reportedSize, context.matchedSize) > 0;
}

/** The reason that stands there is why it waits, not why it ended or is to end. */
export function inDoubt(context: OrderContext): boolean {
  return context.retryAtMs !== null && !context.cancelRequested;
}
