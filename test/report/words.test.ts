import { expect, test } from 'vitest';
import {
  dollars,
  duration,
  percent,
  price,
  shares,
  shortName,
  timeIn,
} from '../../src/report/words.ts';

test.each([
  ['0', '0.00'],
  ['-0.00001', '0.00'],
  ['0.00494', '0.0049'],
  ['1.5', '1.50'],
  ['-99.99996', '-100.00'],
  ['-1234.565', '-1,234.56'],
  ['1234567.891', '1,234,567.89'],
  [null, 'unknown'],
])('%j dollars are read as %s', (amount, text) => {
  expect(dollars(amount)).toBe(text);
});

test.each([
  ['100', '100'],
  ['0', '0'],
  ['12345.500000', '12,345.5'],
  ['-0.0000004', '0'],
])('%s shares are read as %s', (size, text) => {
  expect(shares(size)).toBe(text);
});

test.each([
  [null, '-'],
  [0, '0 ms'],
  [59_999, '59.9 s'],
  [185_000, '3 m 05 s'],
  [47 * 3_600_000, '47 h 00 m'],
  [76 * 3_600_000, '3 d 04 h'],
])('%s ms are read as %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test('percents have two decimals, and prices at most six', () => {
  expect([percent('-5.555'), percent(null), price('0.333333333333')]).toEqual([
    ...['-5.56 %', '-', '0.333333'],
  ]);
});

test('a time is one of the zone', () => {
  const at = Date.parse('2026-11-27T23:05:09Z');
  expect(timeIn('Europe/Berlin')(at)).toBe('2026-11-28 00:05:09');
});

test('an instrument loses its venue and the middle of a hash, a market only that', () => {
  const hash = `0x${'ab'.repeat(32)}`;
  expect(shortName(`polymarket:${hash}:YES`)).toBe('0xabababab…abab:YES');
  expect(shortName(hash)).toBe('0xabababab…abab');
  expect(shortName('a market: its name')).toBe('a market: its name');
});
