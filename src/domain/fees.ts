/**
 * Trading fees: what a fill costs, and the most that an order can still cost. A fee is
 * `shares x rate x (price x (1 - price)) ^ exponent` dollars, paid on top of the price for a BUY and
 * out of the proceeds for a SELL. Source: Polymarket docs, "Trading fees"; the exponent comes with
 * each market's `feeSchedule`.
 */
import { Decimal, ONE, ZERO } from './decimal.ts';
import { InvalidValue } from './faults.ts';
import type { Role } from './fill-leg.ts';
import type { FeeSchedule, Side } from './instrument.ts';

/** The venue charges fees in 5 decimals of a dollar, and never less than one such step. */
const FEE_DECIMALS = 5;

/** One step of a fee in dollars: the most that splitting a fill in two can add to its fee. */
export const FEE_STEP: Decimal = new Decimal('0.00001');

const HALF: Decimal = new Decimal('0.5');

/**
 * Fee in dollars of one fill of `size` shares at `price`. Zero for a maker under a `takerOnly`
 * schedule, and where the rate is zero.
 *
 * Rounded UP to 5 decimals, so a fee that is not zero is at least $0.00001. The venue documents the
 * 5 decimals and the minimum but not the direction; up is the one that cannot under-estimate a cost.
 *
 * @throws {InvalidValue} when the schedule's exponent is negative or not finite.
 */
export function feeUsd(schedule: FeeSchedule, role: Role, price: Decimal, size: Decimal): Decimal {
  return feeOfFillsUsd(schedule, role, [{ price, size }]);
}

/**
 * Fee in dollars of one match that met several prices: that of each part, together, rounded up once.
 *
 * @throws {InvalidValue} as `feeUsd`.
 */
export function feeOfFillsUsd(
  schedule: FeeSchedule,
  role: Role,
  fills: readonly { readonly price: Decimal; readonly size: Decimal }[],
): Decimal {
  if (isFree(schedule, role)) return ZERO;
  const sizes = fills.map(({ price, size }) => size.times(feeCurve(price, schedule.exponent)));
  return roundUp(sizes.reduce((sum, part) => sum.plus(part), ZERO).times(schedule.rate));
}

/**
 * Upper bound in dollars of the fee when all `size` shares of an order fill at once, at any price it
 * may trade at: [tick, limit] for a BUY, [limit, 1 - tick] for a SELL. Each further fill that the
 * order is split into can add up to `FEE_STEP`, because every fill is rounded up on its own.
 *
 * @throws {InvalidValue} when the schedule's exponent is negative or not finite.
 */
export function worstFeeForShares(
  schedule: FeeSchedule,
  side: Side,
  limitPrice: Decimal,
  tickSize: Decimal,
  size: Decimal,
): Decimal {
  if (isFree(schedule, 'taker')) return ZERO;
  // p(1 - p) has one peak, at 1/2, and a power of it keeps the peak: the dearest price is the one
  // nearest to 1/2.
  const dearest =
    side === 'BUY'
      ? clamp(HALF, tickSize, limitPrice)
      : clamp(HALF, limitPrice, ONE.minus(tickSize));
  return roundUp(size.times(schedule.rate).times(feeCurve(dearest, schedule.exponent)));
}

/**
 * Upper bound in dollars of the fee when `amountUsd` is spent at once on a BUY at any price in
 * [tick, worstPrice]. Cheap shares can cost more here: a dollar buys more of them. Each further fill
 * can add up to `FEE_STEP`.
 *
 * @throws {InvalidValue} when the schedule's exponent is negative or not finite.
 */
export function worstFeeForMoney(
  schedule: FeeSchedule,
  worstPrice: Decimal,
  tickSize: Decimal,
  amountUsd: Decimal,
): Decimal {
  if (isFree(schedule, 'taker')) return ZERO;
  const dearest = dearestPriceOfADollar(schedule.exponent, tickSize, worstPrice);
  const perShare = feeCurve(dearest, schedule.exponent).times(schedule.rate);
  return roundUp(amountUsd.times(perShare).div(dearest));
}

/**
 * Where the fee per dollar, `q ^ (e - 1) x (1 - q) ^ e`, is largest. Its slope is zero at
 * `(e - 1) / (2e - 1)`: a peak when e > 1. Up to e = 1 it only falls, so the lowest price is dearest.
 */
function dearestPriceOfADollar(exponent: number, lowest: Decimal, highest: Decimal): Decimal {
  if (exponent <= 1) return lowest;
  const power = new Decimal(exponent);
  return clamp(power.minus(1).div(power.times(2).minus(1)), lowest, highest);
}

function isFree(schedule: FeeSchedule, role: Role): boolean {
  if (schedule.rate === '0' || (role === 'maker' && schedule.takerOnly)) return true;
  return new Decimal(schedule.rate).isZero();
}

/** `(p x (1 - p)) ^ exponent`. Whole exponents, the only ones seen so far, cost multiplications. */
function feeCurve(price: Decimal, exponent: number): Decimal {
  if (!Number.isFinite(exponent) || exponent < 0) {
    throw new InvalidValue('fees.exponent', exponent, 'a finite number, zero or more');
  }
  const base = price.times(ONE.minus(price));
  if (exponent === 1) return base;
  if (!Number.isInteger(exponent) || exponent > 4) return base.pow(exponent);
  let power = ONE;
  for (let factor = 0; factor < exponent; factor += 1) power = power.times(base);
  return power;
}

function roundUp(fee: Decimal): Decimal {
  return fee.toDecimalPlaces(FEE_DECIMALS, Decimal.ROUND_UP);
}

function clamp(value: Decimal, lowest: Decimal, highest: Decimal): Decimal {
  if (value.lt(lowest)) return lowest;
  return value.gt(highest) ? highest : value;
}
