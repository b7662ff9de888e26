import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCalendar } from '../../../src/domain/performance/calendar.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Kiritimati'];

describe('days of a time zone', () => {
  test.each([
    ['UTC', '2026-11-27T23:59:59.999Z', '2026-11-27'],
    ['Europe/Berlin', '2026-11-27T23:00:00.000Z', '2026-11-28'],
    ['Europe/Berlin', '2026-06-27T21:59:59.999Z', '2026-06-27'],
    ['Pacific/Kiritimati', '2026-11-27T10:00:00.000Z', '2026-11-28'],
    ['America/New_York', '2026-01-01T04:59:00.000Z', '2025-12-31'],
  ])('%s at %s is %s', (zone, at, day) => {
    expect(createCalendar(zone, 'zone').dayOf(Date.parse(at))).toBe(day);
  });

  test.each([
    ['UTC', '2026-11-27', '2026-11-27T00:00:00.000Z'],
    // The clocks change in the night before, and in the night after.
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
    ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['Asia/Kathmandu', '2026-01-01', '2025-12-31T18:15:00.000Z'],
    // Samoa went over the date line: there was no such day.
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
  ])('%s: %s begins at %s', (zone, day, at) => {
    expect(createCalendar(zone, 'zone').startOf(day, 'day')).toBe(Date.parse(at));
  });

  test('a day begins where the one before ends, in any order of asking', () => {
    const times = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2050, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), times, (zone, atMs) => {
        const calendar = createCalendar(zone, 'zone');
        const day = calendar.dayOf(atMs);
        const start = calendar.startOf(day, 'day');
        expect(start).toBeLessThanOrEqual(atMs);
        expect(calendar.dayOf(start)).toBe(day);
        expect(calendar.dayOf(start - 1) < day).toBe(true);
        expect(calendar.dayOf(atMs)).toBe(day);
      }),
    );
  });

  test.each(['2026-02-30', '2026-13-01', '27.11.2026', '2026-1-1', 'today', ''])(
    '%j is no date',
    (day) => {
      const { startOf } = createCalendar('Europe/Berlin', 'zone');
      expect(() => startOf(day, '--since')).toThrow(/^--since: got .* expected a date/);
    },
  );

  test('a time zone that nobody knows is refused', () => {
    expect(() => createCalendar('Europe/Atlantis', '--time-zone')).toThrow(
      '--time-zone: got "Europe/Atlantis", expected a time zone such as UTC or Europe/Berlin.',
    );
  });
});
