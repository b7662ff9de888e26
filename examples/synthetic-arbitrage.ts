/**
 * Example: buys YES and NO of a market when both together cost less than a dollar.
 *
 * Exactly one of the two pays 1 dollar, so a pair bought for 0.97 with its fees brings 0.03 whatever
 * happens. The two orders are separate: one may fill and the other not. Each leg is "all or
 * nothing", both ask for the same number of shares, and a leg left alone is sold again, also after
 * a restart.
 *
 * Positions belong to the account, not to a strategy: what this one finds in a market it takes for
 * its own, and sells what has no counterpart. Where several strategies run, give each its own
 * `markets`.
 *
 * Read it from the bottom: `syntheticArbitrage` is what the engine calls.
 */
import type { OrderView } from '../src/actors/rows.ts';
import type { Strategy, StrategyContext, StrategyIntent } from '../src/actors/strategy.ts';
import { decimalField, listOf, section, text, wholeNumber } from '../src/config/fields.ts';
import { readOptions } from '../src/config/options.ts';
import { Decimal, decimal, toText, ZERO } from '../src/domain/decimal.ts';
import { feeUsd, worstFeeForShares } from '../src/domain/fees.ts';
import { type Instrument, isOfMarkets } from '../src/domain/instrument.ts';
import type { BookSnapshot } from '../src/domain/market-data.ts';
import { bestBid, effectivePrice } from '../src/domain/order-book.ts';
import { quantisePrice, quantiseSize } from '../src/domain/quantise.ts';

/** After a leg that did not fill, the book that we saw was not the book that there was: wait. */
const PAUSE_MS = 2_000;

const schema = section({
  /** Ids or names of the markets to trade. Absent: all of them. */
  markets: listOf(text('a market id or name')).optional(),
  /** Shares of each outcome in one pair of orders. */
  pairShares: decimalField('shares', { above: '0' }, 2).prefault('25'),
  /** Pairs of shares held in one market. */
  maximumShares: decimalField('shares', { above: '0' }, 2).prefault('100'),
  /** Dollars that a pair of shares must bring after the fees of both. */
  minimumEdge: decimalField('dollars', { above: '0', below: '1' }).prefault('0.005'),
  /** Markets in which a pair may be open at the same time. */
  maximumPairs: wholeNumber(1, 1_000, 'markets').prefault(3),
});

/** One outcome of a market with its book. */
interface Leg {
  readonly instrument: Instrument;
  readonly book: BookSnapshot;
}

/** A leg as it would be bought now. */
interface Quote {
  /** Price of the last level that is needed: the limit of the order. */
  readonly limit: Decimal;
  /** Dollars with the taker fee of every level. */
  readonly costUsd: Decimal;
  /** Dollars that the engine and the venue will hold back for the order. */
  readonly reservedUsd: Decimal;
}

/** What `size` shares cost on this book, fees included; undefined when it does not hold so many. */
function quote({ instrument, book }: Leg, size: Decimal): Quote | undefined {
  const walked = effectivePrice(book, 'BUY', { size });
  const limit = walked.worstPrice;
  if (!walked.complete || limit === undefined) return undefined;
  const fees = walked.levels.map((level) =>
    feeUsd(instrument.fees, 'taker', level.price, level.size),
  );
  const worstFee = worstFeeForShares(instrument.fees, 'BUY', limit, decimal(book.tickSize), size);
  return {
    limit,
    costUsd: fees.reduce((sum, fee) => sum.plus(fee), walked.costUsd),
    reservedUsd: limit.times(size).plus(worstFee),
  };
}

/** The largest size, of `most` and its halves, at which the pair still brings the edge. */
function findPair(yes: Leg, no: Leg, most: Decimal, minimumEdge: Decimal, availableUsd: Decimal) {
  const least = Decimal.max(yes.instrument.minimumOrderSize, no.instrument.minimumOrderSize, 0.01);
  for (let size = quantiseSize(most); size.gte(least); size = quantiseSize(size.times('0.5'))) {
    const [first, second] = [quote(yes, size), quote(no, size)];
    if (first === undefined || second === undefined) continue;
    const edge = size.minus(first.costUsd).minus(second.costUsd);
    const isAffordable = first.reservedUsd.plus(second.reservedUsd).lte(availableUsd);
    if (isAffordable && edge.gte(minimumEdge.times(size))) return { size, first, second, edge };
  }
  return undefined;
}

const isOver = (order: OrderView): boolean =>
  !['PENDING', 'PLACED', 'PARTIAL_FILL', 'UNKNOWN'].includes(order.status);

/**
 * Sells what is held of one outcome beyond the other. Counted from positions, which survive a
 * restart, and only in shares that are final on chain: those of a purchase whose other leg is still
 * being told are not.
 */
function sellExcess(
  heavy: Instrument,
  light: Instrument,
  context: StrategyContext,
): StrategyIntent | undefined {
  const position = context.position(heavy.id);
  const book = context.book(heavy.id);
  const bid = book && bestBid(book);
  if (!position || !book || !bid) return undefined;
  const other = context.position(light.id)?.size ?? '0';
  const kept = Decimal.max(other, position.reservedShares);
  const size = quantiseSize(decimal(position.sellableSize).minus(kept));
  if (size.lte(ZERO)) return undefined;
  return {
    instrument: heavy.id,
    side: 'SELL',
    price: toText(quantisePrice(bid, book.tickSize, 'SELL')),
    size: toText(size),
    timeInForce: 'FAK',
    priority: 10,
    reason: `held without as many shares of ${light.id}`,
  };
}

/** @throws {InvalidValue} for options that are unknown or malformed. */
export function syntheticArbitrage(input: unknown): Strategy {
  const options = readOptions(schema, input);
  const minimumEdge = decimal(options.minimumEdge);
  const pausedUntilMs = new Map<string, number>();

  /** Pairs of shares held in the market of these two outcomes. */
  function heldPairs(yes: Instrument, no: Instrument, context: StrategyContext): Decimal {
    const size = ({ id }: Instrument) => decimal(context.position(id)?.size ?? '0');
    return Decimal.min(size(yes), size(no));
  }

  /** Markets with a pair that is held or on its way. */
  function openPairs(context: StrategyContext): ReadonlySet<string> {
    const open = new Set<string>();
    for (const yes of context.instruments()) {
      const no = yes.outcome === 'YES' ? context.complement(yes.id) : undefined;
      if (no === undefined) continue;
      const isPending = context.isPending(yes.id, 'BUY') || context.isPending(no.id, 'BUY');
      if (isPending || heldPairs(yes, no, context).gt(ZERO)) open.add(yes.marketId);
    }
    return open;
  }

  return {
    name: 'synthetic-arbitrage',
    timerMs: 1_000,

    onBook({ instrumentId }, context) {
      const one = context.instruments().find(({ id }) => id === instrumentId);
      const other = context.complement(instrumentId);
      if (one === undefined || other === undefined) return undefined;
      const [yes, no] = one.outcome === 'YES' ? [one, other] : [other, one];
      const { marketId } = yes;
      if (!isOfMarkets(yes, options.markets)) return undefined;
      const [yesBook, noBook] = [context.book(yes.id), context.book(no.id)];
      if (yesBook === undefined || noBook === undefined) return undefined;

      // Never a second pair where the orders of one are still under way.
      if (context.isPending(yes.id, 'BUY') || context.isPending(no.id, 'BUY')) return undefined;
      if (context.now() < (pausedUntilMs.get(marketId) ?? 0)) return undefined;
      const open = openPairs(context);
      if (!open.has(marketId) && open.size >= options.maximumPairs) return undefined;

      const room = decimal(options.maximumShares).minus(heldPairs(yes, no, context));
      const most = Decimal.min(options.pairShares, room);
      const found = findPair(
        { instrument: yes, book: yesBook },
        { instrument: no, book: noBook },
        most,
        minimumEdge,
        decimal(context.account().availableUsd),
      );
      if (found === undefined) return undefined;

      // A key names an order for ever: sent twice, it is still one order.
      const pair = `pair:${marketId}:${context.now()}`;
      const leg = (instrument: Instrument, { limit }: Quote): StrategyIntent => ({
        key: `${pair}:${instrument.outcome}`,
        instrument: instrument.id,
        side: 'BUY',
        price: toText(limit),
        size: toText(found.size),
        timeInForce: 'FOK',
        reason: `both outcomes for ${toText(found.size.minus(found.edge))}, worth ${toText(found.size)}`,
      });
      return [leg(yes, found.first), leg(no, found.second)];
    },

    onOrder(order, context) {
      if (order.side === 'BUY' && isOver(order) && order.filledSize === '0') {
        pausedUntilMs.set(order.marketId, context.now() + PAUSE_MS);
      }
      return undefined;
    },

    onTimer(context) {
      const intents: (StrategyIntent | undefined)[] = [];
      for (const yes of context.instruments()) {
        const no = yes.outcome === 'YES' ? context.complement(yes.id) : undefined;
        if (no === undefined || !isOfMarkets(yes, options.markets)) continue;
        if (isAtWork(yes, context) || isAtWork(no, context)) continue;
        intents.push(sellExcess(yes, no, context) ?? sellExcess(no, yes, context));
      }
      return intents.filter((intent) => intent !== undefined);
    },
  };
}

/** What an order under way will leave is not known yet. */
function isAtWork({ id }: Instrument, context: StrategyContext): boolean {
  return context.isPending(id, 'BUY') || context.isPending(id, 'SELL');
}
