/** Turns what a strict zod object refused into our own fault, with the place and the value. */
import type { z } from 'zod';
import { InvalidValue } from './faults.ts';

/** What each field of a shape is expected to be, in words that follow "expected". */
export type Expectations = Readonly<Record<string, string>>;

/**
 * The first thing wrong with `input`. Unknown fields come first: a misspelt name explains the rest.
 *
 * `place` is the path so far and `noun` what stands there, for example `intents[3]` and `an intent`.
 */
export function shapeFault(
  place: string,
  noun: string,
  input: unknown,
  issues: readonly z.core.$ZodIssue[],
  expectations: Expectations,
): InvalidValue {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown?.code === 'unrecognized_keys') {
    const name = unknown.keys[0] ?? '';
    const expected = `no such field; ${noun} has ${Object.keys(expectations).join(', ')}`;
    // The name comes from outside: shown, but not at any length.
    return new InvalidValue(`${place}.${name.slice(0, 50)}`, valueAt(input, name), expected);
  }
  const field = issues[0]?.path[0];
  if (typeof field !== 'string') return new InvalidValue(place, input, `${noun} object`);
  const expected = expectations[field] ?? 'another value';
  return new InvalidValue(`${place}.${field}`, valueAt(input, field), expected);
}

function valueAt(input: unknown, name: string): unknown {
  if (typeof input !== 'object' || input === null) return undefined;
  return Object.getOwnPropertyDescriptor(input, name)?.value;
}
