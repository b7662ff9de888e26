import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, ONE, toText } from '../../src/domain/decimal.ts';
import { InvalidValue } from '../../src/domain/faults.ts';
import { FEE_STEP, feeUsd, worstFeeForMoney, worstFeeForShares } from '../../src/domain/fees.ts';
import type { FeeSchedule } from '../../src/domain/instrument.ts';

function schedule(rate: string, exponent = 1, takerOnly = true): FeeSchedule {
  return { rate, exponent, takerOnly };
}

const exponents = fc.constantFrom(0, 0.5, 1, 1.5, 2, 3, 5);
const rates = fc.constantFrom('0.03', '0.05', '0.07', '0.000001', '1');
const ticks = fc.constantFrom('0.1', '0.01', '0.005', '0.0025');
const sizes = fc.integer({ min: 1, max: 10_000_000_000 }).map((n) => new Decimal(n).div(1_000_000));
/** A tick with one price of its grid, as (tick, number of ticks). */
const gridPrices = ticks.chain((tick) =>
  fc
    .integer({ min: 1, max: ONE.div(tick).toNumber() - 1 })
    .map((steps) => ({ tick: decimal(tick), price: decimal(tick).times(steps) })),
);

/** Every price of the grid in [from, to]. */
function grid(tick: Decimal, from: Decimal, to: Decimal): Decimal[] {
  const prices: Decimal[] = [];
  for (let price = from; price.lte(to); price = price.plus(tick)) prices.push(price);
  return prices;
}

/** Cuts a whole into parts by weights; the last part takes what is left. */
function cut(whole: Decimal, weights: readonly number[]): Decimal[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const parts = weights
    .slice(1)
    .map((weight) => whole.times(weight).div(total).toDecimalPlaces(6, Decimal.ROUND_DOWN));
  return [...parts, whole.minus(Decimal.sum(0, ...parts))].filter((part) => part.gt(0));
}

describe('feeUsd', () => {
  test.each([
    ['is largest at even odds', '0.05', '0.5', '100', '1.25'],
    ['falls towards the edges', '0.05', '0.9', '100', '0.45'],
    ['is the same for p and 1 - p', '0.05', '0.1', '100', '0.45'],
    ['rounds the sixth decimal up', '0.05', '0.13', '25', '0.14138'],
    ['is at least one step', '0.05', '0.01', '0.01', '0.00001'],
    ['adds no step to an exact fee', '0.04', '0.5', '0.001', '0.00001'],
    ['is zero without a rate', '0', '0.5', '100', '0'],
    ['is zero at a rate of 0.000', '0.000', '0.5', '100', '0'],
  ])('a taker fee %s', (_what, rate, price, size, fee) => {
    expect(toText(feeUsd(schedule(rate), 'taker', decimal(price), decimal(size)))).toBe(fee);
  });

  test.each([
    [0, '5'],
    [0.5, '2'],
    [1, '0.8'],
    [1.5, '0.32'],
    [2, '0.128'],
    [5, '0.00053'],
  ])('exponent %d bends the curve: 100 shares at 0.2 cost %s', (exponent, fee) => {
    const actual = feeUsd(schedule('0.05', exponent), 'taker', decimal('0.2'), decimal('100'));
    expect(toText(actual)).toBe(fee);
  });

  test('a maker pays nothing where only takers pay, and the taker fee where not', () => {
    const [price, size] = [decimal('0.5'), decimal('100')];
    expect(toText(feeUsd(schedule('0.05', 1, true), 'maker', price, size))).toBe('0');
    expect(toText(feeUsd(schedule('0.05', 1, false), 'maker', price, size))).toBe('1.25');
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])(
    'an exponent of %d is refused',
    (exponent) => {
      const bad = schedule('0.05', exponent);
      const half = decimal('0.5');
      expect(() => feeUsd(bad, 'taker', half, ONE)).toThrow(InvalidValue);
      expect(() => worstFeeForShares(bad, 'BUY', half, half, ONE)).toThrow(InvalidValue);
      expect(() => worstFeeForMoney(bad, half, half, ONE)).toThrow(InvalidValue);
    },
  );

  test('a fee never lies under the formula, and less than one step above it', () => {
    fc.assert(
      fc.property(
        rates,
        fc.constantFrom(0, 1, 2, 3),
        gridPrices,
        sizes,
        (rate, exponent, at, size) => {
          const exact = size.times(rate).times(at.price.times(ONE.minus(at.price)).pow(exponent));
          const over = feeUsd(schedule(rate, exponent), 'taker', at.price, size).minus(exact);
          expect(over.gte(0) && over.lt(FEE_STEP)).toBe(true);
        },
      ),
    );
  });
});

describe('worstFeeForShares', () => {
  test('is the largest fee of any price that the order may trade at', () => {
    fc.assert(
      fc.property(
        rates,
        exponents,
        gridPrices,
        sizes,
        fc.constantFrom('BUY' as const, 'SELL' as const),
        (rate, exponent, { tick, price: limit }, size, side) => {
          const fees = schedule(rate, exponent);
          const prices =
            side === 'BUY' ? grid(tick, tick, limit) : grid(tick, limit, ONE.minus(tick));
          const largest = Decimal.max(...prices.map((p) => feeUsd(fees, 'taker', p, size)));
          expect(toText(worstFeeForShares(fees, side, limit, tick, size))).toBe(toText(largest));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('each further fill adds at most one step', () => {
    fc.assert(
      fc.property(
        rates,
        exponents,
        gridPrices,
        sizes,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
        (rate, exponent, { tick, price: limit }, size, weights) => {
          const fees = schedule(rate, exponent);
          const bound = worstFeeForShares(fees, 'BUY', limit, tick, size);
          const prices = grid(tick, tick, limit);
          const parts = cut(size, weights);
          const paid = parts.map((part, index) =>
            feeUsd(fees, 'taker', prices.at(-1 - (index % prices.length)) ?? limit, part),
          );
          const allowed = bound.plus(FEE_STEP.times(parts.length - 1));
          expect(Decimal.sum(...paid).lte(allowed)).toBe(true);
        },
      ),
    );
  });

  test('nothing is reserved where there are no fees', () => {
    const worst = worstFeeForShares(schedule('0'), 'BUY', decimal('0.5'), decimal('0.01'), ONE);
    expect(worst.isZero()).toBe(true);
  });
});

describe('worstFeeForMoney', () => {
  test.each([0, 0.5, 1])('exponent %d: a dollar is dearest at the lowest price', (exponent) => {
    const fees = schedule('0.05', exponent);
    const worst = worstFeeForMoney(fees, decimal('0.9'), decimal('0.01'), ONE);
    const atOneTick = feeUsd(fees, 'taker', decimal('0.01'), decimal('100'));
    expect(toText(worst)).toBe(toText(atOneTick));
  });

  test('exponent 2: a dollar is dearest at a third, or at the limit below that', () => {
    const fees = schedule('0.05', 2);
    const tick = decimal('0.01');
    // 0.05 x q x (1 - q)^2: 4/27 at q = 1/3, and 0.2 x 0.64 at q = 0.2.
    expect(toText(worstFeeForMoney(fees, decimal('0.9'), tick, ONE))).toBe('0.00741');
    expect(toText(worstFeeForMoney(fees, decimal('0.2'), tick, ONE))).toBe('0.0064');
  });

  test('bounds the fee at every price, and each further fill adds at most one step', () => {
    fc.assert(
      fc.property(
        rates,
        exponents,
        gridPrices,
        fc.integer({ min: 100, max: 1_000_000 }).map((cents) => new Decimal(cents).div(100)),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
        (rate, exponent, { tick, price: worstPrice }, amountUsd, weights) => {
          const fees = schedule(rate, exponent);
          const bound = worstFeeForMoney(fees, worstPrice, tick, amountUsd);
          const spend = (money: Decimal, price: Decimal) =>
            feeUsd(fees, 'taker', price, money.div(price).toDecimalPlaces(6, Decimal.ROUND_DOWN));
          const prices = grid(tick, tick, worstPrice);
          for (const price of prices) expect(spend(amountUsd, price).lte(bound)).toBe(true);
          const parts = cut(amountUsd, weights);
          const paid = parts.map((part, index) =>
            spend(part, prices[index % prices.length] ?? tick),
          );
          const allowed = bound.plus(FEE_STEP.times(parts.length - 1));
          expect(Decimal.sum(...paid).lte(allowed)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
