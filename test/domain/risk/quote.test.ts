/** What the book says of an intent: walked to the end of its size. */
import { describe, expect, test } from 'vitest';
import type { Intent } from '../../../src/domain/intent.ts';
import type { BookSnapshot } from '../../../src/domain/market-data.ts';
import { quoteOf } from '../../../src/domain/risk/quote.ts';
import { AT_MS, intent, rain } from '../../support/orders.ts';

type Level = readonly [price: string, size: string];

function book(bids: readonly Level[], asks: readonly Level[]): BookSnapshot {
  const level = ([price, size]: Level) => ({ price, size });
  return {
    ...{ instrumentId: rain.id, atMs: AT_MS, tickSize: rain.tickSize },
    ...{ bids: bids.map(level), asks: asks.map(level) },
  };
}

const shown = book(
  [
    ['0.48', '10'],
    ['0.46', '10'],
  ],
  [
    ['0.5', '10'],
    ['0.52', '10'],
  ],
);

const fak = (over: Partial<Intent> = {}) => intent({ timeInForce: 'FAK', ...over });
const market = (over: Partial<Intent> = {}) => fak({ type: 'market', price: '0.99', ...over });
const byMoney = (amountUsd: string): Intent => {
  const { size: _shares, ...rest } = market();
  return { ...rest, amountUsd };
};
const slippageOf = (asked: Intent, from = shown) => quoteOf(asked, from, 0).slippageBps;

describe('walking', () => {
  test.each([
    ['10', '0.5', '0'],
    // (10 x 0.5 + 5 x 0.52) / 15 = 0.506667
    ['15', '0.506666666667', '133.34'],
    ['20', '0.51', '200'],
  ])('a market BUY of %s pays %s on average: %s basis points', (size, expectedPrice, bps) => {
    expect(quoteOf(market({ size }), shown, 7)).toEqual({
      ...{ bid: '0.48', ask: '0.5', feedAgeMs: 7, takes: true },
      ...{ slippageBps: bps, expectedPrice },
    });
  });

  test('a market SELL walks the bids', () => {
    const sell = market({ side: 'SELL', price: '0.01', size: '20' });
    // 0.47 is 1/48 below 0.48.
    expect(quoteOf(sell, shown, 0)).toMatchObject({ slippageBps: '208.34', expectedPrice: '0.47' });
  });

  test('by money the dollars are walked', () => {
    // 5 dollars buy 10 at 0.5, 5.2 more buy 10 at 0.52.
    expect(slippageOf(byMoney('5'))).toBe('0');
    expect(quoteOf(byMoney('10.2'), shown, 0)).toMatchObject({
      ...{ slippageBps: '200', expectedPrice: '0.51' },
    });
  });

  test('a limit is what it refers to; what lies beyond it shows how far the size is away', () => {
    expect(slippageOf(fak({ price: '0.5', size: '20' }))).toBe('200');
    expect(slippageOf(fak({ price: '0.5', size: '20', timeInForce: 'FOK' }))).toBe('200');
    expect(slippageOf(fak({ price: '0.51', size: '20' }))).toBe('0');
  });

  test('a better price than it refers to is none', () => {
    expect(slippageOf(fak({ price: '0.6' }))).toBe('0');
    expect(slippageOf(fak({ side: 'SELL', price: '0.4' }))).toBe('0');
  });

  test('a limit that the book does not reach is as far away as its best price', () => {
    // 0.5 is 0.1 above 0.4.
    expect(slippageOf(fak({ price: '0.4' }))).toBe('2500');
  });

  test('a part of a hundredth of a basis point counts as one', () => {
    const fine = book(
      [],
      [
        ['0.5', '100000'],
        ['0.51', '1'],
      ],
    );
    expect(slippageOf(market({ size: '100001' }), fine)).toBe('0.01');
  });
});

describe('infinite', () => {
  test.each([
    ['more shares than there are', market({ size: '20.01' })],
    ['more dollars than there are', byMoney('10.21')],
    ['all or nothing of more than there is', fak({ timeInForce: 'FOK', size: '20.01' })],
  ])('%s', (_name, asked) => {
    expect(quoteOf(asked, shown, 0)).toMatchObject({
      ...{ takes: true, slippageBps: 'infinite', expectedPrice: null },
    });
  });

  test('a book without that side', () => {
    expect(slippageOf(market(), book([['0.48', '10']], []))).toBe('infinite');
    expect(slippageOf(market({ side: 'SELL' }), book([], [['0.5', '10']]))).toBe('infinite');
  });

  test('no book at all', () => {
    expect(quoteOf(market(), undefined, null)).toEqual({
      ...{ bid: null, ask: null, feedAgeMs: null, takes: true },
      ...{ slippageBps: 'infinite', expectedPrice: null },
    });
  });
});

describe('what rests', () => {
  test.each([
    ['below the ask', 'BUY', '0.49', false],
    ['at the ask', 'BUY', '0.5', true],
    ['above the ask', 'BUY', '0.51', true],
    ['above the bid', 'SELL', '0.49', false],
    ['at the bid', 'SELL', '0.48', true],
    ['below the bid', 'SELL', '0.47', true],
  ] as const)('%s: a %s at %s takes at once: %s', (_name, side, price, takes) => {
    for (const timeInForce of ['GTC', 'GTD'] as const) {
      expect(quoteOf(intent({ side, price, timeInForce }), shown, 0)).toMatchObject({
        ...{ takes, slippageBps: null, expectedPrice: null },
      });
    }
  });

  test('where nobody offers it takes nothing', () => {
    expect(quoteOf(intent(), undefined, 0)).toMatchObject({ takes: false, slippageBps: null });
    expect(quoteOf(intent(), book([['0.48', '1']], []), 0)).toMatchObject({ takes: false });
  });
});
