/** The paper venue under the contract's harness: a virtual clock and a store that outlives it. */
import type { VenueEvent } from '../../../../src/actors/ports.ts';
import type { PaperStore } from '../../../../src/actors/venue-store-port.ts';
import {
  createVirtualClock,
  type VirtualClock,
} from '../../../../src/adapters/clock/virtual-clock.ts';
import { createIds } from '../../../../src/adapters/ids.ts';
import {
  createPaperVenue,
  type PaperVenue,
} from '../../../../src/adapters/venues/paper/paper-venue.ts';
import type { PaperSettings } from '../../../../src/adapters/venues/paper/settings.ts';
import { FillwrightFault } from '../../../../src/domain/faults.ts';
import type { Instrument } from '../../../../src/domain/instrument.ts';
import type {
  HarnessOptions,
  LevelText,
  VenueCapabilities,
  VenueHarness,
} from '../../../contracts/venue-harness.ts';

export const START_MS = 1_790_000_000_000;

export interface PaperHarness extends VenueHarness {
  readonly venue: PaperVenue;
  readonly clock: VirtualClock;
  readonly warnings: readonly string[];
}

export function paperInstrument(options: HarnessOptions = {}): Instrument {
  return {
    id: 'paper:rain-tomorrow:YES',
    venue: 'paper',
    marketId: 'rain-tomorrow',
    tokenId: '1001',
    outcome: 'YES',
    tickSize: '0.01',
    minimumOrderSize: '5',
    fees: { rate: '0.05', exponent: 1, takerOnly: options.makersPay !== true },
    takerDelayMs: options.takerDelayMs ?? 0,
    negRisk: false,
  };
}

/** The paper venue can be made to do everything. */
export const PAPER_CAPABILITIES: VenueCapabilities = {
  failLegs: true,
  splitFills: true,
  takerDelay: true,
  makersPay: true,
  legForEachLevel: true,
  immediateBuysByShares: true,
  levelsResizeInPlace: true,
  tellsExpiry: true,
};

/** Macrotasks that a request may need: its way, one look-up, one save that waited, one of its own. */
const QUIET_ROUNDS = 4;

export async function quiet(): Promise<void> {
  for (let round = 0; round < QUIET_ROUNDS; round += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Waits until the venue has nothing left to do but to wait for the clock. */
async function idle(venue: PaperVenue): Promise<void> {
  do await quiet();
  while (venue.busy);
}

/** A number generator with a fixed seed (multiply-with-carry on 32 bits): enough to drive a test. */
function seededRandom(seed = 7): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export async function paperHarness(
  store: PaperStore,
  options: HarnessOptions = {},
  settings: PaperSettings = {},
  closeStore: () => Promise<void> = () => Promise.resolve(),
): Promise<PaperHarness> {
  const clock = createVirtualClock(START_MS);
  const random = seededRandom();
  const ids = createIds({ clock, random });
  const instrument = paperInstrument(options);
  const instruments = [instrument];
  const events: VenueEvent[] = [];
  const warnings: string[] = [];
  const merged: PaperSettings = {
    latencyMs: 0,
    settlement: {
      failedShare: options.failLegs ? 1 : 0,
      retryingShare: options.retryLegs ? 1 : 0,
    },
    partialFills: { share: options.splitFills ? 1 : 0 },
    ...settings,
  };
  let running = await boot();

  async function boot(): Promise<{ venue: PaperVenue; cut: () => void; stopReading: () => void }> {
    const line = cuttable(store);
    const venue = createPaperVenue({
      ...{ clock, ids, random, settings: merged, store: line.store },
      instruments: () => instruments,
      log: { warn: (_facts, message) => warnings.push(message) },
    });
    await venue.start();
    const reader = new AbortController();
    void readAll(venue, reader.signal, events);
    return { venue, cut: line.cut, stopReading: () => reader.abort() };
  }

  return {
    get venue() {
      return running.venue;
    },
    ...{ clock, instrument, events, warnings, can: PAPER_CAPABILITIES },
    startCashUsd: '1000',
    now: () => clock.now(),
    async setBook(bids, asks) {
      running.venue.onMarketEvent({
        type: 'market.bookChanged',
        book: {
          instrumentId: instrument.id,
          atMs: clock.now(),
          bids: bids.map(level),
          asks: asks.map(level),
          tickSize: '0.01',
        },
      });
      await idle(running.venue);
    },
    async trade(side, price, size) {
      running.venue.onMarketEvent({
        type: 'market.traded',
        trade: { instrumentId: instrument.id, atMs: clock.now(), side, price, size },
      });
      await idle(running.venue);
    },
    async endMarket(payouts) {
      const { marketId } = instrument;
      await running.venue.takeResolution?.({ marketId, payouts });
      // Said again, as by the next life of an engine.
      await running.venue.takeResolution?.({ marketId, payouts });
      await idle(running.venue);
    },
    async advance(forMs) {
      await clock.advanceTo(clock.now() + forMs, () => idle(running.venue));
      await idle(running.venue);
    },
    async restart(how) {
      if (how === 'kill') running.cut();
      running.stopReading();
      await running.venue.stop();
      running = await boot();
      await idle(running.venue);
    },
    async close() {
      running.stopReading();
      await running.venue.stop();
      await closeStore();
    },
  };
}

async function readAll(venue: PaperVenue, signal: AbortSignal, into: VenueEvent[]): Promise<void> {
  for await (const event of venue.events(signal)) into.push(event);
}

/** A line to the store that can be cut: what the dead process still tries to write never arrives. */
function cuttable(store: PaperStore): { store: PaperStore; cut: () => void } {
  let isCut = false;
  const check = (): void => {
    if (isCut) throw new FillwrightFault('store_unavailable', 'The process is dead.');
  };
  return {
    cut: () => {
      isCut = true;
    },
    store: {
      load: () => store.load(),
      findOrder: (id) => store.findOrder(id),
      tradesSince: (sinceMs) => store.tradesSince(sinceMs),
      async save(change) {
        check();
        await store.save(change);
      },
    },
  };
}

function level([price, size]: LevelText): { price: string; size: string } {
  return { price, size };
}
