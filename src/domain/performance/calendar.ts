/** Calendar days in a time zone. The zone's rules are those of the runtime's own table. */
import { calendarDay } from '../calendar-day.ts';
import { InvalidValue } from '../faults.ts';

/** `2026-11-27`. Sorts by time. */
export type Day = string;

export interface Calendar {
  readonly timeZone: string;
  /** The day on which `atMs` (since 1970 UTC) falls there. */
  dayOf(atMs: number): Day;
  /**
   * The first millisecond of `day` there, or of the next day that exists.
   * @throws {InvalidValue} when `day` is no date; `place` names it.
   */
  startOf(day: Day, place: string): number;
}

/** A day begins within 14 hours of the same day in UTC, in every zone there is. */
const FURTHEST_MS = 24 * 3_600_000;

/** @throws {InvalidValue} when `timeZone` is no name of a zone; `place` names it. */
export function createCalendar(timeZone: string, place: string): Calendar {
  try {
    calendarDay(0, timeZone);
  } catch {
    throw new InvalidValue(place, timeZone, 'a time zone such as UTC or Europe/Berlin');
  }
  const dayOf = (atMs: number): Day => calendarDay(atMs, timeZone);
  return {
    timeZone,
    dayOf,
    startOf(day, where) {
      const utc = Date.parse(`${day}T00:00:00Z`);
      const isDate = /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(utc);
      if (!isDate || calendarDay(utc, 'UTC') !== day) {
        throw new InvalidValue(where, day, 'a date such as 2026-11-27');
      }
      let [before, from] = [utc - FURTHEST_MS, utc + FURTHEST_MS];
      while (from - before > 1) {
        const middle = Math.floor((before + from) / 2);
        if (dayOf(middle) >= day) from = middle;
        else before = middle;
      }
      return from;
    },
  };
}
