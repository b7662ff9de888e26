/** Text arithmetic says what decimal.js says, digit for digit. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, toText } from '../../src/domain/decimal.ts';
import {
  compare,
  dividedBy,
  minus,
  negated,
  notBelowZero,
  plus,
  times,
  timesRoundedUp,
} from '../../src/domain/exact.ts';

/** Canonical text of up to 18 digits, 14 decimals: products within 40 digits. */
const text = fc
  .tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.integer({ min: 0, max: 14 }))
  .map(([digits, decimals]) => toText(new Decimal(digits.toString()).div(`1e${decimals}`)));
const amount = fc.oneof(
  text,
  fc.constantFrom('0', '1', '-1', '0.5', '-0.000001', '0.000000000001', '999999999999.999999'),
);
const above = amount.filter((value) => decimal(value).gt(0));

describe('exact arithmetic on text', () => {
  test('adds and subtracts as decimal.js does', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(plus(a, b)).toBe(toText(decimal(a).plus(b)));
        expect(minus(a, b)).toBe(toText(decimal(a).minus(b)));
      }),
      { numRuns: 3_000 },
    );
  });

  test('multiplies without rounding', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(times(a, b)).toBe(toText(decimal(a).times(b)));
      }),
      { numRuns: 3_000 },
    );
  });

  test('rounds a product up, never below the exact one', () => {
    fc.assert(
      fc.property(above, above, fc.integer({ min: 0, max: 12 }), (a, b, decimals) => {
        const expected = decimal(a).times(b).toDecimalPlaces(decimals, Decimal.ROUND_UP);
        expect(timesRoundedUp(a, b, decimals)).toBe(toText(expected));
      }),
      { numRuns: 3_000 },
    );
  });

  test('divides half-even to 12 decimals', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        fc.pre(b !== '0');
        const expected = decimal(a).div(b).toDecimalPlaces(12, Decimal.ROUND_HALF_EVEN);
        // With more whole digits decimal.js itself has no 12 decimals left to round half-even.
        fc.pre(expected.abs().lt('1e20'));
        expect(dividedBy(a, b)).toBe(toText(expected));
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ['0.0000000000005', '1', '0'],
    ['0.000000000001', '2', '0'],
    ['0.000000000003', '2', '0.000000000002'],
    ['1', '3', '0.333333333333'],
    ['2', '3', '0.666666666667'],
  ])('%s / %s is %s', (a, b, expected) => {
    expect(dividedBy(a, b)).toBe(expected);
  });

  test('compares, negates and cuts off below zero', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(compare(a, b)).toBe(decimal(a).comparedTo(b));
        expect(negated(a)).toBe(toText(decimal(a).negated().plus(0)));
        expect(notBelowZero(a)).toBe(decimal(a).lt(0) ? '0' : a);
      }),
      { numRuns: 1_000 },
    );
  });
});
