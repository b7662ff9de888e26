import { describe, expect, test } from 'vitest';
import { legOn, NOON_MS, sampleReport } from './sample.ts';

const DAY_MS = 86_400_000;
const deposit = (day: number, amountUsd: string) => ({ atMs: NOON_MS + day * DAY_MS, amountUsd });

describe('a report', () => {
  test('takes deposits and fills in order of time, however they are paged', async () => {
    const legs = [0, 1, 2, 3, 4].map((day) => legOn(day));
    const deposits = [deposit(-1, '50'), deposit(2, '50'), deposit(9, '-10')];
    for (const page of [1, 2, 100]) {
      const report = await sampleReport({ legs, deposits, cashUsd: '65', page });
      expect(report.curve.map(({ equityUsd }) => equityUsd)).toEqual([
        '50',
        '50',
        '50',
        '100',
        '100',
        '100',
        '100',
        '90',
      ]);
      expect(report).toMatchObject({
        ledgerDifference: '0',
        inputsBehind: 0,
        end: { cashUsd: '65', depositsUsd: '90', equityUsd: '90' },
      });
    }
  });

  test('without anything is empty, and says nothing that is not so', async () => {
    const { totals, end, curve, days } = await sampleReport({});
    expect(totals).toMatchObject({ fills: 0, winRatePct: null, roiPct: null, holdMs: null });
    expect(end).toEqual({
      ...{ depositsUsd: '0', cashUsd: '0', redeemableUsd: '0' },
      ...{ unrealizedPnl: '0', equityUsd: '0' },
    });
    expect([curve, days]).toEqual([[], []]);
  });

  test('of a period counts its first and its last day, in its time zone', async () => {
    const legs = [legOn(0), legOn(1, { side: 'SELL', price: '0.7' }), legOn(2), legOn(3)];
    const period = { since: '2026-11-21', until: '2026-11-22' };
    const report = await sampleReport({ legs, deposits: [deposit(-1, '50')] }, period);
    expect(report.days.map(({ day }) => day)).toEqual(['2026-11-21', '2026-11-22']);
    expect(report).toMatchObject({
      totals: { fills: 2, exits: 1, realizedPnl: '2' },
      start: { equityUsd: '50' },
      end: { equityUsd: '52' },
      ledgerDifference: null,
    });
    expect(report.curve[0]).toMatchObject({ atMs: Date.parse('2026-11-21'), equityUsd: '50' });
    // In Kiritimati noon of UTC is two hours into the next day.
    const there = await sampleReport({ legs }, { ...period, timeZone: 'Pacific/Kiritimati' });
    expect(there.days.map(({ day }) => day)).toEqual(['2026-11-21', '2026-11-22']);
    expect(there.totals).toMatchObject({ fills: 2, exits: 1 });
    expect(there.exits).toMatchObject([{ closedAtMs: NOON_MS + DAY_MS }]);
  });

  test('says what the ledger holds beside it, and what the tables do not know yet', async () => {
    const report = await sampleReport({ deposits: [deposit(0, '50')], cashUsd: '49', lastSeq: 9 });
    expect(report).toMatchObject({ ledgerDifference: '-1', inputsBehind: 2 });
  });

  test.each([
    [
      { since: '2026-11-22', until: '2026-11-21' },
      '--until: got "2026-11-21", expected 2026-11-22 or a later day.',
    ],
    [{ since: 'monday' }, '--since: got "monday", expected a date such as 2026-11-27.'],
    [{ until: '2026-02-30' }, '--until: got "2026-02-30", expected a date such as 2026-11-27.'],
    [
      { timeZone: 'Mars' },
      '--time-zone: got "Mars", expected a time zone such as UTC or Europe/Berlin.',
    ],
  ])('of %j is refused', async (period, message) => {
    await expect(sampleReport({}, period)).rejects.toThrow(message);
  });

  test('of one day is that day', async () => {
    const legs = [0, 1, 2].map((day) => legOn(day));
    const report = await sampleReport({ legs }, { since: '2026-11-21', until: '2026-11-21' });
    expect(report.totals.fills).toBe(1);
  });
});
