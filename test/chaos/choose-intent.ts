/** What the load asks for next: every kind of order that a desk places, at prices of the present book. */
import type { StrategyContext } from '../../src/actors/strategy.ts';
import { type Decimal, decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import type { Instrument, Side } from '../../src/domain/instrument.ts';
import { isOnTick } from '../../src/domain/quantise.ts';
import type { Asked } from './promises.ts';

interface Kind {
  readonly side: Side;
  /** The price begins at the best one of this side of the book. */
  readonly from: 'bid' | 'ask';
  readonly ticks: number;
  readonly timeInForce: Asked['timeInForce'];
  readonly postOnly?: boolean;
}

/** Purchases come first: what is sold must have settled. */
const KINDS: readonly Kind[] = [
  { side: 'BUY', from: 'ask', ticks: 0, timeInForce: 'GTC' },
  { side: 'BUY', from: 'bid', ticks: -2, timeInForce: 'GTC' },
  { side: 'BUY', from: 'bid', ticks: 1, timeInForce: 'GTC' },
  { side: 'BUY', from: 'bid', ticks: 0, timeInForce: 'GTC', postOnly: true },
  { side: 'BUY', from: 'ask', ticks: 0, timeInForce: 'FOK' },
  { side: 'BUY', from: 'ask', ticks: 2, timeInForce: 'FAK' },
  { side: 'BUY', from: 'bid', ticks: -1, timeInForce: 'GTD' },
  { side: 'SELL', from: 'bid', ticks: 0, timeInForce: 'FAK' },
  { side: 'SELL', from: 'bid', ticks: 0, timeInForce: 'GTC' },
  { side: 'SELL', from: 'ask', ticks: 0, timeInForce: 'GTC' },
  { side: 'SELL', from: 'bid', ticks: 1, timeInForce: 'GTC' },
  { side: 'SELL', from: 'bid', ticks: -2, timeInForce: 'FOK' },
];

/** The venue takes no order that ends within a minute. */
const GOOD_FOR_MS = 100_000;
/** Sizes are told apart by their cents: the venue's orders can be counted without our own tables. */
const CENTS = 1_500;

/** Nothing where the book is empty, or there is nothing to sell. */
export function chooseIntent(
  context: StrategyContext,
  random: () => number,
  number: number,
): Omit<Asked, 'key'> | undefined {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const instrument = pick(context.instruments());
  const kind = pick(KINDS);
  if (instrument === undefined || kind === undefined) return undefined;
  const price = priceOf(context, instrument, kind);
  const size = sizeOf(context, instrument, kind, number);
  if (price === undefined || size === undefined) return undefined;
  if (isTooSmall(kind, price, size)) return undefined;
  const { side, timeInForce, postOnly } = kind;
  return {
    ...{ instrument: instrument.id, side, price, size, timeInForce },
    ...(postOnly === true ? { postOnly } : {}),
    ...(timeInForce === 'GTD' ? { expiresAtMs: context.now() + GOOD_FOR_MS } : {}),
  };
}

function priceOf(
  context: StrategyContext,
  { id, tickSize }: Instrument,
  { from, ticks }: Kind,
): string | undefined {
  const book = context.book(id);
  const best = (from === 'bid' ? book?.bids : book?.asks)?.[0]?.price;
  if (best === undefined) return undefined;
  const price = decimal(best).plus(decimal(tickSize).times(ticks));
  return isOnTick(price, tickSize) ? toText(price) : undefined;
}

function sizeOf(
  context: StrategyContext,
  { id }: Instrument,
  { side, timeInForce }: Kind,
  number: number,
): string | undefined {
  const wanted = sizeOfNumber(number);
  if (side === 'SELL') {
    const free = freeShares(context, id);
    return free.gte(wanted) ? toText(wanted) : undefined;
  }
  // Such an order spends whole cents: what it asks for is rounded, unless it is of whole shares.
  return timeInForce === 'FOK' || timeInForce === 'FAK'
    ? String(5 + (number % 20))
    : toText(wanted);
}

/** The venue takes no order for less than a dollar that spends at once. */
function isTooSmall({ side, timeInForce }: Kind, price: string, size: string): boolean {
  const spendsAtOnce = side === 'BUY' && (timeInForce === 'FOK' || timeInForce === 'FAK');
  return spendsAtOnce && decimal(price).times(size).lt(1);
}

/** From 5 shares, a cent more for each. */
export function sizeOfNumber(number: number): Decimal {
  return decimal(String(number % CENTS))
    .div(100)
    .plus(5);
}

function freeShares(context: StrategyContext, id: string): Decimal {
  const position = context.position(id);
  if (position === undefined) return ZERO;
  return decimal(position.sellableSize).minus(position.reservedShares);
}
