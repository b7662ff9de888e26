import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buyHighProbability } from '../../examples/buy-high-probability.ts';
import { decimal, toText } from '../../src/domain/decimal.ts';
import { InvalidValue } from '../../src/domain/faults.ts';
import { KNOWN_TICKS } from '../../src/domain/quantise.ts';
import { type StrategyDesk, strategyDesk } from './strategy-desk.ts';

const desk = (options: object = {}): StrategyDesk => strategyDesk(buyHighProbability(options));

describe('entry', () => {
  test.each([
    ['0.84', false],
    ['0.85', true],
    ['0.9', true],
    ['0.95', true],
    ['0.96', false],
    ['0.9501', false],
  ])('offered at %s: buys %s', (ask, buys) => {
    const [order] = desk().book('YES', [[ask, '500']]);
    expect(order?.price).toBe(buys ? ask : undefined);
    if (buys) expect(order).toMatchObject({ side: 'BUY', size: '20', timeInForce: 'GTD' });
  });

  test('the price is never above 0.95, whatever book, tick and options', () => {
    const ticks = KNOWN_TICKS.map(({ tickSize }) => tickSize);
    const price = fc
      .integer({ min: 1, max: 9_999 })
      .map((n) => toText(decimal(String(n)).div(10_000)));
    fc.assert(
      fc.property(price, price, fc.constantFrom(...ticks), (ask, maximum, tickSize) => {
        let strategy: ReturnType<typeof buyHighProbability>;
        try {
          strategy = buyHighProbability({ minimumPrice: '0.0001', maximumPrice: maximum });
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValue);
          expect(decimal(maximum).gt('0.95')).toBe(true);
          return;
        }
        for (const order of strategyDesk(strategy, { tickSize }).book('YES', [[ask, '500']])) {
          const paid = decimal(String(order.price));
          expect(paid.lte('0.95') && paid.lte(maximum)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('no second order while one is pending on either side of the outcome', () => {
    for (const side of ['BUY', 'SELL'] as const) {
      const busy = desk();
      busy.working('YES', side);
      expect(busy.book('YES', [['0.9', '500']])).toEqual([]);
    }
  });

  test('never both outcomes of a market', () => {
    const holding = desk();
    holding.hold('NO', { size: '20' });
    expect(holding.book('YES', [['0.9', '500']])).toEqual([]);
    const buying = desk();
    buying.working('NO', 'BUY');
    expect(buying.book('YES', [['0.9', '500']])).toEqual([]);
  });

  test('buys only what is missing, and nothing that is too small to order', () => {
    const part = desk();
    part.hold('YES', { size: '12' });
    expect(part.book('YES', [['0.9', '500']])[0]?.size).toBe('8');
    part.hold('YES', { size: '17' });
    expect(part.book('YES', [['0.9', '500']])).toEqual([]);
  });

  test('a market that it has left is entered again only when told to', () => {
    for (const reenter of [false, true]) {
      const left = desk({ reenter });
      left.hold('YES', { size: '0' });
      expect(left.book('YES', [['0.9', '500']])).toHaveLength(reenter ? 1 : 0);
    }
  });

  test('other markets than the configured ones are left alone', () => {
    expect(desk({ markets: ['snow'] }).book('YES', [['0.9', '500']])).toEqual([]);
    expect(desk({ markets: ['rain'] }).book('YES', [['0.9', '500']])).toHaveLength(1);
  });

  test.each(['DENIED', 'REJECTED'])('after %s it waits before it asks again', (status) => {
    const refused = desk();
    refused.step({ ...refused.working('YES', 'BUY'), status });
    expect(refused.book('YES', [['0.9', '500']])).toEqual([]);
    refused.nowMs += 10_000;
    expect(refused.book('YES', [['0.9', '500']])).toHaveLength(1);
  });
});

describe('exit', () => {
  const options = { targetPrice: '0.98', stopPrice: '0.7' };

  test('offers settled shares at the target, and only once', () => {
    const holding = desk(options);
    holding.hold('YES', { size: '20', sellableSize: '15', reservedShares: '0' });
    const [order] = holding.book('YES', [['0.97', '9']], [['0.96', '9']]);
    expect(order).toMatchObject({ side: 'SELL', price: '0.98', size: '15', timeInForce: 'GTC' });
    holding.working('YES', 'SELL');
    expect(holding.book('YES', [['0.97', '9']], [['0.96', '9']])).toEqual([]);
  });

  test('without a target it holds', () => {
    const holding = desk();
    holding.hold('YES', { size: '20' });
    expect(holding.book('YES', [['0.99', '9']], [['0.98', '9']])).toEqual([]);
  });

  test('at the stop it cancels what rests, then sells what is free at the bid', () => {
    const falling = desk(options);
    falling.hold('YES', { size: '20', reservedShares: '20' });
    const resting = falling.working('YES', 'SELL');
    const fall = () => falling.book('YES', [['0.72', '9']], [['0.7', '9']]);
    expect(fall()).toEqual([]);
    expect(falling.cancelled).toEqual([resting.clientOrderId]);

    falling.step({ ...resting, execution: 'cancelling.requesting' });
    expect(fall()).toEqual([]);
    expect(falling.cancelled).toHaveLength(1);

    falling.step({ ...resting, status: 'CANCELLED', execution: 'cancelled' });
    falling.hold('YES', { size: '20', reservedShares: '0' });
    expect(fall()).toMatchObject([{ side: 'SELL', price: '0.7', size: '20', timeInForce: 'FAK' }]);
  });
});

test.each([
  [{ maximumPrice: '0.96' }, 'options.maximumPrice'],
  [{ maximumprice: '0.9' }, 'options.maximumprice'],
  [{ MaximumPrice: '0.99' }, 'options.MaximumPrice'],
  [{ minimumPrice: '0.95', maximumPrice: '0.9' }, 'options.minimumPrice'],
  [{ targetPrice: '0.9' }, 'options.targetPrice'],
  [{ stopPrice: '0.85' }, 'options.stopPrice'],
  [{ sizeShares: '1.001' }, 'options.sizeShares'],
  [{ entryLifeMs: 5 }, 'options.entryLifeMs'],
  [[], 'options'],
])('options %j are refused at %s', (options, place) => {
  expect(() => buyHighProbability(options)).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ place }) }),
  );
});
