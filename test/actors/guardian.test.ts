/** What the engine stops by itself, and that it is still stopped after a restart. */
import { describe, expect, test } from 'vitest';
import { createGuardian } from '../../src/actors/guardian.ts';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { DEFAULT_LIMITS } from '../../src/domain/risk/limits.ts';
import type { FindingBody } from '../../src/machines/system.findings.ts';
import { type TestDesk, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain } from '../support/orders.ts';

const floor = useFloor();
const { start } = floor;
const LIMITS = { ...DEFAULT_LIMITS, selfTrade: 'allow' } as const;

/** Buys ten at 0.5 and sells them at `price`; all of it is confirmed. */
async function roundTrip(desk: TestDesk, price: string): Promise<void> {
  const bought = await place(desk);
  const fill = { size: '10', settlement: 'confirmed' } as const;
  floor.venue.fill({ ...fill, venueOrderId: `0x${bought}` });
  await untilState(desk.trading, bought, 'matched');
  const sold = await place(desk, { side: 'SELL', price });
  floor.venue.fill({ ...fill, venueOrderId: `0x${sold}`, side: 'SELL', price });
  await untilState(desk.trading, sold, 'matched');
}

const holdsOf = ({ trading }: TestDesk) => trading.health().holds;

describe('a daily loss', () => {
  const limits = { ...LIMITS, dailyLossUsd: '2' };

  test('below the limit stops nothing', async () => {
    const desk = await start({ limits });
    await roundTrip(desk, '0.31');
    expect(holdsOf(desk)).toEqual([]);
  });

  test('at the limit cancels entries and takes no more, today; exits go on, and a restart knows', async () => {
    const first = await start({ limits });
    const resting = await place(first, { instrument: noRain.id, price: '0.2' });
    await roundTrip(first, '0.3');
    expect(holdsOf(first)).toMatchObject([
      { scope: 'engine:dailyLoss', level: 'reducing', by: 'engine', untilMs: expect.any(Number) },
    ]);
    const midnightMs = holdsOf(first)[0]?.untilMs ?? 0;
    expect(midnightMs % 86_400_000).toBe(0);
    expect(midnightMs).toBeGreaterThan(Date.now());
    await untilState(first.trading, resting, 'cancelled');
    await first.trading.settled();
    await first.crash();
    const second = await start({ limits });
    expect((await second.submit()).order).toMatchObject({
      ...{ status: 'DENIED', reason: expect.stringContaining('the limit is a loss of 2') },
    });
    await second.trading.send({ type: 'trading.resume', scope: 'engine:dailyLoss', by: 'Ann' });
    // The rule itself stands for as long as the day does.
    expect((await second.submit()).order.reason).toContain('dollars today (UTC)');
  });

  test('of a trade that failed on chain is none', async () => {
    const desk = await start({ limits });
    const bought = await place(desk);
    floor.venue.fill({ venueOrderId: `0x${bought}`, size: '10', settlement: 'confirmed' });
    await untilState(desk.trading, bought, 'matched');
    const sold = await place(desk, { side: 'SELL', price: '0.35', size: '10' });
    const leg = {
      tradeId: 'sale',
      venueOrderId: `0x${sold}`,
      side: 'SELL',
      price: '0.35',
    } as const;
    floor.venue.fill({ ...leg, size: '10', settlement: 'matched' });
    await untilState(desk.trading, sold, 'matched');
    floor.venue.fill({ ...leg, size: '10', settlement: 'failed' });
    await until(async () => (await desk.trading.order(sold))?.settlement === 'failed');
    const { registry } = desk.trading.execution;
    expect(registry.snapshot(registry.account()).context.day?.pnlUsd).toBe('0');
  });
});

test('a drawdown holds until a person resumes', async () => {
  const desk = await start({ limits: { ...LIMITS, maxDrawdownPct: '10' } });
  const mark = (equityUsd: string) =>
    desk.trading.execution.dispatch({ type: 'account.marked', equityUsd, atMs: Date.now() });
  mark('1000');
  mark('900.01');
  expect(holdsOf(desk)).toEqual([]);
  mark('900');
  expect(holdsOf(desk)).toMatchObject([{ scope: 'engine:drawdown', level: 'reducing' }]);
  expect((await desk.submit()).order.reason).toContain('the equity is 10 % below its highest');
});

test('a difference of cash pauses everything until the books agree', async () => {
  const desk = await start({ limits: LIMITS });
  const { dispatch } = desk.trading.execution;
  const finding: FindingBody = {
    ...{ findingId: 'cash:usd', kind: 'collateral', subject: 'usd', instrumentId: null },
    ...{ severity: 'critical', summary: 'Cash differs.', ours: {}, theirs: {}, evidence: {} },
    ...{ range: null, tolerance: '0', mark: '' },
    action: { type: 'review', words: 'Look at it.' },
  };
  dispatch({ type: 'finding.opened', finding, atMs: Date.now() });
  expect(holdsOf(desk)).toMatchObject([
    { scope: 'engine:reconciliation', level: 'paused', reason: 'finding cash:usd: Cash differs.' },
  ]);
  const closing = { findingId: 'cash:usd', as: 'applied', by: 'engine', why: 'gone' } as const;
  dispatch({ type: 'finding.closed', ...closing, atMs: Date.now() });
  expect(holdsOf(desk)).toEqual([]);
});

test('a clock that is far off pauses everything until it is right', async () => {
  const desk = await start({ limits: LIMITS });
  const clock = createVirtualClock(Date.now());
  let skewMs = 30_000;
  const { trading } = desk;
  const guardian = createGuardian({
    ...{ execution: trading.execution, clock, log: desk.log, limits: LIMITS },
    ...{ clockSkewMs: () => skewMs, cancel: trading.cancel },
  });
  guardian.start();
  expect(holdsOf(desk)).toMatchObject([{ scope: 'engine:clock', level: 'paused' }]);
  skewMs = -29_999;
  await clock.advanceTo(clock.now() + 5_000);
  expect(holdsOf(desk)).toEqual([]);
  guardian.stop();
});

test('equity is marked by the books, and what nobody marks counts what it cost', async () => {
  const marks: Record<string, string> = {};
  const books = { book: () => undefined, mark: (id: string) => marks[id], seenAtMs: Date.now() };
  const clock = createVirtualClock(Date.now());
  const limits = { ...LIMITS, maxDrawdownPct: '50' };
  const desk = await start({ limits });
  const { trading } = desk;
  const bought = await place(desk);
  floor.venue.fill({ venueOrderId: `0x${bought}`, size: '10', settlement: 'confirmed' });
  await untilState(trading, bought, 'matched');
  const guardian = createGuardian({
    ...{ execution: trading.execution, clock, log: desk.log, limits, books },
    cancel: trading.cancel,
  });
  const { registry } = trading.execution;
  const equity = () => registry.snapshot(registry.account()).context.equity?.usd;
  guardian.start();
  expect(equity()).toBe('1000');
  for (const { name } of registry.positions.values()) marks[name] = '0.9';
  await clock.advanceTo(clock.now() + 5_000);
  expect(equity()).toBe('1004');
  guardian.stop();
});
