/** Checks of what a caller of the engine gives, each with an error that names the place. */
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import { ENGINE_CAUSES, EVERYTHING, scopeOfCause } from '../domain/risk/holds.ts';
import { MAX_OVERRIDE_MS, MAX_OVERRIDES, OVERRIDABLE } from '../domain/risk/overrides.ts';
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

const LEVELS: readonly unknown[] = ['paused', 'reducing', 'halted'];

/** @throws {InvalidValue} */
export function checkLevel(level: unknown): void {
  if (!LEVELS.includes(level)) throw new InvalidValue('level', level, LEVELS.join(', '));
}

const HOLDABLE = /^(?:all$|(?:market|strategy):.)/s;
const HOLDABLE_WORDS = `${EVERYTHING}, market:<id>, strategy:<name>`;

/** @throws {InvalidValue} for a scope that a person cannot hold. */
export function checkHoldable(scope: string): void {
  if (!HOLDABLE.test(scope)) throw new InvalidValue('scope', scope, HOLDABLE_WORDS);
}

/** @throws {InvalidValue} for a scope that nobody could have held. */
export function checkScope(scope: string): void {
  const causes = ENGINE_CAUSES.map(scopeOfCause);
  if (HOLDABLE.test(scope) || causes.includes(scope)) return;
  throw new InvalidValue('scope', scope, `${HOLDABLE_WORDS}, ${causes.join(', ')}`);
}

/** @throws {InvalidValue} @throws {FillwrightFault} `overloaded` where too many wait. */
export function checkOverride(asked: object, waiting: number): void {
  const { rules, marketId, strategy, forMs } = asked as Record<string, unknown>;
  if (!Array.isArray(rules) || rules.length === 0) {
    throw new InvalidValue('rules', rules, `a list of ${OVERRIDABLE.join(', ')}`);
  }
  for (const rule of rules) {
    if ((OVERRIDABLE as readonly unknown[]).includes(rule)) continue;
    throw new InvalidValue(
      'rules',
      rule,
      `one of ${OVERRIDABLE.join(', ')}: no other can be set aside`,
    );
  }
  if (marketId !== undefined) checkTexts({ marketId });
  if (strategy !== undefined) checkTexts({ strategy });
  if (!Number.isSafeInteger(forMs) || Number(forMs) < 1 || Number(forMs) > MAX_OVERRIDE_MS) {
    throw new InvalidValue('forMs', forMs, `whole milliseconds, at most ${MAX_OVERRIDE_MS}`);
  }
  if (waiting < MAX_OVERRIDES) return;
  throw new FillwrightFault('overloaded', `${waiting} overrides wait already.`, { waiting });
}

export function unknownOrder(orderId: string): FillwrightFault {
  return new FillwrightFault('unknown_order', `order ${JSON.stringify(orderId)}: not known here.`, {
    orderId,
  });
}

/** A key names one intent for ever. @throws {FillwrightFault} `key_conflict`. */
export function checkSameBody(key: string, first: string, again: string): void {
  if (first === again) return;
  throw new FillwrightFault(
    'key_conflict',
    `intent.key ${JSON.stringify(key)}: used before for another intent. A key names one intent for ever; nothing was done.`,
    { key, first, again },
  );
}

export function unknownInstrument(id: string): FillwrightFault {
  return new FillwrightFault(
    'unknown_instrument',
    `intent.instrument ${JSON.stringify(id)}: the venue has no such instrument.`,
    { instrumentId: id },
  );
}
