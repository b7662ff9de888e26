/** What a venue must let a test do with it, so that one suite runs over every venue. */
import type { SubmitOutcome, Venue, VenueEvent, VenueOrder } from '../../src/actors/ports.ts';
import type { LegReport } from '../../src/domain/fill-leg.ts';
import type { Instrument, Side } from '../../src/domain/instrument.ts';

/** Price and size in decimal text. */
export type LevelText = readonly [price: string, size: string];

export interface HarnessOptions {
  /** Every leg ends `failed`. */
  readonly failLegs?: boolean;
  /** Every leg is `retrying` on its way. */
  readonly retryLegs?: boolean;
  /** Every taking order is filled in two parts, the second after at most a second. */
  readonly splitFills?: boolean;
  readonly takerDelayMs?: number;
  /** Makers pay the fee, too. */
  readonly makersPay?: boolean;
}

/** What a venue cannot be made to do is left out of its run; the suite's report says so. */
export interface VenueCapabilities {
  readonly failLegs: boolean;
  readonly splitFills: boolean;
  readonly takerDelay: boolean;
  readonly makersPay: boolean;
}

export interface VenueHarness {
  /** The running venue: another object after each restart. */
  readonly venue: Venue;
  /** Tick 0.01, minimum size 5, rate 0.05, exponent 1. The account starts with `startCashUsd`. */
  readonly instrument: Instrument;
  readonly startCashUsd: string;
  /** Everything the venue told, over all restarts. */
  readonly events: readonly VenueEvent[];
  now(): number;
  /** Shows a new book, best level first. */
  setBook(bids: readonly LevelText[], asks: readonly LevelText[]): Promise<void>;
  /** Somebody else trades; `side` is the taker's. */
  trade(side: Side, price: string, size: string): Promise<void>;
  /** Lets time pass and waits until the venue has told everything. All settles within a minute. */
  advance(forMs: number): Promise<void>;
  /** `stop`: in good order. `kill`: the venue's process dies as it stands. Books are not shown again. */
  restart(how: 'stop' | 'kill'): Promise<void>;
  close(): Promise<void>;
}

/** A harness that the suite closes after the test. */
export type OpenHarness = (options?: HarnessOptions) => Promise<VenueHarness>;

export type MakeHarness = (options: HarnessOptions) => Promise<VenueHarness>;

/** Longer than any settlement takes. */
export const SETTLED_MS = 60_000;

export const never = new AbortController().signal;

let orderNumber = 0;

/** A limit BUY of 10 at 0.50 that rests until it is cancelled, changed by `changes`. */
export function order(harness: VenueHarness, changes: Partial<VenueOrder> = {}): VenueOrder {
  orderNumber += 1;
  const base: VenueOrder = {
    clientOrderId: `ord_contract_${orderNumber}`,
    instrument: harness.instrument,
    side: 'BUY',
    type: 'limit',
    price: '0.5',
    timeInForce: 'GTC',
    postOnly: false,
    ...(changes.amountUsd === undefined ? { size: '10' } : {}),
  };
  return { ...base, ...changes };
}

export interface Sent {
  readonly id: string;
  readonly outcome: SubmitOutcome;
}

/** Prepares and submits. */
export async function send(
  harness: VenueHarness,
  changes: Partial<VenueOrder> = {},
): Promise<Sent> {
  const prepared = await harness.venue.prepare(order(harness, changes));
  const outcome = await harness.venue.submit(prepared, never);
  return { id: prepared.venueOrderId, outcome };
}

/** Buys shares and waits until they may be sold. */
export async function hold(harness: VenueHarness, size: string): Promise<void> {
  await harness.setBook([], [['0.4', size]]);
  await send(harness, { type: 'market', price: '0.4', size, timeInForce: 'FOK' });
  await harness.advance(SETTLED_MS);
}

/** The newest report of each leg of an order, in the order in which the legs were first told. */
export function legsOf(harness: VenueHarness, venueOrderId: string): readonly LegReport[] {
  const legs = new Map<string, LegReport>();
  for (const event of harness.events) {
    if (event.type === 'leg' && event.leg.venueOrderId === venueOrderId) {
      legs.set(event.leg.tradeId, event.leg);
    }
  }
  return [...legs.values()];
}

/** `price x size` of every leg, to compare with a short list. */
export function fills(harness: VenueHarness, venueOrderId: string): readonly LevelText[] {
  return legsOf(harness, venueOrderId).map((leg) => [leg.price, leg.size]);
}
