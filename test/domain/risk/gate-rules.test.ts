/** Rules that look at the engine and the venue: at, below and above each limit. */
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/domain/risk/decide.ts';
import {
  HOLD_LEVELS,
  type Hold,
  type HoldLevel,
  LIQUIDATION,
} from '../../../src/domain/risk/holds.ts';
import { NO_ANSWERS } from '../../../src/domain/risk/rule.ts';
import { AT_MS, intent } from '../../support/orders.ts';
import { facts, limits, said, sell } from './facts.ts';

const hold = (level: HoldLevel): Hold => ({
  ...{ scope: 'all', level, reason: 'lunch', by: 'Ann' },
  ...{ sinceMs: AT_MS, untilMs: null },
});

describe('holds', () => {
  test.each([
    ['paused', 'entries_refused', 'admitted'],
    ['reducing', 'entries_refused', 'admitted'],
    ['liquidating', 'liquidating', 'liquidating'],
    ['halted', 'halted', 'halted'],
  ] as const)('%s: an entry is %s, an exit %s', (level, entry, exit) => {
    expect(said({ hold: hold(level) })).toBe(entry);
    expect(said({ hold: hold(level), intent: sell })).toBe(exit);
  });

  test('while everything is closed only the exits of that are sent, none of its entries', () => {
    const ofIt = { strategy: LIQUIDATION };
    const closing = { hold: hold('liquidating') };
    expect(said({ ...closing, intent: intent({ ...ofIt, side: 'SELL' }) })).toBe('admitted');
    expect(said({ ...closing, intent: intent(ofIt) })).toBe('entries_refused');
    const halted = { hold: hold('halted'), intent: intent({ ...ofIt, side: 'SELL' }) };
    expect(said(halted)).toBe('halted');
  });

  test('the denial says who holds and why', () => {
    for (const level of HOLD_LEVELS) {
      const decision = decide(facts({ hold: hold(level) }));
      expect(decision).toMatchObject({
        kind: 'denied',
        reason: expect.stringContaining('lunch (by Ann)'),
      });
    }
  });
});

describe("the age of the venue's balance", () => {
  const minute = limits({ staleBalanceMs: 60_000 });
  test.each([
    ['at the limit', AT_MS - 60_000, 'admitted'],
    ['beyond it', AT_MS - 60_001, 'stale_balance'],
    ['never told', null, 'stale_balance'],
    ['told by a clock that was set back since', AT_MS + 5_000, 'admitted'],
  ] as const)('%s', (_name, balanceAskedAtMs, word) => {
    expect(said({ limits: minute, balanceAskedAtMs })).toBe(word);
    expect(said({ limits: minute, balanceAskedAtMs, intent: sell })).toBe('admitted');
  });

  test('without a limit, or told by a program that had none, it means nothing', () => {
    const { staleBalanceMs: _none, ...older } = minute;
    expect(said({ limits: older, balanceAskedAtMs: null })).toBe('admitted');
    expect(said({ limits: limits({}), balanceAskedAtMs: null })).toBe('admitted');
  });

  test('the denial says how old it is and what the limit is', () => {
    const decision = decide(facts({ limits: minute, balanceAskedAtMs: AT_MS - 90_000 }));
    expect(decision).toMatchObject({
      reason: 'what the venue said of the balance is 90 s old, the limit is 60 s',
      checks: [{ inputs: { ageMs: 90_000, staleBalanceMs: 60_000 } }],
    });
  });
});

describe('what stops entries, and never exits', () => {
  test.each([
    ['no connection', { entriesRefused: 'the venue is away' }, 'entries_refused'],
    ['a market in quarantine', { doubtfulOrderId: 'ord_1' }, 'market_in_quarantine'],
    ['an open finding', { finding: { findingId: 'f1', summary: 'x' } }, 'reconciliation_required'],
  ])('%s', (_name, stopped, code) => {
    expect(said(stopped)).toBe(code);
    expect(said({ ...stopped, intent: sell })).toBe('admitted');
  });

  test('a quarantine names the order that the market waits for', () => {
    expect(decide(facts({ doubtfulOrderId: 'ord_1' }))).toMatchObject({
      doubtfulOrderId: 'ord_1',
      checks: [{ rule: 'quarantine', outcome: 'denied', inputs: { doubtfulOrderId: 'ord_1' } }],
    });
  });
});

describe('refusals in a row', () => {
  const five = limits({ maxRejectsInARow: 5, breakerMs: 60_000 });
  const answers = (rejectsInARow: number, agoMs = 0) => ({
    answers: { ...NO_ANSWERS, rejectsInARow, lastRejectAtMs: AT_MS - agoMs },
  });

  test.each([
    [4, 'admitted'],
    [5, 'too_many_rejects'],
    [6, 'too_many_rejects'],
  ])('%i of 5: %s', (count, word) => {
    expect(said({ limits: five, ...answers(count) })).toBe(word);
  });

  test.each([
    [59_999, 'too_many_rejects'],
    [60_000, 'admitted'],
    [60_001, 'admitted'],
  ])('%i ms after the last of them, of a wait of 60,000: %s', (agoMs, word) => {
    expect(said({ limits: five, ...answers(5, agoMs) })).toBe(word);
  });

  test('switched off, or with an exit, they stop nothing', () => {
    expect(said({ limits: limits({}), ...answers(100) })).toBe('admitted');
    expect(said({ limits: five, ...answers(100), intent: sell })).toBe('admitted');
  });
});

describe('the share of refusals', () => {
  const half = limits({ maxRejectPct: '50', breakerMs: 60_000 });
  const answers = (rejected: number, of: number) => ({
    ...{ rejectsInARow: 1, lastRejectAtMs: AT_MS },
    newest: Array.from({ length: of }, (_, index) => index < rejected),
  });

  test.each([
    [10, 20, 'admitted'],
    [11, 20, 'too_many_rejects'],
    [5, 10, 'admitted'],
    [6, 10, 'too_many_rejects'],
    // Fewer than ten answers mean nothing yet.
    [9, 9, 'admitted'],
  ])('%i of %i, the limit is 50 %%: %s', (rejected, of, word) => {
    expect(said({ limits: half, answers: answers(rejected, of) })).toBe(word);
  });

  test('a limit with decimals is compared exactly', () => {
    const third = (maxRejectPct: string) => limits({ maxRejectPct, breakerMs: 60_000 });
    expect(said({ limits: third('33.3'), answers: answers(4, 12) })).toBe('too_many_rejects');
    expect(said({ limits: third('33.4'), answers: answers(4, 12) })).toBe('admitted');
  });

  test('it ends with the wait, and without a refusal it never begins', () => {
    const late = { ...answers(20, 20), lastRejectAtMs: AT_MS - 60_000 };
    expect(said({ limits: half, answers: late })).toBe('admitted');
    expect(said({ limits: half, answers: { ...late, lastRejectAtMs: null } })).toBe('admitted');
  });
});

describe('a loss within the day', () => {
  const ten = limits({ dailyLossUsd: '10' });

  test.each([
    ['10', 'admitted'],
    ['0', 'admitted'],
    ['-9.999999', 'admitted'],
    ['-10', 'daily_loss'],
    ['-10.000001', 'daily_loss'],
  ])('%s dollars, the limit is a loss of 10: %s', (dayPnlUsd, word) => {
    expect(said({ limits: ten, dayPnlUsd })).toBe(word);
  });

  test('switched off, or with an exit, it stops nothing', () => {
    expect(said({ limits: limits({}), dayPnlUsd: '-1000' })).toBe('admitted');
    expect(said({ limits: ten, dayPnlUsd: '-1000', intent: sell })).toBe('admitted');
  });

  test('a limit of nothing takes no entries on a day without a gain', () => {
    expect(said({ limits: limits({ dailyLossUsd: '0' }), dayPnlUsd: '0' })).toBe('daily_loss');
    expect(said({ limits: limits({ dailyLossUsd: '0' }), dayPnlUsd: '0.01' })).toBe('admitted');
  });
});

describe('drawdown', () => {
  const ten = limits({ maxDrawdownPct: '10' });

  test.each([
    [null, 'admitted'],
    ['9.99', 'admitted'],
    ['10', 'drawdown'],
    ['10.01', 'drawdown'],
  ])('%s %% below the highest, the limit is 10: %s', (drawdownPct, word) => {
    expect(said({ limits: ten, drawdownPct })).toBe(word);
  });

  test('switched off, or with an exit, it stops nothing', () => {
    expect(said({ drawdownPct: '99' })).toBe('admitted');
    expect(said({ limits: ten, drawdownPct: '99', intent: sell })).toBe('admitted');
  });
});
