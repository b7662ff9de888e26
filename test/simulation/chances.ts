/** Seeded chance, one stream for each purpose: more draws for one shift no other. */
import { createRandom } from '../../src/adapters/random.ts';

export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** True with this probability. */
  hits(probability: number): boolean;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
  /** One of the keys, by weight. */
  weighed<K extends string>(weights: Readonly<Record<K, number>>): K;
}

export function createChance(seed: string, purpose: string): Chance {
  const { next } = createRandom(`${seed}/${purpose}`);

  function between(low: number, high: number): number {
    return low + Math.floor(next() * (high - low + 1));
  }

  return {
    next,
    hits: (probability) => next() < probability,
    between,
    pick(from) {
      const found = from[between(0, from.length - 1)];
      if (found === undefined) throw new Error('Nothing to pick from.');
      return found;
    },
    weighed<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries(weights) as [K, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        left -= weight;
        if (left < 0) return key;
      }
      const last = entries.at(-1);
      if (last === undefined) throw new Error('Nothing to weigh.');
      return last[0];
    },
  };
}
