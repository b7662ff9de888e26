/**
 * The door for intents: whatever a strategy hands in becomes a checked, frozen `Intent` or one fault
 * that names the place, the value and what was expected. Nothing is repaired on the way: an order
 * that was not meant exactly as it was written is not placed.
 */
import {
  type Decimal,
  type DecimalText,
  decimal,
  type Price,
  price as parsePrice,
  shares,
  toText,
  usd,
} from './decimal.ts';
import { FillwrightFault, InvalidValue } from './faults.ts';
import type { Instrument, InstrumentId } from './instrument.ts';
import type { Intent } from './intent.ts';
import { INTENT_EXPECTATIONS, type IntentFields, intentShape } from './intent-input.ts';
import { isOnTick, SIZE_DECIMALS } from './quantise.ts';
import { shapeFault } from './shape-fault.ts';

/** One batch is one turn of the engine; more would hold up every other actor for too long. */
export const MAX_INTENTS_PER_BATCH = 500;

/** Characters of one intent as JSON: many times what its fields can need. */
export const MAX_INTENT_CHARACTERS = 16_384;

/** Shares or dollars. Keeps every product of two amounts exact in the 40 digits that we compute in. */
const MAX_QUANTITY = '1000000000000';

/** Decimals of the dollars of a market BUY. Source: Polymarket, market orders are capped at cents. */
const MONEY_DECIMALS = 2;

/** Smallest BUY in dollars that may match at once. Source: Polymarket refuses less. */
export const MINIMUM_MARKETABLE_BUY_USD = '1';

/** How many known instruments a fault names. */
const MAX_NAMED = 5;

/** Finds an instrument by its id; undefined when there is none. */
export type FindInstrument = (id: InstrumentId) => Instrument | undefined;

/**
 * Checks one intent.
 *
 * `known` is only for the message about an unknown instrument: it names the first five.
 *
 * @throws {InvalidValue} at a place such as `intent.price`.
 * @throws {FillwrightFault} `unknown_instrument`.
 */
export function parseIntent(
  input: unknown,
  findInstrument: FindInstrument,
  known: readonly InstrumentId[] = [],
): Intent {
  return parseAt('intent', input, findInstrument, known);
}

/**
 * Checks a batch: all of it or nothing. A fault names the first bad place, as `intents[3].price`.
 *
 * @throws {InvalidValue} also for anything but an array of at most `MAX_INTENTS_PER_BATCH`.
 * @throws {FillwrightFault} `unknown_instrument`.
 */
export function parseIntents(
  input: unknown,
  findInstrument: FindInstrument,
  known: readonly InstrumentId[] = [],
): readonly Intent[] {
  if (!Array.isArray(input)) throw new InvalidValue('intents', input, 'an array of intents');
  if (input.length > MAX_INTENTS_PER_BATCH) {
    const count = `${input.length} intents`;
    throw new InvalidValue('intents', count, `at most ${MAX_INTENTS_PER_BATCH} in one batch`);
  }
  // Array.from visits holes as well, so that none of them slips through unchecked.
  return Array.from(input, (item: unknown, index) =>
    parseAt(`intents[${index}]`, item, findInstrument, known),
  );
}

/**
 * The intent as JSON text that is the same for the same body: fixed order of fields, decimals without
 * trailing zeros. What a second use of a key is compared with.
 */
export function canonicalIntent(intent: Intent): string {
  return JSON.stringify({
    key: intent.key,
    strategy: intent.strategy,
    instrumentId: intent.instrumentId,
    side: intent.side,
    type: intent.type,
    price: normalised(intent.price),
    size: normalised(intent.size),
    amountUsd: normalised(intent.amountUsd),
    timeInForce: intent.timeInForce,
    expiresAtMs: intent.expiresAtMs,
    postOnly: intent.postOnly,
    priority: intent.priority,
    reason: intent.reason,
    budget: intent.budget,
  });
}

function parseAt(
  place: string,
  input: unknown,
  findInstrument: FindInstrument,
  known: readonly InstrumentId[],
): Intent {
  checkLength(place, input);
  const parsed = intentShape.safeParse(input);
  if (!parsed.success) {
    throw shapeFault(place, 'an intent', input, parsed.error.issues, INTENT_EXPECTATIONS);
  }
  const fields = parsed.data;
  const instrument = findInstrument(fields.instrument);
  if (!instrument) throw unknownInstrument(place, fields.instrument, known);
  const price = priceOnTick(place, fields.price, instrument);
  const terms = termsOf(place, fields);
  const quantity = quantityOf(place, fields, terms, price, instrument);
  return Object.freeze({
    key: fields.key,
    strategy: fields.strategy ?? 'manual',
    instrumentId: instrument.id,
    side: fields.side,
    price: toText(price),
    ...quantity,
    ...terms,
    // Not `??`: -0 is the same priority as 0, also as text.
    priority: fields.priority || 0,
    reason: fields.reason ?? '',
    ...budgetIn(place, fields),
  });
}

function budgetIn(place: string, { budget, side }: IntentFields): Pick<Intent, 'budget'> {
  if (budget === undefined) return {};
  if (side === 'BUY') return { budget };
  throw new InvalidValue(`${place}.budget`, budget, 'nothing for a SELL: it reserves no dollars');
}

type Terms = Pick<Intent, 'type' | 'timeInForce' | 'postOnly' | 'expiresAtMs'>;

/** How and for how long the order stands: the fields that must agree with one another. */
function termsOf(place: string, fields: IntentFields): Terms {
  const type = fields.type ?? 'limit';
  const timeInForce = fields.timeInForce ?? (type === 'market' ? 'FAK' : 'GTC');
  const postOnly = fields.postOnly ?? false;
  const rests = timeInForce === 'GTC' || timeInForce === 'GTD';
  if (type === 'market' && rests) {
    throw new InvalidValue(`${place}.timeInForce`, timeInForce, 'FOK or FAK for a market order');
  }
  if (postOnly && !rests) {
    const expected = `false with ${timeInForce}: only a resting order (GTC, GTD) can be post-only`;
    throw new InvalidValue(`${place}.postOnly`, postOnly, expected);
  }
  const { expiresAtMs } = fields;
  if (timeInForce === 'GTD') {
    if (expiresAtMs !== undefined) return { type, timeInForce, postOnly, expiresAtMs };
    const expected = `${INTENT_EXPECTATIONS.expiresAtMs}: a GTD order needs its end`;
    throw new InvalidValue(`${place}.expiresAtMs`, expiresAtMs, expected);
  }
  if (expiresAtMs !== undefined) {
    const expected = `nothing with ${timeInForce}: only GTD orders expire`;
    throw new InvalidValue(`${place}.expiresAtMs`, expiresAtMs, expected);
  }
  return { type, timeInForce, postOnly };
}

function priceOnTick(place: string, value: unknown, instrument: Instrument): Price {
  const where = `${place}.price`;
  refuseNumber(where, value);
  const price = parsePrice(value, where);
  if (isOnTick(price, instrument.tickSize)) return price;
  const expected = `a price on the ${instrument.tickSize} grid of ${instrument.id}, at least one tick from 0 and 1`;
  throw new InvalidValue(where, value, expected);
}

function quantityOf(
  place: string,
  fields: IntentFields,
  terms: Terms,
  price: Price,
  instrument: Instrument,
): Pick<Intent, 'size' | 'amountUsd'> {
  if (fields.size !== undefined && fields.amountUsd !== undefined) {
    throw new InvalidValue(`${place}.amountUsd`, fields.amountUsd, 'either size or amountUsd');
  }
  if (fields.amountUsd !== undefined) {
    const where = `${place}.amountUsd`;
    if (terms.type !== 'market' || fields.side !== 'BUY') {
      const expected = 'size instead: only a market BUY is stated in dollars';
      throw new InvalidValue(where, fields.amountUsd, expected);
    }
    refuseNumber(where, fields.amountUsd);
    const amountUsd = usd(fields.amountUsd, where);
    checkGrid(where, fields.amountUsd, amountUsd, MONEY_DECIMALS, 'dollars');
    checkWorth(where, fields.amountUsd, amountUsd);
    return { amountUsd: toText(amountUsd) };
  }
  const where = `${place}.size`;
  refuseNumber(where, fields.size);
  const size = shares(fields.size, where);
  checkGrid(where, fields.size, size, SIZE_DECIMALS, 'shares');
  const rests = terms.timeInForce === 'GTC' || terms.timeInForce === 'GTD';
  if (rests && size.lt(instrument.minimumOrderSize)) {
    const expected = `at least ${instrument.minimumOrderSize} shares, the smallest resting order of ${instrument.id}`;
    throw new InvalidValue(where, fields.size, expected);
  }
  if (!rests && fields.side === 'BUY') checkWorth(where, fields.size, price.times(size));
  return { size: toText(size) };
}

function checkGrid(
  where: string,
  value: unknown,
  parsed: Decimal,
  decimals: number,
  unit: string,
): void {
  if (parsed.decimalPlaces() > decimals || parsed.gt(MAX_QUANTITY)) {
    const expected = `${unit} with at most ${decimals} decimals, up to ${MAX_QUANTITY}`;
    throw new InvalidValue(where, value, expected);
  }
}

/** `worthUsd` is the most that the order can spend: below the minimum at any price, or not. */
function checkWorth(where: string, value: unknown, worthUsd: Decimal): void {
  if (worthUsd.gte(MINIMUM_MARKETABLE_BUY_USD)) return;
  const expected = `a BUY worth at least $${MINIMUM_MARKETABLE_BUY_USD} (this one: $${toText(worthUsd)}), the venue's minimum for a match`;
  throw new InvalidValue(where, value, expected);
}

function refuseNumber(where: string, value: unknown): void {
  if (typeof value !== 'number') return;
  const expected = 'decimal text such as "0.52": a JS number is not exact (0.1 + 0.2 is not 0.3)';
  throw new InvalidValue(where, value, expected);
}

function checkLength(place: string, input: unknown): void {
  let text: string | undefined;
  try {
    text = JSON.stringify(input);
  } catch {
    throw new InvalidValue(place, input, 'plain JSON data');
  }
  if (text !== undefined && text.length > MAX_INTENT_CHARACTERS) {
    const expected = `at most ${MAX_INTENT_CHARACTERS} characters as JSON`;
    throw new InvalidValue(place, `${text.length} characters`, expected);
  }
}

function unknownInstrument(
  place: string,
  id: InstrumentId,
  known: readonly InstrumentId[],
): FillwrightFault {
  const named = known.slice(0, MAX_NAMED);
  const more = known.length > named.length ? ` and ${known.length - named.length} more` : '';
  const hint = named.length > 0 ? ` Known: ${named.join(', ')}${more}.` : '';
  const where = `${place}.instrument`;
  const shown = id.length > 120 ? `${id.slice(0, 117)}...` : id;
  return new FillwrightFault(
    'unknown_instrument',
    `${where}: nobody here knows the instrument ${JSON.stringify(shown)}.${hint}`,
    { place: where, instrumentId: shown, known: named },
  );
}

function normalised(text: DecimalText | undefined): DecimalText | undefined {
  return text === undefined ? undefined : toText(decimal(text));
}
