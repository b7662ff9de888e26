/** What can be traded, and the venue's rules for it. */
import type { DecimalText } from './decimal.ts';

export type Outcome = 'YES' | 'NO';
export type Side = 'BUY' | 'SELL';

/**
 * A market's fee rule: `fee = shares x rate x (price x (1 - price)) ^ exponent` dollars.
 * Source: Polymarket docs, "Trading fees", and Gamma `feeSchedule {rate, exponent, takerOnly}`.
 */
export interface FeeSchedule {
  /** For example `"0.05"`; `"0"` where fees are off. */
  readonly rate: DecimalText;
  readonly exponent: number;
  /** True: makers pay nothing. */
  readonly takerOnly: boolean;
}

/** `venue:market:outcome`, for example `paper:0x12ab:YES`. */
export type InstrumentId = string;

/** One tradable outcome. Plain JSON: it is kept inside orders and rows. */
export interface Instrument {
  readonly id: InstrumentId;
  readonly venue: string;
  /** The venue's market id (Polymarket: condition id). */
  readonly marketId: string;
  /** The venue's id of this outcome (Polymarket: token id, decimal text). */
  readonly tokenId: string;
  readonly outcome: Outcome;
  /** What the venue files the market under with others (Polymarket: the event), where it says so. */
  readonly eventId?: string;
  /** What people call the market (Polymarket: its slug), where the venue says so. */
  readonly name?: string;
  /** Smallest price step, for example `"0.01"`. Prices lie in [tick, 1 - tick]. */
  readonly tickSize: DecimalText;
  /** Smallest size of a resting order, in shares. */
  readonly minimumOrderSize: DecimalText;
  readonly fees: FeeSchedule;
  /** Milliseconds that a marketable order waits before it is matched; 0 for none. */
  readonly takerDelayMs: number;
  readonly negRisk: boolean;
}

export function instrumentId(venue: string, marketId: string, outcome: Outcome): InstrumentId {
  return `${venue}:${marketId}:${outcome}`;
}

/** The market of an instrument's id; venues have no colon in their names, markets may. */
export function marketOf(id: InstrumentId): string {
  return id.slice(id.indexOf(':') + 1, id.lastIndexOf(':'));
}

/** True when one of `markets`, ids or names, is the instrument's; also when there is no list. */
export function isOfMarkets(
  instrument: Pick<Instrument, 'marketId' | 'name'>,
  markets: readonly string[] | undefined,
): boolean {
  const { marketId, name } = instrument;
  if (markets === undefined || markets.includes(marketId)) return true;
  return name !== undefined && markets.includes(name);
}

export function opposite(outcome: Outcome): Outcome {
  return outcome === 'YES' ? 'NO' : 'YES';
}
