/** The shape that a written exit plan must have, and what is expected where it has not. */
import { z } from 'zod';
import { decimal, parseDecimal, price, toText } from '../decimal.ts';
import { InvalidValue } from '../faults.ts';
import type { Expectations } from '../shape-fault.ts';
import type { ExitRule } from './exit-plan.ts';

/** Each is looked at with every price: more than this is a mistake. */
const MAX_RULES = 20;
/** Attempts of one exit. */
const MAX_OFFERS = 10;
const MAX_TICKS_ABOVE_BID = 100;
const MAX_NAME = 100;

/** How long an attempt waits for its fill. */
const DEFAULT_WAIT_MS = 30_000;
/** As long as an attempt waits: an unsold rest is offered again, but not at once. */
const DEFAULT_REST_MS = 30_000;
/** Less would flood the venue with orders. */
const MIN_WAIT_MS = 1_000;
const DEFAULT_MAX_PRICE_AGE_MS = 60_000;
/** Unless it is said otherwise, what must go is sold at any price that somebody pays. */
const DEFAULT_WORST_PRICE = '0.0001';
/** At the bid; after the wait at the bid as it is then; then what there is, down to the worst price. */
const DEFAULT_OFFERS = [{ kind: 'limit' }, { kind: 'cross' }, { kind: 'fak' }];

const name = z
  .string()
  .max(MAX_NAME)
  .regex(/^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}])?$/u);
const ms = z.int().nonnegative();
const someMs = z.int().positive();
const waitMs = z.int().min(MIN_WAIT_MS);
const source = z.enum(['bid', 'mark']);
const priceText = decimalText((text) => {
  price(text);
  return true;
});
const percent = decimalText((text) => isWithin(text, '100'));
const usdAShare = decimalText((text) => isWithin(text, '0.999999'));

export const planShape = z.strictObject({
  name,
  rules: z.array(z.unknown()).max(MAX_RULES),
  trigger: source.default('bid'),
  maxPriceAgeMs: someMs.default(DEFAULT_MAX_PRICE_AGE_MS),
  onScaleIn: z.enum(['keep', 'rearm']).default('keep'),
  ladder: z.unknown().default({}),
});

export const ladderShape = z.strictObject({
  offers: z.array(z.unknown()).min(1).max(MAX_OFFERS).default(DEFAULT_OFFERS),
  waitMs: waitMs.default(DEFAULT_WAIT_MS),
  worstPrice: priceText.default(DEFAULT_WORST_PRICE),
  restMs: waitMs.default(DEFAULT_REST_MS),
});

export const offerShape = z.strictObject({
  kind: z.enum(['limit', 'cross', 'fak']),
  ticksAboveBid: z.int().min(0).max(MAX_TICKS_ABOVE_BID).default(0),
  postOnly: z.boolean().default(false),
});

const terms = { id: name, fromAgeMs: ms.default(0), untilAgeMs: ms.optional() };
const selling = {
  ...terms,
  percent: percent.default('100'),
  group: name.optional(),
  worstPrice: priceText.optional(),
};
const priced = { ...selling, trigger: source.optional() };

export const RULE_SHAPES = {
  holdToResolution: z.strictObject({ kind: z.literal('holdToResolution'), ...terms }),
  profitTarget: z.strictObject({
    kind: z.literal('profitTarget'),
    ...priced,
    price: priceText.optional(),
    gainUsd: usdAShare.optional(),
    gainPercent: decimalText((text) => isWithin(text)).optional(),
  }),
  stopLoss: z.strictObject({
    kind: z.literal('stopLoss'),
    ...priced,
    price: priceText.optional(),
    lossUsd: usdAShare.optional(),
    lossPercent: percent.optional(),
  }),
  trailingStop: z.strictObject({
    kind: z.literal('trailingStop'),
    ...priced,
    trailUsd: usdAShare.optional(),
    trailPercent: percent.optional(),
    activatePrice: priceText.optional(),
  }),
  timeExit: z.strictObject({
    kind: z.literal('timeExit'),
    ...selling,
    atMs: someMs.optional(),
  }),
} as const;

export type RuleKind = ExitRule['kind'];
export const RULE_KINDS = [
  'holdToResolution',
  'profitTarget',
  'stopLoss',
  'trailingStop',
  'timeExit',
] as const satisfies readonly RuleKind[];

/** Of each kind the fields of which it has exactly one. */
export const EXPECTED_LEVELS: Readonly<Record<Exclude<RuleKind, 'timeExit'>, readonly string[]>> = {
  holdToResolution: [],
  profitTarget: ['price', 'gainUsd', 'gainPercent'],
  stopLoss: ['price', 'lossUsd', 'lossPercent'],
  trailingStop: ['trailUsd', 'trailPercent'],
};

export const IS_TIMED = 'fromAgeMs above zero, or atMs: a time exit needs its time';

const NAME = `1 to ${MAX_NAME} letters, digits, blanks, dots, dashes or underscores`;
const PRICE = 'a price strictly between 0 and 1, as decimal text';
const PERCENT = 'a percentage above 0 and up to 100, as decimal text';
const USD_A_SHARE = 'dollars a share, above 0 and below 1, as decimal text';
const SOME_MS = 'whole milliseconds above zero';
const WAIT_MS = `whole milliseconds, at least ${MIN_WAIT_MS}`;
const MS = 'whole milliseconds, zero or more';

export const PLAN_EXPECTATIONS = {
  name: NAME,
  rules: `a list of at most ${MAX_RULES} rules`,
  trigger: 'bid or mark',
  maxPriceAgeMs: SOME_MS,
  onScaleIn: 'keep or rearm',
  ladder: 'a ladder object',
} satisfies Expectations;

export const LADDER_EXPECTATIONS = {
  offers: `a list of 1 to ${MAX_OFFERS} offers`,
  waitMs: WAIT_MS,
  worstPrice: PRICE,
  restMs: WAIT_MS,
} satisfies Expectations;

export const OFFER_EXPECTATIONS = {
  kind: 'limit, cross or fak',
  ticksAboveBid: `a whole number from 0 to ${MAX_TICKS_ABOVE_BID}`,
  postOnly: 'true or false',
} satisfies Expectations;

export const RULE_EXPECTATIONS = {
  kind: RULE_KINDS.join(', '),
  id: NAME,
  fromAgeMs: MS,
  untilAgeMs: MS,
  percent: PERCENT,
  group: NAME,
  worstPrice: PRICE,
  trigger: 'bid or mark',
  price: PRICE,
  gainUsd: USD_A_SHARE,
  gainPercent: 'a percentage above 0, as decimal text',
  lossUsd: USD_A_SHARE,
  lossPercent: PERCENT,
  trailUsd: USD_A_SHARE,
  trailPercent: PERCENT,
  activatePrice: PRICE,
  atMs: 'whole milliseconds since 1970 UTC',
} satisfies Expectations;

/** Decimal text that `holds`, without trailing zeros. A JS number is none: 0.9 is not exact. */
function decimalText(holds: (text: string) => boolean) {
  return z
    .string()
    .refine((text) => accepts(holds, text), { abort: true })
    .transform((text) => toText(decimal(text)));
}

function accepts(holds: (text: string) => boolean, text: string): boolean {
  try {
    return holds(text);
  } catch (error) {
    if (error instanceof InvalidValue) return false;
    throw error;
  }
}

/** Above zero, and at most `most`. */
function isWithin(text: string, most?: string): boolean {
  const value = parseDecimal(text, '', '');
  return value.gt(0) && (most === undefined || value.lte(most));
}
