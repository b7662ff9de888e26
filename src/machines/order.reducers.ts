/** Pure steps of an order: (context, what was reported) -> context. */
import { Decimal, decimal, toText, ZERO } from '../domain/decimal.ts';
import { feeUsd } from '../domain/fees.ts';
import {
  type FillLeg,
  isFinalSettlement,
  joinSettlement,
  type LegReport,
  legKey,
} from '../domain/fill-leg.ts';
import type { OrderContext } from './order.context.ts';

/** What a leg report did to the order's money, for the position and the account. */
export interface LegChange {
  /** `none`: a repeat, or a step on chain that moves no money. */
  readonly effect: 'none' | 'applied' | 'settled' | 'voided';
  readonly leg: FillLeg;
}

export interface LegStep {
  readonly next: OrderContext;
  readonly change: LegChange;
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
export function takeLeg(context: OrderContext, report: LegReport): LegStep {
  if (lastStep !== undefined && lastContext === context && lastReport === report) return lastStep;
  lastContext = context;
  lastReport = report;
  lastStep = legStep(context, report);
  return lastStep;
}

function legStep(context: OrderContext, report: LegReport): LegStep {
  const key = legKey(context.instrument.venue, report);
  const known = context.legs[key];
  return known === undefined
    ? { ...newLeg(context, report, key), isNew: true }
    : { ...knownLeg(context, report, known), isNew: false };
}

type Step = Omit<LegStep, 'isNew'>;

function newLeg(context: OrderContext, report: LegReport, key: string): Step {
  const size = decimal(report.size);
  const fee =
    report.feeUsd ??
    toText(feeUsd(context.instrument.fees, report.role, decimal(report.price), size));
  const leg: FillLeg = { ...report, key, feeUsd: fee };
  const matchedSize = decimal(context.matchedSize).plus(size);
  const next: OrderContext = {
    ...context,
    acknowledged: true,
    venueOrderId: context.venueOrderId ?? report.venueOrderId,
    legs: { ...context.legs, [key]: leg },
    matchedSize: toText(matchedSize),
  };
  // A leg first seen as failed moved no money: it only counts as executed.
  if (leg.settlement === 'failed')
    return { next: withReservation(next), change: { effect: 'none', leg } };
  return { next: withReservation(addMoney(next, leg, 1)), change: { effect: 'applied', leg } };
}

function knownLeg(context: OrderContext, report: LegReport, known: FillLeg): Step {
  const settlement = joinSettlement(known.settlement, report.settlement);
  const conflicted =
    known.settlement !== report.settlement &&
    isFinalSettlement(known.settlement) &&
    isFinalSettlement(report.settlement);
  const contradicts = known.price !== report.price || known.size !== report.size;
  if (settlement === known.settlement && !(conflicted && !known.conflicted) && !contradicts) {
    return { next: context, change: { effect: 'none', leg: known } };
  }
  const hash = report.transactionHash ?? known.transactionHash;
  const leg: FillLeg = {
    ...known,
    settlement,
    ...(hash === undefined ? {} : { transactionHash: hash }),
    ...(conflicted || known.conflicted ? { conflicted: true } : {}),
  };
  const next: OrderContext = {
    ...context,
    legs: { ...context.legs, [leg.key]: leg },
    faults: context.faults + (contradicts || (conflicted && !known.conflicted) ? 1 : 0),
  };
  if (settlement === known.settlement) return { next, change: { effect: 'none', leg } };
  if (settlement === 'failed') {
    return { next: addMoney(next, leg, -1), change: { effect: 'voided', leg } };
  }
  if (known.settlement === 'failed') {
    return { next: addMoney(next, leg, 1), change: { effect: 'applied', leg } };
  }
  return { next, change: { effect: settlement === 'confirmed' ? 'settled' : 'none', leg } };
}

function addMoney(context: OrderContext, leg: FillLeg, sign: 1 | -1): OrderContext {
  const size = decimal(leg.size).times(sign);
  return {
    ...context,
    filledSize: toText(decimal(context.filledSize).plus(size)),
    filledUsd: toText(decimal(context.filledUsd).plus(size.times(leg.price))),
    feesUsd: toText(decimal(context.feesUsd).plus(decimal(leg.feeUsd).times(sign))),
  };
}

/** Shares or dollars that the matching engine may still execute; never below zero. */
export function remaining(context: OrderContext): Decimal {
  const { size, amountUsd } = context.intent;
  if (size !== undefined) return Decimal.max(ZERO, decimal(size).minus(context.matchedSize));
  let spent = ZERO;
  for (const leg of Object.values(context.legs))
    spent = spent.plus(decimal(leg.price).times(leg.size));
  return Decimal.max(ZERO, decimal(amountUsd ?? '0').minus(spent));
}

/** An order that holds a reservation holds what it could still spend or sell. */
function withReservation(context: OrderContext): OrderContext {
  if (context.reservedUsd === '0' && context.reservedShares === '0') return context;
  return reserve(context, remaining(context));
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
  const missing = Decimal.max(ZERO, decimal(context.reportedSize).minus(context.matchedSize));
  if (context.intent.size !== undefined) return reserve(context, missing);
  return reserve(context, missing.gt(0) ? remaining(context) : ZERO);
}

function reserve(context: OrderContext, quantity: Decimal): OrderContext {
  return context.intent.side === 'SELL'
    ? { ...context, reservedShares: toText(quantity) }
    : { ...context, reservedUsd: toText(reservation(quantity, context.reserveRate)) };
}

/** Dollars to hold for `quantity` (shares or dollars), rounded up to the collateral's 6 decimals. */
export function reservation(quantity: Decimal, reserveRate: string): Decimal {
  return quantity.times(reserveRate).toDecimalPlaces(6, Decimal.ROUND_UP);
}

/** True when this report completes the order. */
export function completes(context: OrderContext, report: LegReport): boolean {
  return isComplete(takeLeg(context, report).next);
}

/**
 * An order by shares is complete at its size. One by money is complete when less than a cent is
 * left: sizes are floored to the venue's grid, so the last fraction can never be spent.
 */
export function isComplete(context: OrderContext): boolean {
  const left = remaining(context);
  return context.intent.size !== undefined ? left.lte(0) : left.lt('0.01');
}

/** The venue's cumulative figure; only ever grows. */
export function takeReportedSize(context: OrderContext, sizeMatched: string): OrderContext {
  return decimal(sizeMatched).gt(context.reportedSize)
    ? { ...context, reportedSize: sizeMatched }
    : context;
}

/** True while the venue has told of more shares than we have legs for. */
export function missesLegs(context: OrderContext): boolean {
  return decimal(context.reportedSize).gt(context.matchedSize);
}
