/** Whole micros: products with a named rounding. */
import type { Micros } from './types.ts';

/** One dollar, one share, or a price of 1. */
export const ONE: Micros = 1_000_000n;

/** `shares x price` in dollars, rounded down. */
export function floorMultiply(shares: Micros, price: Micros): Micros {
  return (shares * price) / ONE;
}

/** `shares x price` in dollars, rounded up. */
export function ceilMultiply(shares: Micros, price: Micros): Micros {
  return ceilDivide(shares * price, ONE);
}

/** For a dividend of zero or more. */
export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

export function smaller(a: Micros, b: Micros): Micros {
  return a < b ? a : b;
}

/** True for a whole number of steps of `decimals` (0 to 6) decimals. */
export function hasDecimals(value: Micros, decimals: number): boolean {
  return value % 10n ** BigInt(6 - decimals) === 0n;
}
