/** When fills that are not final are asked about and said: from their own times alone. */
import { describe, expect, test } from 'vitest';
import { failureRate, settlementRates } from '../../src/domain/settlement-rate.ts';
import {
  ASK_LAST_MS,
  lateSteps,
  nextAskAtMs,
  nextLateAtMs,
} from '../../src/domain/settlement-schedule.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('the next question', () => {
  test('each comes after twice the silence of the last, then every hour for ever', () => {
    const asked: number[] = [];
    let last: number | undefined;
    for (let question = 0; question < 11; question += 1) {
      last = nextAskAtMs(0, last, 30 * SECOND);
      asked.push(last / MINUTE);
    }
    expect(asked).toEqual([0.5, 1, 2, 4, 8, 16, 32, 60, 120, 180, 240]);
  });

  test.each([
    ['none was asked yet', undefined, 30],
    ['the last was before the news', -500, 30],
    ['the last was too early', 20, 30],
    ['the last was at its time', 30, 60],
    ['the last was late', 45, 60],
    ['the last was very late', 119, 120],
  ])('%s', (_name, askedS, expectedS) => {
    const askedAtMs = askedS === undefined ? undefined : askedS * SECOND;
    expect(nextAskAtMs(0, askedAtMs, 30 * SECOND)).toBe(expectedS * SECOND);
  });

  test('is always after the last one', () => {
    for (let askedAtMs = 0; askedAtMs < 5 * HOUR; askedAtMs += 7_001) {
      const next = nextAskAtMs(0, askedAtMs, 30 * SECOND);
      expect(next).toBeGreaterThan(askedAtMs);
      expect(next - askedAtMs).toBeLessThanOrEqual(ASK_LAST_MS);
    }
  });
});

test('each age is said once, whichever steps time takes', () => {
  const said: number[] = [];
  for (let now = 0; now < 3 * HOUR; now += 13 * MINUTE) {
    said.push(...lateSteps(0, now - 13 * MINUTE, now));
  }
  expect(said).toEqual([10 * MINUTE, HOUR]);
  expect(lateSteps(0, -1, 2 * HOUR)).toEqual([10 * MINUTE, HOUR]);
  expect(nextLateAtMs(0, 0)).toBe(10 * MINUTE);
  expect(nextLateAtMs(0, 10 * MINUTE)).toBe(HOUR);
  expect(nextLateAtMs(0, HOUR)).toBeUndefined();
});

test('the failure rate is of the fills with a final word', () => {
  expect(failureRate({ confirmed: 0, failed: 0 })).toBeNull();
  expect(failureRate({ confirmed: 2, failed: 1 })).toBe('0.3333');
  expect(failureRate({ confirmed: 0, failed: 3 })).toBe('1');
  const counts = { confirmed: 1, failed: 0, unsettled: 9 };
  const rates = settlementRates([
    { marketId: 'b', ...counts },
    { marketId: 'a', ...counts },
    { marketId: 'c', ...counts, failed: 1 },
  ]);
  expect(rates.map(({ marketId }) => marketId)).toEqual(['c', 'a', 'b']);
  expect(rates[0]?.failureRate).toBe('0.5');
});
