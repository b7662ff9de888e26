/** Reads the options of a strategy, with the same kinds of value and errors as the configuration. */
import type { z } from 'zod';
import { InvalidValue } from '../domain/faults.ts';

/**
 * The checked options, defaults filled in.
 *
 * @throws {InvalidValue} at a place such as `options.maximumPrice`, for the first problem.
 */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(options ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String);
  let value: unknown = options;
  for (const key of path) {
    value =
      typeof value === 'object' && value !== null
        ? Object.getOwnPropertyDescriptor(value, key)?.value
        : undefined;
  }
  throw new InvalidValue(['options', ...path].join('.'), value, issue?.message ?? 'other options');
}
