/** Checks of what a caller of the engine gives, each with an error that names the place. */
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import { isName } from './outside.ts';

/** @throws {InvalidValue} naming the first that no database keeps. */
export function checkTexts(texts: Record<string, unknown>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (!isName(text)) throw new InvalidValue(name, text, 'text without NUL or half characters');
  }
}

/** @throws {InvalidValue} */
export function checkAmount(amountUsd: unknown): void {
  const isText = typeof amountUsd === 'string';
  if (!isText || !/^\d+(\.\d{1,6})?$/.test(amountUsd) || Number(amountUsd) === 0) {
    throw new InvalidValue('amountUsd', amountUsd, 'a positive amount in dollars, as decimal text');
  }
}

export function unknownOrder(orderId: string): FillwrightFault {
  return new FillwrightFault('unknown_order', `order ${JSON.stringify(orderId)}: not known here.`, {
    orderId,
  });
}
