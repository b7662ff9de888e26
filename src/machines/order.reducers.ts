/** Pure steps of an order: (context, what was reported) -> context. */
import { Decimal, decimal, toText, ZERO } from '../domain/decimal.ts';
import { feeUsd } from '../domain/fees.ts';
import {
  type FillLeg,
  isFinalSettlement,
  joinSettlement,
  type LegReport,
  legKey,
  type Settlement,
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
export function takeLeg(context: OrderContext, report: LegReport, atMs: number): LegStep {
  if (lastStep !== undefined && lastContext === context && lastReport === report) return lastStep;
  const key = legKey(context.instrument.venue, report);
  const known = context.legs[key];
  lastContext = context;
  lastReport = report;
  lastStep =
    known === undefined
      ? newLeg(context, report, key, atMs)
      : knownLeg(context, report, known, atMs);
  return lastStep;
}

function newLeg(context: OrderContext, report: LegReport, key: string, atMs: number): LegStep {
  const size = decimal(report.size);
  const leg: FillLeg = { ...report, key, feeUsd: feeOf(context, report, size) };
  const matched = decimal(context.matchedSize).plus(size);
  // A leg first seen as failed moved no money: it only counts as executed.
  const isAlive = leg.settlement !== 'failed';
  const next = {
    ...context,
    acknowledged: true,
    venueOrderId: context.venueOrderId ?? report.venueOrderId,
    legs: { ...context.legs, [key]: leg },
    matchedSize: toText(matched),
    updatedAtMs: atMs,
  };
  if (isAlive) addMoney(next, leg, size);
  hold(next, matched);
  return { next, change: { effect: isAlive ? 'applied' : 'none', leg }, isNew: true };
}

function feeOf(context: OrderContext, report: LegReport, size: Decimal): string {
  if (report.feeUsd !== undefined) return report.feeUsd;
  const { fees } = context.instrument;
  if (report.role === 'maker' && fees.takerOnly) return '0';
  return toText(feeUsd(fees, report.role, decimal(report.price), size));
}

function knownLeg(context: OrderContext, report: LegReport, known: FillLeg, atMs: number): LegStep {
  const settlement = joinSettlement(known.settlement, report.settlement);
  const conflicted =
    known.settlement !== report.settlement &&
    isFinalSettlement(known.settlement) &&
    isFinalSettlement(report.settlement);
  const contradicts = known.price !== report.price || known.size !== report.size;
  if (settlement === known.settlement && !(conflicted && !known.conflicted) && !contradicts) {
    return { next: context, change: { effect: 'none', leg: known }, isNew: false };
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
    legs: { ...context.legs, [leg.key]: leg },
    faults: context.faults + (contradicts || (conflicted && !known.conflicted) ? 1 : 0),
    updatedAtMs: atMs,
  };
  const effect = effectOf(known.settlement, settlement);
  if (effect === 'voided') addMoney(next, leg, decimal(leg.size).negated());
  else if (effect === 'applied') addMoney(next, leg, decimal(leg.size));
  return { next, change: { effect, leg }, isNew: false };
}

function effectOf(before: Settlement, after: Settlement): LegChange['effect'] {
  if (before === after) return 'none';
  if (after === 'failed') return 'voided';
  // It had been voided, and the chain has confirmed it after all.
  if (before === 'failed') return 'applied';
  return after === 'confirmed' ? 'settled' : 'none';
}

/** A context being made: not yet seen by anybody. */
type Draft = { -readonly [K in keyof OrderContext]: OrderContext[K] };

function addMoney(draft: Draft, leg: FillLeg, signedSize: Decimal): void {
  draft.filledSize = toText(decimal(draft.filledSize).plus(signedSize));
  draft.filledUsd = toText(decimal(draft.filledUsd).plus(signedSize.times(leg.price)));
  if (leg.feeUsd === '0') return;
  const fee = signedSize.isNegative() ? decimal(leg.feeUsd).negated() : decimal(leg.feeUsd);
  draft.feesUsd = toText(decimal(draft.feesUsd).plus(fee));
}

/** An order that holds a reservation holds what it could still spend or sell. */
function hold(draft: Draft, matched: Decimal): void {
  if (draft.reservedUsd === '0' && draft.reservedShares === '0') return;
  const { size } = draft.intent;
  const left =
    size === undefined ? remaining(draft) : Decimal.max(ZERO, decimal(size).minus(matched));
  if (draft.intent.side === 'SELL') draft.reservedShares = toText(left);
  else draft.reservedUsd = toText(reservation(left, draft.reserveRate));
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
