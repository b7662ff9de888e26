/**
 * The price, size and time in force of each attempt to sell. Every attempt is a SELL of shares that
 * are settled and free, so that it can only reduce the position; the next one is made only when the
 * one before is over.
 */
import { Decimal, type DecimalText, decimal, toText } from '../decimal.ts';
import type { Instrument } from '../instrument.ts';
import { OWN_STRATEGIES } from '../intent.ts';
import type { IntentInput } from '../intent-input.ts';
import { quantisePrice, quantiseSize } from '../quantise.ts';
import type { ExitLadder, ExitOffer, ExitReason } from './exit-plan.ts';

/** An exit goes before every entry that waits beside it. */
const EXIT_PRIORITY = 1_000;

/** The strategy under which exit orders are filed. */
export const EXIT_STRATEGY = `${OWN_STRATEGIES}exit`;

/** What one attempt asks of the venue. */
export interface AttemptTerms {
  readonly offer: ExitOffer['kind'];
  readonly price: DecimalText;
  /** Shares, on the order grid. */
  readonly size: DecimalText;
  readonly timeInForce: 'GTC' | 'FAK';
  readonly postOnly: boolean;
}

export type NextAttempt =
  | ({ readonly kind: 'order' } & AttemptTerms)
  /** No shares that could be ordered are left, or none are free. */
  | { readonly kind: 'nothingToSell' }
  /** Nobody bids: there is no price to begin with. */
  | { readonly kind: 'noBid' }
  /** Every offer has been tried. */
  | { readonly kind: 'exhausted' };

export interface LadderInput {
  readonly ladder: ExitLadder;
  /** Which offer is next, from 0. */
  readonly offerIndex: number;
  readonly instrument: Pick<Instrument, 'tickSize' | 'minimumOrderSize'>;
  /** The best bid now; null when nobody bids or nobody knows. */
  readonly bid: DecimalText | null;
  /** Not on the grid. */
  readonly worstPrice: DecimalText;
  /** What is still to be sold of this exit, and what may be sold of the position. */
  readonly leftSize: DecimalText;
  readonly freeShares: DecimalText;
}

export function nextAttempt(input: LadderInput): NextAttempt {
  const size = quantiseSize(Decimal.min(input.leftSize, input.freeShares));
  if (!size.gt(0)) return { kind: 'nothingToSell' };
  const offer = input.ladder.offers[input.offerIndex];
  if (offer === undefined) return { kind: 'exhausted' };
  if (input.bid === null) return { kind: 'noBid' };
  const { tickSize, minimumOrderSize } = input.instrument;
  const price = priceOf(offer, decimal(input.bid), decimal(tickSize), input.worstPrice);
  // Fewer shares than the venue lets rest are offered once, and what nobody takes is left.
  const rests = offer.kind !== 'fak' && size.gte(minimumOrderSize);
  return {
    kind: 'order',
    offer: offer.kind,
    price: toText(price),
    size: toText(size),
    timeInForce: rests ? 'GTC' : 'FAK',
    postOnly: rests && offer.postOnly,
  };
}

/** Never below the worst price: rounding goes up, and only the grid's own end is a limit to that. */
function priceOf(offer: ExitOffer, bid: Decimal, tick: Decimal, worstPrice: DecimalText): Decimal {
  const floor = quantisePrice(decimal(worstPrice), tick, 'SELL');
  if (offer.kind === 'fak') return floor;
  const ticks = offer.postOnly ? Math.max(1, offer.ticksAboveBid) : offer.ticksAboveBid;
  const wanted = quantisePrice(bid.plus(tick.times(ticks)), tick, 'SELL');
  return Decimal.max(wanted, floor);
}

/** A `fak` at a price that was chosen from the book, not from the ladder. */
export function chosenAttempt(
  limitPrice: DecimalText,
  leftSize: DecimalText,
  freeShares: DecimalText,
): AttemptTerms | undefined {
  const size = quantiseSize(Decimal.min(leftSize, freeShares));
  if (!size.gt(0)) return undefined;
  const rest = { timeInForce: 'FAK', postOnly: false } as const;
  return { offer: 'fak', price: limitPrice, size: toText(size), ...rest };
}

/** The intent of an attempt, for `parseIntent`. The same key is the same order, however often. */
export function exitIntent(
  key: string,
  instrument: Pick<Instrument, 'id'>,
  terms: AttemptTerms,
  reason: ExitReason,
): IntentInput {
  return {
    key,
    strategy: EXIT_STRATEGY,
    instrument: instrument.id,
    side: 'SELL',
    type: 'limit',
    price: terms.price,
    size: terms.size,
    timeInForce: terms.timeInForce,
    postOnly: terms.postOnly,
    priority: EXIT_PRIORITY,
    reason,
  };
}
