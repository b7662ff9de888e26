/**
 * Our side of a reconciliation: what the actors hold, and what of it is still on its way between our
 * books and the venue's. Made of contexts, so that actors in memory and rows of actors both do.
 */
import type { DecimalText } from '../domain/decimal.ts';
import { dividedBy, minus, negated, notBelowZero, plus, times } from '../domain/exact.ts';
import { isFinalSettlement } from '../domain/fill-leg.ts';
import type { InstrumentId } from '../domain/instrument.ts';
import { NOTHING_ON_THE_WAY, type OnTheWay, type SizeSides } from '../domain/reconcile-books.ts';
import type { HeldOrder } from '../domain/reconcile-orders.ts';
import type { AccountContext } from '../machines/account.machine.ts';
import type { OrderContext } from '../machines/order.context.ts';
import { missesLegs, remaining } from '../machines/order.reducers.ts';
import { type ExecutionState, isExecutionOver } from '../machines/order.status.ts';
import type { PositionContext } from '../machines/position.machine.ts';
import type { SystemContext } from '../machines/system.machine.ts';
import { standing } from './rows.ts';

export interface OurOrder {
  readonly clientOrderId: string;
  readonly execution: ExecutionState;
  readonly context: OrderContext;
}

/** What we hold, as it stands when it is asked for. */
export interface OurBooks {
  /** Orders that are not closed, and some that are. */
  orders(): Iterable<OurOrder>;
  /** The same order as it stands now; undefined once it has left memory. */
  now(order: OurOrder): OurOrder | undefined;
  /** The order that we made under a venue order id, closed or not. */
  find(venueOrderId: string): Promise<OurOrder | undefined>;
  positions(): Iterable<PositionContext>;
  account(): AccountContext;
  system(): SystemContext;
}

export interface OnTheWays {
  readonly cash: OnTheWay;
  readonly shares: ReadonlyMap<InstrumentId, OnTheWay>;
}

/** Taken by the venue, and not known to be over. */
export function isAlive({ context, execution }: OurOrder): boolean {
  return context.acknowledged && !isExecutionOver(execution);
}

/** What stands in the venue's money or not: legs that are not final, and what resolved markets owe. */
export function cashOnTheWay(books: Pick<OurBooks, 'orders' | 'positions'>): OnTheWay {
  let way = onTheWay(books.orders()).cash;
  for (const context of books.positions()) {
    const { redeemableUsd } = standing(context);
    if (redeemableUsd.startsWith('-')) way = added(way, { stillHere: negated(redeemableUsd) });
    else way = added(way, { notYetHere: redeemableUsd });
  }
  return way;
}

/**
 * The holding of a resolved market: lost shares lie on the chain or not, and won ones go when they are
 * redeemed. More than ours is explained by neither.
 */
export function resolvedSides(
  context: PositionContext,
  theirs: DecimalText,
  ways: ReadonlyMap<InstrumentId, OnTheWay>,
): SizeSides {
  const { instrumentId, resolution } = context;
  const { size: ours } = standing(context);
  const moving = ways.get(instrumentId) ?? NOTHING_ON_THE_WAY;
  return {
    ...{ instrumentId, ours },
    theirs: resolution?.payout === '0' ? ours : theirs,
    way: added(moving, { stillHere: notBelowZero(ours) }),
  };
}

/**
 * Legs that are not final may stand in the venue's figures or not. An order of which nobody knows what
 * became of it, or whose legs are missing, may have filled up to all that it could still buy or sell.
 */
export function onTheWay(orders: Iterable<OurOrder>): OnTheWays {
  let cash = NOTHING_ON_THE_WAY;
  const shares = new Map<InstrumentId, OnTheWay>();
  const move = (instrumentId: InstrumentId, change: Partial<OnTheWay>) =>
    void shares.set(instrumentId, added(shares.get(instrumentId) ?? NOTHING_ON_THE_WAY, change));
  for (const order of orders) {
    const { context } = order;
    for (const leg of context.legs) {
      if (isFinalSettlement(leg.settlement)) continue;
      const gross = times(leg.price, leg.size);
      if (leg.side === 'BUY') {
        move(leg.instrumentId, { notYetThere: leg.size });
        cash = added(cash, { stillThere: plus(gross, leg.feeUsd) });
      } else {
        move(leg.instrumentId, { stillThere: leg.size });
        cash = added(cash, { notYetThere: minus(gross, leg.feeUsd) });
      }
    }
    if (!mayHaveFilled(order)) continue;
    const mostShares = mostSharesOf(context);
    if (context.intent.side === 'BUY') {
      move(context.instrument.id, { notYetHere: mostShares });
      cash = added(cash, { stillHere: context.reservedUsd });
    } else {
      move(context.instrument.id, { stillHere: mostShares });
      // No share brings more than its dollar.
      cash = added(cash, { notYetHere: mostShares });
    }
  }
  return { cash, shares };
}

function mayHaveFilled({ execution, context }: OurOrder): boolean {
  return (
    execution === 'submitting' ||
    execution.startsWith('unknown') ||
    (execution === 'holding' && context.doubted) ||
    missesLegs(context)
  );
}

/** An order for dollars, or one that never rests, brings more shares at better prices than its limit. */
function mostSharesOf(context: OrderContext): string {
  const { size, price, side, timeInForce } = context.intent;
  const left = remaining(context);
  const { tickSize } = context.instrument;
  if (size === undefined) return dividedBy(left, tickSize);
  const isImmediate = timeInForce === 'FOK' || timeInForce === 'FAK';
  return side === 'BUY' && isImmediate ? dividedBy(times(left, price), tickSize) : left;
}

function added(way: OnTheWay, change: Partial<OnTheWay>): OnTheWay {
  return {
    notYetThere: plus(way.notYetThere, change.notYetThere ?? '0'),
    notYetHere: plus(way.notYetHere, change.notYetHere ?? '0'),
    stillThere: plus(way.stillThere, change.stillThere ?? '0'),
    stillHere: plus(way.stillHere, change.stillHere ?? '0'),
  };
}

export function heldOrder(
  { clientOrderId, context, execution }: OurOrder,
  venueOrderId: string,
): HeldOrder {
  return {
    clientOrderId,
    venueOrderId,
    instrumentId: context.instrument.id,
    execution,
    side: context.intent.side,
    price: context.intent.price,
    matchedSize: context.matchedSize,
  };
}
