/** What a strategy writes down as an intent, and the shape that it must have. */
import { z } from 'zod';
import type { Decimal, DecimalText } from './decimal.ts';
import type { InstrumentId, Side } from './instrument.ts';
import type { TimeInForce } from './intent.ts';
import type { Expectations } from './shape-fault.ts';

const MAX_KEY = 200;
const MAX_STRATEGY = 100;
const MAX_REASON = 500;
const MAX_BUDGET = 100;
const MAX_PRIORITY = 1000;

/** An intent as a strategy writes it. Prices and amounts are decimal text, never JS numbers. */
export interface IntentInput {
  readonly key: string;
  /** Default `manual`. */
  readonly strategy?: string | undefined;
  readonly instrument: InstrumentId;
  readonly side: Side;
  /** Default `limit`. */
  readonly type?: 'limit' | 'market' | undefined;
  /** Limit price; for a market order the worst acceptable price. */
  readonly price: DecimalText | Decimal;
  /** Shares. Exactly one of `size` and `amountUsd`. */
  readonly size?: DecimalText | Decimal | undefined;
  /** Dollars before fees; market BUY only. */
  readonly amountUsd?: DecimalText | Decimal | undefined;
  /** Default `GTC` for a limit order, `FAK` for a market order. */
  readonly timeInForce?: TimeInForce | undefined;
  /** GTD only: milliseconds since 1970 UTC. */
  readonly expiresAtMs?: number | undefined;
  /** Default false. */
  readonly postOnly?: boolean | undefined;
  /** -1000 to 1000, default 0. Higher goes first. */
  readonly priority?: number | undefined;
  readonly reason?: string | undefined;
  /** BUY only: id of the budget whose dollars it uses. Absent: those that are in no budget. */
  readonly budget?: string | undefined;
}

/** What a person may not see in a key: control, format and surrogate characters, line separators. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** A reason may have lines, but no character that a terminal obeys or a database refuses. */
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Cs}]/u;

/** Types and lengths only. Unknown fields are refused; `parse-intent.ts` checks the meaning. */
export const intentShape = z.strictObject({
  key: z.string().min(1).max(MAX_KEY).refine(isVisible),
  strategy: z.string().min(1).max(MAX_STRATEGY).refine(isVisible).optional(),
  instrument: z.string().min(1).max(500),
  side: z.enum(['BUY', 'SELL']),
  type: z.enum(['limit', 'market']).optional(),
  price: z.unknown().optional(),
  size: z.unknown().optional(),
  amountUsd: z.unknown().optional(),
  timeInForce: z.enum(['GTC', 'GTD', 'FOK', 'FAK']).optional(),
  expiresAtMs: z.int().positive().optional(),
  postOnly: z.boolean().optional(),
  priority: z.int().min(-MAX_PRIORITY).max(MAX_PRIORITY).optional(),
  reason: z
    .string()
    .max(MAX_REASON)
    .refine((text) => !UNSAFE.test(text))
    .optional(),
  budget: z.string().min(1).max(MAX_BUDGET).refine(isVisible).optional(),
});
export type IntentFields = z.infer<typeof intentShape>;

export const INTENT_EXPECTATIONS = {
  key: `1 to ${MAX_KEY} printable characters without blanks at the ends`,
  strategy: `1 to ${MAX_STRATEGY} printable characters without blanks at the ends`,
  instrument: 'an instrument id such as "paper:0x12ab:YES"',
  side: 'BUY or SELL',
  type: 'limit or market',
  price: 'a price strictly between 0 and 1, as decimal text',
  size: 'shares, as decimal text',
  amountUsd: 'dollars, as decimal text',
  timeInForce: 'GTC, GTD, FOK or FAK',
  expiresAtMs: 'whole milliseconds since 1970 UTC',
  postOnly: 'true or false',
  priority: `a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY}`,
  reason: `at most ${MAX_REASON} characters without control characters`,
  budget: `the id of a budget: 1 to ${MAX_BUDGET} printable characters`,
} satisfies Expectations;

function isVisible(text: string): boolean {
  return !INVISIBLE.test(text) && text.trim() === text;
}
