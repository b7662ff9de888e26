/** Pure steps of an order: (context, what was reported) -> context. */
import { type DecimalText, decimal, MAX_DECIMALS, toText } from '../domain/decimal.ts';
import {
  compare,
  minus,
  negated,
  notBelowZero,
  plus,
  times,
  timesRoundedUp,
} from '../domain/exact.ts';
import { feeUsd } from '../domain/fees.ts';
import {
  type FillLeg,
  isFinalSettlement,
  joinSettlement,
  type LegReport,
  legKey,
} from '../domain/fill-leg.ts';
import { effectOf } from './order.changes.ts';
import type { OrderContext } from './order.context.ts';

export interface LegStep {
  readonly next: OrderContext;
  /** The report is of a leg that the order had not seen. */
  readonly isNew: boolean;
}

let lastContext: OrderContext | undefined;
let lastReport: LegReport | undefined;
let lastStep: LegStep | undefined;

/**
 * Takes one leg report in: applied once, however often and in whatever order reports come.
 * Guards and actions of one transition ask for the same step, so the newest is remembered.
 */
export function takeLeg(context: OrderContext, report: LegReport, atMs: number): LegStep {
  if (lastStep !== undefined && lastContext === context && lastReport === report) return lastStep;
  const key = legKey(context.instrument.venue, report);
  const known = context.legs.find((leg) => leg.key === key);
  lastContext = context;
  lastReport = report;
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
  const contradicts = known.price !== report.price || known.size !== report.size;
  if (settlement === known.settlement && !(conflicted && !known.conflicted) && !contradicts) {
    return { next: context, isNew: false };
  }
  const hash = report.transactionHash ?? known.transactionHash;
  const leg: FillLeg = {
    ...known,
    settlement,
    ...(hash === undefined ? {} : { transactionHash: hash }),
    ...(conflicted || known.conflicted ? { conflicted: true } : {}),
  };
  const next = {
    ...context,
    legs: context.legs.map((other) => (other === known ? leg : other)),
    faults: context.faults + (contradicts || (conflicted && !known.conflicted) ? 1 : 0),
    updatedAtMs: atMs,
  };
  const effect = effectOf(known.settlement, settlement);
  if (effect === 'voided') addMoney(next, leg, -1);
  else if (effect === 'applied') addMoney(next, leg, 1);
  return { next, isNew: false };
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
 * whose legs are still to come.
 */
export function releaseReservation(context: OrderContext): OrderContext {
  if (context.reservedUsd === '0' && context.reservedShares === '0') return context;
  const missing = notBelowZero(minus(context.reportedSize, context.matchedSize));
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

/** Dollars to hold for `quantity` (shares or dollars), rounded up to the collateral's 6 decimals. */
export function reservation(quantity: DecimalText, reserveRate: DecimalText): DecimalText {
  return timesRoundedUp(quantity, reserveRate, MAX_DECIMALS);
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
