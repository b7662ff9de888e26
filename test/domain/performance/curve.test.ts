import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCurve } from '../../../src/domain/performance/curve.ts';

const curves = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5_000_000 }), fc.integer({ min: -50, max: 50 })), {
    minLength: 1,
    maxLength: 300,
    size: 'max',
  })
  .map((steps) => {
    let atMs = 1_780_000_000_000;
    return steps.map(([later, equity], number) => {
      atMs += later;
      return { atMs, equityUsd: String(equity), depositsUsd: String(number) };
    });
  });

const extremes = (points: readonly { readonly equityUsd: string }[]) => {
  const values = points.map(({ equityUsd }) => Number(equityUsd));
  return [Math.min(...values), Math.max(...values)];
};

test('a thinned curve keeps the lowest, the highest and the last point, in order', () => {
  fc.assert(
    fc.property(curves, fc.integer({ min: 3, max: 60 }), (all, most) => {
      const curve = createCurve(most);
      for (const point of all) curve.add(point);
      const kept = curve.points();
      expect(kept.length).toBeLessThanOrEqual(most);
      expect(extremes(kept)).toEqual(extremes(all));
      expect(kept.at(-1)).toEqual(all.at(-1));
      // Deposits count the points here: each is one of them, and none comes twice or out of order.
      const numbers = kept.map(({ depositsUsd }) => Number(depositsUsd));
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(numbers.map((number) => all[number])).toEqual(kept);
    }),
  );
});

test('a curve that fits is kept as it is', () => {
  const curve = createCurve(300);
  const all = Array.from({ length: 100 }, (_, n) => ({
    ...{ atMs: 1_000 + n * 5, equityUsd: String(n % 7), depositsUsd: '0' },
  }));
  for (const point of all) curve.add(point);
  expect(curve.points()).toEqual(all);
});
