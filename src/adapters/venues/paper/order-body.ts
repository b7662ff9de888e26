/**
 * The exact bytes of a paper order and the id that follows from them. The id is a hash of the body,
 * as on Polymarket: it is known before anything is sent, and sending the same bytes again can only
 * mean the same order.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { PreparedOrder, VenueOrder } from '../../../actors/ports.ts';
import { decimal, toText } from '../../../domain/decimal.ts';

/** A body is a few hundred bytes; anything far above was not made by `prepareBody`. */
const MAX_BODY_LENGTH = 4_000;

const decimalText = z.string().regex(/^\d{1,20}(\.\d{1,20})?$/);

const bodySchema = z.strictObject({
  venue: z.string(),
  /** Our own id: it makes two orders with the same wish two bodies. */
  salt: z.string().min(1),
  instrumentId: z.string(),
  tokenId: z.string(),
  side: z.enum(['BUY', 'SELL']),
  type: z.enum(['limit', 'market']),
  price: decimalText,
  size: decimalText.optional(),
  amountUsd: decimalText.optional(),
  timeInForce: z.enum(['GTC', 'GTD', 'FOK', 'FAK']),
  expiresAtMs: z.int().optional(),
  postOnly: z.boolean(),
});

/** What an order asks for, in the body's own words. */
export type OrderBody = z.infer<typeof bodySchema>;

/**
 * Pure: the same order gives the same bytes and the same id.
 * @throws {Error} when a price or size is not a number at all.
 */
export function prepareBody(venue: string, order: VenueOrder): PreparedOrder {
  const fields: OrderBody = {
    venue,
    salt: order.clientOrderId,
    instrumentId: order.instrument.id,
    tokenId: order.instrument.tokenId,
    side: order.side,
    type: order.type,
    price: toText(decimal(order.price)),
    ...(order.size === undefined ? {} : { size: toText(decimal(order.size)) }),
    ...(order.amountUsd === undefined ? {} : { amountUsd: toText(decimal(order.amountUsd)) }),
    timeInForce: order.timeInForce,
    ...(order.expiresAtMs === undefined ? {} : { expiresAtMs: order.expiresAtMs }),
    postOnly: order.postOnly,
  };
  const body = JSON.stringify(fields);
  return { clientOrderId: order.clientOrderId, venueOrderId: hashOf(body), body };
}

/** The order in these bytes, or the reason why there is none. */
export function readBody(
  venue: string,
  prepared: PreparedOrder,
): { readonly order: OrderBody } | { readonly refusal: string } {
  if (prepared.body.length > MAX_BODY_LENGTH) {
    return { refusal: `body: got ${prepared.body.length} characters, expected a paper order` };
  }
  const id = hashOf(prepared.body);
  if (id !== prepared.venueOrderId) {
    return { refusal: `order id: got ${prepared.venueOrderId}, expected ${id}, the body's hash` };
  }
  const parsed = bodySchema.safeParse(parseJson(prepared.body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { refusal: `body.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}` };
  }
  if (parsed.data.venue !== venue) {
    return { refusal: `body.venue: got ${parsed.data.venue}, expected ${venue}` };
  }
  return { order: parsed.data };
}

function hashOf(body: string): string {
  return `0x${createHash('sha256').update(body).digest('hex')}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
