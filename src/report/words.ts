/** Figures, times and names of a report as people read them. The exact ones are in JSON and CSV. */
import { Decimal, type DecimalText, decimal } from '../domain/decimal.ts';

/** What nobody knows, and what there is nothing to divide by for. */
export const UNKNOWN = 'unknown';
export const NOTHING = '-';

const HUNDRED = decimal('100');
const MINUTE_MS = 60_000;

/** `-1,234.57`, `0.0049`: cents, and below a hundred dollars four decimals where they say something. */
export function dollars(amount: DecimalText | null): string {
  if (amount === null) return UNKNOWN;
  const value = decimal(amount);
  if (value.abs().gte(HUNDRED)) return grouped(rounded(value, 2));
  return grouped(rounded(value, 4).replace(/00$/, ''));
}

/** `12,345.5`: shares, at most six decimals. */
export function shares(size: DecimalText): string {
  return grouped(rounded(decimal(size), 6).replace(/\.?0+$/, ''));
}

/** `0.455`: at most six decimals. */
export function price(value: DecimalText): string {
  return shares(value);
}

/** `-5.56 %`. */
export function percent(value: DecimalText | null): string {
  return value === null ? NOTHING : `${grouped(rounded(decimal(value), 2))} %`;
}

/** `850 ms`, `12.3 s`, `3 m 05 s`, `2 h 04 m`, `3 d 04 h`. */
export function duration(milliseconds: number | null): string {
  if (milliseconds === null) return NOTHING;
  if (milliseconds < 1_000) return `${milliseconds} ms`;
  if (milliseconds < MINUTE_MS) return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s`;
  const minutes = Math.floor(milliseconds / MINUTE_MS);
  if (minutes < 60) return `${minutes} m ${two(Math.floor(milliseconds / 1_000) % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${two(minutes % 60)} m`;
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** A group by its name; what several strategies opened belongs to none. */
export function groupName(name: string | null): string {
  return name ?? '(several strategies)';
}

/** An instrument without its venue, and a hash by its ends: nobody reads the middle. */
export function shortName(id: string): string {
  return id
    .replace(/^[^:]+:(?=.*:(?:YES|NO)$)/, '')
    .replace(/0x[\da-f]{40,}/gi, (hash) => `${hash.slice(0, 10)}…${hash.slice(-4)}`);
}

/** `2026-11-27 23:10:05` in a time zone. */
export function timeIn(timeZone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  return (atMs) => {
    const parts = format.formatToParts(atMs);
    const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
    const date = `${of('year')}-${of('month')}-${of('day')}`;
    return `${date} ${of('hour')}:${of('minute')}:${of('second')}`;
  };
}

/** Never `-0.00`. */
function rounded(value: Decimal, decimals: number): string {
  const text = value.toFixed(decimals, Decimal.ROUND_HALF_EVEN);
  return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

function grouped(text: string): string {
  const [whole = '', ...rest] = text.split('.');
  return [whole.replace(/\B(?=(?:\d{3})+$)/g, ','), ...rest].join('.');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
