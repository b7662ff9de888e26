/** The interfaces that adapters fulfil. The engine knows the outside world only through these. */
import type { DecimalText } from '../domain/decimal.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import type { Instrument, InstrumentId, Outcome, Side } from '../domain/instrument.ts';
import type { TimeInForce } from '../domain/intent.ts';
import type { MarketDataCounts, MarketEvent } from '../domain/market-data.ts';

/** Time. The only clock of the engine: real in live and paper trading, virtual in replay. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /**
   * Calls `callback` once at or after the absolute time `atMs`; at once (never synchronously) when
   * that has passed. Returns the cancellation.
   */
  at(atMs: number, callback: () => void): () => void;
}

/** Names minted by us. Sortable text, unique for ever; derived from the seed in replay. */
export interface Ids {
  next(kind: 'order' | 'batch' | 'trade' | 'venueOrder' | 'override' | 'budget'): string;
}

/** A seeded source of randomness in [0, 1). */
export type Random = () => number;

// ------------------------------------------------------------------------------------ venue port

/** Our order as a venue must see it. */
export interface VenueOrder {
  readonly clientOrderId: string;
  readonly instrument: Instrument;
  readonly side: Side;
  readonly type: 'limit' | 'market';
  /** Limit or worst acceptable price, on the tick grid. */
  readonly price: DecimalText;
  /** Shares. Absent only for a market BUY by money. */
  readonly size?: DecimalText;
  /** Dollars to spend, fee not included. Market BUY only. */
  readonly amountUsd?: DecimalText;
  readonly timeInForce: TimeInForce;
  readonly expiresAtMs?: number;
  readonly postOnly: boolean;
}

/** Signed and serialised: exactly what will be sent, every time it is sent. */
export interface PreparedOrder {
  readonly clientOrderId: string;
  /** Known before sending where the venue's id is a hash of the order. */
  readonly venueOrderId: string;
  /** The exact body as text. */
  readonly body: string;
}

/** What a submit came to. A thrown error of any kind means: unknown. */
export type SubmitOutcome =
  | {
      readonly kind: 'acknowledged';
      readonly venueOrderId: string;
      /** `live` rests, `matched` crossed at least in part, `delayed` waits for the taker delay. */
      readonly status: 'live' | 'matched' | 'delayed';
    }
  /** Refused for good: the same bytes would be refused again. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** Accepted and killed at once (FOK that could not fill, FAK with nothing to take). */
  | { readonly kind: 'killed'; readonly reason: string }
  /** Definitely not taken now; the same bytes may be sent again after the wait. */
  | { readonly kind: 'notAccepted'; readonly reason: string; readonly retryAfterMs: number };

export type CancelOutcome =
  | { readonly kind: 'cancelled' }
  /** Still live or already over; the reason says which where the venue does. */
  | { readonly kind: 'rejected'; readonly reason: string };

/** `unrecognised` keeps a status that we do not know; `rawStatus` always holds the venue's text. */
export type VenueOrderStatus =
  | 'live'
  | 'delayed'
  | 'matched'
  | 'cancelled'
  | 'expired'
  | 'rejected'
  | 'unrecognised';

export interface VenueOrderReport {
  readonly venueOrderId: string;
  readonly status: VenueOrderStatus;
  readonly rawStatus: string;
  /** Cumulative shares matched, as the venue states it. */
  readonly sizeMatched: DecimalText;
  readonly reason?: string;
  /** What was asked for, where the venue repeats it: evidence for an order that is not ours. */
  readonly terms?: OrderTerms;
  readonly atMs: number;
}

export interface OrderTerms {
  /** Absent: an instrument that we do not deal in. */
  readonly instrumentId?: InstrumentId;
  readonly side: Side;
  readonly price: DecimalText;
  /** Shares. */
  readonly size?: DecimalText;
}

export interface VenueBalances {
  /** Collateral in dollars, reservations included. */
  readonly cashUsd: DecimalText;
}

export interface VenuePosition {
  readonly instrumentId: InstrumentId;
  readonly size: DecimalText;
}

/** What a venue believes a holding to have cost. Late, and for comparing only. */
export interface VenueAverage {
  readonly instrumentId: InstrumentId;
  /** Dollars a share, fees not included. */
  readonly averageEntry: DecimalText;
}

/** How a market ended, as the venue says it. Checked by whoever takes it. */
export interface VenueResolution {
  readonly marketId: string;
  /** Dollars that a share pays. */
  readonly payouts: Readonly<Record<Outcome, DecimalText>>;
  /** Absent: the venue does not say. */
  readonly resolvedAtMs?: number;
  /** What the venue names as its source. */
  readonly source: string;
}

export type VenueEvent =
  | { readonly type: 'order'; readonly report: VenueOrderReport }
  | { readonly type: 'leg'; readonly leg: LegReport }
  | { readonly type: 'connection'; readonly state: 'up' | 'down'; readonly atMs: number };

/**
 * A venue. Every method may reject; a rejection of `submit` or `cancel` means that nobody knows
 * what happened, and is never read as a refusal.
 */
export interface Venue {
  readonly name: string;
  /**
   * How long after the last send "not found" is proof that the order will never appear, by the
   * venue's own rules. Absent: never; such an order is watched until it expires or a person settles it.
   */
  readonly absenceIsFinalAfterMs?: number;
  /**
   * True: its events say when the stream stands, and entries wait for that. Absent: it stands as soon
   * as it is read.
   */
  readonly tellsConnection?: true;
  /** Restores the venue's own state (paper) or connects (live). Called once before all else. */
  start(): Promise<void>;
  /**
   * What can be checked without an answer of the venue, at every start, while its stream comes up. A
   * rejection refuses the start; `prepare` waits for it.
   */
  selfCheck?(): Promise<void>;
  /** How far the venue's clock is ahead of ours, in ms; 0 where it does not differ. */
  clockSkewMs?(): number;
  stop(): Promise<void>;
  instrument(id: InstrumentId): Instrument | undefined;
  instruments(): readonly Instrument[];
  prepare(order: VenueOrder): PreparedOrder | Promise<PreparedOrder>;
  submit(prepared: PreparedOrder, signal: AbortSignal): Promise<SubmitOutcome>;
  cancel(venueOrderId: string, signal: AbortSignal): Promise<CancelOutcome>;
  /** Undefined: the venue does not know this order. */
  fetchOrder(venueOrderId: string): Promise<VenueOrderReport | undefined>;
  fetchOpenOrders(): Promise<readonly VenueOrderReport[]>;
  /** Every leg of ours whose state changed at or after `sinceMs`, oldest first. */
  fetchTrades(sinceMs: number): Promise<readonly LegReport[]>;
  /**
   * Shares of what we trade, none where there are none: of `held` at least, and of whatever else the
   * venue shows to be held. Absent: of everything.
   */
  fetchPositions(held?: readonly InstrumentId[]): Promise<readonly VenuePosition[]>;
  fetchBalances(): Promise<VenueBalances>;
  /** Absent: the venue says nothing of averages. */
  fetchAverages?(): Promise<readonly VenueAverage[]>;
  /**
   * How these markets ended: nothing of those that have not, or of which it is not final. At most 500
   * are asked about. Absent: the venue says nothing of it, a person does.
   */
  fetchResolutions?(marketIds: readonly string[]): Promise<readonly VenueResolution[]>;
  /**
   * Told that a market of which it only stands in for the public one has ended: it ends the orders and
   * pays. Told again it changes nothing. Absent: the venue ends its markets itself.
   */
  takeResolution?(resolution: Pick<VenueResolution, 'marketId' | 'payouts'>): Promise<void>;
  /** Order updates, legs and connection changes, from the call on. Ends when `signal` aborts. */
  events(signal: AbortSignal): AsyncIterable<VenueEvent>;
}

// -------------------------------------------------------------------------------- market data port

/** A source of market data: a recording, a simulator or a live channel. */
export interface MarketDataSource {
  readonly name: string;
  /** Instruments known so far. A source may learn of more while it runs. */
  instruments(): readonly Instrument[];
  readonly counts: Readonly<MarketDataCounts>;
  /**
   * Delivers events in order to `deliver` until the source ends or `signal` aborts. `deliver` may
   * return a promise; the source waits for it before the next event (a recording is paced by its
   * reader, a live channel queues with a bound).
   */
  run(deliver: (event: MarketEvent) => void | Promise<void>, signal: AbortSignal): Promise<void>;
}
