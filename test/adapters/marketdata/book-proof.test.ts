import { describe, expect, test } from 'vitest';
import {
  bookMessage,
  changeMessage,
  INSTRUMENTS,
  instrument,
  MARKET,
  openingBooks,
  openingFrame,
  START,
  tradeMessage,
  type VenueBook,
  venueHash,
  YES,
} from './fixtures.ts';

import { afterChange, keeper } from './keeper-harness.ts';

describe('proof by hash', () => {
  test('books and changes that follow each other are each proven', () => {
    const { made, feed, counts } = keeper();
    feed(openingFrame());
    feed(afterChange(START + 1, '7').message);
    feed(afterChange(START + 2, '0').message);
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 6, hashMismatches: 0, hashBatched: 0, ignored: {} });
  });

  test('in a batch only the last message is compared, the others are counted as batched', () => {
    const { made, feed, counts } = keeper();
    feed(openingFrame());
    const end = afterChange(START + 1, '9');
    const early = end.changes.map((change) => ({ ...change, size: '8' }));
    feed(changeMessage(START + 1, early));
    feed(end.message);
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 4, hashMismatches: 0, hashBatched: 2 });
  });

  test.each([
    ['0.480', 'in the terms of the first outcome'],
    ['0.520', 'in the terms of the other'],
  ])("a trade's frames hash its price %s before it is announced, %s", (lastTrade) => {
    const { made, feed, counts } = keeper();
    feed(openingFrame());
    const { books, message } = afterChange(START + 1, '4', lastTrade);
    feed(message);
    for (const book of books) feed(bookMessage(book, false));
    feed(afterChange(START + 2, '3', lastTrade).message);
    const price = lastTrade.slice(0, 4);
    feed(tradeMessage(START + 90, { token: YES, price, size: '6', side: 'SELL' }));
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 6, hashMismatches: 0, hashBatched: 2, ignored: {} });
  });

  test('one outcome alone is proven too when the trade was stated for the other', () => {
    const { made, feed, counts } = keeper([instrument('NO')]);
    feed(bookMessage(openingBooks()[1]));
    const { changes } = afterChange(START + 1, '4', '0.480');
    feed(changeMessage(START + 1, changes.slice(1)));
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 2, hashMismatches: 0, ignored: {} });
  });

  test('a trade that shows only as books is proven too', () => {
    const { made, feed, counts } = keeper();
    feed(openingFrame());
    for (const book of afterChange(START + 1, '4', '0.480').books) feed(bookMessage(book, false));
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 4, hashMismatches: 0, ignored: {} });
  });

  test('a price that no level shows is found when its announcement ends the batch', () => {
    const { feed, counts } = keeper();
    feed(openingFrame());
    feed(afterChange(START + 1, '4', '0.330').message);
    feed(tradeMessage(START + 90, { token: YES, price: '0.33', size: '6', side: 'SELL' }));
    expect(counts).toMatchObject({ hashChecks: 4, hashMismatches: 0 });
  });

  test('a lost update is a mismatch, told once, and a whole book ends the suspicion', () => {
    const { made, feed, counts, suspects, logged } = keeper();
    feed(openingFrame());
    // Lost: YES bid 0.48 and its mirror went to 7. What follows hashes the books after both.
    const [yes] = afterChange(START + 2, '7').books;
    const after: VenueBook = { ...yes, bids: [['0.46', '1'], ...yes.bids] };
    const change = { token: YES, side: 'BUY' as const, price: '0.46', size: '1' };
    feed(changeMessage(START + 2, [{ ...change, hash: venueHash(after) }]));
    made.settle();
    const later = { ...after, at: START + 3 };
    feed(changeMessage(START + 3, [{ ...change, hash: venueHash(later) }]));
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 4, hashMismatches: 2 });
    expect(made.suspects()).toEqual([`paper:${MARKET}:YES`]);
    expect(suspects).toHaveLength(1);
    expect(logged).toHaveLength(1);
    feed(bookMessage({ ...after, at: START + 4 }, false));
    made.settle();
    expect(made.suspects()).toEqual([]);
    expect(counts).toMatchObject({ hashChecks: 5, hashMismatches: 2 });
  });

  test('a change that makes the hash match again ends the suspicion as well', () => {
    const { made, feed } = keeper();
    feed(openingFrame());
    const { changes } = afterChange(START + 1, '7');
    feed(
      changeMessage(
        START + 1,
        changes.map((change) => ({ ...change, size: '8' })),
      ),
    );
    feed(afterChange(START + 2, '5').message);
    expect(made.suspects()).toHaveLength(2);
    made.settle();
    expect(made.suspects()).toEqual([]);
  });

  test('where no hash ever matched nothing is called lost', () => {
    const { made, feed, counts, suspects } = keeper(
      INSTRUMENTS.map((each) => ({ ...each, minimumOrderSize: '15' })),
    );
    feed(openingFrame());
    feed(afterChange(START + 1, '7').message);
    made.settle();
    expect(suspects).toEqual([]);
    expect(counts).toMatchObject({
      hashChecks: 0,
      hashMismatches: 0,
      ignored: { hash_not_reproduced: 4 },
    });
  });

  test('without a last trade price there is nothing to check against', () => {
    const { made, feed, counts } = keeper();
    for (const book of openingBooks()) feed(bookMessage(book, false));
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 0, ignored: { hash_not_checkable: 2 } });
  });

  test('messages without a hash are not checked and not counted', () => {
    const { made, feed, counts } = keeper();
    for (const book of openingBooks()) feed({ ...bookMessage(book), hash: undefined });
    feed(changeMessage(START + 1, [{ token: YES, side: 'BUY', price: '0.48', size: '1' }]));
    made.settle();
    expect(counts).toMatchObject({ hashChecks: 0, hashBatched: 0, ignored: {} });
  });
});
