import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VisibleBook } from '../../../../src/adapters/venues/paper/visible-book.ts';
import { decimal, toText, ZERO } from '../../../../src/domain/decimal.ts';
import type { BookSnapshot } from '../../../../src/domain/market-data.ts';

function book(asks: readonly (readonly [string, string])[]): BookSnapshot {
  return {
    instrumentId: 'paper:x:YES',
    atMs: 1,
    bids: [],
    asks: asks.map(([price, size]) => ({ price, size })),
    tickSize: '0.01',
  };
}

/** What a BUY of plenty would still get at each level. */
function left(visible: VisibleBook): string[] {
  const { takes } = visible.plan('BUY', decimal('0.99'), { size: decimal('1000000') });
  return takes.map((take) => `${toText(take.size)}@${toText(take.price)}`);
}

function take(visible: VisibleBook, size: string): void {
  visible.consume('BUY', visible.plan('BUY', decimal('0.99'), { size: decimal(size) }).takes);
}

test.each([
  {
    rule: 'an unchanged level shows the same shares, of which ours are gone',
    shown: '100',
    is: ['40@0.5'],
  },
  { rule: 'shares that are added are new', shown: '150', is: ['90@0.5'] },
  { rule: 'of a smaller level ours stay gone', shown: '70', is: ['10@0.5'] },
  { rule: 'a level smaller than what we took has nothing left', shown: '50', is: [] },
])('after taking 60 of 100: $rule', ({ shown, is }) => {
  const visible = new VisibleBook();
  visible.replace(book([['0.5', '100']]));
  take(visible, '60');
  visible.replace(book([['0.5', shown]]));
  expect(left(visible)).toEqual(is);
});

test('what we took shrinks with the level, so that a refill is ours to take', () => {
  const visible = new VisibleBook();
  visible.replace(book([['0.5', '100']]));
  take(visible, '60');
  visible.replace(book([['0.5', '20']]));
  visible.replace(book([['0.5', '100']]));
  expect(left(visible)).toEqual(['80@0.5']);
});

test('a level that left the book and comes back is new', () => {
  const visible = new VisibleBook();
  visible.replace(book([['0.5', '100']]));
  take(visible, '60');
  visible.replace(book([['0.6', '5']]));
  visible.replace(book([['0.5', '100']]));
  expect(left(visible)).toEqual(['100@0.5']);
});

test('a plan never exceeds the shown shares, the limit, the wish or the money', () => {
  const cents = fc.integer({ min: 1, max: 99 }).map((value) => decimal(String(value)).div(100));
  const amount = fc.integer({ min: 1, max: 9_999 }).map((value) => decimal(String(value)).div(100));
  const levels = fc.uniqueArray(fc.tuple(cents, amount), {
    selector: ([price]) => toText(price),
    maxLength: 6,
  });
  fc.assert(
    fc.property(levels, cents, amount, fc.boolean(), (shown, limit, wish, byMoney) => {
      const visible = new VisibleBook();
      const sorted = shown.toSorted(([a], [b]) => a.comparedTo(b));
      visible.replace(book(sorted.map(([price, size]) => [toText(price), toText(size)])));
      const wanted = byMoney ? { amountUsd: wish } : { size: wish };
      const { takes, complete } = visible.plan('BUY', limit, wanted);
      const size = takes.reduce((sum, one) => sum.plus(one.size), ZERO);
      const cost = takes.reduce((sum, one) => sum.plus(one.size.times(one.price)), ZERO);
      expect((byMoney ? cost : size).lte(wish)).toBe(true);
      for (const one of takes) {
        expect(one.price.lte(limit)).toBe(true);
        expect(one.size.decimalPlaces()).toBeLessThanOrEqual(6);
        expect(one.size.lte(sorted.find(([price]) => price.eq(one.price))?.[1] ?? ZERO)).toBe(true);
      }
      if (complete && !byMoney) expect(size.eq(wish)).toBe(true);
      // Money is spent down to less than a millionth of a share at the dearest price.
      if (complete && byMoney) expect(wish.minus(cost).lt('0.000001')).toBe(true);
      if (!complete) {
        const within = sorted.filter(([price]) => price.lte(limit));
        const all = within.reduce((sum, [, shares]) => sum.plus(shares), ZERO);
        expect(toText(size)).toBe(toText(all));
      }
    }),
  );
});
