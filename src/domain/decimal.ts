/**
 * Exact decimals. One configured constructor serves the whole engine, so that no module can round
 * differently from another. Values at rest (snapshots, rows, JSON) are decimal text in plain
 * notation; `toText` and `decimal` are the only two doors between the forms.
 */
import { Decimal as DecimalJs } from 'decimal.js';
import { InvalidValue } from './faults.ts';

/**
 * 40 significant digits: a product of two 20-digit amounts stays exact. Half-even is only the
 * default: every rounding in the engine names its own direction.
 */
export const Decimal = DecimalJs.clone({
  precision: 40,
  rounding: DecimalJs.ROUND_HALF_EVEN,
  toExpNeg: -40,
  toExpPos: 40,
});
export type Decimal = DecimalJs;

/** A decimal number as text in plain notation, for example `"0.52"`. Never `"5.2e-1"`. */
export type DecimalText = string;

declare const brand: unique symbol;
type Branded<Name extends string> = Decimal & { readonly [brand]: Name };

/** Price of one share in dollars of collateral: strictly between 0 and 1. */
export type Price = Branded<'Price'>;
/** Number of outcome shares, at most 6 decimals. May be negative only as a signed position. */
export type Shares = Branded<'Shares'>;
/** Dollars of collateral (pUSD on Polymarket), at most 6 decimals at the venue's edge. */
export type Usd = Branded<'Usd'>;
/** Basis points: 1 bps is 0.0001. */
export type Bps = Branded<'Bps'>;

export const ZERO: Decimal = new Decimal(0);
export const ONE: Decimal = new Decimal(1);

/** The venue keeps shares and collateral in 6 decimals. Source: Polymarket contracts, pUSD and CTF. */
export const MAX_DECIMALS = 6;

const PLAIN_NUMBER = /^-?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** Reads decimal text that we wrote ourselves. Use the branded constructors for outside input. */
export function decimal(value: DecimalText | Decimal): Decimal {
  return new Decimal(value);
}

/** Plain notation without trailing zeros, for example `0.5`. The form of every value at rest. */
export function toText(value: Decimal): DecimalText {
  return value.toFixed();
}

/** Checked text to decimal: finite, plain notation, at most `maxDecimals` decimals. */
export function parseDecimal(
  value: unknown,
  place: string,
  expected: string,
  maxDecimals = MAX_DECIMALS,
): Decimal {
  const text = value instanceof DecimalJs ? value.toFixed() : value;
  if (typeof text !== 'string' || text.length > 60 || !PLAIN_NUMBER.test(text)) {
    throw new InvalidValue(place, value, `${expected}, as decimal text`);
  }
  const parsed = new Decimal(text);
  if (parsed.decimalPlaces() > maxDecimals) {
    throw new InvalidValue(place, value, `${expected}, with at most ${maxDecimals} decimals`);
  }
  return parsed;
}

/** @throws {InvalidValue} unless 0 < value < 1. */
export function price(value: unknown, place = 'price'): Price {
  const expected = 'a price strictly between 0 and 1';
  const parsed = parseDecimal(value, place, expected);
  if (parsed.lte(0) || parsed.gte(1)) throw new InvalidValue(place, value, expected);
  return parsed as Price;
}

/** @throws {InvalidValue} unless value > 0 with at most 6 decimals. */
export function shares(value: unknown, place = 'size'): Shares {
  const expected = 'a positive number of shares';
  const parsed = parseDecimal(value, place, expected);
  if (parsed.lte(0)) throw new InvalidValue(place, value, expected);
  return parsed as Shares;
}

/** @throws {InvalidValue} unless value > 0 with at most 6 decimals. */
export function usd(value: unknown, place = 'amountUsd'): Usd {
  const expected = 'a positive amount in dollars';
  const parsed = parseDecimal(value, place, expected);
  if (parsed.lte(0)) throw new InvalidValue(place, value, expected);
  return parsed as Usd;
}

/** @throws {InvalidValue} unless value >= 0. */
export function bps(value: unknown, place = 'bps'): Bps {
  const expected = 'basis points, zero or more';
  const parsed = parseDecimal(value, place, expected);
  if (parsed.lt(0)) throw new InvalidValue(place, value, expected);
  return parsed as Bps;
}
