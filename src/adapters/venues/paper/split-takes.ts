/** Fills in two parts: some now, the rest a moment later at the same prices. */
import type { Random } from '../../../actors/ports.ts';
import { Decimal, ZERO } from '../../../domain/decimal.ts';
import { SIZE_DECIMALS } from '../../../domain/quantise.ts';
import type { Take } from './records.ts';
import type { CheckedSettings } from './settings.ts';

/**
 * Decides by chance whether an order's takes are split, and where: the first part is the configured
 * ratio of all shares, floored to 2 decimals, best prices first. A part of nothing is no split.
 */
export function splitTakes(
  settings: Pick<CheckedSettings, 'partialShare' | 'partialFirst'>,
  random: Random,
  takes: readonly Take[],
): { readonly now: readonly Take[]; readonly later: readonly Take[] } {
  if (takes.length === 0 || random() >= settings.partialShare) return { now: takes, later: [] };
  const total = takes.reduce((sum, take) => sum.plus(take.size), ZERO);
  let left = total.times(settings.partialFirst).toDecimalPlaces(SIZE_DECIMALS, Decimal.ROUND_DOWN);
  if (left.isZero()) return { now: takes, later: [] };
  const now: Take[] = [];
  const later: Take[] = [];
  for (const { price, size } of takes) {
    const first = left.lt(size) ? left : size;
    if (first.gt(0)) now.push({ price, size: first });
    if (first.lt(size)) later.push({ price, size: size.minus(first) });
    left = left.minus(first);
  }
  return { now, later };
}
