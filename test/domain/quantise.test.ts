import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, ONE, toText } from '../../src/domain/decimal.ts';
import { InvalidValue } from '../../src/domain/faults.ts';
import {
  isKnownTick,
  isOnTick,
  KNOWN_TICKS,
  quantisePrice,
  quantiseSize,
  tickRule,
} from '../../src/domain/quantise.ts';

describe('isOnTick', () => {
  test.each([
    ['0.5', '0.01', true],
    ['0.50', '0.01', true],
    ['0.505', '0.01', false],
    ['0.505', '0.005', true],
    ['0.5025', '0.0025', true],
    ['0.503', '0.0025', false],
    ['0.999', '0.001', true],
    ['0.9999', '0.001', false],
    ['0.01', '0.01', true],
    ['0.99', '0.01', true],
    ['0', '0.01', false],
    ['1', '0.01', false],
    ['-0.5', '0.01', false],
    ['1.5', '0.01', false],
  ])('%s on a tick of %s: %s', (price, tick, expected) => {
    expect(isOnTick(price, tick)).toBe(expected);
    expect(isOnTick(decimal(price), decimal(tick))).toBe(expected);
  });
});

describe('quantisePrice', () => {
  test.each([
    ['0.527', '0.01', 'BUY', '0.52'],
    ['0.527', '0.01', 'SELL', '0.53'],
    ['0.52', '0.01', 'BUY', '0.52'],
    ['0.52', '0.01', 'SELL', '0.52'],
    ['0.5031', '0.0025', 'BUY', '0.5025'],
    ['0.5031', '0.0025', 'SELL', '0.505'],
    ['0.001', '0.01', 'BUY', '0.01'],
    ['0.999', '0.01', 'SELL', '0.99'],
    ['0.999', '0.01', 'BUY', '0.99'],
    ['0.001', '0.01', 'SELL', '0.01'],
  ] as const)('%s on a tick of %s for a %s becomes %s', (price, tick, side, expected) => {
    expect(toText(quantisePrice(decimal(price), tick, side))).toBe(expected);
  });

  test('lands on the grid, on the passive side, less than one tick away', () => {
    const ticks = fc.constantFrom(...KNOWN_TICKS.map((rule) => rule.tickSize));
    const prices = fc.integer({ min: 1, max: 999_999 }).map((n) => new Decimal(n).div(1_000_000));
    fc.assert(
      fc.property(prices, ticks, (price, tick) => {
        const down = quantisePrice(price, tick, 'BUY');
        const up = quantisePrice(price, tick, 'SELL');
        expect(isOnTick(down, tick) && isOnTick(up, tick)).toBe(true);
        const inside = price.gte(tick) && price.lte(ONE.minus(tick));
        if (!inside) return;
        expect(down.lte(price) && price.minus(down).lt(tick)).toBe(true);
        expect(up.gte(price) && up.minus(price).lt(tick)).toBe(true);
      }),
    );
  });

  test.each(['0', '-0.01', '0.6', '1'])('a tick of %s is refused', (tick) => {
    expect(() => quantisePrice(decimal('0.5'), tick, 'BUY')).toThrow(InvalidValue);
  });
});

test.each([
  ['12.349', '12.34'],
  ['12.34', '12.34'],
  ['0.009', '0'],
])('a size of %s is floored to %s', (size, expected) => {
  expect(toText(quantiseSize(decimal(size)))).toBe(expected);
});

describe('known ticks', () => {
  test.each(KNOWN_TICKS)('a tick of $tickSize carries every product of price and size', (rule) => {
    expect(isKnownTick(rule.tickSize)).toBe(true);
    expect(decimal(rule.tickSize).decimalPlaces()).toBe(rule.priceDecimals);
    expect(rule.amountDecimals).toBe(rule.priceDecimals + 2);
  });

  test('a tick is known by its value, not by its spelling', () => {
    expect(tickRule('0.010')?.amountDecimals).toBe(4);
    expect(tickRule(decimal('0.0025'))?.priceDecimals).toBe(4);
  });

  test.each(['0.02', '1', '0.00001'])('a tick of %s is not known', (tick) => {
    expect(isKnownTick(tick)).toBe(false);
  });
});
