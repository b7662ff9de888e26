import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LevelBook,
  levelSize,
  MAX_LEVELS_A_SIDE,
  priceKey,
} from '../../../src/adapters/marketdata/level-book.ts';
import { Decimal } from '../../../src/domain/decimal.ts';
import { InvalidValue } from '../../../src/domain/faults.ts';

const HEAD = { instrumentId: 'paper:m:YES', atMs: 1, tickSize: '0.01' };

describe('prices and sizes', () => {
  test.each([
    ['0.5', '500000'],
    ['.48', '480000'],
    ['0.480', '480000'],
    ['0.000001', '000001'],
    ['0.9999990', '999999'],
  ])('price %s is compared as %s', (price, key) => {
    expect(priceKey(price)).toBe(key);
  });

  test.each([
    '0',
    '1',
    '0.0',
    '1.0',
    '-0.5',
    '5',
    '',
    '0.',
    '1e-2',
    ' 0.5',
    '0.0000001',
    'NaN',
    0.5,
    null,
  ])('price %j is refused', (price) => {
    expect(() => priceKey(price, 'here')).toThrow(InvalidValue);
    expect(() => priceKey(price, 'here')).toThrow(/^here: /);
  });

  test.each(['0', '10', '0.5', '.5', '1.123456', '12.1000000'])('size %s is taken', (size) => {
    expect(levelSize(size)).toBe(size);
  });

  test.each(['-1', '', '.', '5.', '1e3', '1.1234567', 'Infinity', '1'.repeat(25), 7, undefined])(
    'size %j is refused',
    (size) => {
      expect(() => levelSize(size)).toThrow(InvalidValue);
    },
  );
});

describe('LevelBook', () => {
  test('levels come best first whatever the order of the source', () => {
    const book = new LevelBook();
    book.replace(
      [
        { price: '0.47', size: '1' },
        { price: '.49', size: '2' },
        { price: '0.48', size: '3' },
      ],
      [
        { price: '0.6', size: '4' },
        { price: '0.51', size: '5' },
      ],
    );
    const { bids, asks } = book.snapshot(HEAD);
    expect(bids.map((level) => level.price)).toEqual(['.49', '0.48', '0.47']);
    expect(asks.map((level) => level.price)).toEqual(['0.51', '0.6']);
    expect(book.best.bid).toEqual({ price: '.49', size: '2' });
    expect(book.best.ask).toEqual({ price: '0.51', size: '5' });
  });

  test('a size is absolute, zero deletes, and another spelling of a price is the same level', () => {
    const book = new LevelBook();
    expect(book.set('BUY', '0.5', '10')).toBe(true);
    expect(book.set('BUY', '0.50', '12')).toBe(true);
    expect(book.snapshot(HEAD).bids).toEqual([{ price: '0.50', size: '12' }]);
    expect(book.set('BUY', '0.50', '12')).toBe(false);
    expect(book.set('BUY', '0.6', '0')).toBe(false);
    expect(book.set('BUY', '.5', '0.00')).toBe(true);
    expect(book.best).toEqual({ bid: undefined, ask: undefined });
  });

  test('a snapshot is frozen, shared until something changes, and then left as it was', () => {
    const book = new LevelBook();
    book.set('SELL', '0.6', '1');
    const before = book.snapshot(HEAD);
    expect(book.snapshot({ ...HEAD })).toBe(before);
    expect(Object.isFrozen(before) && Object.isFrozen(before.asks)).toBe(true);
    expect(before.asks.every((level) => Object.isFrozen(level))).toBe(true);
    book.set('BUY', '0.5', '1');
    const after = book.snapshot(HEAD);
    expect(before.bids).toEqual([]);
    expect(after.bids).toHaveLength(1);
    expect(after.asks).toBe(before.asks);
    expect(book.snapshot({ ...HEAD, atMs: 2 }).atMs).toBe(2);
  });

  test('a bad level leaves the whole book as it was', () => {
    const book = new LevelBook();
    book.replace([{ price: '0.4', size: '1' }], []);
    const bad = [{ price: '0.5', size: 'x' }];
    expect(() => book.replace([{ price: '0.3', size: '1' }], bad)).toThrow(/^asks\[0\]\.size: /);
    expect(book.snapshot(HEAD).bids).toEqual([{ price: '0.4', size: '1' }]);
  });

  test('replace names the levels that moved', () => {
    const book = new LevelBook();
    book.replace(
      [
        { price: '0.4', size: '1' },
        { price: '0.3', size: '1' },
      ],
      [{ price: '0.6', size: '1' }],
    );
    const moved = book.replace([{ price: '0.4', size: '1' }], [{ price: '0.6', size: '2' }]);
    expect(moved).toEqual(['300000', '600000']);
  });

  test('the text of the hash runs from the worst level to the best on both sides', () => {
    const book = new LevelBook();
    for (const price of ['0.4', '0.3']) book.set('BUY', price, '1');
    for (const price of ['0.6', '0.7']) book.set('SELL', price, '2');
    expect(book.sideText('BUY')).toBe('[{"price":"0.3","size":"1"},{"price":"0.4","size":"1"}]');
    expect(book.sideText('SELL')).toBe('[{"price":"0.7","size":"2"},{"price":"0.6","size":"2"}]');
    book.replace([], []);
    expect(book.sideText('BUY')).toBe('[]');
  });

  test('a side has a bound on its levels', () => {
    const book = new LevelBook();
    const many = Array.from({ length: MAX_LEVELS_A_SIDE + 1 }, (_, index) => ({
      price: `0.${String(index + 1).padStart(6, '0')}`,
      size: '1',
    }));
    expect(() => book.replace(many, [])).toThrow(InvalidValue);
    book.replace(many.slice(0, -1), []);
    expect(() => book.set('BUY', '0.9', '1')).toThrow(InvalidValue);
    expect(book.set('BUY', '0.000001', '2')).toBe(true);
  });

  test('any run of changes ends as in a plain map', () => {
    const change = fc.record({
      side: fc.constantFrom('BUY' as const, 'SELL' as const),
      ticks: fc.integer({ min: 1, max: 40 }),
      size: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const book = new LevelBook();
        const twin = { BUY: new Map<string, string>(), SELL: new Map<string, string>() };
        for (const { side, ticks, size } of changes) {
          const price = new Decimal(ticks).div(100).toFixed();
          book.set(side, price, String(size));
          if (size === 0) twin[side].delete(price);
          else twin[side].set(price, String(size));
        }
        const sorted = (side: 'BUY' | 'SELL', sign: number): object[] =>
          [...twin[side]]
            .map(([price, size]) => ({ price, size }))
            .sort((left, right) => sign * new Decimal(left.price).cmp(right.price));
        const { bids, asks } = book.snapshot(HEAD);
        expect(bids).toEqual(sorted('BUY', -1));
        expect(asks).toEqual(sorted('SELL', 1));
      }),
    );
  });
});
