import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFrame, type WireMessage } from '../../../src/adapters/marketdata/polymarket-wire.ts';
import { InvalidValue } from '../../../src/domain/faults.ts';

function only(value: unknown): WireMessage {
  const frame = parseFrame(JSON.stringify(value));
  if (frame.type !== 'messages' || frame.messages[0] === undefined) throw new Error('no message');
  return frame.messages[0];
}

const BOOK = {
  event_type: 'book',
  asset_id: '111',
  market: '0xmarket',
  bids: [{ price: '.48', size: '30' }],
  asks: [{ price: '.52', size: '25' }],
  timestamp: '1757908892351',
  hash: 'abc',
};
const TRADE = {
  event_type: 'last_trade_price',
  asset_id: '111',
  market: '0xmarket',
  price: '0.456',
  side: 'BUY',
  size: '219.217767',
  fee_rate_bps: '0',
  timestamp: '1750428146322',
};
const CHANGE = { asset_id: '111', price: '0.5', size: '200', side: 'BUY', hash: 'h1' };
const CURRENT = {
  event_type: 'price_change',
  market: '0xmarket',
  timestamp: '1757908892351',
  price_changes: [
    { ...CHANGE, best_bid: '0.5', best_ask: '1' },
    { ...CHANGE, asset_id: '222', side: 'SELL', hash: 'h2' },
  ],
};
const LEGACY = {
  event_type: 'price_change',
  asset_id: '111',
  market: '',
  timestamp: '1750889019145',
  hash: 'h0',
  changes: [
    { price: '0.5', side: 'SELL', size: '8.5' },
    { price: '0.45', side: 'BUY', size: '0' },
  ],
};

describe('what a frame may be', () => {
  test.each(['', '  ', '\n', 'PONG'])('%j keeps the connection alive', (text) => {
    expect(parseFrame(text)).toEqual({ type: 'keepAlive' });
  });

  test('an object is one message, a list is many', () => {
    expect(only(BOOK)).toMatchObject({ type: 'book' });
    expect(parseFrame(JSON.stringify([BOOK, TRADE]))).toMatchObject({
      messages: [{ type: 'book' }, { type: 'trade' }],
    });
    expect(parseFrame('[]')).toEqual({ type: 'messages', messages: [] });
  });
});

describe('messages', () => {
  test('a book keeps its texts, and fields that only first books carry may be missing', () => {
    expect(only(BOOK)).toEqual({
      type: 'book',
      marketId: '0xmarket',
      tokenId: '111',
      timestamp: '1757908892351',
      atMs: 1757908892351,
      bids: [{ price: '.48', size: '30' }],
      asks: [{ price: '.52', size: '25' }],
      hash: 'abc',
    });
    const full = { ...BOOK, tick_size: '0.01', last_trade_price: '0.620' };
    expect(only(full)).toMatchObject({ tickSize: '0.01', lastTradePrice: '0.620' });
    expect(only({ ...BOOK, hash: undefined, tick_size: '' })).not.toHaveProperty('hash');
  });

  test('a change of the current format has a token and a hash for every entry', () => {
    expect(only(CURRENT)).toMatchObject({
      type: 'priceChange',
      changes: [
        { tokenId: '111', side: 'BUY', price: '0.5', size: '200', hash: 'h1' },
        { tokenId: '222', side: 'SELL', price: '0.5', size: '200', hash: 'h2' },
      ],
    });
  });

  test('a change of 2025 has one token and one hash for all its entries', () => {
    expect(only(LEGACY)).toMatchObject({
      type: 'priceChange',
      marketId: '',
      changes: [
        { tokenId: '111', side: 'SELL', price: '0.5', size: '8.5', hash: 'h0' },
        { tokenId: '111', side: 'BUY', price: '0.45', size: '0', hash: 'h0' },
      ],
    });
  });

  test('a trade without size or side is still a price', () => {
    expect(only(TRADE)).toMatchObject({ type: 'trade', price: '0.456', side: 'BUY' });
    const bare = only({ ...TRADE, size: '', side: undefined });
    expect(bare).toMatchObject({ type: 'trade', price: '0.456' });
    expect(bare).not.toHaveProperty('size');
  });

  test('a new tick size is read', () => {
    const change = {
      event_type: 'tick_size_change',
      asset_id: '111',
      market: '0xmarket',
      old_tick_size: '0.01',
      new_tick_size: '0.001',
      timestamp: '100000000',
    };
    expect(only(change)).toMatchObject({ type: 'tickSize', tickSize: '0.001' });
  });

  test.each([
    ['best_bid_ask', { event_type: 'best_bid_ask', best_bid: 1 }],
    ['new_market', { event_type: 'new_market', timestamp: 'x' }],
    ['no_event_type', {}],
  ])('%s is kept by name and not read', (eventType, message) => {
    expect(only(message)).toEqual({ type: 'ignored', eventType });
  });

  test('content decides where the type is missing', () => {
    expect(only({ ...BOOK, event_type: undefined })).toMatchObject({ type: 'book' });
    expect(only({ ...LEGACY, event_type: undefined })).toMatchObject({ type: 'priceChange' });
  });

  test.each([
    ['1757908892351', 1757908892351],
    ['1757908892', 1757908892000],
    [1757908892351, 1757908892351],
    ['123456789000', 123456789000],
  ])('timestamp %j is %d ms', (timestamp, atMs) => {
    expect(only({ ...BOOK, timestamp })).toMatchObject({ atMs, timestamp: String(timestamp) });
  });
});

describe('a wrong type names its place', () => {
  test.each([
    ['frame', 'nonsense'],
    ['frame', '{"event_type":"book"'],
    ['frame', '7'],
    ['frame[0]', '[null]'],
    ['frame.event_type', '{"event_type":7}'],
    ['frame.timestamp', JSON.stringify({ ...BOOK, timestamp: '17579088923510' })],
    ['frame.asset_id', JSON.stringify({ ...BOOK, asset_id: 5 })],
    ['frame.bids', JSON.stringify({ ...BOOK, bids: {} })],
    ['frame.asks[0].price', JSON.stringify({ ...BOOK, asks: [{ price: '1', size: '1' }] })],
    ['frame.asks[0].size', JSON.stringify({ ...BOOK, asks: [{ price: '0.5', size: 1 }] })],
    ['frame.tick_size', JSON.stringify({ ...BOOK, tick_size: 0.01 })],
    ['frame.hash', JSON.stringify({ ...BOOK, hash: {} })],
    ['frame.price_changes', JSON.stringify({ ...CURRENT, price_changes: 'all' })],
    [
      'frame.price_changes[0].side',
      JSON.stringify({ ...CURRENT, price_changes: [{ ...CHANGE, side: 'buy' }] }),
    ],
    ['frame.changes[0]', JSON.stringify({ ...LEGACY, changes: [[]] })],
    ['frame.size', JSON.stringify({ ...TRADE, size: '-1' })],
  ])('%s', (place, text) => {
    expect(() => parseFrame(text)).toThrow(InvalidValue);
    expect(() => parseFrame(text)).toThrow(`${place}: `);
  });

  test('no text makes anything but a frame or an InvalidValue', () => {
    const field = fc.constantFrom(...Object.keys({ ...BOOK, ...TRADE, ...CURRENT, ...LEGACY }));
    const damaged = fc
      .tuple(fc.constantFrom(BOOK, TRADE, CURRENT, LEGACY), field, fc.jsonValue())
      .map(([message, name, value]) => JSON.stringify({ ...message, [name]: value }));
    const cut = fc
      .tuple(fc.constantFrom(BOOK, TRADE, CURRENT, LEGACY), fc.nat(200))
      .map(([message, length]) => JSON.stringify(message).slice(0, length));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), damaged, cut), (text) => {
        try {
          expect(parseFrame(text).type).toMatch(/^(?:keepAlive|messages)$/);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValue);
        }
      }),
      { numRuns: 500 },
    );
  });
});
