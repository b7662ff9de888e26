/** Our parts in the trades of the exchange's ledger. */
import { type Decimal, decimal, ONE, toText, ZERO } from '../../src/domain/decimal.ts';
import type { VenueLedger } from './sandbox.ts';

/** The smallest part of a dollar or a share at the venue. */
export const UNIT: Decimal = decimal('0.000001');

type Trade = VenueLedger['trades'][number];

export interface VenueLeg {
  readonly orderId: string;
  /** Trade, order, role, side, size, fee and status: what identifies it and must be equal. */
  readonly text: string;
  readonly size: Decimal;
  /** Price by size of each part, without a rounding and without the fee. */
  readonly costUsd: Decimal;
  readonly status: string;
}

/** Each part of ours in each trade. The fields of a trade are its taker's. */
export function venueLegs({ orders, trades }: VenueLedger): readonly VenueLeg[] {
  const ours = new Set(orders.map(({ id }) => id));
  return trades.flatMap((trade) => {
    const legs: VenueLeg[] = [];
    if (ours.has(trade.taker_order_id)) {
      legs.push(
        legOf(trade, {
          ...{ orderId: trade.taker_order_id, role: 'taker', side: trade.side },
          ...{ size: trade.size, fee: trade.taker_fee, costUsd: takerCost(trade) },
        }),
      );
    }
    for (const { order_id, side, price, matched_amount } of trade.maker_orders) {
      if (!ours.has(order_id)) continue;
      const costUsd = decimal(price).times(matched_amount);
      legs.push(
        legOf(trade, {
          ...{ orderId: order_id, role: 'maker', side, size: matched_amount, fee: '0', costUsd },
        }),
      );
    }
    return legs;
  });
}

interface Part {
  readonly orderId: string;
  readonly role: string;
  readonly side: string;
  readonly size: string;
  readonly fee: string;
  readonly costUsd: Decimal;
}

function legOf({ id, status }: Trade, part: Part): VenueLeg {
  const { orderId, role, side, costUsd } = part;
  const size = decimal(part.size);
  const fee = toText(decimal(part.fee));
  const text = [id, orderId, role, side, toText(size), fee, status].join(' ');
  return { orderId, text, size, costUsd, status };
}

/** It pays each maker its own price; for the other outcome, the rest of a dollar. */
function takerCost(trade: Trade): Decimal {
  return trade.maker_orders.reduce(
    (sum, maker) => sum.plus(priceForTaker(trade, maker).times(maker.matched_amount)),
    ZERO,
  );
}

function priceForTaker({ asset_id }: Trade, maker: Trade['maker_orders'][number]): Decimal {
  return maker.asset_id === asset_id ? decimal(maker.price) : ONE.minus(maker.price);
}

/** Shares of each order that were filled and not taken back. */
export function filledAtVenue(ledger: VenueLedger): ReadonlyMap<string, Decimal> {
  const filled = new Map<string, Decimal>();
  for (const { orderId, size, status } of venueLegs(ledger)) {
    if (status === 'FAILED') continue;
    filled.set(orderId, (filled.get(orderId) ?? ZERO).plus(size));
  }
  return filled;
}

/**
 * Parts of trades whose price by size is no whole number of units: there the venue rounds what it
 * moves by less than a unit, and tells nobody. Without them cash is equal to the last unit.
 */
export function roundedParts({ trades }: VenueLedger): number {
  const parts = trades
    .filter(({ status }) => status !== 'FAILED')
    .flatMap((trade) => trade.maker_orders);
  return parts.filter(({ price, matched_amount }) => {
    return !decimal(price).times(matched_amount).mod(UNIT).isZero();
  }).length;
}
