/**
 * The slow twin of the position fold: a plain list of legs, sorted and added up from nothing every
 * time, in decimals, with the realised result booked trade by trade instead of read off an identity.
 */
import fc from 'fast-check';
import { Decimal, type DecimalText, decimal, toText } from '../../src/domain/decimal.ts';
import type { PositionFold } from '../../src/domain/position.ts';
import type { PositionLeg, PositionTotals } from '../../src/domain/position-totals.ts';

export function leg(number: number, change: Partial<PositionLeg> = {}): PositionLeg {
  return {
    key: `paper/t${String(number).padStart(4, '0')}/0xa/taker`,
    clientOrderId: `ord_${number}`,
    side: 'BUY',
    price: '0.5',
    size: '10',
    feeUsd: '0.01',
    matchedAtMs: 1_000 + number,
    settled: false,
    ...change,
  };
}

/** Legs in order of match. Few instants, so that many legs share one and their keys decide. */
export const legLists = (maxLength: number) =>
  fc
    .array(
      fc.record({
        side: fc.constantFrom('BUY' as const, 'SELL' as const),
        price: fc.integer({ min: 1, max: 999 }).map((n) => toText(new Decimal(n).div(1000))),
        size: fc.integer({ min: 1, max: 40_000_000 }).map((n) => toText(new Decimal(n).div(1e6))),
        feeUsd: fc.integer({ min: 0, max: 500 }).map((n) => toText(new Decimal(n).div(1e5))),
        matchedAtMs: fc.integer({ min: 1_000, max: 1_020 }),
      }),
      // Without a size, generated lists end at about ten: too few for two chunks.
      { minLength: 1, maxLength, size: 'max' },
    )
    .map((rows) => sorted(rows.map((row, index) => leg(index, row))));

export function sorted(legs: readonly PositionLeg[]): PositionLeg[] {
  return [...legs].sort((left, right) =>
    left.matchedAtMs === right.matchedAtMs
      ? Number(left.key > right.key) - Number(left.key < right.key)
      : left.matchedAtMs - right.matchedAtMs,
  );
}

export function naiveTotals(legs: readonly PositionLeg[]): PositionTotals {
  let size = decimal('0');
  let cost = decimal('0');
  let realized = decimal('0');
  for (const { side, price, size: shares } of legs) {
    const change = side === 'BUY' ? decimal(shares) : decimal(shares).neg();
    const opposes = size.times(change).lt(0);
    const closed = opposes ? Decimal.min(size.abs(), change.abs()) : decimal('0');
    if (opposes) {
      const all = closed.eq(size.abs());
      const share = cost.times(closed).div(size.abs());
      const removed = all ? cost : share.toDecimalPlaces(12, Decimal.ROUND_HALF_EVEN);
      const proceeds = closed.times(price).times(size.gt(0) ? 1 : -1);
      realized = realized.plus(proceeds).minus(removed);
      cost = cost.minus(removed);
    }
    const opened = change
      .abs()
      .minus(closed)
      .times(change.gt(0) ? 1 : -1);
    cost = cost.plus(opened.times(price));
    size = size.plus(change);
  }
  const sumOf = (side: PositionLeg['side'], amount: (leg: PositionLeg) => Decimal | DecimalText) =>
    legs
      .filter((one) => one.side === side)
      .reduce((sum, one) => sum.plus(amount(one)), decimal('0'));
  const worth = (one: PositionLeg) => decimal(one.price).times(one.size);
  const average = size.isZero()
    ? size
    : cost.div(size).toDecimalPlaces(12, Decimal.ROUND_HALF_EVEN);
  return {
    size: toText(size),
    costBasis: toText(cost),
    averageEntry: toText(average),
    realizedPnl: toText(realized),
    feesUsd: toText(legs.reduce((sum, one) => sum.plus(one.feeUsd), decimal('0'))),
    boughtSize: toText(sumOf('BUY', (one) => one.size)),
    soldSize: toText(sumOf('SELL', (one) => one.size)),
    cashFlowUsd: toText(sumOf('SELL', worth).minus(sumOf('BUY', worth))),
  };
}

export function naiveSettledBought(legs: readonly PositionLeg[]): string {
  return naiveTotals(legs.filter((one) => one.settled && one.side === 'BUY')).boughtSize;
}

export function legsOf(fold: PositionFold): PositionLeg[] {
  return fold.tail.flatMap((chunk) => chunk.legs);
}

/** Freezes everything, so that a change in place throws. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
