import { describe, expect, test } from 'vitest';
import { bookHasher, hashedTradePrice } from '../../../src/adapters/marketdata/book-hash.ts';
import { LevelBook } from '../../../src/adapters/marketdata/level-book.ts';
import { MARKET, openingBooks, venueHash, YES } from './fixtures.ts';

const FIELDS = {
  marketId: MARKET,
  tokenId: YES,
  timestamp: '1788786290000',
  minimumOrderSize: '5',
  tickSize: '0.01',
  negRisk: false,
};

function opening(): LevelBook {
  const [{ bids, asks }] = openingBooks();
  const book = new LevelBook();
  for (const [price, size] of bids) book.set('BUY', price, size);
  for (const [price, size] of asks) book.set('SELL', price, size);
  return book;
}

describe('bookHasher', () => {
  test('gives the SHA-1 of the compact JSON in the order of the venue', () => {
    expect(bookHasher(opening(), FIELDS)('0.500')).toBe(venueHash(openingBooks()[0]));
  });

  test('one hasher tries several last trade prices', () => {
    const hash = bookHasher(opening(), FIELDS);
    expect(hash('0.480')).toBe(venueHash({ ...openingBooks()[0], lastTrade: '0.480' }));
    expect(hash('0.500')).toBe(venueHash(openingBooks()[0]));
  });

  test.each([
    ['market', { ...FIELDS, marketId: 'other' }],
    ['token', { ...FIELDS, tokenId: '9' }],
    ['timestamp', { ...FIELDS, timestamp: '1' }],
    ['minimum order size', { ...FIELDS, minimumOrderSize: '15' }],
    ['tick size', { ...FIELDS, tickSize: '0.001' }],
    ['neg risk', { ...FIELDS, negRisk: true }],
  ])('another %s is another hash', (_, fields) => {
    expect(bookHasher(opening(), fields)('0.500')).not.toBe(venueHash(openingBooks()[0]));
  });

  test('another size is another hash', () => {
    const book = opening();
    book.set('BUY', '0.47', '20.1');
    expect(bookHasher(book, FIELDS)('0.500')).not.toBe(venueHash(openingBooks()[0]));
  });
});

test.each([
  ['0.62', '0.620'],
  ['.5', '0.500'],
  ['0.456', '0.456'],
  ['0.62000', '0.620'],
  ['0.0015', '0.0015'],
])('a trade at %s is hashed as %s', (price, text) => {
  expect(hashedTradePrice(price)).toBe(text);
});
