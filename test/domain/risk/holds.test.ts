/** Which hold counts: the strictest that covers an intent and whose time is not over. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  activeHolds,
  ENGINE_CAUSES,
  HOLD_LEVELS,
  type Hold,
  type HoldLevel,
  type Holds,
  holdOn,
  holdOnAll,
  holdText,
  scopeOf,
  scopeOfCause,
} from '../../../src/domain/risk/holds.ts';
import { AT_MS } from '../../support/orders.ts';

const hold = (scope: string, level: HoldLevel, untilMs: number | null = null): Hold => ({
  ...{ scope, level, reason: 'lunch', by: 'Ann', sinceMs: AT_MS - 1, untilMs },
});
const byScope = (...holds: readonly Hold[]): Holds =>
  Object.fromEntries(holds.map((one) => [one.scope, one]));

const here = { marketId: 'rain', strategy: 'test' };

describe('what a hold covers', () => {
  test.each([
    ['all', true],
    ['market:rain', true],
    ['market:snow', false],
    ['strategy:test', true],
    ['strategy:other', false],
    ['market:test', false],
    ['engine:dailyLoss', true],
    ['engine:drawdown', true],
    ['engine:reconciliation', true],
    ['engine:clock', true],
    ['engine:other', false],
  ])('%s covers an order of the strategy test in rain: %s', (scope, covers) => {
    const found = holdOn(byScope(hold(scope, 'paused')), here, AT_MS);
    expect(found?.scope).toBe(covers ? scope : undefined);
  });

  test('only what covers everything is a hold on everything', () => {
    const narrow = byScope(hold('market:rain', 'halted'), hold('strategy:test', 'halted'));
    expect(holdOnAll(narrow, AT_MS)).toBeUndefined();
    for (const cause of ENGINE_CAUSES) {
      const scope = scopeOfCause(cause);
      expect(holdOnAll({ ...narrow, ...byScope(hold(scope, 'paused')) }, AT_MS)?.scope).toBe(scope);
    }
  });

  test('scopes are made of a market, of a strategy, or of nothing', () => {
    expect([scopeOf({}), scopeOf({ marketId: 'm' }), scopeOf({ strategy: 's' })]).toEqual([
      ...['all', 'market:m', 'strategy:s'],
    ]);
  });

  test('a market with the name of a strategy is another scope', () => {
    const holds = byScope(hold(scopeOf({ marketId: 'x' }), 'halted'));
    expect(holdOn(holds, { marketId: 'y', strategy: 'x' }, AT_MS)).toBeUndefined();
  });
});

describe('time', () => {
  test.each([
    [AT_MS - 1, false],
    [AT_MS, false],
    [AT_MS + 1, true],
    [null, true],
  ])('until %s it holds: %s', (untilMs, holds) => {
    const known = byScope(hold('all', 'halted', untilMs));
    expect(holdOnAll(known, AT_MS) !== undefined).toBe(holds);
    expect(holdOn(known, here, AT_MS) !== undefined).toBe(holds);
    expect(activeHolds(known, AT_MS)).toHaveLength(holds ? 1 : 0);
  });

  test('when the strictest is over the next one counts', () => {
    const holds = byScope(hold('all', 'halted', AT_MS), hold('engine:clock', 'paused'));
    expect(holdOn(holds, here, AT_MS - 1)?.level).toBe('halted');
    expect(holdOn(holds, here, AT_MS)?.level).toBe('paused');
  });
});

test('of several that cover an intent none is stricter than the one that counts', () => {
  const scopes = ['all', 'market:rain', 'market:snow', 'strategy:test', 'engine:drawdown'];
  const any = fc.record({
    scope: fc.constantFrom(...scopes),
    level: fc.constantFrom(...HOLD_LEVELS),
    untilMs: fc.option(fc.integer({ min: AT_MS - 1, max: AT_MS + 1 })),
  });
  fc.assert(
    fc.property(fc.array(any), (list) => {
      const holds = byScope(...list.map((one) => hold(one.scope, one.level, one.untilMs)));
      const covering = activeHolds(holds, AT_MS).filter(({ scope }) => scope !== 'market:snow');
      const ranks = covering.map(({ level }) => HOLD_LEVELS.indexOf(level));
      const found = holdOn(holds, here, AT_MS);
      expect(found === undefined ? -1 : HOLD_LEVELS.indexOf(found.level)).toBe(
        Math.max(-1, ...ranks),
      );
    }),
  );
});

test('a person reads level, scope, reason and who', () => {
  expect(holdText(hold('all', 'paused'))).toBe('paused: lunch (by Ann)');
  expect(holdText(hold('market:rain', 'halted'))).toBe('halted for market:rain: lunch (by Ann)');
});

test('active holds are listed by scope, however they came', () => {
  const holds = byScope(
    hold('strategy:b', 'paused'),
    hold('all', 'paused'),
    hold('market:c', 'halted'),
  );
  expect(activeHolds(holds, AT_MS).map(({ scope }) => scope)).toEqual([
    ...['all', 'market:c', 'strategy:b'],
  ]);
});
