/**
 * Frames of Polymarket's public market channel, checked by hand: a frame is the hottest input of
 * the engine. Two formats are sorted out by content: the current one (`price_changes[]`, a hash for
 * every entry) and that of 2025 (`changes[]` of one asset, one hash).
 *
 * Source: Polymarket docs, "Market channel", and recordings of 2025-06 and 2026-09.
 */
import type { DecimalText } from '../../domain/decimal.ts';
import { InvalidValue } from '../../domain/faults.ts';
import type { Side } from '../../domain/instrument.ts';
import type { BookLevel } from '../../domain/market-data.ts';
import { levelSize, MAX_LEVELS_A_SIDE, priceKey } from './level-book.ts';

interface WireStamp {
  /** Condition id; empty text in recordings of 2025. */
  readonly marketId: string;
  /** As it was written: the hash covers it. */
  readonly timestamp: string;
  /** The same in ms since 1970 UTC. */
  readonly atMs: number;
}

export interface WireBook extends WireStamp {
  readonly type: 'book';
  readonly tokenId: string;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
  readonly hash?: string;
  readonly tickSize?: DecimalText;
  /** Market-wide, in the terms of either outcome; may be empty text before the first trade. */
  readonly lastTradePrice?: string;
}

interface WireChange {
  readonly tokenId: string;
  /** BUY is the bid side. */
  readonly side: Side;
  readonly price: DecimalText;
  /** The new aggregate at this price; zero deletes. */
  readonly size: DecimalText;
  readonly hash?: string;
}

export interface WirePriceChange extends WireStamp {
  readonly type: 'priceChange';
  readonly changes: readonly WireChange[];
}

export interface WireTrade extends WireStamp {
  readonly type: 'trade';
  readonly tokenId: string;
  readonly price: DecimalText;
  /** Absent where the venue left it out: a price, but no trade to publish. */
  readonly size?: DecimalText;
  /** The taker's. */
  readonly side?: Side;
}

export interface WireTickSize extends WireStamp {
  readonly type: 'tickSize';
  readonly tokenId: string;
  readonly tickSize: DecimalText;
}

interface WireIgnored {
  readonly type: 'ignored';
  readonly eventType: string;
}

export type WireMessage = WireBook | WirePriceChange | WireTrade | WireTickSize | WireIgnored;

export type WireFrame =
  | { readonly type: 'keepAlive' }
  | { readonly type: 'messages'; readonly messages: readonly WireMessage[] };

/** More messages in one frame than any subscription has assets. */
const MAX_MESSAGES = 10_000;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads one text frame.
 *
 * @throws {InvalidValue} naming the place, for text that is no JSON and for fields of a wrong type.
 */
export function parseFrame(text: string, place = 'frame'): WireFrame {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === 'PONG') return { type: 'keepAlive' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch {
    throw new InvalidValue(place, trimmed, 'JSON text');
  }
  if (!Array.isArray(parsed)) {
    return { type: 'messages', messages: [parseMessage(parsed, place)] };
  }
  const list = arrayOf(parsed, place, MAX_MESSAGES);
  return {
    type: 'messages',
    messages: list.map((message, index) => parseMessage(message, `${place}[${index}]`)),
  };
}

function parseMessage(value: unknown, place: string): WireMessage {
  const fields = fieldsOf(value, place);
  const eventType = fields.event_type;
  if (eventType !== undefined && typeof eventType !== 'string') {
    throw new InvalidValue(`${place}.event_type`, eventType, 'text');
  }
  switch (eventType ?? guessType(fields)) {
    case 'book':
      return parseBook(fields, place);
    case 'price_change':
      return parsePriceChange(fields, place);
    case 'last_trade_price':
      return parseTrade(fields, place);
    case 'tick_size_change':
      return {
        type: 'tickSize',
        ...stamp(fields, place),
        tokenId: text(fields, 'asset_id', place),
        tickSize: priceText(fields, 'new_tick_size', place),
      };
    default:
      return { type: 'ignored', eventType: eventType ?? 'no_event_type' };
  }
}

/** A message without `event_type` is known by its lists. */
function guessType(fields: Fields): string | undefined {
  if (fields.bids !== undefined && fields.asks !== undefined) return 'book';
  if (fields.price_changes !== undefined || fields.changes !== undefined) return 'price_change';
  return undefined;
}

function parseBook(fields: Fields, place: string): WireBook {
  const hash = optionalText(fields, 'hash', place);
  const lastTradePrice = optionalText(fields, 'last_trade_price', place);
  const tickSize =
    fields.tick_size === undefined || fields.tick_size === null || fields.tick_size === ''
      ? undefined
      : priceText(fields, 'tick_size', place);
  return {
    type: 'book',
    ...stamp(fields, place),
    tokenId: text(fields, 'asset_id', place),
    bids: levels(fields, 'bids', place),
    asks: levels(fields, 'asks', place),
    ...(hash === undefined || hash === '' ? {} : { hash }),
    ...(tickSize === undefined ? {} : { tickSize }),
    ...(lastTradePrice === undefined ? {} : { lastTradePrice }),
  };
}

function parsePriceChange(fields: Fields, place: string): WirePriceChange {
  const legacy = fields.price_changes === undefined;
  const name = legacy ? 'changes' : 'price_changes';
  const list = arrayOf(fields[name], `${place}.${name}`, 2 * MAX_LEVELS_A_SIDE);
  const sharedToken = legacy ? text(fields, 'asset_id', place) : undefined;
  const sharedHash = legacy ? optionalText(fields, 'hash', place) : undefined;
  return {
    type: 'priceChange',
    ...stamp(fields, place),
    changes: list.map((entry, index) => {
      const at = `${place}.${name}[${index}]`;
      const change = fieldsOf(entry, at);
      const hash = sharedHash ?? optionalText(change, 'hash', at);
      return {
        tokenId: sharedToken ?? text(change, 'asset_id', at),
        side: side(change, at),
        price: priceText(change, 'price', at),
        size: levelSize(change.size, `${at}.size`),
        ...(hash === undefined || hash === '' ? {} : { hash }),
      };
    }),
  };
}

function parseTrade(fields: Fields, place: string): WireTrade {
  const size = optionalText(fields, 'size', place);
  const takerSide = optionalText(fields, 'side', place);
  return {
    type: 'trade',
    ...stamp(fields, place),
    tokenId: text(fields, 'asset_id', place),
    price: priceText(fields, 'price', place),
    ...(size === undefined || size === '' ? {} : { size: levelSize(size, `${place}.size`) }),
    ...(takerSide === undefined || takerSide === '' ? {} : { side: side(fields, place) }),
  };
}

// ------------------------------------------------------------------------------------ small readers

function fieldsOf(value: unknown, place: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidValue(place, value, 'an object');
  }
  return value as Fields;
}

function arrayOf(value: unknown, place: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) {
    throw new InvalidValue(place, value, `a list of at most ${most}`);
  }
  return value;
}

function text(fields: Fields, name: string, place: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '' || value.length > 200) {
    throw new InvalidValue(`${place}.${name}`, value, 'text of 1 to 200 characters');
  }
  return value;
}

function optionalText(fields: Fields, name: string, place: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > 200) {
    throw new InvalidValue(`${place}.${name}`, value, 'text of at most 200 characters');
  }
  return value;
}

function priceText(fields: Fields, name: string, place: string): DecimalText {
  const value = fields[name];
  priceKey(value, `${place}.${name}`);
  return value as DecimalText;
}

function side(fields: Fields, place: string): Side {
  const value = fields.side;
  if (value !== 'BUY' && value !== 'SELL') {
    throw new InvalidValue(`${place}.side`, value, 'BUY or SELL');
  }
  return value;
}

function levels(fields: Fields, name: string, place: string): BookLevel[] {
  const list = arrayOf(fields[name], `${place}.${name}`, MAX_LEVELS_A_SIDE);
  return list.map((entry, index) => {
    const at = `${place}.${name}[${index}]`;
    const level = fieldsOf(entry, at);
    return {
      price: priceText(level, 'price', at),
      size: levelSize(level.size, `${at}.size`),
    };
  });
}

/** At most 13 digits: milliseconds up to the year 2286. */
const TIMESTAMP = /^\d{1,13}$/;
/** Read as seconds this is the year 5138, as milliseconds 1973: nothing real is near it. */
const FIRST_MILLISECONDS = 100_000_000_000;

/** Milliseconds on the wire; some documented examples are in seconds. */
function stamp(fields: Fields, place: string): WireStamp {
  const raw = fields.timestamp;
  const timestamp = typeof raw === 'number' ? String(raw) : raw;
  if (typeof timestamp !== 'string' || !TIMESTAMP.test(timestamp)) {
    throw new InvalidValue(`${place}.timestamp`, raw, 'seconds or milliseconds since 1970');
  }
  const value = Number(timestamp);
  return {
    marketId: optionalText(fields, 'market', place) ?? '',
    timestamp,
    atMs: value < FIRST_MILLISECONDS ? value * 1000 : value,
  };
}
