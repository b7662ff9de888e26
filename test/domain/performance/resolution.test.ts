/** What the end of markets makes of a report: exits at the payout, and money that is owed until it is paid. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, toText } from '../../../src/domain/decimal.ts';
import { plus } from '../../../src/domain/exact.ts';
import { createCalendar } from '../../../src/domain/performance/calendar.ts';
import { lastFillMark } from '../../../src/domain/performance/open-positions.ts';
import { createPerformance } from '../../../src/domain/performance/performance.ts';
import { totalsOf } from '../../../src/domain/position-totals.ts';
import { type Resolution, standingOf } from '../../../src/domain/resolution.ts';
import { byInstrument, performanceLeg, START_MS, stories, sum } from './performance.twin.ts';

const HOUR_MS = 3_600_000;
const fold = () =>
  createPerformance({
    calendar: createCalendar('UTC', 'zone'),
    ...{ mostCurvePoints: 1_000, mostExits: 1_000 },
  });
const resolved = (payout: string): Resolution => ({
  ...{ payout, resolvedAtMs: 1, source: 'test', redeemedSize: '0', redeemedUsd: '0' },
});

describe('a market that is resolved', () => {
  test('is an exit at its payout, won or lost, with its hold time; owed until it is paid', () => {
    const made = fold();
    made.deposit({ atMs: START_MS, amountUsd: '100' });
    made.leg(performanceLeg(0, { price: '0.6', feeUsd: '0.1' }));
    made.resolution({ atMs: START_MS + HOUR_MS, instrumentId: 'paper:rain:YES', payout: '1' });
    const owed = made.result(lastFillMark);
    expect(owed.totals).toMatchObject({ exits: 1, wins: 1, winRatePct: '100', realizedPnl: '4' });
    expect(owed.totals).toMatchObject({ netPnl: '3.9', holdMs: HOUR_MS, roiPct: '66.6667' });
    expect(owed.exits).toMatchObject([{ exitPrice: '1', reason: 'resolved', strategy: 'alpha' }]);
    expect(owed.end).toEqual({
      ...{ depositsUsd: '100', cashUsd: '93.9', redeemableUsd: '10' },
      ...{ unrealizedPnl: '0', equityUsd: '103.9' },
    });
    expect(owed.positions).toEqual([]);
    made.redemption({ atMs: START_MS + 2 * HOUR_MS, amountUsd: '10' });
    expect(made.result(lastFillMark).end).toMatchObject({ cashUsd: '103.9', redeemableUsd: '0' });
  });

  test('that was lost is an exit without a gain', () => {
    const made = fold();
    made.leg(performanceLeg(0));
    made.resolution({ atMs: START_MS + 1, instrumentId: 'paper:rain:YES', payout: '0' });
    const { totals, end } = made.result(lastFillMark);
    expect(totals).toMatchObject({ exits: 1, wins: 0, winRatePct: '0', realizedPnl: '-5' });
    expect(end).toMatchObject({ redeemableUsd: '0', equityUsd: '-5' });
  });
});

test('at any time, with any payouts: PnL is that of the positions, and the equity less deposits', () => {
  const ends = fc.record({
    step: fc.integer({ min: 0, max: 42 }),
    payouts: fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 4, maxLength: 4 }),
  });
  fc.assert(
    fc.property(stories, ends, ({ deposits, legs: all }, { step, payouts }) => {
      const legs = all.filter(({ voided }) => !voided);
      const atMs = START_MS + step * 2 * HOUR_MS;
      const names = [...byInstrument(legs).keys()].sort();
      const payoutOf = (name: string) =>
        toText(new Decimal(payouts[names.indexOf(name)] ?? 0).div(1e6));
      const made = fold();
      const told = [
        ...deposits.map((one) => ({ atMs: one.atMs, tell: () => made.deposit(one) })),
        ...names.map((instrumentId) => ({
          atMs,
          tell: () => made.resolution({ atMs, instrumentId, payout: payoutOf(instrumentId) }),
        })),
        ...legs.map((leg) => ({ atMs: leg.matchedAtMs, tell: () => made.leg(leg) })),
      ];
      for (const { tell } of told.sort((a, b) => a.atMs - b.atMs)) tell();
      const { totals, end } = made.result(lastFillMark);
      const standings = [...byInstrument(legs)].map(([name, ofOne]) =>
        standingOf(
          totalsOf(ofOne.map(({ reason: _, ...leg }) => ({ ...leg, settled: true }))),
          resolved(payoutOf(name)),
        ),
      );
      // Each leg that comes after it is paid by itself, and rounded by itself.
      const near = decimal('0.000001').times(legs.length);
      const won = sum(standings.map(({ realizedPnl }) => realizedPnl));
      expect(decimal(totals.realizedPnl).minus(won).abs().lte(near)).toBe(true);
      const owed = sum(standings.map(({ redeemableUsd }) => redeemableUsd));
      expect(decimal(end.redeemableUsd).minus(owed).abs().lte(near)).toBe(true);
      const parts = sum([totals.realizedPnl, `-${totals.feesUsd}`.replace('--', '')]);
      expect(plus(end.depositsUsd, parts)).toBe(end.equityUsd);
    }),
  );
});
