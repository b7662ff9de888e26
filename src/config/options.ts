/** Reads the options of a strategy, with the same kinds of value and errors as the configuration. */
import type { z } from 'zod';
import { InvalidValue } from '../domain/faults.ts';

/** Options with one problem or more. As a fault it is the first of them. */
export class InvalidOptions extends InvalidValue {
  readonly problems: readonly InvalidValue[];

  constructor([first, ...others]: readonly [Problem, ...Problem[]]) {
    super(...first);
    this.problems = [this, ...others.map((problem) => new InvalidValue(...problem))];
  }
}

/** Place, value and what was expected. */
type Problem = ConstructorParameters<typeof InvalidValue>;

/**
 * The checked options, defaults filled in.
 *
 * @throws {InvalidOptions} with every problem, each at a place such as `options.maximumPrice`.
 */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(options ?? {});
  if (parsed.success) return parsed.data;
  const [first, ...others] = parsed.error.issues.flatMap((issue): Problem[] => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : undefined;
    const paths = unknown?.map((key) => [...issue.path, key]) ?? [issue.path];
    return paths.map((path) => [placeOf(path), valueAt(options, path), issue.message]);
  });
  throw new InvalidOptions([first ?? ['options', options, 'other options'], ...others]);
}

function placeOf(path: readonly PropertyKey[]): string {
  return ['options', ...path.map(String)].join('.');
}

function valueAt(options: unknown, path: readonly PropertyKey[]): unknown {
  let value = options;
  for (const key of path) {
    value =
      typeof value === 'object' && value !== null
        ? Object.getOwnPropertyDescriptor(value, key)?.value
        : undefined;
  }
  return value;
}
