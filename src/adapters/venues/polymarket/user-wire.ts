/**
 * Orders and trades as Polymarket writes them, in both places: REST (`/data/orders`, `/data/trades`)
 * and the user channel. Read leniently, because the shapes differ by place and by year: numbers or
 * text, empty text for "not stated", seconds or milliseconds, statuses with prefixes and suffixes.
 * Strict only where a guess could cost money.
 *
 * Source: Polymarket docs, "User channel", "Get trades", "Get active orders"; captured frames in
 * nautilus_trader #3126, #3450, #3987 and JKorf/Polymarket.Net.
 */
import type { DecimalText } from '../../../domain/decimal.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import type { Side } from '../../../domain/instrument.ts';
import { type Fields, fieldsOf } from './rest-fields.ts';
import {
  amount,
  bucketIndex,
  isBlank,
  name,
  namesIn,
  side,
  stated,
  statedAmount,
  statedName,
  statedSide,
  statedText,
  status,
  timeMs,
} from './user-wire-fields.ts';

/** An order by its own fields; what the venue left out or left empty is absent. */
export interface WireOrder {
  readonly type: 'order';
  /** The order's hash. */
  readonly id: string;
  /** `PLACEMENT`, `UPDATE` or `CANCELLATION`; absent from REST. */
  readonly change?: string;
  /** Without the prefix `ORDER_STATUS_`, otherwise as written: a suffix may hold a reason. */
  readonly status?: string;
  readonly marketId?: string;
  readonly tokenId?: string;
  /** API key. */
  readonly owner?: string;
  readonly makerAddress?: string;
  readonly side?: Side;
  readonly price?: DecimalText;
  /** Shares. */
  readonly originalSize?: DecimalText;
  /** Shares, cumulative. */
  readonly sizeMatched?: DecimalText;
  /** `GTC`, `GTD`, `FOK`, `FAK`. */
  readonly orderType?: string;
  readonly associateTrades: readonly string[];
  readonly expiresAtMs?: number;
  readonly createdAtMs?: number;
  /** When the venue said so; absent from REST. */
  readonly atMs?: number;
}

/** One resting order's part of a trade, by its own fields. */
export interface WireMakerOrder {
  readonly orderId: string;
  readonly owner?: string;
  readonly makerAddress?: string;
  readonly tokenId: string;
  /** Often missing; it follows from the taker's. */
  readonly side?: Side;
  readonly price: DecimalText;
  /** Shares. */
  readonly matchedAmount: DecimalText;
}

/**
 * A trade. Its own fields are the taker's, whoever is told, and whatever `traderSide` says.
 * Source: Polymarket docs, "User channel"; nautilus_trader #3126.
 */
export interface WireTrade {
  readonly type: 'trade';
  readonly id: string;
  readonly takerOrderId?: string;
  readonly marketId?: string;
  readonly tokenId: string;
  readonly side: Side;
  /** Shares. */
  readonly size: DecimalText;
  /** The worst price that the taker met. */
  readonly price: DecimalText;
  /** Without the prefix `TRADE_STATUS_`, otherwise as written. */
  readonly status?: string;
  readonly owner?: string;
  readonly makerAddress?: string;
  /** `TAKER` or `MAKER`: what whoever is told was; absent from old shapes. */
  readonly traderSide?: string;
  /** Which of several transactions of one match; 0 where not stated. */
  readonly bucketIndex: number;
  readonly matchedAtMs: number;
  /** Last change of the status. */
  readonly updatedAtMs?: number;
  readonly transactionHash?: string;
  readonly makerOrders: readonly WireMakerOrder[];
}

interface WireIgnored {
  readonly type: 'ignored';
  readonly eventType: string;
}

export type WireUserMessage = WireOrder | WireTrade | WireIgnored;

export interface UserFrame {
  readonly messages: readonly WireUserMessage[];
  /** One for each message that could not be read; the others are there nonetheless. */
  readonly malformed: readonly InvalidValue[];
}

/** A frame holds what one match changed; the venue's pages hold 100 and 500. */
const MAX_MESSAGES = 10_000;
/** A taker order that eats a whole book of 20,000 levels is no order of ours. */
const MAX_MAKER_ORDERS = 20_000;

/** A PONG, or nothing: it shows only that the socket works. */
export function isKeepAlive(text: string): boolean {
  return text === 'PONG' || text.trim() === '';
}

/** Reads one text frame of the user channel: an object or a list of them. Never throws. */
export function parseUserFrame(text: string, place = 'frame'): UserFrame {
  if (isKeepAlive(text)) return { messages: [], malformed: [] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { messages: [], malformed: [new InvalidValue(place, text.slice(0, 100), 'JSON text')] };
  }
  if (!Array.isArray(parsed)) return readAll([parsed], () => place);
  if (parsed.length > MAX_MESSAGES) {
    const fault = new InvalidValue(place, parsed.length, `at most ${MAX_MESSAGES} messages`);
    return { messages: [], malformed: [fault] };
  }
  return readAll(parsed, (index) => `${place}[${index}]`);
}

function readAll(values: readonly unknown[], placeOf: (index: number) => string): UserFrame {
  const messages: WireUserMessage[] = [];
  const malformed: InvalidValue[] = [];
  for (const [index, value] of values.entries()) {
    try {
      messages.push(parseMessage(value, placeOf(index)));
    } catch (fault) {
      if (!(fault instanceof InvalidValue)) throw fault;
      malformed.push(fault);
    }
  }
  return { messages, malformed };
}

function parseMessage(value: unknown, place: string): WireUserMessage {
  const fields = fieldsOf(value, place);
  const eventType = statedText(fields, 'event_type', place)?.toLowerCase() ?? guessType(fields);
  if (eventType === 'order') return parseOrder(fields, place);
  if (eventType === 'trade') return parseTrade(fields, place);
  return { type: 'ignored', eventType: eventType ?? 'no_event_type' };
}

/** A message without `event_type` is known by fields that only its kind has. */
function guessType(fields: Fields): string | undefined {
  if (fields.taker_order_id !== undefined || fields.maker_orders !== undefined) return 'trade';
  return fields.original_size === undefined ? undefined : 'order';
}

/** Reads an order of REST or of the user channel. @throws {InvalidValue} naming the place. */
export function parseOrder(value: unknown, place = 'order'): WireOrder {
  const fields = fieldsOf(value, place);
  return {
    type: 'order',
    id: name(fields, 'id', place),
    associateTrades: namesIn(fields.associate_trades),
    ...stated({
      change: statedName(fields.type)?.toUpperCase(),
      status: status(fields, place),
      marketId: statedName(fields.market),
      tokenId: statedName(fields.asset_id),
      owner: statedName(fields.owner ?? fields.order_owner),
      makerAddress: statedName(fields.maker_address),
      side: statedSide(fields, place),
      price: statedAmount(fields, 'price', place),
      originalSize: statedAmount(fields, 'original_size', place),
      sizeMatched: statedAmount(fields, 'size_matched', place),
      orderType: statedName(fields.order_type)?.toUpperCase(),
      expiresAtMs: timeMs(fields.expiration),
      createdAtMs: timeMs(fields.created_at),
      atMs: timeMs(fields.timestamp),
    }),
  };
}

/** Reads a trade of REST or of the user channel. @throws {InvalidValue} naming the place. */
export function parseTrade(value: unknown, place = 'trade'): WireTrade {
  const fields = fieldsOf(value, place);
  const updatedAtMs = timeMs(fields.last_update) ?? timeMs(fields.timestamp);
  // The match time is the same in every report of one trade; the others move with its status.
  const matchedAtMs = timeMs(fields.match_time) ?? timeMs(fields.matchtime) ?? updatedAtMs;
  if (matchedAtMs === undefined) {
    throw new InvalidValue(`${place}.match_time`, fields.match_time, 'a time since 1970');
  }
  return {
    type: 'trade',
    id: name(fields, 'id', place),
    tokenId: name(fields, 'asset_id', place),
    side: side(fields, place),
    size: amount(fields, 'size', place),
    price: amount(fields, 'price', place),
    bucketIndex: bucketIndex(fields, place),
    matchedAtMs,
    makerOrders: makerOrders(fields, place),
    ...stated({
      takerOrderId: isBlank(fields.taker_order_id)
        ? undefined
        : name(fields, 'taker_order_id', place),
      marketId: statedName(fields.market),
      status: status(fields, place),
      owner: statedName(fields.owner),
      makerAddress: statedName(fields.maker_address),
      traderSide: statedName(fields.trader_side)?.toUpperCase(),
      updatedAtMs,
      transactionHash: statedName(fields.transaction_hash),
    }),
  };
}

function makerOrders(fields: Fields, place: string): WireMakerOrder[] {
  const value = fields.maker_orders ?? [];
  const at = `${place}.maker_orders`;
  if (!Array.isArray(value) || value.length > MAX_MAKER_ORDERS) {
    throw new InvalidValue(at, value, `a list of at most ${MAX_MAKER_ORDERS}`);
  }
  return value.map((entry: unknown, index) => {
    const here = `${at}[${index}]`;
    const maker = fieldsOf(entry, here);
    return {
      orderId: name(maker, 'order_id', here),
      tokenId: name(maker, 'asset_id', here),
      price: amount(maker, 'price', here),
      matchedAmount: amount(maker, 'matched_amount', here),
      ...stated({
        owner: statedName(maker.owner),
        makerAddress: statedName(maker.maker_address),
        side: statedSide(maker, here),
      }),
    };
  });
}
