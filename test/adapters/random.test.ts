import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/adapters/random.ts';
import { InvalidValue } from '../../src/domain/faults.ts';

const take = (next: () => number, count: number): number[] => Array.from({ length: count }, next);

describe('createRandom', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    expect(take(createRandom('a').next, 20)).toEqual(take(createRandom('a').next, 20));
    expect(take(createRandom('a').next, 20)).not.toEqual(take(createRandom('b').next, 20));
    expect(take(createRandom(7).next, 5)).toEqual(take(createRandom('7').next, 5));
  });

  test('a restored state goes on where it was read', () => {
    const random = createRandom(1);
    take(random.next, 100);
    const state = random.state();
    const rest = take(random.next, 100);
    const other = createRandom('whatever');
    other.restore(state);
    expect(take(other.next, 100)).toEqual(rest);
  });

  test('numbers lie in [0, 1) and fill it evenly', () => {
    const bins = new Array<number>(10).fill(0);
    for (const value of take(createRandom('even').next, 20_000)) {
      expect(value >= 0 && value < 1).toBe(true);
      const bin = Math.floor(value * 10);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    // Five standard deviations (about 42 each) around 2,000; the seed is fixed.
    for (const count of bins) expect(Math.abs(count - 2000)).toBeLessThan(212);
  });

  test.each([
    '',
    'x',
    '1-2-3-4',
    '00000000-00000000-00000000',
    '0000000G-00000000-00000000-00000000',
  ])('state %j is refused', (text) => {
    expect(() => createRandom(1).restore(text)).toThrow(InvalidValue);
  });
});
