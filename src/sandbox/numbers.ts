/** Whole micros to the decimal texts of the wire, and back. Never a float on the way. */
import { InvalidValue } from '../domain/faults.ts';
import type { Micros } from './exchange/types.ts';

export const ONE_MICROS: Micros = 1_000_000n;
const DECIMALS = 6;
const PLAIN = /^(\d{1,18})(?:\.(\d{1,6})0*)?$/;

/** Plain notation without trailing zeros: 500000 is `0.5`. */
export function microsText(value: Micros): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  const whole = `${sign}${digits.slice(0, -DECIMALS)}`;
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** @throws {InvalidValue} unless zero or more, in plain notation, with at most 6 decimals. */
export function parseMicros(value: unknown, place: string): Micros {
  const match = typeof value === 'string' ? PLAIN.exec(value) : null;
  if (match === null) {
    throw new InvalidValue(place, value, 'an amount of zero or more, as decimal text');
  }
  const [, whole = '0', fraction = ''] = match;
  return BigInt(whole) * ONE_MICROS + BigInt(fraction.padEnd(DECIMALS, '0'));
}

/** For the places where the venue writes a JSON number; the text itself stays exact. */
export function jsonNumber(text: string): number {
  return Number(text);
}
