/**
 * What comes from outside, before it may enter the books: one value that cannot be booked or written
 * must not stop everything that comes after it.
 */
import { decimal } from '../domain/decimal.ts';
import { show } from '../domain/faults.ts';
import type { LegReport } from '../domain/fill-leg.ts';

const DECIMAL_TEXT = /^-?\d{1,30}(?:\.\d{1,30})?$/;
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

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL_TEXT.test(value);
}

function isPrice(value: unknown): boolean {
  return isDecimal(value) && decimal(value).gt(0) && decimal(value).lt(1);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && readable(value) === value;
}
