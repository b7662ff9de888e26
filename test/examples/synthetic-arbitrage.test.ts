import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { syntheticArbitrage } from '../../examples/synthetic-arbitrage.ts';
import type { StrategyIntent } from '../../src/actors/strategy.ts';
import { decimal, toText } from '../../src/domain/decimal.ts';
import { feeUsd } from '../../src/domain/fees.ts';
import { effectivePrice } from '../../src/domain/order-book.ts';
import { noRain, rain } from '../support/orders.ts';
import { orderView, type StrategyDesk, strategyDesk } from './strategy-desk.ts';

const desk = (options: object = {}): StrategyDesk => strategyDesk(syntheticArbitrage(options));

function offer(on: StrategyDesk, yes: string, no: string, size = '500'): StrategyIntent[] {
  on.show('NO', [[no, size]]);
  return on.book('YES', [[yes, size]]);
}

describe('finding a pair', () => {
  // The fee of each leg is 0.05 x p x (1 - p), about 0.0125 near the middle.
  test.each([
    ['0.5', '0.5', false],
    ['0.48', '0.5', false],
    ['0.47', '0.5', true],
    ['0.9', '0.07', true],
    ['0.94', '0.05', false],
  ])('YES at %s and NO at %s: buys %s', (yes, no, buys) => {
    const orders = offer(desk(), yes, no);
    expect(orders).toHaveLength(buys ? 2 : 0);
  });

  test('both legs are all-or-nothing orders for the same number of shares', () => {
    const [yes, no] = offer(desk(), '0.4', '0.5');
    expect(yes).toMatchObject({ instrument: rain.id, side: 'BUY', price: '0.4', size: '25' });
    expect(no).toMatchObject({ instrument: noRain.id, side: 'BUY', price: '0.5', size: '25' });
    expect([yes?.timeInForce, no?.timeInForce]).toEqual(['FOK', 'FOK']);
    expect(yes?.key).toBe(no?.key?.replace(/NO$/, 'YES'));
  });

  test('it is found from the book of either outcome', () => {
    const either = desk();
    either.show('YES', [['0.4', '500']]);
    expect(either.book('NO', [['0.5', '500']])).toHaveLength(2);
  });

  test('the size is what both books hold, or nothing', () => {
    const thin = desk({ pairShares: '40' });
    thin.show('NO', [['0.5', '11']]);
    expect(thin.book('YES', [['0.4', '500']]).map(({ size }) => size)).toEqual(['10', '10']);
    expect(offer(desk(), '0.4', '0.5', '4')).toEqual([]);
  });

  test('what is bought brings the edge after the fees of every level', () => {
    const level = fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 60 }));
    const asks = fc
      .uniqueArray(level, { selector: ([price]) => price, minLength: 1, maxLength: 5 })
      .map((levels) =>
        levels
          .sort(([a], [b]) => a - b)
          .map(([price, size]): [string, string] => [
            toText(decimal(String(price)).div(100)),
            String(size),
          ]),
      );
    fc.assert(
      fc.property(asks, asks, (yesAsks, noAsks) => {
        const on = desk({ minimumEdge: '0.01' });
        const books = { YES: on.show('YES', yesAsks), NO: on.show('NO', noAsks) };
        const orders = on.book('YES', yesAsks);
        if (orders.length === 0) return;
        const size = decimal(String(orders[0]?.size));
        let cost = decimal('0');
        for (const [index, book] of [books.YES, books.NO].entries()) {
          expect(decimal(String(orders[index]?.size)).eq(size)).toBe(true);
          const limitPrice = decimal(String(orders[index]?.price));
          const walked = effectivePrice(book, 'BUY', { size }, { limitPrice });
          expect(walked.complete).toBe(true);
          for (const taken of walked.levels) {
            cost = cost
              .plus(taken.costUsd)
              .plus(feeUsd(rain.fees, 'taker', taken.price, taken.size));
          }
        }
        expect(size.minus(cost).gte(size.times('0.01'))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('a pair that the account cannot pay for is made smaller or left', () => {
    const poor = desk();
    poor.availableUsd = '15';
    expect(offer(poor, '0.4', '0.5')[0]?.size).toBe('12.5');
    poor.availableUsd = '1';
    expect(offer(poor, '0.4', '0.5')).toEqual([]);
  });
});

describe('bounds', () => {
  test('no second pair while a leg of the first is under way', () => {
    for (const outcome of ['YES', 'NO'] as const) {
      const busy = desk();
      busy.working(outcome, 'BUY');
      expect(offer(busy, '0.4', '0.5')).toEqual([]);
    }
  });

  test('shares in one market are bounded, pairs counted by the lighter leg', () => {
    const full = desk({ maximumShares: '30' });
    full.hold('YES', { size: '20' });
    full.hold('NO', { size: '24' });
    expect(offer(full, '0.4', '0.5')[0]?.size).toBe('10');
    full.hold('YES', { size: '30' });
    full.hold('NO', { size: '30' });
    expect(offer(full, '0.4', '0.5')).toEqual([]);
  });

  test('other markets than the configured ones are left alone', () => {
    expect(offer(desk({ markets: ['snow'] }), '0.4', '0.5')).toEqual([]);
  });

  test('after a leg that did not fill it waits', () => {
    const missed = desk();
    const [yes] = offer(missed, '0.4', '0.5');
    missed.step(
      orderView(rain, 'BUY', 'synthetic-arbitrage', {
        intentKey: String(yes?.key),
        status: 'CANCELLED',
      }),
    );
    expect(offer(missed, '0.4', '0.5')).toEqual([]);
    missed.nowMs += 2_000;
    expect(offer(missed, '0.4', '0.5')).toHaveLength(2);
  });
});

describe('a leg left alone', () => {
  function broken(filledNo: string): StrategyDesk {
    const on = desk();
    const [yes, no] = offer(on, '0.4', '0.5');
    on.show('YES', [['0.4', '500']], [['0.39', '500']]);
    on.step(
      orderView(rain, 'BUY', 'synthetic-arbitrage', {
        intentKey: String(yes?.key),
        status: 'CONFIRMED',
        filledSize: '25',
        closed: true,
      }),
    );
    on.step(
      orderView(noRain, 'BUY', 'synthetic-arbitrage', {
        intentKey: String(no?.key),
        status: filledNo === '0' ? 'CANCELLED' : 'CONFIRMED',
        filledSize: filledNo,
        closed: true,
      }),
    );
    return on;
  }

  test('is sold again, once its shares are settled', () => {
    const on = broken('0');
    on.hold('YES', { size: '25', sellableSize: '0' });
    expect(on.timer()).toEqual([]);
    on.hold('YES', { size: '25' });
    const [sale, ...others] = on.timer();
    expect(others).toEqual([]);
    expect(sale).toMatchObject({ instrument: rain.id, side: 'SELL', price: '0.39', size: '25' });

    on.hold('YES', { size: '0' });
    expect(on.timer()).toEqual([]);
  });

  test.each([
    ['YES', '25', '0', '25'],
    ['NO', '25', '10', '15'],
  ] as const)(
    '%s is sold after a restart, too: holds %s, the other %s, sells %s',
    (outcome, size, other, sold) => {
      const restarted = desk();
      restarted.show('YES', [], [['0.39', '500']]);
      restarted.show('NO', [], [['0.39', '500']]);
      restarted.hold(outcome === 'YES' ? 'NO' : 'YES', { size: other });
      restarted.hold(outcome, { size });
      const id = outcome === 'YES' ? rain.id : noRain.id;
      expect(restarted.timer()).toMatchObject([{ instrument: id, side: 'SELL', size: sold }]);
    },
  );

  test('nothing is sold while an order of either outcome is at work', () => {
    for (const outcome of ['YES', 'NO'] as const) {
      for (const side of ['BUY', 'SELL'] as const) {
        const busy = broken('0');
        busy.hold('YES', { size: '25' });
        busy.working(outcome, side);
        expect(busy.timer()).toEqual([]);
      }
    }
  });

  test('a purchase whose other leg is not told yet sells nothing of an older pair', () => {
    const on = broken('0');
    on.hold('YES', { size: '50', sellableSize: '25' });
    on.hold('NO', { size: '25' });
    expect(on.timer()).toEqual([]);
  });

  test('what an order has reserved, and another market, is left alone', () => {
    const on = broken('0');
    on.hold('YES', { size: '25', reservedShares: '20' });
    expect(on.timer()).toMatchObject([{ size: '5' }]);
    const elsewhere = desk({ markets: ['snow'] });
    elsewhere.show('YES', [], [['0.39', '500']]);
    elsewhere.hold('YES', { size: '25' });
    expect(elsewhere.timer()).toEqual([]);
  });

  test('a whole pair is kept', () => {
    const on = broken('25');
    on.hold('YES', { size: '25' });
    on.hold('NO', { size: '25' });
    expect(on.timer()).toEqual([]);
  });
});
