/** Calendar days of a time zone. */

const MINUTE_MS = 60_000;

const formats = new Map<string, Intl.DateTimeFormat>();

let newest:
  | { readonly minute: number; readonly timeZone: string; readonly day: string }
  | undefined;

/** `2026-11-27` at this moment in an IANA time zone. @throws {RangeError} for a zone that is none. */
export function calendarDay(atMs: number, timeZone: string): string {
  // Every fill asks for its day, and days begin with a minute: the newest answer is remembered.
  const minute = Math.floor(atMs / MINUTE_MS);
  if (newest?.minute === minute && newest.timeZone === timeZone) return newest.day;
  const day = formatOf(timeZone).format(atMs);
  newest = { minute, timeZone, day };
  return day;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    // The Swedish calendar is written as ISO 8601 says.
    format = new Intl.DateTimeFormat('sv-SE', {
      ...{ timeZone, year: 'numeric', month: '2-digit', day: '2-digit' },
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** The moment at which the day after that of `atMs` begins, to the minute. */
export function nextDayMs(atMs: number, timeZone: string): number {
  const today = calendarDay(atMs, timeZone);
  // A day has 23 to 25 hours; clocks are set by whole minutes.
  let low = Math.floor(atMs / MINUTE_MS);
  let high = low + 26 * 60;
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    if (calendarDay(middle * MINUTE_MS, timeZone) === today) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}
