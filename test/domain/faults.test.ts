import { describe, expect, test } from 'vitest';
import {
  assertInvariant,
  BrokenInvariant,
  FillwrightFault,
  InvalidValue,
  show,
} from '../../src/domain/faults.ts';

test('bad input names the place, the value and what was expected', () => {
  const fault = new InvalidValue('intent.price', '1.5', 'a price strictly between 0 and 1');
  expect(fault).toBeInstanceOf(FillwrightFault);
  expect(fault.code).toBe('invalid_value');
  expect(fault.message).toBe('intent.price: got "1.5", expected a price strictly between 0 and 1.');
  expect(fault.facts).toMatchObject({ place: 'intent.price', value: '"1.5"' });
});

test('a fault keeps its cause', () => {
  const cause = new Error('socket closed');
  const fault = new FillwrightFault('store_unavailable', 'no answer', {}, { cause });
  expect(fault.cause).toBe(cause);
});

test('a broken invariant is thrown with its facts, a kept one is not', () => {
  expect(() => assertInvariant(true, 'fine')).not.toThrow();
  expect(() => assertInvariant(false, 'sum differs', { sum: '1' })).toThrow(BrokenInvariant);
});

describe('show', () => {
  test.each([
    ['text', '"text"'],
    [undefined, 'undefined'],
    [5n, '5'],
    [{ a: 1 }, '{"a":1}'],
    [null, 'null'],
  ])('%o is shown as %s', (value, shown) => {
    expect(show(value)).toBe(shown);
  });

  test('what is long is cut, and what is no JSON is named', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(show('x'.repeat(500))).toHaveLength(80);
    expect(show(circular)).toBe('[object Object]');
  });
});
