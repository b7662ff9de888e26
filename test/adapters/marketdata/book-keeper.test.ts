import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidValue } from '../../../src/domain/faults.ts';
import {
  bookMessage,
  brief,
  changeMessage,
  instrument,
  MARKET,
  NO,
  openingBooks,
  openingFrame,
  START,
  tradeMessage,
  YES,
} from './fixtures.ts';

import { afterChange, keeper } from './keeper-harness.ts';

describe('books', () => {
  test('a frame gives one book for every outcome that it touched', () => {
    const { feed } = keeper();
    expect(feed(openingFrame()).map(brief)).toEqual([
      `book paper:${MARKET}:YES 0.48/0.52`,
      `book paper:${MARKET}:NO 0.48/0.52`,
    ]);
    const twice = changeMessage(START + 1, [
      { token: YES, side: 'BUY', price: '0.49', size: '1' },
      { token: YES, side: 'BUY', price: '0.5', size: '1' },
    ]);
    expect(feed(twice).map(brief)).toEqual([`book paper:${MARKET}:YES 0.5/0.52`]);
    expect(
      feed(changeMessage(START + 2, [{ token: YES, side: 'BUY', price: '0.50', size: '0' }])).map(
        brief,
      ),
    ).toEqual([`book paper:${MARKET}:YES 0.49/0.52`]);
  });

  test('a change before any book is counted and not applied', () => {
    const { feed, counts } = keeper();
    expect(feed(afterChange(START, '7').message)).toEqual([]);
    expect(counts.ignored).toEqual({ price_change_before_book: 2 });
  });

  test('a change older than the picture is counted and not applied', () => {
    const { feed, counts } = keeper();
    feed(openingFrame());
    expect(feed(afterChange(START - 1, '7').message)).toEqual([]);
    expect(counts.ignored).toEqual({ stale_price_change: 2 });
    expect(feed(afterChange(START, '7').message)).toHaveLength(2);
  });

  test('a book older than what is known is counted and not taken', () => {
    const { feed, counts } = keeper();
    feed(openingFrame());
    feed(afterChange(START + 5, '7').message);
    expect(feed(bookMessage(openingBooks(START + 4)[0], false))).toEqual([]);
    expect(counts.ignored).toEqual({ stale_book: 1 });
  });

  test('after a reset only whole books count', () => {
    const { made, feed, counts } = keeper();
    feed(openingFrame());
    made.reset();
    expect(feed(afterChange(START + 1, '7').message)).toEqual([]);
    // The venue's new picture may bear an older time than what was known before.
    expect(feed(openingFrame(START - 10))).toHaveLength(2);
    expect(counts.ignored).toEqual({ price_change_before_book: 2 });
  });

  test('tokens and event types that nobody asked for are counted by name', () => {
    const { feed, counts } = keeper();
    feed(bookMessage({ ...openingBooks()[0], token: '999' }));
    feed({ event_type: 'best_bid_ask' });
    feed('');
    expect(counts).toMatchObject({ messages: 3, ignored: { unknown_token: 1, best_bid_ask: 1 } });
  });
});

describe('trades and ticks', () => {
  test('a trade moves the last price of both outcomes, mirrored for the other', () => {
    const { feed, counts } = keeper();
    feed(openingFrame());
    const events = feed(
      tradeMessage(START + 1, { token: YES, price: '0.48', size: '3', side: 'SELL' }),
    );
    expect(events.map(brief)).toEqual([`trade paper:${MARKET}:YES SELL 3@0.48`]);
    const books = feed(afterChange(START + 2, '7', '0.480').message);
    expect(
      books.map((event) => (event.type === 'market.bookChanged' ? event.book.lastTradePrice : '')),
    ).toEqual(['0.48', '0.52']);
    expect(counts).toMatchObject({ trades: 1, books: 4 });
  });

  test('a price without a size is no trade', () => {
    const { feed, counts } = keeper();
    feed({ ...tradeMessage(START, { token: YES, price: '0.48', size: '', side: 'SELL' }) });
    expect(counts).toMatchObject({ trades: 0, ignored: { last_trade_price_without_trade: 1 } });
  });

  test('a new tick size is published once and goes into books and instruments', () => {
    const { made, feed } = keeper();
    feed(openingFrame());
    const change = {
      event_type: 'tick_size_change',
      asset_id: YES,
      market: MARKET,
      new_tick_size: '0.001',
      timestamp: String(START + 1),
    };
    expect(feed(change).map(brief)).toEqual([`tick paper:${MARKET}:YES 0.001`]);
    expect(feed(change)).toEqual([]);
    expect(made.instruments().map(({ tickSize }) => tickSize)).toEqual(['0.001', '0.01']);
    const [book] = feed(
      changeMessage(START + 2, [{ token: YES, side: 'BUY', price: '0.481', size: '1' }]),
    );
    expect(book).toMatchObject({ book: { tickSize: '0.001' } });
  });

  test('a first book with another tick size than configured says so before the book', () => {
    const { feed } = keeper([instrument('YES', { tickSize: '0.001' })]);
    expect(feed(bookMessage(openingBooks()[0])).map(brief)).toEqual([
      `tick paper:${MARKET}:YES 0.01`,
      `book paper:${MARKET}:YES 0.48/0.52`,
    ]);
  });
});

test('whatever a feed says, it is applied, counted or refused as InvalidValue', () => {
  const level = fc.record({
    price: fc.oneof(fc.constantFrom('0.48', '.5', '0.52', '0', '1', 'x'), fc.string()),
    size: fc.constantFrom('0', '1', '2.5', '-1', ''),
  });
  const token = fc.constantFrom(YES, NO, '999', '');
  const timestamp = fc.constantFrom(String(START), String(START + 1), String(START - 1), '', 7);
  const message = fc.oneof(
    fc.record({
      event_type: fc.constantFrom('book', 'price_change', 'last_trade_price', 'other', 'toString'),
      market: fc.constantFrom(MARKET, '', 'elsewhere'),
      asset_id: token,
      timestamp,
      hash: fc.constantFrom('h', ''),
      bids: fc.array(level, { maxLength: 4 }),
      asks: fc.array(level, { maxLength: 4 }),
      last_trade_price: fc.constantFrom('0.5', ''),
      price: fc.constantFrom('0.5', '2'),
      size: fc.constantFrom('1', '', '0'),
      side: fc.constantFrom('BUY', 'SELL', ''),
      price_changes: fc.array(
        fc.record({
          asset_id: token,
          price: fc.constantFrom('0.48', '0.5', '1'),
          size: fc.constantFrom('0', '3'),
          side: fc.constantFrom('BUY', 'SELL'),
          hash: fc.constantFrom('h', ''),
        }),
        { maxLength: 4 },
      ),
    }),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const { made, feed, counts } = keeper();
      let refused = 0;
      let books = 0;
      for (const each of [JSON.parse(openingFrame()), ...messages]) {
        try {
          for (const event of feed(JSON.stringify(each))) {
            if (event.type === 'market.bookChanged') books += 1;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValue);
          refused += 1;
        }
      }
      made.settle();
      expect(counts.books).toBe(books);
      const inFrames = messages.filter(Array.isArray).length;
      if (inFrames === 0) expect(counts.messages + refused).toBe(messages.length + 2);
      for (const times of Object.values(counts.ignored)) expect(times).toBeGreaterThan(0);
    }),
  );
});
