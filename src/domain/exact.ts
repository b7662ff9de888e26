/**
 * Exact arithmetic on decimal text, for the few sums that every fill makes: the digits as one
 * integer and a count of decimals, several times faster than making decimal.js objects. Sums and
 * products never round and have no limit; where a result is rounded the name says so.
 */
import type { DecimalText } from './decimal.ts';

/** Decimals of a quotient: what a price times a size can have. */
const QUOTIENT_DECIMALS = 12;

const POWERS: readonly bigint[] = Array.from({ length: 64 }, (_, index) => 10n ** BigInt(index));
const ZERO_CODE = 48;

function power(decimals: number): bigint {
  return POWERS[decimals] ?? 10n ** BigInt(decimals);
}

function decimalsOf(text: DecimalText): number {
  const dot = text.indexOf('.');
  return dot < 0 ? 0 : text.length - dot - 1;
}

/** The digits as an integer. The text is ours: plain notation, checked when it came in. */
function digitsOf(text: DecimalText, decimals: number): bigint {
  if (decimals === 0) return BigInt(text);
  const dot = text.length - decimals - 1;
  return BigInt(text.slice(0, dot) + text.slice(dot + 1));
}

/** Plain notation without trailing zeros. */
function textOf(value: bigint, decimals: number): DecimalText {
  if (decimals === 0) return value.toString();
  const negative = value < 0n;
  let digits = (negative ? -value : value).toString();
  if (digits.length <= decimals) digits = digits.padStart(decimals + 1, '0');
  const split = digits.length - decimals;
  let end = digits.length;
  while (end > split && digits.charCodeAt(end - 1) === ZERO_CODE) end -= 1;
  const whole = digits.slice(0, split);
  const text = end === split ? whole : `${whole}.${digits.slice(split, end)}`;
  return negative ? `-${text}` : text;
}

export function plus(a: DecimalText, b: DecimalText): DecimalText {
  if (b === '0') return a;
  if (a === '0') return b;
  return sum(a, b, 1n);
}

export function minus(a: DecimalText, b: DecimalText): DecimalText {
  if (b === '0') return a;
  if (a === b) return '0';
  return sum(a, b, -1n);
}

function sum(a: DecimalText, b: DecimalText, sign: 1n | -1n): DecimalText {
  const left = decimalsOf(a);
  const right = decimalsOf(b);
  let x = digitsOf(a, left);
  let y = digitsOf(b, right);
  if (left > right) y *= power(left - right);
  else if (right > left) x *= power(right - left);
  return textOf(sign === 1n ? x + y : x - y, Math.max(left, right));
}

export function times(a: DecimalText, b: DecimalText): DecimalText {
  const left = decimalsOf(a);
  const right = decimalsOf(b);
  return textOf(digitsOf(a, left) * digitsOf(b, right), left + right);
}

/** `a x b` for values of zero or more, rounded up to `decimals`: never less than the product. */
export function timesRoundedUp(a: DecimalText, b: DecimalText, decimals: number): DecimalText {
  const left = decimalsOf(a);
  const right = decimalsOf(b);
  const product = digitsOf(a, left) * digitsOf(b, right);
  const surplus = left + right - decimals;
  if (surplus <= 0) return textOf(product, left + right);
  const unit = power(surplus);
  return textOf((product + unit - 1n) / unit, decimals);
}

/** `a / b`, rounded half-even to 12 decimals. `b` is not zero. */
export function dividedBy(a: DecimalText, b: DecimalText): DecimalText {
  const left = decimalsOf(a);
  const right = decimalsOf(b);
  const x = digitsOf(a, left);
  const y = digitsOf(b, right);
  const dividend = (x < 0n ? -x : x) * power(QUOTIENT_DECIMALS + right);
  const divisor = (y < 0n ? -y : y) * power(left);
  const quotient = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && quotient % 2n === 1n);
  const rounded = up ? quotient + 1n : quotient;
  return textOf(x < 0n === y < 0n ? rounded : -rounded, QUOTIENT_DECIMALS);
}

export function negated(a: DecimalText): DecimalText {
  if (a === '0') return a;
  return a.startsWith('-') ? a.slice(1) : `-${a}`;
}

/** Below, at or above zero as `a` is less than, equal to or more than `b`. */
export function compare(a: DecimalText, b: DecimalText): -1 | 0 | 1 {
  if (a === b) return 0;
  const left = decimalsOf(a);
  const right = decimalsOf(b);
  const x = digitsOf(a, left) * power(Math.max(0, right - left));
  const y = digitsOf(b, right) * power(Math.max(0, left - right));
  return x < y ? -1 : x > y ? 1 : 0;
}

/** `a`, or zero where it is below. */
export function notBelowZero(a: DecimalText): DecimalText {
  return a.startsWith('-') ? '0' : a;
}
