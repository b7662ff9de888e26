/** A venue in miniature: frames as the market channel sends them, with hashes made independently. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { Instrument } from '../../../src/domain/instrument.ts';
import { instrumentId, type Outcome } from '../../../src/domain/instrument.ts';
import type { MarketEvent } from '../../../src/domain/market-data.ts';

export const MARKET = '0xmarket';
export const YES = '111';
export const NO = '222';

export function instrument(outcome: Outcome, changes: Partial<Instrument> = {}): Instrument {
  return {
    id: instrumentId('paper', MARKET, outcome),
    venue: 'paper',
    marketId: MARKET,
    tokenId: outcome === 'YES' ? YES : NO,
    outcome,
    tickSize: '0.01',
    minimumOrderSize: '5',
    fees: { rate: '0.05', exponent: 1, takerOnly: true },
    takerDelayMs: 0,
    negRisk: false,
    ...changes,
  };
}

export const INSTRUMENTS = [instrument('YES'), instrument('NO')];

type Level = readonly [price: string, size: string];

export interface VenueBook {
  readonly token: string;
  readonly at: number;
  /** Worst first, as the venue writes them. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly lastTrade: string;
}

const objects = (levels: readonly Level[]): object[] =>
  levels.map(([price, size]) => ({ price, size }));

/** The venue's rule, written from its description and not from the code under test. */
export function venueHash(book: VenueBook): string {
  const text = JSON.stringify({
    market: MARKET,
    asset_id: book.token,
    timestamp: String(book.at),
    hash: '',
    bids: objects(book.bids),
    asks: objects(book.asks),
    min_order_size: '5',
    tick_size: '0.01',
    neg_risk: false,
    last_trade_price: book.lastTrade,
  });
  return createHash('sha1').update(text).digest('hex');
}

/** A book message; `first` carries what only the first book after subscribing carries. */
export function bookMessage(book: VenueBook, first = true): Record<string, unknown> {
  return {
    market: MARKET,
    asset_id: book.token,
    timestamp: String(book.at),
    hash: venueHash(book),
    bids: objects(book.bids),
    asks: objects(book.asks),
    event_type: 'book',
    ...(first ? { tick_size: '0.01', last_trade_price: book.lastTrade } : {}),
  };
}

export interface Change {
  readonly token: string;
  readonly side: 'BUY' | 'SELL';
  readonly price: string;
  readonly size: string;
  readonly hash?: string;
}

export function changeMessage(at: number, changes: readonly Change[]): Record<string, unknown> {
  return {
    market: MARKET,
    price_changes: changes.map(({ token, ...change }) => ({ asset_id: token, ...change })),
    timestamp: String(at),
    event_type: 'price_change',
  };
}

export function tradeMessage(
  at: number,
  trade: { token: string; price: string; size: string; side: 'BUY' | 'SELL' },
): Record<string, unknown> {
  const { token, ...rest } = trade;
  return {
    market: MARKET,
    asset_id: token,
    ...rest,
    timestamp: String(at),
    event_type: 'last_trade_price',
  };
}

export const START = 1_788_786_290_000;

/** The books that most tests start from: YES 0.48/0.52 and its mirror. */
export function openingBooks(at = START, lastTrade = '0.500'): [VenueBook, VenueBook] {
  return [
    {
      token: YES,
      at,
      bids: [
        ['0.47', '20'],
        ['0.48', '10'],
      ],
      asks: [
        ['0.53', '40'],
        ['0.52', '30'],
      ],
      lastTrade,
    },
    {
      token: NO,
      at,
      bids: [
        ['0.47', '40'],
        ['0.48', '30'],
      ],
      asks: [
        ['0.53', '20'],
        ['0.52', '10'],
      ],
      lastTrade,
    },
  ];
}

export function openingFrame(at = START): string {
  return JSON.stringify(openingBooks(at).map((book) => bookMessage(book)));
}

/** A directory that is removed when the test is over. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'fillwright-marketdata-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes lines as a recording, gzip or plain by the name. */
export function recordingFile(lines: readonly string[], name = 'recording.jsonl.gz'): string {
  const path = join(temporaryDirectory(), name);
  const text = `${lines.join('\n')}\n`;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

/** What an event is about, short enough for a table. */
export function brief(event: MarketEvent): string {
  if (event.type === 'market.tickSizeChanged')
    return `tick ${event.instrumentId} ${event.tickSize}`;
  if (event.type === 'market.traded') {
    const { instrumentId: id, side, size, price } = event.trade;
    return `trade ${id} ${side} ${size}@${price}`;
  }
  const { book } = event;
  return `book ${book.instrumentId} ${book.bids[0]?.price ?? '-'}/${book.asks[0]?.price ?? '-'}`;
}
