/** The paper venue for a test's desk, with a market that the test shows it. */
import type { Clock, Ids } from '../../src/actors/ports.ts';
import { createRandom } from '../../src/adapters/random.ts';
import type { PostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { createPaperVenue, type PaperVenue } from '../../src/adapters/venues/paper/paper-venue.ts';
import type { PaperSettings } from '../../src/adapters/venues/paper/settings.ts';
import type { Instrument } from '../../src/domain/instrument.ts';
import { noRain, rain } from './orders.ts';

type Level = readonly [price: string, size: string];

export interface PaperMarket {
  /** For `DeskOptions.venue`: the venue of one life of the engine. */
  readonly venue: (parts: { store: PostgresStore; clock: Clock; ids: Ids }) => PaperVenue;
  /** Shows the newest venue a book. */
  show(bids: readonly Level[], asks: readonly Level[], instrument?: Instrument): void;
}

/** Answers at once and settles at once, unless told otherwise. */
const AT_ONCE: PaperSettings = {
  latencyMs: 0,
  settlement: { minedAfterMs: 0, confirmedAfterMs: 0 },
};

export function createPaperMarket(settings: PaperSettings = {}): PaperMarket {
  const random = createRandom('a test');
  let newest: PaperVenue | undefined;
  const level = ([price, size]: Level) => ({ price, size });
  return {
    venue({ store, clock, ids }) {
      newest = createPaperVenue({
        clock,
        ids,
        random: () => random.next(),
        store: store.paper,
        settings: { ...AT_ONCE, ...settings },
        instruments: () => [rain, noRain],
      });
      return newest;
    },
    show(bids, asks, instrument = rain) {
      newest?.onMarketEvent({
        type: 'market.bookChanged',
        book: {
          instrumentId: instrument.id,
          atMs: Date.now(),
          bids: bids.map(level),
          asks: asks.map(level),
          tickSize: instrument.tickSize,
        },
      });
    },
  };
}
