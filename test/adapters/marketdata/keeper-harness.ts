/** A keeper with everything that it tells, fed with messages as the venue writes them. */
import { BookKeeper } from '../../../src/adapters/marketdata/book-keeper.ts';
import { noCounts } from '../../../src/adapters/marketdata/counts.ts';
import { parseFrame } from '../../../src/adapters/marketdata/polymarket-wire.ts';
import type { Instrument } from '../../../src/domain/instrument.ts';
import type { MarketEvent } from '../../../src/domain/market-data.ts';
import {
  type Change,
  changeMessage,
  INSTRUMENTS,
  NO,
  openingBooks,
  type VenueBook,
  venueHash,
  YES,
} from './fixtures.ts';

export function keeper(instruments: readonly Instrument[] = INSTRUMENTS) {
  const counts = noCounts();
  const suspects: string[] = [];
  const logged: string[] = [];
  const made = new BookKeeper({
    instruments,
    counts,
    log: (_level, message) => logged.push(message),
    onSuspect: (id) => suspects.push(id),
  });
  const feed = (message: unknown): MarketEvent[] =>
    made.apply(parseFrame(typeof message === 'string' ? message : JSON.stringify(message)));
  return { made, counts, suspects, logged, feed };
}

/** The opening books after YES bid 0.48 went to `size`, and what the venue says of it. */
export function afterChange(at: number, size: string, lastTrade = '0.500') {
  const [yes, no] = openingBooks(at, lastTrade);
  const bids: VenueBook['bids'] =
    size === '0'
      ? [['0.47', '20']]
      : [
          ['0.47', '20'],
          ['0.48', size],
        ];
  const asks: VenueBook['asks'] =
    size === '0'
      ? [['0.53', '20']]
      : [
          ['0.53', '20'],
          ['0.52', size],
        ];
  const books = [
    { ...yes, bids },
    { ...no, asks },
  ] as const;
  const changes: Change[] = [
    { token: YES, side: 'BUY', price: '0.48', size, hash: venueHash(books[0]) },
    { token: NO, side: 'SELL', price: '0.52', size, hash: venueHash(books[1]) },
  ];
  return { books, changes, message: changeMessage(at, changes) };
}
