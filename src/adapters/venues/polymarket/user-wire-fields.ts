/** Reading single fields of what Polymarket writes: lenient in form, strict in value. */
import { Decimal, type DecimalText, toText } from '../../../domain/decimal.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import type { Side } from '../../../domain/instrument.ts';
import type { Fields } from './rest-fields.ts';

/** More trades than one order can have had. */
const MAX_NAMES = 20_000;
/** A status may hold a sentence. */
const MAX_STATUS_LENGTH = 300;

/** Only what is there, so that absent and undefined are one thing. */
export function stated<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Not stated: the venue leaves a field out, or writes null or empty text. */
export function isBlank(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

const HEX = /^0x[\da-f]+$/i;
const NAME = /^[\x21-\x7e]{1,200}$/;

/** An id: visible characters. Hashes and addresses are one thing in either case of letters. */
export function statedName(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'string' || !NAME.test(value)) return undefined;
  return HEX.test(value) ? value.toLowerCase() : value;
}

/** The id under `key`. @throws {InvalidValue} when there is none. */
export function name(fields: Fields, key: string, place: string): string {
  const found = statedName(fields[key]);
  if (found !== undefined) return found;
  const expected = '1 to 200 visible characters';
  throw new InvalidValue(`${place}.${key}`, fields[key], expected);
}

/** The names of a list, as far as they are names. */
export function namesIn(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, MAX_NAMES) : [];
  return list.map(statedName).filter((found) => found !== undefined);
}

/** Text that people may read: bounded, and without what no database keeps. */
export function statedText(fields: Fields, key: string, place: string): string | undefined {
  const value = fields[key];
  if (isBlank(value)) return undefined;
  if (typeof value !== 'string') throw new InvalidValue(`${place}.${key}`, value, 'text');
  return value.slice(0, MAX_STATUS_LENGTH).toWellFormed().replaceAll('\0', '\ufffd').trim();
}

/** The venue's word on an order or a trade, without the prefix that REST puts before it. */
export function status(fields: Fields, place: string): string | undefined {
  return statedText(fields, 'status', place)?.replace(/^(?:ORDER|TRADE)_STATUS_/, '');
}

/** @throws {InvalidValue} unless it is BUY or SELL, in any letters. */
export function side(fields: Fields, place: string): Side {
  const value = fields.side;
  const upper = typeof value === 'string' ? value.toUpperCase() : value;
  if (upper === 'BUY' || upper === 'SELL') return upper;
  throw new InvalidValue(`${place}.side`, value, 'BUY or SELL');
}

/** The side, if one is stated. @throws {InvalidValue} for another word. */
export function statedSide(fields: Fields, place: string): Side | undefined {
  return isBlank(fields.side) ? undefined : side(fields, place);
}

const AMOUNT = /^(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,2})?$/i;
/** As much as the engine takes on each side of the point. */
const MAX_DIGITS = 30;
/** A JSON number of more digits has lost some on its way through a float. */
const EXACT_NUMBER_DIGITS = 15;

/** The amount under `key`, if one is stated. @throws {InvalidValue} see `amount`. */
export function statedAmount(fields: Fields, key: string, place: string): DecimalText | undefined {
  return isBlank(fields[key]) ? undefined : amount(fields, key, place);
}

/**
 * The exact amount under `key` as plain decimal text, from text or a JSON number.
 * @throws {InvalidValue} for anything below zero, beyond 30 digits, or not a number.
 */
export function amount(fields: Fields, key: string, place: string): DecimalText {
  const value = fields[key];
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && text.length <= 80 && AMOUNT.test(text)) {
    const parsed = new Decimal(text);
    const isExact = typeof value === 'string' || parsed.precision() <= EXACT_NUMBER_DIGITS;
    if (isExact && parsed.e < MAX_DIGITS && parsed.decimalPlaces() <= MAX_DIGITS) {
      return toText(parsed);
    }
  }
  throw new InvalidValue(`${place}.${key}`, value, 'a decimal number, zero or more, as text');
}

const WHOLE_OR_FRACTION = /^\d{1,13}(?:\.\d+)?$/;
const ISO_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/;
/** Read as milliseconds this is the year 2001, as seconds 33658: nothing real is near it. */
const FIRST_MILLISECONDS = 1_000_000_000_000;

/** Milliseconds since 1970 UTC of seconds, milliseconds or ISO text; undefined for none. */
export function timeMs(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  if (ISO_TIME.test(text)) {
    const parsed = Date.parse(text);
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  if (!WHOLE_OR_FRACTION.test(text)) return undefined;
  const time = Number(text);
  if (time === 0) return undefined;
  return Math.trunc(time < FIRST_MILLISECONDS ? time * 1000 : time);
}

/** 0 where not stated. @throws {InvalidValue} unless it is a whole number. */
export function bucketIndex(fields: Fields, place: string): number {
  const value = fields.bucket_index;
  if (isBlank(value)) return 0;
  const index = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof index === 'number' && Number.isSafeInteger(index) && index >= 0) return index;
  throw new InvalidValue(`${place}.bucket_index`, value, 'a whole number, zero or more');
}
