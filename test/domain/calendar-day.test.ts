/** Calendar days of a time zone, also where clocks are set. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendarDay, nextDayMs } from '../../src/domain/calendar-day.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const at = (text: string) => Date.parse(text);

describe('the day of a moment', () => {
  test.each([
    ['UTC', '2026-11-26T23:59:59.999Z', '2026-11-26'],
    ['UTC', '2026-11-27T00:00:00.000Z', '2026-11-27'],
    ['Europe/Berlin', '2026-01-14T22:59:59.999Z', '2026-01-14'],
    ['Europe/Berlin', '2026-01-14T23:00:00.000Z', '2026-01-15'],
    ['Europe/Berlin', '2026-07-14T21:59:59.999Z', '2026-07-14'],
    ['Europe/Berlin', '2026-07-14T22:00:00.000Z', '2026-07-15'],
    ['America/New_York', '2026-07-15T03:59:59.999Z', '2026-07-14'],
    ['America/New_York', '2026-07-15T04:00:00.000Z', '2026-07-15'],
    // Five hours and three quarters ahead.
    ['Asia/Kathmandu', '2026-07-14T18:14:59.999Z', '2026-07-14'],
    ['Asia/Kathmandu', '2026-07-14T18:15:00.000Z', '2026-07-15'],
  ])('%s at %s: %s', (timeZone, text, day) => {
    expect(calendarDay(at(text), timeZone)).toBe(day);
  });

  test('the same moment is another day elsewhere, whoever asked before', () => {
    const evening = at('2026-07-14T23:00:00.000Z');
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Europe/Berlin', 'UTC'];
    expect(zones.map((timeZone) => calendarDay(evening, timeZone).slice(-2))).toEqual([
      ...['14', '15', '14', '15', '14'],
    ]);
  });

  test('a zone that is none is refused', () => {
    expect(() => calendarDay(0, 'Europe/Atlantis')).toThrow(RangeError);
  });
});

describe('the next day', () => {
  test.each([
    ['an hour is left out', 'Europe/Berlin', '2026-03-28T23:00Z', '2026-03-29T22:00Z', 23],
    ['an hour comes twice', 'Europe/Berlin', '2026-10-24T22:00Z', '2026-10-25T23:00Z', 25],
    ['a plain day', 'Europe/Berlin', '2026-07-14T22:00Z', '2026-07-15T22:00Z', 24],
    ['an hour is left out', 'America/New_York', '2026-03-08T05:00Z', '2026-03-09T04:00Z', 23],
    ['an hour comes twice', 'America/New_York', '2026-11-01T04:00Z', '2026-11-02T05:00Z', 25],
    ['a plain day', 'Asia/Kathmandu', '2026-03-28T18:15Z', '2026-03-29T18:15Z', 24],
    ['midnight itself comes twice', 'Asia/Beirut', '2026-10-23T21:00Z', '2026-10-24T22:00Z', 25],
    ['midnight itself is left out', 'Africa/Cairo', '2026-04-23T22:00Z', '2026-04-24T21:00Z', 23],
  ])('%s in %s: from %s to %s', (_name, timeZone, from, to, hours) => {
    expect(at(to) - at(from)).toBe(hours * HOUR_MS);
    for (const inside of [at(from), at(from) + 1, at(from) + 12 * HOUR_MS, at(to) - 1]) {
      expect(nextDayMs(inside, timeZone)).toBe(at(to));
    }
    expect(nextDayMs(at(from) - 1, timeZone)).toBe(at(from));
    expect(nextDayMs(at(to), timeZone)).toBeGreaterThan(at(to));
  });

  test('is the first minute of another day, anywhere and at any time', () => {
    const zones = [
      ...['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia'],
      ...['Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Chatham', 'Africa/Casablanca'],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: at('2015-01-01T00:00Z'), max: at('2037-12-31T00:00Z') }),
        (timeZone, nowMs) => {
          const today = calendarDay(nowMs, timeZone);
          const next = nextDayMs(nowMs, timeZone);
          expect(next).toBeGreaterThan(nowMs);
          expect(next % MINUTE_MS).toBe(0);
          expect(calendarDay(next, timeZone) > today).toBe(true);
          expect(calendarDay(next - MINUTE_MS, timeZone)).toBe(today);
          expect(next - nowMs).toBeLessThanOrEqual(25 * HOUR_MS);
        },
      ),
      { numRuns: 300 },
    );
  });
});
