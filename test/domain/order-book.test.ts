import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, toText } from '../../src/domain/decimal.ts';
import { InvalidValue } from '../../src/domain/faults.ts';
import type { BookLevel, BookSnapshot } from '../../src/domain/market-data.ts';
import {
  bestAsk,
  bestBid,
  type EffectivePrice,
  effectivePrice,
  midPrice,
} from '../../src/domain/order-book.ts';

type Rows = readonly (readonly [price: string, size: string])[];

function book(bids: Rows, asks: Rows): BookSnapshot {
  const levels = (rows: Rows): BookLevel[] => rows.map(([price, size]) => ({ price, size }));
  return {
    instrumentId: 'paper:m1:YES',
    atMs: 1_000,
    bids: levels(bids),
    asks: levels(asks),
    tickSize: '0.01',
  };
}

function asText(walk: EffectivePrice) {
  return {
    complete: walk.complete,
    filled: toText(walk.filledSize),
    cost: toText(walk.costUsd),
    average: walk.averagePrice && toText(walk.averagePrice),
    worst: walk.worstPrice && toText(walk.worstPrice),
    levels: walk.levels.length,
  };
}

const usual = book(
  [
    ['0.50', '100'],
    ['0.48', '50'],
  ],
  [
    ['0.52', '30'],
    ['0.55', '70'],
    ['0.60', '10.5'],
  ],
);
const empty = book([], []);

describe('the top of the book', () => {
  test('best prices, and their middle are exact', () => {
    const top = [bestBid(usual), bestAsk(usual), midPrice(usual)];
    expect(top.map((value) => value && toText(value))).toEqual(['0.5', '0.52', '0.51']);
    expect(midPrice(book([['0.01', '1']], [['0.98', '1']]))?.toFixed()).toBe('0.495');
  });

  test('an empty side has no best price and no middle', () => {
    const oneSided = book([['0.5', '1']], []);
    expect(bestBid(oneSided)?.toFixed()).toBe('0.5');
    expect([bestAsk(oneSided), midPrice(oneSided)]).toEqual(Array(2).fill(undefined));
  });
});

describe('effectivePrice', () => {
  test.each([
    ['BUY', { size: '30' }, undefined, true, '30', '15.6', '0.52', '0.52', 1],
    ['BUY', { size: '50' }, undefined, true, '50', '26.6', '0.532', '0.55', 2],
    ['BUY', { size: '200' }, undefined, false, '110.5', '60.4', '0.546606334842', '0.6', 3],
    ['BUY', { size: '110.5' }, undefined, true, '110.5', '60.4', '0.546606334842', '0.6', 3],
    ['BUY', { amountUsd: '60.4' }, undefined, true, '110.5', '60.4', '0.546606334842', '0.6', 3],
    ['BUY', { size: '50' }, '0.54', false, '30', '15.6', '0.52', '0.52', 1],
    ['BUY', { size: '50' }, '0.55', true, '50', '26.6', '0.532', '0.55', 2],
    ['BUY', { size: '50' }, '0.51', false, '0', '0', undefined, undefined, 0],
    ['SELL', { size: '120' }, undefined, true, '120', '59.6', '0.496666666666', '0.48', 2],
    ['SELL', { size: '120' }, '0.49', false, '100', '50', '0.5', '0.5', 1],
    ['BUY', { amountUsd: '15.6' }, undefined, true, '30', '15.6', '0.52', '0.52', 1],
    ['BUY', { amountUsd: '10' }, undefined, true, '19.230769', '9.99999988', '0.52', '0.52', 1],
    ['BUY', { amountUsd: '26.6' }, undefined, true, '50', '26.6', '0.532', '0.55', 2],
    ['BUY', { amountUsd: '1000' }, undefined, false, '110.5', '60.4', '0.546606334842', '0.6', 3],
  ] as const)(
    '%s %j within %s',
    (side, target, limit, complete, filled, cost, average, worst, levels) => {
      const asked =
        'size' in target
          ? { size: decimal(target.size) }
          : { amountUsd: decimal(target.amountUsd) };
      const limits = limit === undefined ? {} : { limitPrice: decimal(limit) };
      expect(asText(effectivePrice(usual, side, asked, limits))).toEqual({
        complete,
        filled,
        cost,
        average,
        worst,
        levels,
      });
    },
  );

  test('an average is rounded against us: up for a BUY, down for a SELL', () => {
    const thirds: Rows = [
      ['0.5', '1'],
      ['0.4', '2'],
    ];
    const sell = effectivePrice(book(thirds, []), 'SELL', { size: decimal('3') });
    const buy = effectivePrice(book([], [...thirds].reverse()), 'BUY', { size: decimal('3') });
    expect(sell.averagePrice?.toFixed()).toBe('0.433333333333');
    expect(buy.averagePrice?.toFixed()).toBe('0.433333333334');
  });

  test('nothing fills on an empty book', () => {
    const walk = effectivePrice(empty, 'BUY', { size: decimal('1') });
    expect(asText(walk)).toMatchObject({ complete: false, filled: '0', levels: 0 });
  });

  test('money that runs out exactly at a level stops there', () => {
    const walk = effectivePrice(usual, 'BUY', { amountUsd: decimal('54.1') });
    expect(asText(walk)).toMatchObject({ complete: true, filled: '100', levels: 2 });
  });

  test.each([
    ['BUY', { size: decimal('0') }],
    ['SELL', { size: decimal('-1') }],
    ['BUY', { amountUsd: decimal('0') }],
    ['SELL', { amountUsd: decimal('5') }],
  ] as const)('%s %j is refused', (side, target) => {
    expect(() => effectivePrice(usual, side, target)).toThrow(InvalidValue);
  });

  const asks = fc
    .uniqueArray(
      fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 9_000_000 })),
      {
        selector: ([price]) => price,
        maxLength: 8,
      },
    )
    .map((rows) =>
      rows
        .sort(([left], [right]) => left - right)
        .map(
          ([price, size]) => [String(price / 100), toText(new Decimal(size).div(10_000))] as const,
        ),
    );
  const amounts = fc.integer({ min: 1, max: 90_000_000 }).map((n) => new Decimal(n).div(10_000));

  /** What stands in the asks at `limitPrice` or better, summed on its own. */
  function depthOf(rows: Rows, limitPrice: Decimal) {
    const near = rows.filter(([price]) => limitPrice.gte(price));
    return {
      size: Decimal.sum(0, ...near.map(([, size]) => size)),
      costUsd: Decimal.sum(0, ...near.map(([price, size]) => new Decimal(price).times(size))),
    };
  }

  test('by size: fills the smaller of what is asked and what is there', () => {
    fc.assert(
      fc.property(asks, amounts, fc.integer({ min: 1, max: 99 }), (rows, size, limit) => {
        const limitPrice = new Decimal(limit).div(100);
        const shown = book([], rows);
        const depth = depthOf(rows, limitPrice);
        const walk = effectivePrice(shown, 'BUY', { size }, { limitPrice });
        expect(toText(walk.filledSize)).toBe(toText(Decimal.min(size, depth.size)));
        expect(walk.complete).toBe(depth.size.gte(size));
        expect(walk.costUsd.lte(depth.costUsd)).toBe(true);
        expect(walk.worstPrice?.lte(limitPrice) ?? true).toBe(true);
      }),
    );
  });

  test('by money: never overspends, and leaves less than a millionth of a share unbought', () => {
    fc.assert(
      fc.property(asks, amounts, (rows, amountUsd) => {
        const shown = book([], rows);
        const walk = effectivePrice(shown, 'BUY', { amountUsd });
        const left = amountUsd.minus(walk.costUsd);
        expect(left.gte(0)).toBe(true);
        expect(walk.complete).toBe(depthOf(rows, decimal('1')).costUsd.gte(amountUsd));
        if (walk.complete) expect(left.lt('0.000001')).toBe(true);
        const cost = walk.levels.map((level) => level.price.times(level.size));
        expect(toText(walk.costUsd)).toBe(toText(Decimal.sum(0, ...cost)));
        for (const level of walk.levels) expect(level.size.decimalPlaces()).toBeLessThanOrEqual(6);
      }),
    );
  });
});
