/** When a rule strikes: every part of it must hold. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';
import { createRandom } from '../../../src/adapters/random.ts';
import { InvalidValue } from '../../../src/domain/faults.ts';
import { createFaultSet, type Situation } from '../../../src/sandbox/faults/fault-set.ts';
import type { FaultInput } from '../../../src/sandbox/faults/rules.ts';

function faultSet(random: () => number = () => 0.5) {
  const clock = createVirtualClock(1_000);
  const conditionOf = (name: string, place: string) => {
    if (name === 'rain') return '0xrain';
    throw new InvalidValue(place, name, 'rain');
  };
  return { clock, faults: createFaultSet({ clock, random, conditionOf }) };
}

const order = { route: 'POST /order', group: 'orders', conditionIds: ['0xrain'], orders: [3] };

test.each<[FaultInput, Situation, boolean]>([
  [{ kind: 'error' }, order, true],
  [{ kind: 'error', route: 'POST /order' }, order, true],
  [{ kind: 'error', route: 'POST /orders' }, order, false],
  [{ kind: 'error', route: 'any' }, { ...order, group: 'other' }, true],
  [{ kind: 'error', route: 'cancels' }, order, false],
  [{ kind: 'error', market: 'rain' }, order, true],
  [{ kind: 'error', market: 'rain' }, { ...order, conditionIds: ['0xsun'] }, false],
  [{ kind: 'error', market: 'rain' }, { route: 'POST /order', group: 'orders' }, false],
  [{ kind: 'error', order: 3 }, order, true],
  [{ kind: 'error', order: 2 }, order, false],
  [{ kind: 'error', probability: 0.51 }, order, true],
  [{ kind: 'error', probability: 0.5 }, order, false],
  [{ kind: 'html' }, order, false],
  [{ kind: 'error', skip: 1 }, order, false],
  [{ kind: 'error', fromMs: 1 }, order, false],
  [{ kind: 'error', forMs: 0 }, order, false],
])('%j in %j: %s', (rule, situation, isStruck) => {
  const { faults } = faultSet();
  const handle = faults.add(rule);
  expect(faults.strike(['error'], situation) !== undefined).toBe(isStruck);
  expect(handle.hits).toBe(isStruck ? 1 : 0);
});

test('a rule lasts from its beginning to its end, and for as many hits as it has', async () => {
  const { clock, faults } = faultSet();
  faults.add({ kind: 'error', fromMs: 100, forMs: 50, count: 2 });
  faults.add({ kind: 'html', fromMs: 100, forMs: 50 });
  const struck: string[] = [];
  for (const atMs of [99, 100, 120, 130, 149, 150]) {
    await clock.advanceTo(1_000 + atMs);
    for (const kind of ['error', 'html'] as const) {
      if (faults.strike([kind], order) !== undefined) struck.push(`${kind} ${atMs}`);
    }
  }
  expect(struck).toEqual([
    'error 100',
    'html 100',
    'error 120',
    'html 120',
    'html 130',
    'html 149',
  ]);
});

test('a rule that is removed does not strike; the next one that fits does', () => {
  const { faults } = faultSet();
  const first = faults.add({ kind: 'error', error: 'one' });
  faults.add({ kind: 'error', error: 'two' });
  expect(faults.strike(['error'], order)?.rule.error).toBe('one');
  first.remove();
  expect(faults.strike(['error'], order)?.rule.error).toBe('two');
  expect(faults.list()).toHaveLength(1);
});

test('a share of matches is struck, the same ones for the same seed', () => {
  const struck = (seed: string) => {
    const { faults } = faultSet(createRandom(seed).next);
    faults.add({ kind: 'error', probability: 0.3 });
    return Array.from({ length: 1_000 }, () => faults.strike(['error'], order) !== undefined);
  };
  expect(struck('a')).toEqual(struck('a'));
  const share = struck('a').filter(Boolean).length;
  expect(share).toBeGreaterThan(250);
  expect(share).toBeLessThan(350);
});

describe('rules from outside', () => {
  test('any JSON is a rule or an invalid value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { faults } = faultSet();
        try {
          faults.read(value);
        } catch (fault) {
          expect(fault).toBeInstanceOf(InvalidValue);
        }
      }),
    );
  });

  test('the thousand and first rule is refused', () => {
    const { faults } = faultSet();
    for (let count = 0; count < 1_000; count += 1) faults.add({ kind: 'html' });
    expect(() => faults.add({ kind: 'html' })).toThrow('1000 fault rules');
  });
});
