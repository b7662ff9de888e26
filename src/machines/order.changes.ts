/** What one event did to an order's money: read off its contexts before and after. */
import type { DecimalText } from '../domain/decimal.ts';
import { minus } from '../domain/exact.ts';
import type { FillLeg, Settlement } from '../domain/fill-leg.ts';
import type { OrderContext } from './order.context.ts';

export interface LegChange {
  /** `none`: a step on chain that moves no money. */
  readonly effect: 'none' | 'applied' | 'settled' | 'voided';
  readonly leg: FillLeg;
}

export interface OrderChanges {
  readonly legs: readonly LegChange[];
  readonly reservedUsdChange: DecimalText;
  readonly reservedSharesChange: DecimalText;
}

/** Undefined when nothing of it changed. Legs are only ever added or replaced in their place. */
export function changesOf(before: OrderContext, after: OrderContext): OrderChanges | undefined {
  if (
    before.legs === after.legs &&
    before.reservedUsd === after.reservedUsd &&
    before.reservedShares === after.reservedShares
  ) {
    return undefined;
  }
  return {
    legs: before.legs === after.legs ? [] : legChanges(before.legs, after.legs),
    reservedUsdChange: minus(after.reservedUsd, before.reservedUsd),
    reservedSharesChange: minus(after.reservedShares, before.reservedShares),
  };
}

function legChanges(before: readonly FillLeg[], after: readonly FillLeg[]): LegChange[] {
  const changes: LegChange[] = [];
  for (const [index, leg] of after.entries()) {
    const known = before[index];
    if (known !== leg) changes.push({ effect: effectOf(known?.settlement, leg.settlement), leg });
  }
  return changes;
}

/** What a leg's step means in money; `before` is undefined for a leg that is new. */
export function effectOf(before: Settlement | undefined, after: Settlement): LegChange['effect'] {
  if (before === after) return 'none';
  // A leg first seen as failed moved no money.
  if (after === 'failed') return before === undefined ? 'none' : 'voided';
  // New, or voided before and confirmed by the chain after all.
  if (before === undefined || before === 'failed') return 'applied';
  return after === 'confirmed' ? 'settled' : 'none';
}
