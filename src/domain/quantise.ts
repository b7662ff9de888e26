/**
 * The grids that a venue takes prices and sizes on. Source: Polymarket docs, order rounding: prices
 * lie on the market's tick in [tick, 1 - tick], order sizes have 2 decimals, and the money of an
 * order has a number of decimals that follows from the tick.
 */
import { Decimal, type DecimalText, ONE, toText } from './decimal.ts';
import { InvalidValue } from './faults.ts';
import type { Side } from './instrument.ts';

/** Decimals of an order's size in shares. Fills may be finer. */
export const SIZE_DECIMALS = 2;

/** Decimals of the prices and of the money amounts of orders in a market with this tick. */
export interface TickRule {
  readonly tickSize: DecimalText;
  readonly priceDecimals: number;
  /** Of `price x size`, in dollars. */
  readonly amountDecimals: number;
}

/** Every tick size that the venue documents, largest first. */
export const KNOWN_TICKS: readonly TickRule[] = [
  { tickSize: '0.1', priceDecimals: 1, amountDecimals: 3 },
  { tickSize: '0.01', priceDecimals: 2, amountDecimals: 4 },
  { tickSize: '0.005', priceDecimals: 3, amountDecimals: 5 },
  { tickSize: '0.0025', priceDecimals: 4, amountDecimals: 6 },
  { tickSize: '0.001', priceDecimals: 3, amountDecimals: 5 },
  { tickSize: '0.0001', priceDecimals: 4, amountDecimals: 6 },
];

const RULE_BY_TICK: ReadonlyMap<DecimalText, TickRule> = new Map(
  KNOWN_TICKS.map((rule) => [rule.tickSize, rule]),
);

/** The rule of a tick size, or undefined for one that the venue does not document. */
export function tickRule(tickSize: Decimal | DecimalText): TickRule | undefined {
  return RULE_BY_TICK.get(toText(new Decimal(tickSize)));
}

export function isKnownTick(tickSize: Decimal | DecimalText): boolean {
  return tickRule(tickSize) !== undefined;
}

/** True when `price` is a whole number of ticks in [tick, 1 - tick]: a price an order may carry. */
export function isOnTick(price: Decimal | DecimalText, tickSize: Decimal | DecimalText): boolean {
  const value = new Decimal(price);
  const tick = new Decimal(tickSize);
  return isInRange(value, tick) && value.mod(tick).isZero();
}

/**
 * The nearest price on the grid to the passive side: down for a BUY, up for a SELL, so that rounding
 * never pays more or asks less. Then clamped into [tick, 1 - tick]; only there can the answer be
 * worse than what was asked (a BUY below one tick), which a caller who minds must compare.
 *
 * @throws {InvalidValue} unless the tick size lies in (0, 0.5].
 */
export function quantisePrice(
  price: Decimal,
  tickSize: Decimal | DecimalText,
  side: Side,
): Decimal {
  const tick = new Decimal(tickSize);
  if (!(tick.gt(0) && tick.lte('0.5'))) {
    throw new InvalidValue('tickSize', toText(tick), 'a tick size in (0, 0.5]');
  }
  const rounding = side === 'BUY' ? Decimal.ROUND_FLOOR : Decimal.ROUND_CEIL;
  const onGrid = price.toNearest(tick, rounding);
  if (onGrid.lt(tick)) return tick;
  const highest = ONE.minus(tick);
  return onGrid.gt(highest) ? highest : onGrid;
}

/** Floors a size to the order grid of 2 decimals. May be zero: too small to order. */
export function quantiseSize(size: Decimal): Decimal {
  return size.toDecimalPlaces(SIZE_DECIMALS, Decimal.ROUND_DOWN);
}

function isInRange(price: Decimal, tick: Decimal): boolean {
  return price.gte(tick) && price.lte(ONE.minus(tick));
}
