/**
 * The slow twin of the report: everything is added up from the whole list for every question, in
 * decimals, with the realised result read off the position's own slow twin.
 */
import fc from 'fast-check';
import { Decimal, decimal, toText, ZERO } from '../../../src/domain/decimal.ts';
import { createCalendar } from '../../../src/domain/performance/calendar.ts';
import type { PerformanceLeg } from '../../../src/domain/performance/holding.ts';
import { lastFillMark } from '../../../src/domain/performance/open-positions.ts';
import {
  createPerformance,
  type Deposit,
  type Performance,
  type PerformanceFold,
  type PerformanceOptions,
} from '../../../src/domain/performance/performance.ts';
import { naiveTotals } from '../position.twin.ts';

/** A leg as the store has it, and what became of it. */
export interface StoryLeg extends PerformanceLeg {
  readonly voided: boolean;
}

export interface Story {
  readonly deposits: readonly Deposit[];
  /** In order of match. */
  readonly legs: readonly StoryLeg[];
}

export const START_MS = 1_780_000_000_000;
/** Two hours: stories go over some days. */
const STEP_MS = 7_200_000;

export function performanceLeg(
  number: number,
  change: Partial<PerformanceLeg> = {},
): PerformanceLeg {
  return {
    key: `paper/t${String(number).padStart(4, '0')}/0xa/taker`,
    clientOrderId: `ord_${number}`,
    strategy: 'alpha',
    marketId: 'rain',
    instrumentId: 'paper:rain:YES',
    side: 'BUY',
    price: '0.5',
    size: '10',
    feeUsd: '0',
    matchedAtMs: START_MS + number * STEP_MS,
    reason: null,
    ...change,
  };
}

const millionths = (max: number) =>
  fc.integer({ min: 1, max }).map((n) => toText(new Decimal(n).div(1e6)));

export const stories: fc.Arbitrary<Story> = fc
  .record({
    deposits: fc.array(
      fc.record({
        atMs: fc.integer({ min: 0, max: 40 }).map((n) => START_MS + n * STEP_MS),
        amountUsd: fc.integer({ min: -500, max: 5_000 }).map(String),
      }),
      { maxLength: 4 },
    ),
    legs: fc.array(
      fc.record({
        strategy: fc.constantFrom('alpha', 'beta', 'gamma'),
        market: fc.constantFrom('rain', 'home'),
        outcome: fc.constantFrom('YES', 'NO'),
        side: fc.constantFrom('BUY' as const, 'SELL' as const),
        price: fc.integer({ min: 1, max: 999 }).map((n) => toText(new Decimal(n).div(1_000))),
        size: fc.oneof(fc.constant('10'), millionths(40_000_000)),
        // The second has more decimals than any share of it may keep.
        feeUsd: fc.oneof(fc.constantFrom('0', '0.000000000000001'), millionths(2_000_000)),
        // Few instants, so that many legs share one and their keys decide.
        atMs: fc.integer({ min: 0, max: 40 }).map((n) => START_MS + n * STEP_MS),
        voided: fc.boolean(),
      }),
      { maxLength: 60, size: 'max' },
    ),
  })
  .map(({ deposits, legs }) => ({
    deposits: [...deposits].sort((a, b) => a.atMs - b.atMs),
    legs: legs
      .map(({ market, outcome, atMs, voided, ...leg }, number) => ({
        ...performanceLeg(number, leg),
        marketId: market,
        instrumentId: `paper:${market}:${outcome}`,
        matchedAtMs: atMs,
        voided: voided && number % 3 === 0,
      }))
      .sort((a, b) => a.matchedAtMs - b.matchedAtMs || (a.key < b.key ? -1 : 1)),
  }));

export function told(
  story: Pick<Story, 'deposits'> & { readonly legs: readonly PerformanceLeg[] },
  change: Partial<PerformanceOptions> = {},
): PerformanceFold {
  const fold = createPerformance({
    calendar: createCalendar('UTC', 'zone'),
    mostCurvePoints: 10_000,
    mostExits: 10_000,
    ...change,
  });
  const movements = [
    ...story.deposits.map((deposit) => ({ atMs: deposit.atMs, tell: () => fold.deposit(deposit) })),
    ...story.legs.map((leg) => ({ atMs: leg.matchedAtMs, tell: () => fold.leg(leg) })),
  ];
  // The sort keeps the order of what is at one moment: deposits first, then legs by key.
  for (const { tell } of movements.sort((a, b) => a.atMs - b.atMs)) tell();
  return fold;
}

export function performanceOf(
  story: Parameters<typeof told>[0],
  change: Partial<PerformanceOptions> = {},
): Performance {
  return told(story, change).result(lastFillMark);
}

export function sum(values: readonly (Decimal | string)[]): string {
  return toText(values.reduce<Decimal>((total, value) => total.plus(value), ZERO));
}

export function byInstrument(
  legs: readonly PerformanceLeg[],
): ReadonlyMap<string, readonly PerformanceLeg[]> {
  const names = new Set(legs.map(({ instrumentId }) => instrumentId));
  return new Map([...names].map((name) => [name, legs.filter((leg) => leg.instrumentId === name)]));
}

/** What each leg realised before fees: the whole position with it, less the whole without it. */
export function naiveRealized(legs: readonly PerformanceLeg[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, ofOne] of byInstrument(legs)) {
    const settled = ofOne.map(({ reason: _, ...leg }) => ({ ...leg, settled: true }));
    for (const [index, { key }] of settled.entries()) {
      const [before, after] = [index, index + 1].map((end) => naiveTotals(settled.slice(0, end)));
      found.set(
        key,
        toText(decimal(after?.realizedPnl ?? 'NaN').minus(before?.realizedPnl ?? 'NaN')),
      );
    }
  }
  return found;
}

/** Cash, and what is held at the price of the newest leg of each instrument. */
export function naiveEquity(story: Parameters<typeof told>[0]): string {
  const flows = story.legs.map(({ side, price, size, feeUsd }) =>
    decimal(price)
      .times(size)
      .times(side === 'BUY' ? -1 : 1)
      .minus(feeUsd),
  );
  const worths = [...byInstrument(story.legs).values()].map((ofOne) => {
    const held = ofOne.map(({ side, size }) => decimal(size).times(side === 'BUY' ? 1 : -1));
    return decimal(sum(held)).times(ofOne.at(-1)?.price ?? '0');
  });
  return sum([...story.deposits.map(({ amountUsd }) => amountUsd), ...flows, ...worths]);
}
