/** The venue's own records of orders and trades, in memory and at rest. */
import { z } from 'zod';
import type { SubmitOutcome, VenueOrderReport } from '../../../actors/ports.ts';
import type { PaperOrderRow, PaperTradeRow } from '../../../actors/venue-store-port.ts';
import { type Decimal, decimal, toText, ZERO } from '../../../domain/decimal.ts';
import { FillwrightFault } from '../../../domain/faults.ts';
import { isFinalSettlement, type LegReport } from '../../../domain/fill-leg.ts';
import type { Instrument } from '../../../domain/instrument.ts';
import type { OrderBody } from './order-body.ts';

const decimalAtRest = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .transform((text) => decimal(text));
const timeMs = z.int();
const side = z.enum(['BUY', 'SELL']);
const settlement = z.enum(['matched', 'retrying', 'mined', 'confirmed', 'failed']);

/** Shares taken from one price level. */
const takeSchema = z.object({ price: decimalAtRest, size: decimalAtRest });

const orderSchema = z.object({
  id: z.string(),
  clientOrderId: z.string(),
  /** Counts up with each order: time priority among our own. */
  arrival: z.int(),
  instrumentId: z.string(),
  side,
  type: z.enum(['limit', 'market']),
  price: decimalAtRest,
  /** Exactly one of `size` (shares) and `amountUsd` (dollars, fee not included) is there. */
  size: decimalAtRest.optional(),
  amountUsd: decimalAtRest.optional(),
  timeInForce: z.enum(['GTC', 'GTD', 'FOK', 'FAK']),
  expiresAtMs: timeMs.optional(),
  postOnly: z.boolean(),
  /** The market's rules when the order arrived: they hold for its whole life. */
  tickSize: decimalAtRest,
  fees: z.object({ rate: z.string(), exponent: z.number(), takerOnly: z.boolean() }),
  status: z.enum(['live', 'delayed', 'matched', 'cancelled', 'expired', 'rejected']),
  /** Cancelled by the venue with nothing filled: FOK or FAK that found nothing. */
  killed: z.boolean(),
  reason: z.string().optional(),
  matchedSize: decimalAtRest,
  /** `price x size` of all legs, without fees. */
  spentUsd: decimalAtRest,
  /** Shares in front of us at our price; absent until a book was seen. Only while `live`. */
  ahead: decimalAtRest.optional(),
  /** Only while `delayed`: when the taker delay ends. */
  delayedUntilMs: timeMs.optional(),
  /** The second part of a split fill. `complete`: with it the order is filled. */
  later: z.object({ atMs: timeMs, complete: z.boolean(), takes: z.array(takeSchema) }).optional(),
  changedAtMs: timeMs,
});

const tradeSchema = z.object({
  id: z.string(),
  orderId: z.string(),
  instrumentId: z.string(),
  side,
  role: z.enum(['taker', 'maker']),
  price: decimalAtRest,
  size: decimalAtRest,
  feeUsd: decimalAtRest,
  settlement,
  matchedAtMs: timeMs,
  changedAtMs: timeMs,
  /** What is still to come, decided at the match, with absolute times. */
  steps: z.array(z.object({ settlement, atMs: timeMs })),
  transactionHash: z.string().optional(),
});

export type Take = z.output<typeof takeSchema>;
export type PaperOrder = z.output<typeof orderSchema>;
export type PaperTrade = z.output<typeof tradeSchema>;

/**
 * A record of a new order, before anything is decided about it. An order for an instrument that is
 * not traded here gets a record, too: the same bytes must get the same answer again.
 */
export function newOrder(
  id: string,
  body: OrderBody,
  instrument: Instrument | undefined,
  arrival: { readonly number: number; readonly atMs: number },
): PaperOrder {
  return {
    id,
    clientOrderId: body.salt,
    arrival: arrival.number,
    instrumentId: body.instrumentId,
    side: body.side,
    type: body.type,
    price: decimal(body.price),
    ...(body.size === undefined ? {} : { size: decimal(body.size) }),
    ...(body.amountUsd === undefined ? {} : { amountUsd: decimal(body.amountUsd) }),
    timeInForce: body.timeInForce,
    ...(body.expiresAtMs === undefined ? {} : { expiresAtMs: body.expiresAtMs }),
    postOnly: body.postOnly,
    tickSize: decimal(instrument?.tickSize ?? '0'),
    fees: instrument?.fees ?? { rate: '0', exponent: 0, takerOnly: true },
    status: 'live',
    killed: false,
    matchedSize: ZERO,
    spentUsd: ZERO,
    changedAtMs: arrival.atMs,
  };
}

export function isOpen(order: PaperOrder): boolean {
  return order.status === 'live' || order.status === 'delayed';
}

/** Shares of an order by size that are not matched; zero for an order by money. */
export function remainingSize(order: PaperOrder): Decimal {
  return order.size === undefined ? ZERO : order.size.minus(order.matchedSize);
}

/** Shares that rest in the book: what neither was matched nor is promised to a later part. */
export function restingSize(order: PaperOrder): Decimal {
  let size = remainingSize(order);
  for (const take of order.later?.takes ?? []) size = size.minus(take.size);
  return size;
}

export function orderReport(order: PaperOrder): VenueOrderReport {
  return {
    venueOrderId: order.id,
    status: order.status,
    rawStatus: order.killed ? 'killed' : order.status,
    sizeMatched: toText(order.matchedSize),
    ...(order.reason === undefined ? {} : { reason: order.reason }),
    atMs: order.changedAtMs,
  };
}

/** The answer to whoever sends this order, for the first time or again. */
export function outcomeOf(order: PaperOrder): SubmitOutcome {
  if (order.status === 'rejected') return { kind: 'rejected', reason: order.reason ?? 'refused' };
  if (order.killed) return { kind: 'killed', reason: order.reason ?? 'killed' };
  const status =
    order.status === 'delayed' ? 'delayed' : order.matchedSize.isZero() ? 'live' : 'matched';
  return { kind: 'acknowledged', venueOrderId: order.id, status };
}

export function legReport(trade: PaperTrade): LegReport {
  return {
    tradeId: trade.id,
    venueOrderId: trade.orderId,
    role: trade.role,
    side: trade.side,
    instrumentId: trade.instrumentId,
    price: toText(trade.price),
    size: toText(trade.size),
    feeUsd: toText(trade.feeUsd),
    settlement: trade.settlement,
    matchedAtMs: trade.matchedAtMs,
    ...(trade.transactionHash === undefined ? {} : { transactionHash: trade.transactionHash }),
  };
}

/** Decimals become plain text by themselves: `Decimal.toJSON` under the engine's configuration. */
export function orderRow(order: PaperOrder): PaperOrderRow {
  return { id: order.id, open: isOpen(order), body: JSON.stringify(order) };
}

export function tradeRow(trade: PaperTrade): PaperTradeRow {
  return {
    id: trade.id,
    final: isFinalSettlement(trade.settlement),
    changedAtMs: trade.changedAtMs,
    body: JSON.stringify(trade),
  };
}

/** @throws {FillwrightFault} `corrupt_row` that names the row. */
export function orderFromRow(row: PaperOrderRow): PaperOrder {
  return read(orderSchema, row, 'order');
}

/** @throws {FillwrightFault} `corrupt_row` that names the row. */
export function tradeFromRow(row: PaperTradeRow): PaperTrade {
  return read(tradeSchema, row, 'trade');
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  row: { readonly id: string; readonly body: string },
  kind: string,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(row.body));
  } catch (cause) {
    throw new FillwrightFault(
      'corrupt_row',
      `The paper venue's ${kind} ${row.id} cannot be read.`,
      { kind, id: row.id },
      { cause },
    );
  }
}
