/** What comes from outside has one text for each value. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalReport } from '../../src/actors/outside.ts';
import { decimal, toText } from '../../src/domain/decimal.ts';

const canonical = (sizeMatched: string) =>
  canonicalReport({
    ...{ venueOrderId: '0xa', status: 'live', rawStatus: 'LIVE', sizeMatched, atMs: 0 },
  }).sizeMatched;

test.each([
  ['0', '0'],
  ['0.50', '0.5'],
  ['00.5', '0.5'],
  ['10', '10'],
  ['10.0', '10'],
  ['-0', '0'],
  ['-1.20', '-1.2'],
  ['1.', '1.'],
  ['much', 'much'],
])('%s is %s', (told, text) => {
  expect(canonical(told)).toBe(text);
});

test('an amount is written as our own arithmetic writes it', () => {
  const digits = fc.stringMatching(/^\d{1,30}$/);
  const texts = fc.oneof(
    digits,
    fc.tuple(digits, digits).map(([whole, part]) => `${whole}.${part}`),
    fc.nat(1_000_000_000).map((micros) => toText(decimal(String(micros)).div('1000000'))),
  );
  fc.assert(fc.property(texts, (text) => canonical(text) === toText(decimal(text))));
});
