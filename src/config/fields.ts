/** The kinds of value that a configuration holds, each with the words that an error says. */
import { z } from 'zod';
import { type DecimalText, decimal, MAX_DECIMALS, toText } from '../domain/decimal.ts';

/** Decimal text, in plain notation. Whole numbers arrive as numbers, all others as their text. */
const PLAIN_DECIMAL = /^(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?$/;

/** A field read by one function, which answers undefined for what it does not take. */
function field<T>(expected: string, read: (value: unknown) => T | undefined) {
  return z.unknown().transform((input, context): T => {
    const value = read(input);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected, input });
    return z.NEVER;
  });
}

/** Text of at least one character; a number keeps the digits that were written. */
export function text(expected = 'text') {
  return field(expected, (value) => {
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' && value.trim() !== '' ? value : undefined;
  });
}

export function oneOf<const Options extends readonly string[]>(options: Options) {
  return field(options.join(' or '), (value): Options[number] | undefined =>
    options.find((option) => option === value),
  );
}

export function bool() {
  return field('true or false', (value) => (typeof value === 'boolean' ? value : undefined));
}

export function wholeNumber(lowest: number, highest: number, unit = '') {
  const expected = `a whole number${unit === '' ? '' : ` of ${unit}`} from ${lowest} to ${highest}`;
  return field(expected, (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= lowest && value <= highest
      ? value
      : undefined,
  );
}

/** A number that is neither money, price nor size: a share, a speed, an exponent. */
export function ratio(lowest: number, highest: number) {
  return field(`a number from ${lowest} to ${highest}`, (input) => {
    const plain = readPlain(input);
    const value = plain === undefined ? Number.NaN : Number(plain);
    return value >= lowest && value <= highest ? value : undefined;
  });
}

export interface Bounds {
  readonly above?: DecimalText;
  readonly atLeast?: DecimalText;
  readonly below?: DecimalText;
  readonly atMost?: DecimalText;
}

/**
 * An exact decimal as text: `0.95` and `"0.95"` are the same and never become a float. Strategies
 * use it for their options, too.
 */
export function decimalField(what: string, bounds: Bounds, maxDecimals = MAX_DECIMALS) {
  const rule = [
    bounds.above === undefined ? '' : `above ${bounds.above}`,
    bounds.atLeast === undefined ? '' : `${bounds.atLeast} or more`,
    bounds.below === undefined ? '' : `below ${bounds.below}`,
    bounds.atMost === undefined ? '' : `at most ${bounds.atMost}`,
  ].filter((part) => part !== '');
  const expected = `${what} ${rule.join(' and ')}, with at most ${maxDecimals} decimals`;
  return field(expected, (input): DecimalText | undefined => {
    const plain = readPlain(input);
    if (plain === undefined) return undefined;
    const value = decimal(plain);
    if (value.decimalPlaces() > maxDecimals) return undefined;
    if (bounds.above !== undefined && !value.gt(bounds.above)) return undefined;
    if (bounds.atLeast !== undefined && !value.gte(bounds.atLeast)) return undefined;
    if (bounds.below !== undefined && !value.lt(bounds.below)) return undefined;
    if (bounds.atMost !== undefined && !value.lte(bounds.atMost)) return undefined;
    return toText(value);
  });
}

/** An object that refuses keys it does not know, and says which it knows. */
export function section<Shape extends z.core.$ZodShape>(shape: Shape) {
  const names = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `one of ${names}` : `a section with ${names}`,
  });
}

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: 'a list' });
}

function readPlain(input: unknown): string | undefined {
  const plain = typeof input === 'number' ? String(input) : input;
  return typeof plain === 'string' && PLAIN_DECIMAL.test(plain) ? plain : undefined;
}
