/** Durations as people write and read them. */
import { InvalidValue } from '../domain/faults.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** Longer than any run: a week. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/**
 * Milliseconds of `500ms`, `30s`, `5m` or `1h`.
 *
 * @throws {InvalidValue} for anything else, for zero and for more than a week.
 */
export function parseDuration(text: string, place: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const milliseconds = Number(digits) * (UNITS[unit] ?? 0);
  if (digits !== '' && milliseconds > 0 && milliseconds <= LONGEST_MS) return milliseconds;
  throw new InvalidValue(place, text, 'a duration such as 500ms, 30s, 5m or 1h');
}

/** `450 ms`, `12.3 s`, `3 m 05 s`, `2 h 04 m`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(milliseconds / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
}

/** `2026-11-20 22:33:04.120`, UTC. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').replace('Z', '');
}

/** `22:33:04`, UTC. */
export function formatClock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
