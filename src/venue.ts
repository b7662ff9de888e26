/** Makes the venue that a configuration names, with what the rest of a desk needs of it. */
import type { Log } from './actors/execution.ts';
import type { Clock, Ids, Random, Venue } from './actors/ports.ts';
import type { PostgresStore } from './adapters/store/postgres-store.ts';
import { createPaperVenue } from './adapters/venues/paper/paper-venue.ts';
import type { Config } from './config.ts';
import type { DecimalText } from './domain/decimal.ts';
import type { Instrument } from './domain/instrument.ts';
import type { MarketEvent } from './domain/market-data.ts';

/** Every instrument of the paper venue is `paper:market:outcome`. */
export const PAPER_VENUE = 'paper';
/** Part of the id of every instrument, on the sandbox as well: strategies need not know. */
export const POLYMARKET_VENUE = 'polymarket';

/** The first part of the ids of a configuration's instruments. */
export function venueName({ venue }: Pick<Config, 'venue'>): string {
  return venue.use === 'paper' ? PAPER_VENUE : POLYMARKET_VENUE;
}

export interface VenueParts {
  readonly store: PostgresStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly log: Log;
  /** What the market data knows of; asked for again and again. */
  readonly instruments: () => readonly Instrument[];
}

export interface OpenVenue {
  readonly venue: Venue;
  /** Market events that concern the venue: the paper venue fills by them. */
  take(event: MarketEvent): void;
  /** Work is under way that ends without the clock. */
  readonly busy: boolean;
  /** What a new account opens with. */
  openingUsd(): Promise<DecimalText>;
  /** The venue's own public books; absent where it has none. */
  readonly channel?: VenueChannel;
  /** Ends what was started for the venue's sake. The venue itself is stopped by whoever started it. */
  close(): Promise<void>;
}

export interface VenueChannel {
  readonly url: string;
  instruments(): readonly Instrument[];
}

export function openPaperVenue(config: Config, parts: VenueParts): OpenVenue {
  const { store, ...rest } = parts;
  const venue = createPaperVenue({
    ...rest,
    name: PAPER_VENUE,
    store: store.paper,
    settings: config.paper,
  });
  return {
    venue,
    take: (event) => venue.onMarketEvent(event),
    get busy() {
      return venue.busy;
    },
    openingUsd: async () => config.account.depositUsd,
    close: async () => undefined,
  };
}

/** @throws {FillwrightFault} with the place and the remedy when the venue cannot be set up. */
export async function openVenue(config: Config, parts: VenueParts): Promise<OpenVenue> {
  if (config.venue.use === 'paper') return openPaperVenue(config, parts);
  // Loaded only where it is needed: with the venue's own package it is most of a start.
  const { openPolymarket, openSandbox } = await import('./venue-polymarket.ts');
  return config.venue.use === 'sandbox'
    ? openSandbox(config.venue, config.dataFolder, parts)
    : openPolymarket(config.venue, parts);
}
