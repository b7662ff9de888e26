/** When it is told how far a limit is in use: once on the way up, and again only after it was calm. */
import { describe, expect, test } from 'vitest';
import {
  accountUsages,
  exposureUsages,
  type LimitLevels,
  MAX_LEVELS,
  openOrderUsage,
  takeUsages,
  type Usage,
} from '../../../src/domain/risk/limit-levels.ts';
import { limits } from './facts.ts';

const usage = (used: string, over: Partial<Usage> = {}): Usage => ({
  ...{ limit: 'maxTotalUsd', subject: null, used, cap: '100' },
  ...over,
});

/** What is told of one limit as its use goes through these figures. */
function told(...path: string[]): string[] {
  let levels: LimitLevels = {};
  return path.map((used) => {
    const step = takeUsages(levels, [usage(used)]);
    levels = step.levels;
    return step.met.map(({ level }) => level).join() || '-';
  });
}

describe('one limit', () => {
  test.each([
    ['the boundaries', ['79.99', '80', '99.99', '100'], ['-', 'approached', '-', 'breached']],
    ['at once to the top', ['0', '150'], ['-', 'breached']],
    ['up and down near it', ['80', '75', '85', '70', '81'], ['approached', '-', '-', '-', '-']],
    ['calm in between', ['80', '69.99', '80'], ['approached', '-', 'approached']],
    ['breached, then less, then again', ['100', '90', '100'], ['breached', '-', '-']],
    ['breached, calm, breached', ['100', '1', '100'], ['breached', '-', 'breached']],
  ])('%s', (_name, path, said) => {
    expect(told(...path)).toEqual(said);
  });

  test('of nothing is met by nothing', () => {
    expect(takeUsages({}, [usage('0', { cap: '0' })]).met).toMatchObject([{ level: 'breached' }]);
  });
});

test('each market has a level of its own', () => {
  const ofMarket = (subject: string, used: string) =>
    usage(used, { limit: 'maxMarketUsd', subject });
  const first = takeUsages({}, [ofMarket('rain', '80'), ofMarket('snow', '10')]);
  expect(first.levels).toEqual({ 'maxMarketUsd:rain': 'approached' });
  const second = takeUsages(first.levels, [ofMarket('rain', '80'), ofMarket('snow', '100')]);
  expect(second.met).toEqual([{ level: 'breached', usage: ofMarket('snow', '100') }]);
});

test('where nothing is new the levels are the same object', () => {
  const levels: LimitLevels = { maxTotalUsd: 'approached' };
  expect(takeUsages(levels, [usage('85')]).levels).toBe(levels);
});

test('no more are kept than a bound; those beyond it are told each time', () => {
  const full = Object.fromEntries(
    Array.from({ length: MAX_LEVELS }, (_, n) => [`maxMarketUsd:${n}`, 'approached'] as const),
  );
  const step = takeUsages(full, [usage('100')]);
  expect(step.levels).toBe(full);
  expect(step.met).toHaveLength(1);
});

test('only limits that are set are looked at', () => {
  const of = { marketId: 'rain', eventId: null };
  const held = { marketUsd: '1', eventUsd: null, totalUsd: '2' };
  expect(exposureUsages(limits({}), of, held, '1')).toEqual([]);
  const all = limits({ maxMarketUsd: '10', maxEventUsd: '10', maxTotalUsd: '10' });
  expect(exposureUsages(all, of, held, '1')).toEqual([
    { limit: 'maxMarketUsd', subject: 'rain', used: '2', cap: '10' },
    { limit: 'maxTotalUsd', subject: null, used: '3', cap: '10' },
  ]);
  expect(openOrderUsage(4, 5)).toEqual(usage('4', { limit: 'maxOpenOrders', cap: '5' }));
});

test.each([
  ['a loss', '-3', '3'],
  ['a gain', '3', '0'],
])('%s of the day', (_name, dayPnlUsd, used) => {
  const facts = { dayPnlUsd, drawdownPct: '4', limits: limits({ dailyLossUsd: '5' }) };
  expect(accountUsages(facts)).toMatchObject([{ limit: 'dailyLossUsd', used, cap: '5' }]);
});

test('a drawdown is looked at once it is known', () => {
  const capped = { dayPnlUsd: '0', limits: limits({ maxDrawdownPct: '10' }) };
  expect(accountUsages({ ...capped, drawdownPct: null })).toEqual([]);
  expect(accountUsages({ ...capped, drawdownPct: '9' })).toMatchObject([{ used: '9', cap: '10' }]);
});
