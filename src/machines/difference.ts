import { type DecimalText, decimal, toText } from '../domain/decimal.ts';

/** `after - before` as decimal text; `"0"` without arithmetic where nothing changed. */
export function difference(after: DecimalText, before: DecimalText): DecimalText {
  return after === before ? '0' : toText(decimal(after).minus(before));
}
