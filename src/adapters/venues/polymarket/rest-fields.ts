/** Reading the venue's JSON: every fault is an `InvalidValue` that names the place. */
import { Decimal, type DecimalText, toText } from '../../../domain/decimal.ts';
import { InvalidValue } from '../../../domain/faults.ts';

/** A JSON object, not yet checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Undefined for text that is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws {InvalidValue} unless an object. */
export function fieldsOf(value: unknown, place: string): Fields {
  if (!isFields(value)) throw new InvalidValue(place, value, 'an object');
  return value;
}

/** @throws {InvalidValue} unless a list of at most `most`. */
export function listOf(value: unknown, place: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) {
    throw new InvalidValue(place, value, `a list of at most ${most}`);
  }
  return value;
}

/** @throws {InvalidValue} unless text of 1 to 300 characters. */
export function textOf(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '' || value.length > 300) {
    throw new InvalidValue(place, value, 'text of 1 to 300 characters');
  }
  return value;
}

const DECIMAL = /^\d{1,30}(?:\.\d{1,30})?$/;

/**
 * A JSON number or decimal text, zero or more, in plain notation. A JSON number is taken by its
 * shortest text, which is what the venue wrote.
 * @throws {InvalidValue} for anything else.
 */
export function decimalOf(value: unknown, place: string): DecimalText {
  const text = typeof value === 'number' && Number.isFinite(value) ? plain(value) : value;
  if (typeof text !== 'string' || !DECIMAL.test(text)) {
    throw new InvalidValue(place, value, 'a decimal number, zero or more');
  }
  return toText(new Decimal(text));
}

function plain(value: number): string {
  return toText(new Decimal(String(value)));
}

const MICROS = new Decimal(1_000_000);

/** Dollars or shares of an amount in micros. @throws {InvalidValue} as `decimalOf`. */
export function dollarsOf(value: unknown, place: string): DecimalText {
  return toText(new Decimal(decimalOf(value, place)).div(MICROS));
}

/** @throws {InvalidValue} unless a whole JSON number or its text, zero or more. */
export function countOf(value: unknown, place: string): number {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
    throw new InvalidValue(place, value, 'a whole number, zero or more');
  }
  return count;
}

/** @throws {InvalidValue} unless true or false; absent is false. */
export function flagOf(value: unknown, place: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new InvalidValue(place, value, 'true or false');
  return value;
}
