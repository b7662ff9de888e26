import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, formatTime, parseDuration } from '../../src/cli/duration.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['168h', 604_800_000],
])('%s is %i milliseconds', (text, milliseconds) => {
  expect(parseDuration(text, '--for')).toBe(milliseconds);
});

test.each(['', '30', 's', '0s', '-1s', '1.5s', '1d', '30 s', '169h', '1s1m', '٣s', '1e3ms'])(
  '%j is no duration',
  (text) => {
    expect(() => parseDuration(text, '--for')).toThrow(/^--for: got .*, expected a duration/);
  },
);

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [12_345, '12.3 s'],
  [59_999, '59.9 s'],
  [60_000, '1 m 00 s'],
  [3_599_999, '59 m 59 s'],
  [7_440_000, '2 h 04 m'],
])('%i milliseconds read %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('a whole duration is never shown longer than it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 60_000, max: 604_800_000 }), (milliseconds) => {
      const [first = 0, second = 0] = formatDuration(milliseconds).match(/\d+/g)?.map(Number) ?? [];
      const unit = milliseconds < 3_600_000 ? 60_000 : 3_600_000;
      expect(first * unit + (second * unit) / 60).toBeLessThanOrEqual(milliseconds);
    }),
  );
});

test('times are UTC with milliseconds', () => {
  expect(formatTime(1_800_000_000_123)).toBe('2027-01-15 08:00:00.123');
});
