import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIds } from '../../src/adapters/ids.ts';

/** The part that sorts: the kinds have prefixes of their own. */
const body = (id: string): string => id.slice(4);

test.each([
  ['order', 'ord_'],
  ['batch', 'bat_'],
  ['trade', 'trd_'],
  ['venueOrder', 'vor_'],
] as const)('an id of kind %s is %s and 26 characters of base 32', (kind, prefix) => {
  const id = createIds({ clock: { now: () => 1_790_000_000_000 } }).next(kind);
  expect(id.startsWith(prefix)).toBe(true);
  expect(body(id)).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
});

test('ids of one source only grow, over kinds, milliseconds and a clock that is set back', () => {
  const kinds = fc.constantFrom('order' as const, 'batch' as const, 'trade' as const);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(kinds, fc.integer({ min: -3, max: 3 })), { minLength: 2 }),
      fc.constantFrom(0, 0.5, 1 - 2 ** -32),
      (steps, chance) => {
        let nowMs = 1_790_000_000_000;
        const ids = createIds({ clock: { now: () => nowMs }, random: () => chance });
        const made = steps.map(([kind, passedMs]) => {
          nowMs += passedMs;
          return body(ids.next(kind));
        });
        expect(made).toEqual([...new Set(made)].sort());
      },
    ),
  );
});

test('the time of an id can be read from its first ten characters', () => {
  const ids = createIds({ clock: { now: () => 1_469_918_176_385 } });
  expect(body(ids.next('order')).slice(0, 10)).toBe('01ARYZ6S41');
});

describe('a seeded source', () => {
  test('gives the same ids again', () => {
    const make = (): string[] => {
      let state = 3;
      const random = (): number => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      };
      const ids = createIds({ clock: { now: () => 5 }, random });
      return [ids.next('order'), ids.next('trade'), ids.next('order')];
    };
    expect(make()).toEqual(make());
  });

  test('two sources without a seed never share an id', () => {
    const made = Array.from({ length: 50 }, () =>
      createIds({ clock: { now: () => 5 } }).next('order'),
    );
    expect(new Set(made).size).toBe(50);
  });
});
