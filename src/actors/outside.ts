/**
 * What comes from outside, before it may enter the books: one value that cannot be booked or written
 * must not stop everything that comes after it.
 */
import { decimal, toText } from '../domain/decimal.ts';
import { InvalidValue, show } from '../domain/faults.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import type { OrderContext } from '../machines/order.context.ts';
import type { VenueEventIn } from '../machines/venue.machine.ts';
import type { VenueOrderReport } from './ports.ts';

const DECIMAL_TEXT = /^-?\d{1,30}(?:\.\d{1,30})?$/;
/** What `toText` would write itself: most texts of venues are, and a start reads ten thousand. */
const CANONICAL_TEXT = /^(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/;
/** A database keeps neither NUL nor half of a character. */
const UNREADABLE = /[\0\p{Cs}]/gu;
const ROLES: ReadonlySet<string> = new Set(['taker', 'maker']);
const SIDES: ReadonlySet<string> = new Set(['BUY', 'SELL']);
const SETTLEMENTS: ReadonlySet<string> = new Set([
  'matched',
  'retrying',
  'mined',
  'confirmed',
  'failed',
]);

/** The same text with U+FFFD in place of what no database keeps. */
export function readable(text: string): string {
  return text.replace(UNREADABLE, '\ufffd');
}

/** Why a leg cannot be booked, as one line for a person; undefined for one that can. */
export function legProblem(leg: LegReport): string | undefined {
  const checks: readonly (readonly [keyof LegReport, boolean, string])[] = [
    ['tradeId', isName(leg.tradeId), 'text'],
    ['venueOrderId', isName(leg.venueOrderId), 'text'],
    ['instrumentId', isName(leg.instrumentId), 'text'],
    ['role', ROLES.has(leg.role), 'taker or maker'],
    ['side', SIDES.has(leg.side), 'BUY or SELL'],
    ['settlement', SETTLEMENTS.has(leg.settlement), 'a known settlement'],
    ['price', isPrice(leg.price), 'decimal text strictly between 0 and 1'],
    ['size', isDecimal(leg.size) && decimal(leg.size).gt(0), 'decimal text above 0'],
    ['feeUsd', leg.feeUsd === undefined || isDecimal(leg.feeUsd), 'decimal text'],
    ['matchedAtMs', Number.isSafeInteger(leg.matchedAtMs), 'whole milliseconds'],
    ['transactionHash', leg.transactionHash === undefined || isName(leg.transactionHash), 'text'],
  ];
  const bad = checks.find(([, holds]) => !holds);
  if (bad === undefined) return undefined;
  const [field, , expected] = bad;
  return `leg.${field}: got ${show(leg[field])}, expected ${expected}`;
}

/** The same leg with one text for each value: texts of amounts are compared. */
export function canonicalLeg(leg: LegReport): LegReport {
  const { feeUsd } = leg;
  return {
    ...leg,
    price: canonical(leg.price),
    size: canonical(leg.size),
    ...(feeUsd === undefined ? {} : { feeUsd: canonical(feeUsd) }),
  };
}

/** The same report with one text for its size, where it is a number at all. */
export function canonicalReport(report: VenueOrderReport): VenueOrderReport {
  if (!isDecimal(report.sizeMatched)) return report;
  return { ...report, sizeMatched: canonical(report.sizeMatched) };
}

function canonical(text: string): string {
  return CANONICAL_TEXT.test(text) ? text : toText(decimal(text));
}

/**
 * Why a leg cannot be of this order: a trade names the taker's side and outcome too, and booking
 * those would turn a position round.
 */
export function mismatch(leg: LegReport, { intent, instrument }: OrderContext): string | undefined {
  if (leg.side !== intent.side) {
    return `leg.side: got ${leg.side}, the order is a ${intent.side}`;
  }
  if (leg.instrumentId === instrument.id) return undefined;
  return `leg.instrumentId: got ${leg.instrumentId}, the order is for ${instrument.id}`;
}

export function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL_TEXT.test(value);
}

function isPrice(value: unknown): boolean {
  return isDecimal(value) && decimal(value).gt(0) && decimal(value).lt(1);
}

/** Text that can be a name or a reason: not empty, and every database keeps it. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && readable(value) === value;
}

/**
 * What the venue said of the account's dollars, as an input.
 * @throws {InvalidValue} for what is no amount.
 */
export function balanceTold(
  venue: string,
  cashUsd: unknown,
  askedAtMs: number,
  atMs: number,
): Extract<VenueEventIn, { type: 'venue.balanceTold' }> {
  if (!isDecimal(cashUsd)) throw new InvalidValue('balance.cashUsd', cashUsd, 'decimal text');
  return { type: 'venue.balanceTold', venue, cashUsd: canonical(cashUsd), askedAtMs, atMs };
}
