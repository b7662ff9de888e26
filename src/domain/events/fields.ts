/** The kinds of value that an event carries, each with its unit and its meaning for the documentation. */
import { z } from 'zod';

export interface FieldNote {
  readonly unit: string;
  /** One sentence or less. */
  readonly means: string;
}

/** What is said of each field of a payload. */
export const FIELD_NOTES = z.registry<FieldNote>();

const DECIMAL_TEXT = /^-?\d+(?:\.\d+)?$/;

function noted<Schema extends z.ZodType>(schema: Schema, unit: string, means: string): Schema {
  FIELD_NOTES.add(schema, { unit, means });
  return schema;
}

const decimalText = () => z.string().regex(DECIMAL_TEXT);

export const text = (means: string) => noted(z.string(), 'text', means);
export const flag = (means: string) => noted(z.boolean(), 'true or false', means);
export const count = (means: string) => noted(z.int().nonnegative(), 'whole number', means);
export const milliseconds = (means: string) => noted(z.int(), 'milliseconds', means);
export const timeMs = (means: string) => noted(z.int(), 'ms since 1970 UTC', means);
export const shares = (means: string) => noted(decimalText(), 'shares, decimal text', means);
export const dollars = (means: string) => noted(decimalText(), 'dollars, decimal text', means);
export const price = (means: string) =>
  noted(decimalText(), 'dollars a share, decimal text', means);

export function word<const Words extends readonly [string, ...string[]]>(
  words: Words,
  means: string,
) {
  return noted(z.enum(words), words.map((one) => `\`${one}\``).join(' or '), means);
}

export function orNull<Schema extends z.ZodType>(field: Schema) {
  const { unit = '', means = '' } = FIELD_NOTES.get(field) ?? {};
  return noted(z.nullable(field), `${unit}; or null`, means);
}
