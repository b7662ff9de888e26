import { describe, expect, test } from 'vitest';
import { DEFAULT_EXIT_PLAN } from '../../../src/domain/exits/default-plan.ts';
import { parseExitPlan } from '../../../src/domain/exits/parse-exit-plan.ts';
import { InvalidValue } from '../../../src/domain/faults.ts';

const stop = { id: 'stop', kind: 'stopLoss', price: '0.90' };

function parsed(rule: Record<string, unknown>, over: Record<string, unknown> = {}) {
  return parseExitPlan({ name: 'p', rules: [rule], ...over });
}

describe('an exit plan', () => {
  test('is whole: what is left out is filled in, and prices lose their trailing zeros', () => {
    expect(parseExitPlan({ name: 'p', rules: [stop] })).toEqual({
      name: 'p',
      rules: [{ id: 'stop', kind: 'stopLoss', price: '0.9', fromAgeMs: 0, percent: '100' }],
      trigger: 'bid',
      maxPriceAgeMs: 60_000,
      onScaleIn: 'keep',
      ladder: {
        offers: [
          { kind: 'limit', ticksAboveBid: 0, postOnly: false },
          { kind: 'cross', ticksAboveBid: 0, postOnly: false },
          { kind: 'fak', ticksAboveBid: 0, postOnly: false },
        ],
        waitMs: 30_000,
        worstPrice: '0.0001',
        restMs: 30_000,
      },
    });
  });

  test('is JSON: read back from its own text it is the same', () => {
    const whole = JSON.parse(JSON.stringify(DEFAULT_EXIT_PLAN));
    expect(parseExitPlan(whole)).toEqual(DEFAULT_EXIT_PLAN);
  });

  test('is not a shared secret: nobody can change it afterwards', () => {
    const plan = parseExitPlan({ name: 'p', rules: [stop] });
    expect([plan, plan.rules, plan.rules[0], plan.ladder, plan.ladder.offers[0]]).toSatisfy(
      (parts: object[]) => parts.every((part) => Object.isFrozen(part)),
    );
  });

  test.each([
    ['no object', 5, 'exitPlan: got 5'],
    ['no rules', { name: 'p' }, 'exitPlan.rules'],
    ['a rule that is none', { name: 'p', rules: [7] }, 'exitPlan.rules[0]: got 7'],
    ['a kind that is none', { name: 'p', rules: [{ id: 'a', kind: 'stop' }] }, 'rules[0].kind'],
    ['an id twice', { name: 'p', rules: [stop, stop] }, 'exitPlan.rules[1].id'],
    ['too many rules', { name: 'p', rules: Array(21).fill(stop) }, 'exitPlan.rules'],
    ['an unknown field', { name: 'p', rules: [stop], extra: 1 }, 'exitPlan.extra'],
    ['a name with an invisible character', { name: 'a\u200bb', rules: [] }, 'exitPlan.name'],
  ])('%s is refused', (_what, input, message) => {
    expect(() => parseExitPlan(input)).toThrow(InvalidValue);
    expect(() => parseExitPlan(input)).toThrow(message);
  });

  test.each([
    ['price', { price: 0.9 }],
    ['price', { price: '1' }],
    ['price', { price: '9e-1' }],
    ['price', { price: 'x' }],
    ['lossUsd', { price: undefined, lossUsd: '0' }],
    ['lossPercent', { price: undefined, lossPercent: '101' }],
    ['percent', { percent: '0' }],
    ['percent', { percent: '100.1' }],
    ['percent', { percent: 50 }],
    ['worstPrice', { worstPrice: '0' }],
    ['fromAgeMs', { fromAgeMs: -1 }],
    ['untilAgeMs', { fromAgeMs: 5, untilAgeMs: 5 }],
    ['trigger', { trigger: 'ask' }],
    ['gainUsd', { gainUsd: '0.1' }],
    ['group', { group: '' }],
  ])('a stop with a bad %s is refused at its place', (field, change) => {
    const rule = Object.fromEntries(
      Object.entries({ ...stop, ...change }).filter(([, value]) => value !== undefined),
    );
    expect(() => parsed(rule)).toThrow(`exitPlan.rules[0].${field}`);
  });

  test.each([
    [{ id: 'a', kind: 'profitTarget' }, 'price, gainUsd, gainPercent'],
    [{ id: 'a', kind: 'stopLoss', price: '0.5', lossUsd: '0.1' }, 'price, lossUsd, lossPercent'],
    [{ id: 'a', kind: 'trailingStop', activatePrice: '0.9' }, 'trailUsd, trailPercent'],
    [{ id: 'a', kind: 'timeExit' }, 'a time exit needs its time'],
  ])('a rule without its one level is refused: %j', (rule, message) => {
    expect(() => parsed(rule)).toThrow(message);
  });

  test.each([
    [{ offers: [] }, 'ladder.offers'],
    [{ offers: [{ kind: 'market' }] }, 'ladder.offers[0].kind'],
    [{ offers: [{ kind: 'cross', postOnly: true }] }, 'ladder.offers[0].postOnly'],
    [{ offers: [{ kind: 'fak', ticksAboveBid: 1 }] }, 'ladder.offers[0].ticksAboveBid'],
    [{ waitMs: 999 }, 'ladder.waitMs'],
    [{ restMs: 0 }, 'ladder.restMs'],
    [{ worstPrice: 0.5 }, 'ladder.worstPrice'],
  ])('a bad ladder is refused: %j', (ladder, message) => {
    expect(() => parsed(stop, { ladder })).toThrow(`exitPlan.${message}`);
  });

  test('every kind of rule passes with all its fields', () => {
    const common = { fromAgeMs: 1, untilAgeMs: 9, percent: '25.5', group: 'g', worstPrice: '0.2' };
    const rules = [
      { id: 'a', kind: 'holdToResolution', fromAgeMs: 1, untilAgeMs: 9 },
      { id: 'b', kind: 'profitTarget', ...common, gainPercent: '250', trigger: 'mark' },
      { id: 'c', kind: 'stopLoss', ...common, lossUsd: '0.05', trigger: 'bid' },
      { id: 'd', kind: 'trailingStop', ...common, trailPercent: '5', activatePrice: '0.97' },
      { id: 'e', kind: 'timeExit', ...common, atMs: 1_800_000_000_000 },
    ];
    expect(parseExitPlan({ name: 'all', rules }).rules).toEqual(rules);
  });
});
