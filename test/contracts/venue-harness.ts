/** What a venue must let a test do with it, so that one suite runs over every venue. */
import { expect } from 'vitest';
import type {
  PreparedOrder,
  SubmitOutcome,
  Venue,
  VenueEvent,
  VenueOrder,
} from '../../src/actors/ports.ts';
import { type Decimal, decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import { feeUsd } from '../../src/domain/fees.ts';
import type { LegReport } from '../../src/domain/fill-leg.ts';
import type { Instrument, Side } from '../../src/domain/instrument.ts';
import type { Payouts } from '../../src/domain/resolution.ts';

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
  /** A taker gets a leg for each level; else one for each match, at its average price. */
  readonly legForEachLevel: boolean;
  /** FOK and FAK BUY orders ask for shares; else for the dollars that these cost at the limit. */
  readonly immediateBuysByShares: boolean;
  /** A level of others can lose or win shares without losing its place in the queue. */
  readonly levelsResizeInPlace: boolean;
  /** An order that expired says so; else it is told as cancelled. */
  readonly tellsExpiry: boolean;
}

export interface VenueHarness {
  readonly can: VenueCapabilities;
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
  /** The market ends, for good. */
  endMarket(payouts: Payouts): Promise<void>;
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

/** Prepares and submits. What the venue's adapter itself refuses to prepare is refused as well. */
export async function send(
  harness: VenueHarness,
  changes: Partial<VenueOrder> = {},
): Promise<Sent> {
  let prepared: PreparedOrder;
  try {
    prepared = await harness.venue.prepare(order(harness, changes));
  } catch (error) {
    if (!(error instanceof FillwrightFault)) throw error;
    return { id: '', outcome: { kind: 'rejected', reason: error.message } };
  }
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

/** What a leg cost beside its price: as told, or by the schedule. */
export function feeOf({ instrument }: VenueHarness, leg: LegReport): string {
  const { price, size, role, feeUsd: told } = leg;
  return told ?? toText(feeUsd(instrument.fees, role, decimal(price), decimal(size)));
}

export function sumOf(values: readonly Decimal[]): Decimal {
  return values.reduce((sum, value) => sum.plus(value), ZERO);
}

/** Holds the fills of an order against `[price, size]` of each level that it met. */
export function expectFills(
  harness: VenueHarness,
  venueOrderId: string,
  expected: readonly LevelText[],
): void {
  const told = fills(harness, venueOrderId);
  if (harness.can.legForEachLevel) {
    expect(told).toEqual(expected);
    return;
  }
  const size = (levels: readonly LevelText[]) =>
    levels.reduce((sum, level) => sum.plus(level[1]), ZERO).toFixed();
  // An average price has 12 decimals.
  const cost = (levels: readonly LevelText[]) =>
    levels
      .reduce((sum, [price, shares]) => sum.plus(decimal(price).times(shares)), ZERO)
      .toFixed(8);
  expect([size(told), cost(told)]).toEqual([size(expected), cost(expected)]);
}

/** `price x size` of every leg, to compare with a short list. */
export function fills(harness: VenueHarness, venueOrderId: string): readonly LevelText[] {
  return legsOf(harness, venueOrderId).map((leg) => [leg.price, leg.size]);
}
