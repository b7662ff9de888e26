import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bps,
  Decimal,
  decimal,
  parseDecimal,
  price,
  shares,
  toText,
  usd,
} from '../../src/domain/decimal.ts';
import { InvalidValue } from '../../src/domain/faults.ts';

describe('decimal text', () => {
  test.each([
    ['0.50', '0.5'],
    ['100', '100'],
    ['-0', '0'],
    ['0.0000000001', '0.0000000001'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('%s is kept as %s, in plain notation', (given, kept) => {
    expect(toText(decimal(given))).toBe(kept);
  });

  test('reads back as the same number', () => {
    const digits = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
    fc.assert(
      fc.property(digits, fc.nat({ max: 12 }), (whole, places) => {
        const value = new Decimal(whole.toString()).div(new Decimal(10).pow(places));
        expect(decimal(toText(value)).eq(value)).toBe(true);
        expect(toText(value)).not.toContain('e');
      }),
    );
  });

  test('a product of two amounts of 20 digits is exact', () => {
    const product = decimal('99999999999999.999999').times('99999999999999.999999');
    expect(toText(product)).toBe('9999999999999999999800000000.000000000001');
  });
});

describe('parseDecimal', () => {
  test.each([['0.5'], ['.5'], ['00.5'], ['-3.'], ['12']])('reads %j', (text) => {
    expect(parseDecimal(text, 'here', 'a number').eq(Number(text))).toBe(true);
  });

  test.each([
    [''],
    [' 0.5'],
    ['0.5 '],
    ['0.5\n'],
    ['.'],
    ['1e3'],
    ['0x1'],
    ['1,5'],
    ['1_000'],
    ['Infinity'],
    ['NaN'],
    ['--1'],
    ['0.1234567'],
    ['1'.repeat(61)],
    [0.5],
    [5n],
    [null],
    [undefined],
    [{}],
    [new Decimal(Number.NaN)],
    [new Decimal('0.1234567')],
  ])('refuses %o', (value) => {
    expect(() => parseDecimal(value, 'here', 'a number')).toThrow(InvalidValue);
  });
});

test.each([
  ['a price', price, '0.5', ['0', '1', '-0.5', '1.01']],
  ['a number of shares', shares, '0.000001', ['0', '-1']],
  ['an amount', usd, '100', ['0', '-1']],
  ['basis points', bps, '0', ['-1']],
] as const)('%s keeps to its range', (_what, read, good, bad) => {
  expect(toText(read(good))).toBe(good);
  for (const text of bad) expect(() => read(text, 'config.x')).toThrow(/^config\.x: got/);
});
