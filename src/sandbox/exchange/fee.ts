/** Fees of takers in whole micros. */
import { Decimal, decimal, ONE as ONE_DOLLAR } from '../../domain/decimal.ts';
import { InvalidValue } from '../../domain/faults.ts';
import { feeUsd } from '../../domain/fees.ts';
import type { FeeSchedule } from '../../domain/instrument.ts';
import { ceilDivide } from './arithmetic.ts';
import type { MarketRecord } from './records.ts';
import type { Micros } from './types.ts';

/** Decimals to which a share's fee is known: exact for every whole exponent up to 2. */
const RATE_DECIMALS = 35;
const RATE_SCALE = 10n ** BigInt(RATE_DECIMALS);

/** The domain's formula rounds to 5 decimals: asked for this many shares it keeps 35. */
const MANY_SHARES: Decimal = decimal('1').times(new Decimal(10).pow(RATE_DECIMALS - 5));

/** Fees have 5 decimals of a dollar. Source: Polymarket docs, "Trading fees". */
const FEE_STEP: Micros = 10n;

/**
 * The fee of one trade: of its fills together, then rounded up once, so at least $0.00001 where it is
 * not zero. The venue documents the 5 decimals and the minimum, not the direction.
 *
 * @throws {InvalidValue} for a schedule that charges makers: no market of the venue does.
 */
export function takerFee(schedule: FeeSchedule): MarketRecord['feeOf'] {
  if (decimal(schedule.rate).isZero()) return () => 0n;
  if (!schedule.takerOnly) {
    throw new InvalidValue('market.fees.takerOnly', false, 'true, or a rate of zero');
  }
  const known = new Map<Micros, bigint>();
  const ofShare = (price: Micros): bigint => {
    let fee = known.get(price);
    if (fee === undefined) {
      const dollars = decimal(price.toString()).div(1_000_000);
      fee = BigInt(feeUsd(schedule, 'taker', dollars, MANY_SHARES).times(1e5).toFixed(0));
      known.set(price, fee);
    }
    return fee;
  };
  // Also refuses an exponent that is no number, now rather than at the first trade.
  feeUsd(schedule, 'taker', ONE_DOLLAR.div(2), ONE_DOLLAR);
  return (fills) => {
    let sum = 0n;
    for (const fill of fills) sum += fill.size * ofShare(fill.takerPrice);
    return ceilDivide(sum, RATE_SCALE * FEE_STEP) * FEE_STEP;
  };
}
