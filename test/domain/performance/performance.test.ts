import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, toText } from '../../../src/domain/decimal.ts';
import { minus } from '../../../src/domain/exact.ts';
import { createCalendar } from '../../../src/domain/performance/calendar.ts';
import { lastFillMark } from '../../../src/domain/performance/open-positions.ts';
import type { Performance } from '../../../src/domain/performance/performance.ts';
import type { PerformanceTotals } from '../../../src/domain/performance/tally.ts';
import { applyLeg, emptyPosition, voidLeg } from '../../../src/domain/position.ts';
import {
  byInstrument,
  naiveEquity,
  naiveRealized,
  performanceLeg,
  performanceOf,
  START_MS,
  type Story,
  stories,
  sum,
  told,
} from './performance.twin.ts';

const counted = (story: Story): Story => ({
  ...story,
  legs: story.legs.filter(({ voided }) => !voided),
});

/** What adds up over the parts of a report. */
const ADDITIVE = [
  ...(['fills', 'exits', 'wins', 'volumeUsd', 'feesUsd', 'closedShares', 'costUsd'] as const),
  ...(['realizedPnl', 'netPnl', 'closedFeesUsd'] as const),
];
const sums = (parts: readonly PerformanceTotals[]) =>
  Object.fromEntries(ADDITIVE.map((key) => [key, sum(parts.map((part) => String(part[key])))]));

/** What was made, seen from the parts, and from the money. */
function bothSides({ totals, start, end }: Performance): readonly [string, string] {
  const made = sum([totals.realizedPnl, end.unrealizedPnl ?? 'NaN']);
  const parts = sum([made, `-${totals.feesUsd}`, minus('0', start.unrealizedPnl ?? 'NaN')]);
  const grown = minus(end.equityUsd ?? 'NaN', start.equityUsd ?? 'NaN');
  return [parts, minus(grown, minus(end.depositsUsd, start.depositsUsd))];
}

describe('the identities of a report', () => {
  test('realised and unrealised PnL less fees is equity less deposits, at any mark', () => {
    const marks = fc.func(fc.integer({ min: 0, max: 1_000 }));
    fc.assert(
      fc.property(stories, marks, (story, mark) => {
        const report = told(counted(story)).result(({ instrumentId }) => ({
          ...{ price: toText(decimal(String(mark(instrumentId))).div(1_000)), atMs: START_MS },
        }));
        const [parts, money] = bothSides(report);
        expect(parts).toBe(money);
      }),
    );
  });

  test('equity and PnL are those of the slow twin', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const legs = counted(story).legs;
        const report = performanceOf(counted(story));
        const realized = naiveRealized(legs);
        expect(report.end.equityUsd).toBe(naiveEquity(counted(story)));
        expect(report.totals.realizedPnl).toBe(sum([...realized.values()]));
        for (const { name, realizedPnl, feesUsd } of report.strategies) {
          const own = legs.filter(({ strategy }) => strategy === name);
          expect(realizedPnl).toBe(sum(own.map(({ key }) => realized.get(key) ?? 'NaN')));
          expect(feesUsd).toBe(sum(own.map((leg) => leg.feeUsd)));
        }
        for (const exit of report.exits) expect(exit.realizedPnl).toBe(realized.get(exit.legKey));
      }),
    );
  });

  test('they are those of the engine, to which legs came late and failed later', () => {
    const arrivals = stories.chain((story) =>
      fc.tuple(
        fc.constant(story),
        fc.shuffledSubarray([...story.legs], { minLength: story.legs.length }),
      ),
    );
    fc.assert(
      fc.property(arrivals, ([story, arrival]) => {
        const report = performanceOf(counted(story));
        const failed = new Set(story.legs.flatMap(({ key, voided }) => (voided ? [key] : [])));
        const folds = [...byInstrument(arrival).values()].map((legs) => {
          const open = legs.map(({ reason: _, ...leg }) => ({ ...leg, settled: false }));
          const all = open.reduce(applyLeg, emptyPosition());
          return open.filter(({ key }) => failed.has(key)).reduce(voidLeg, all).totals;
        });
        expect(report.totals.realizedPnl).toBe(sum(folds.map((totals) => totals.realizedPnl)));
        expect(report.totals.feesUsd).toBe(sum(folds.map((totals) => totals.feesUsd)));
        expect(sum(report.positions.map(({ costUsd }) => costUsd))).toBe(
          sum(folds.map((totals) => totals.costBasis)),
        );
        // Cash as the ledger has it: every booking of a leg, and its reversal.
        const cash = folds.map((totals) => minus(totals.cashFlowUsd, totals.feesUsd));
        expect(report.end.cashUsd).toBe(sum([report.end.depositsUsd, ...cash]));
      }),
    );
  });

  test('the parts are the whole: strategies, markets, days', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { totals, strategies, markets, days } = performanceOf(counted(story));
        for (const parts of [strategies, markets, days])
          expect(sums(parts)).toEqual(sums([totals]));
      }),
    );
  });

  test('two periods are one: each stands on what the one before left', () => {
    fc.assert(
      fc.property(stories, fc.integer({ min: -1, max: 42 }), (story, step) => {
        const cutMs = START_MS + step * 7_200_000;
        const whole = performanceOf(counted(story));
        const first = performanceOf(counted(story), { toMs: cutMs });
        const second = performanceOf(counted(story), { fromMs: cutMs });
        expect(sums([first.totals, second.totals])).toEqual(sums([whole.totals]));
        expect(second.start).toEqual(first.end);
        expect(second.end).toEqual(whole.end);
        expect([...first.exits, ...second.exits]).toEqual(whole.exits);
        for (const period of [first, second]) {
          const [parts, money] = bothSides(period);
          expect(parts).toBe(money);
        }
      }),
    );
  });

  test('fees are in exits or in what is open, to the last decimal', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { totals, exits, positions } = performanceOf(counted(story));
        const parts = [...exits, ...positions].map(({ feesUsd }) => feesUsd);
        expect(sum(parts)).toBe(totals.feesUsd);
      }),
    );
  });

  test('the curve is equity after every movement', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { deposits, legs } = counted(story);
        const { curve, movements, end } = performanceOf({ deposits, legs });
        expect(movements).toBe(deposits.length + legs.length);
        expect(curve.at(-1)?.equityUsd ?? '0').toBe(end.equityUsd);
        for (const { atMs } of curve) {
          const until = {
            deposits: deposits.filter((one) => one.atMs <= atMs),
            legs: legs.filter((one) => one.matchedAtMs <= atMs),
          };
          const last = curve.filter((point) => point.atMs === atMs).at(-1);
          expect(last?.equityUsd).toBe(naiveEquity(until));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('an exit', () => {
  const HOUR_MS = 3_600_000;
  const at = (hours: number) => ({ matchedAtMs: START_MS + hours * HOUR_MS });

  test('takes its share of entry price, entry fees and entry time, and is the closing order’s', () => {
    const legs = [
      performanceLeg(1, { ...at(0), price: '0.4', size: '30', feeUsd: '0.3' }),
      performanceLeg(2, { ...at(2), price: '0.6', size: '10', feeUsd: '0.1' }),
      performanceLeg(3, {
        ...at(4),
        ...{ strategy: 'beta', side: 'SELL', price: '0.7', size: '20', feeUsd: '0.05' },
        reason: 'takes the profit',
      }),
    ];
    const { exits, strategies, positions } = performanceOf({ deposits: [], legs });
    expect(exits).toEqual([
      {
        ...{ legKey: legs[2]?.key, strategy: 'beta', marketId: 'rain', direction: 'LONG' },
        ...{ instrumentId: 'paper:rain:YES', size: '20', entryPrice: '0.45', exitPrice: '0.7' },
        ...{ costUsd: '9', realizedPnl: '5', feesUsd: '0.25', netPnl: '4.75' },
        ...{ openedAtMs: START_MS, closedAtMs: START_MS + 4 * HOUR_MS, holdMs: 3.5 * HOUR_MS },
        reason: 'takes the profit',
      },
    ]);
    expect(strategies).toMatchObject([
      { name: 'alpha', fills: 2, exits: 0, winRatePct: null, roiPct: null, openPositions: 1 },
      {
        name: 'beta',
        fills: 1,
        exits: 1,
        winRatePct: '100',
        roiPct: '55.5556',
        netRoiPct: '52.7778',
      },
    ]);
    // 20 shares are left, which cost 0.45 and whose last fill was at 0.7.
    expect(positions).toMatchObject([
      { feesUsd: '0.2', unrealizedPnl: '5', strategies: ['alpha'] },
    ]);
  });

  test('of what an earlier exit left has the same mean entry', () => {
    const legs = [
      performanceLeg(1, { ...at(0), size: '30' }),
      performanceLeg(2, { ...at(2), size: '10' }),
      performanceLeg(3, { ...at(4), side: 'SELL', size: '20' }),
      performanceLeg(4, { ...at(5), side: 'SELL', size: '15' }),
      performanceLeg(5, { ...at(6), size: '5' }),
      performanceLeg(6, { ...at(8), side: 'SELL', size: '10' }),
      performanceLeg(7, { ...at(9), size: '1' }),
      performanceLeg(8, { ...at(10), side: 'SELL', size: '1' }),
    ];
    const { exits, totals } = performanceOf({ deposits: [], legs });
    // 5 shares of the mean 0.5 and 5 of 6; then flat, and begun anew.
    const hours = exits.map(({ holdMs }) => holdMs / HOUR_MS);
    expect(hours).toEqual([3.5, 4.5, 4.75, 1]);
    expect(exits.map(({ openedAtMs }) => (openedAtMs - START_MS) / HOUR_MS)).toEqual([0, 0, 0, 9]);
    expect(totals.holdMs).toBe(Math.round(((3.5 * 20 + 4.5 * 15 + 4.75 * 10 + 1) / 46) * HOUR_MS));
  });

  test('is a win only when something is left after the fees of both sides', () => {
    const sells = ['0.504', '0.505', '0.496'];
    const legs = sells.flatMap((price, index) => [
      performanceLeg(2 * index, { price: '0.5', feeUsd: '0.02' }),
      performanceLeg(2 * index + 1, { side: 'SELL', price, feeUsd: '0.02' }),
    ]);
    const { totals, exits } = performanceOf({ deposits: [], legs });
    expect(exits.map(({ netPnl }) => netPnl)).toEqual(['0', '0.01', '-0.08']);
    expect(totals).toMatchObject({ exits: 3, wins: 1, winRatePct: '33.33', netPnl: '-0.07' });
  });

  test('that crosses zero closes what was held; the rest opens with its part of the fee', () => {
    const legs = [
      performanceLeg(1, { price: '0.4', size: '10' }),
      performanceLeg(2, { side: 'SELL', price: '0.6', size: '40', feeUsd: '0.4' }),
      performanceLeg(3, { side: 'BUY', price: '0.5', size: '30', feeUsd: '0' }),
    ];
    const { exits, positions } = performanceOf({ deposits: [], legs });
    expect(exits).toMatchObject([
      { direction: 'LONG', size: '10', realizedPnl: '2', feesUsd: '0.1', costUsd: '4' },
      { direction: 'SHORT', size: '30', realizedPnl: '3', feesUsd: '0.3', costUsd: '18' },
    ]);
    expect(positions).toEqual([]);
  });

  test('is kept while it is among the newest', () => {
    const legs = Array.from({ length: 40 }, (_, number) =>
      performanceLeg(number, { side: number % 2 === 0 ? 'BUY' : 'SELL' }),
    );
    const { exits, totals } = performanceOf({ deposits: [], legs }, { mostExits: 3 });
    expect(totals.exits).toBe(20);
    expect(exits.map(({ legKey }) => legKey)).toEqual([35, 37, 39].map((n) => legs[n]?.key));
  });
});

describe('what is open', () => {
  test('without a mark is unknown, and so is every sum that it is in; never 0', () => {
    const legs = [
      performanceLeg(1),
      performanceLeg(2, { instrumentId: 'paper:home:NO', marketId: 'home', strategy: 'beta' }),
    ];
    const report = told({ deposits: [], legs }).result((holding) =>
      holding.marketId === 'home' ? undefined : lastFillMark(holding),
    );
    expect(report.positions).toMatchObject([
      { marketId: 'home', mark: null, unrealizedPnl: null },
      { marketId: 'rain', mark: { price: '0.5' }, unrealizedPnl: '0' },
    ]);
    expect(report.strategies).toMatchObject([{ unrealizedPnl: '0' }, { unrealizedPnl: null }]);
    expect(report.end).toMatchObject({ equityUsd: null, unrealizedPnl: null, cashUsd: '-10' });
  });

  test('by several strategies belongs to none of them', () => {
    const legs = [
      performanceLeg(1),
      performanceLeg(2, { strategy: 'beta', price: '0.6' }),
      performanceLeg(3, { strategy: 'beta', instrumentId: 'paper:rain:NO' }),
    ];
    const { strategies } = performanceOf({ deposits: [], legs });
    expect(strategies).toMatchObject([
      { name: 'alpha', openPositions: 0, unrealizedPnl: '0' },
      { name: 'beta', openPositions: 1, unrealizedPnl: '0' },
      { name: null, fills: 0, openPositions: 1, unrealizedPnl: '1' },
    ]);
  });
});

test('a day is one of the time zone, with the equity at its end', () => {
  const calendar = createCalendar('Europe/Berlin', 'zone');
  const atMs = Date.parse('2026-06-01T21:59:59Z');
  const legs = [
    performanceLeg(1, { matchedAtMs: atMs, feeUsd: '1' }),
    performanceLeg(2, { matchedAtMs: atMs + 1_000, price: '0.6' }),
  ];
  const deposits = [{ atMs: atMs - 1, amountUsd: '100' }];
  expect(performanceOf({ deposits, legs }, { calendar }).days).toMatchObject([
    { day: '2026-06-01', fills: 1, feesUsd: '1', equityUsd: '99' },
    { day: '2026-06-02', fills: 1, feesUsd: '0', equityUsd: '100' },
  ]);
});

test('what is told out of order is a bug', () => {
  const [first, second] = [performanceLeg(1), performanceLeg(2)];
  expect(() => told({ deposits: [], legs: [first] }).leg(first)).toThrow('in order of time');
  const fold = told({ deposits: [], legs: [second] });
  expect(() => fold.leg(first)).toThrow('in order of time');
  expect(() => fold.deposit({ atMs: first.matchedAtMs, amountUsd: '1' })).toThrow(
    'in order of time',
  );
});
