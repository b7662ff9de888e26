/**
 * Example: buys an outcome that is very likely to happen and holds it.
 *
 * A share of YES at 0.92 pays 1 dollar when the event happens. This strategy buys a fixed number of
 * shares in a market once an outcome is offered between a minimum and a maximum price. It never pays
 * more than 0.95: above that, one wrong guess costs more than twenty right ones bring.
 *
 * Positions belong to the account, not to a strategy: what this one finds in a market it takes for
 * its own. Where several strategies run, give each its own `markets`.
 *
 * Read it from the bottom: `buyHighProbability` is what the engine calls.
 */
import type { OrderView } from '../src/actors/rows.ts';
import type { Strategy, StrategyContext, StrategyIntent } from '../src/actors/strategy.ts';
import { bool, decimalField, listOf, section, text, wholeNumber } from '../src/config/fields.ts';
import { readOptions } from '../src/config/options.ts';
import { type Decimal, decimal, toText, ZERO } from '../src/domain/decimal.ts';
import { InvalidValue } from '../src/domain/faults.ts';
import { type Instrument, isOfMarkets } from '../src/domain/instrument.ts';
import type { BookSnapshot } from '../src/domain/market-data.ts';
import { bestAsk, bestBid } from '../src/domain/order-book.ts';
import { quantisePrice, quantiseSize } from '../src/domain/quantise.ts';

/** The most that is ever paid for a share, whatever the options say. */
const HIGHEST_PRICE = '0.95';
/** After a refusal the same would be refused again on the next book: wait a little. */
const PAUSE_MS = 10_000;

const price = () => decimalField('a price', { above: '0', below: '1' });

const schema = section({
  /** Ids or names of the markets to trade. Absent: all of them. */
  markets: listOf(text('a market id or name')).optional(),
  /** Buys at this price and above. */
  minimumPrice: price().prefault('0.85'),
  /** Buys at this price and below. */
  maximumPrice: decimalField('a price', { above: '0', atMost: HIGHEST_PRICE }).prefault(
    HIGHEST_PRICE,
  ),
  /** Shares held in one market. */
  sizeShares: decimalField('shares', { above: '0' }, 2).prefault('20'),
  /** Offers what it holds at this price. Absent: holds until the market resolves. */
  targetPrice: price().optional(),
  /** Sells what it holds when the best bid falls this low. Absent: never. */
  stopPrice: price().optional(),
  /** Buys again in a market that it has left. */
  reenter: bool().prefault(false),
  /** A purchase that has not filled by then is withdrawn. */
  entryLifeMs: wholeNumber(1_000, 86_400_000, 'milliseconds').prefault(60_000),
});

type Options = ReturnType<typeof readSettings>;

/** Reads the options and checks that they fit together. Money and prices become exact decimals. */
function readSettings(input: unknown) {
  const options = readOptions(schema, input);
  const minimum = decimal(options.minimumPrice);
  const maximum = decimal(options.maximumPrice);
  const target = options.targetPrice === undefined ? undefined : decimal(options.targetPrice);
  const stop = options.stopPrice === undefined ? undefined : decimal(options.stopPrice);
  if (minimum.gt(maximum)) {
    throw new InvalidValue('options.minimumPrice', toText(minimum), 'maximumPrice or less');
  }
  if (target?.lte(maximum)) {
    throw new InvalidValue('options.targetPrice', toText(target), 'more than maximumPrice');
  }
  if (stop?.gte(minimum)) {
    throw new InvalidValue('options.stopPrice', toText(stop), 'less than minimumPrice');
  }
  const { reenter, entryLifeMs, markets } = options;
  return {
    markets,
    minimum,
    maximum,
    size: decimal(options.sizeShares),
    target,
    stop,
    reenter,
    entryLifeMs,
  };
}

/** What to buy on this book, if anything. */
function entry(
  book: BookSnapshot,
  instrument: Instrument,
  options: Options,
  context: StrategyContext,
): StrategyIntent | undefined {
  const { id } = instrument;
  const ask = bestAsk(book);
  if (ask === undefined || ask.lt(options.minimum) || ask.gt(options.maximum)) return undefined;

  // One order at a time. "Pending" covers an order whose fate is not yet known, too.
  if (context.isPending(id, 'BUY') || context.isPending(id, 'SELL')) return undefined;

  // Never both outcomes of a market: one of them would be worth nothing.
  const other = context.complement(id);
  if (other !== undefined && (context.isPending(other.id, 'BUY') || isHeld(other, context))) {
    return undefined;
  }

  // The position is counted from fills and survives a restart: no need to remember anything here.
  const position = context.position(id);
  if (position !== undefined && position.size === '0' && !options.reenter) return undefined;
  const missing = quantiseSize(options.size.minus(position?.size ?? '0'));
  if (missing.lt(instrument.minimumOrderSize) || missing.lte(ZERO)) return undefined;

  // A price must lie on the market's grid. For a BUY it is rounded down, so never past the maximum.
  const limit = quantisePrice(ask, book.tickSize, 'BUY');
  if (limit.gt(options.maximum) || limit.gt(HIGHEST_PRICE)) return undefined;

  return {
    instrument: id,
    side: 'BUY',
    price: toText(limit),
    size: toText(missing),
    // Takes what is offered, rests with what is left, and ends by itself.
    timeInForce: 'GTD',
    expiresAtMs: context.now() + options.entryLifeMs,
    reason: `offered at ${toText(ask)}, wanted from ${toText(options.minimum)} to ${toText(options.maximum)}`,
  };
}

/** What to sell on this book, if anything. */
function exit(
  book: BookSnapshot,
  instrument: Instrument,
  options: Options,
  context: StrategyContext,
): StrategyIntent | undefined {
  const { id } = instrument;
  const bid = bestBid(book);
  const isStopped = bid !== undefined && options.stop !== undefined && bid.lte(options.stop);

  if (context.isPending(id, 'SELL') || context.isPending(id, 'BUY')) {
    // What rests (a purchase, or the offer at the target) is in the way of leaving now.
    if (isStopped) cancelWorking(id, context);
    return undefined;
  }
  const free = freeShares(instrument, context);
  if (free.lte(ZERO)) return undefined;
  if (isStopped) {
    return {
      instrument: id,
      side: 'SELL',
      price: toText(quantisePrice(bid, book.tickSize, 'SELL')),
      size: toText(free),
      timeInForce: 'FAK',
      priority: 10,
      reason: `bid ${toText(bid)} is at or below the stop ${toText(options.stop ?? ZERO)}`,
    };
  }
  if (options.target === undefined || free.lt(instrument.minimumOrderSize)) return undefined;
  return {
    instrument: id,
    side: 'SELL',
    price: toText(quantisePrice(options.target, book.tickSize, 'SELL')),
    size: toText(free),
    timeInForce: 'GTC',
    reason: `offers what it holds at the target ${toText(options.target)}`,
  };
}

/** Shares that may be sold now: their purchase is final on chain and no order holds them. */
function freeShares({ id }: Instrument, context: StrategyContext): Decimal {
  const position = context.position(id);
  if (position === undefined) return ZERO;
  return quantiseSize(decimal(position.sellableSize).minus(position.reservedShares));
}

function isHeld({ id }: Instrument, context: StrategyContext): boolean {
  return decimal(context.position(id)?.size ?? '0').gt(ZERO);
}

function cancelWorking(id: string, context: StrategyContext): void {
  for (const order of context.workingOrders()) {
    if (order.instrumentId !== id || order.execution.startsWith('cancelling')) continue;
    // The answer is of no use here: the next book shows whether the order is gone.
    context.cancel(order.clientOrderId, 'the stop was reached').catch(() => undefined);
  }
}

/** @throws {InvalidValue} for options that are unknown, malformed or contradict each other. */
export function buyHighProbability(input: unknown): Strategy {
  const options = readSettings(input);
  const pausedUntilMs = new Map<string, number>();

  return {
    name: 'buy-high-probability',

    // Called with every new picture of a book. What it returns is submitted.
    onBook(book, context) {
      if (context.now() < (pausedUntilMs.get(book.instrumentId) ?? 0)) return undefined;
      const instrument = context.instruments().find(({ id }) => id === book.instrumentId);
      if (instrument === undefined) return undefined;
      if (!isOfMarkets(instrument, options.markets)) return undefined;
      const intent =
        exit(book, instrument, options, context) ?? entry(book, instrument, options, context);
      return intent === undefined ? undefined : [intent];
    },

    // Called with every step of one of this strategy's own orders.
    onOrder(order: OrderView, context) {
      if (order.status !== 'DENIED' && order.status !== 'REJECTED') return undefined;
      pausedUntilMs.set(order.instrumentId, context.now() + PAUSE_MS);
      return undefined;
    },
  };
}
