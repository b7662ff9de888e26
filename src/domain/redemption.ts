/**
 * Whether shares of resolved markets have been redeemed, by the venue's balances: the shares are gone
 * and the collateral has come. Each alone proves nothing (a balance may be old, money may be a
 * deposit), so only both together are taken.
 */
import type { DecimalText } from './decimal.ts';
import { compare, minus, negated, plus } from './exact.ts';
import type { InstrumentId } from './instrument.ts';
import { isWithin, type OnTheWay, rangeOf } from './reconcile-books.ts';
import { payoutUsd } from './resolution.ts';

/** A position of a resolved market that waits to be redeemed, all of its legs final. */
export interface RedeemableHolding {
  readonly instrumentId: InstrumentId;
  /** Shares not yet redeemed, by our books. */
  readonly ours: DecimalText;
  /** By the venue. */
  readonly theirs: DecimalText;
  /** Dollars that a share pays. */
  readonly payout: DecimalText;
}

export interface CashNow {
  /** Both gross of reservations. */
  readonly ours: DecimalText;
  readonly theirs: DecimalText;
  readonly way: OnTheWay;
  readonly toleranceUsd: DecimalText;
}

export interface Redemption {
  readonly instrumentId: InstrumentId;
  readonly size: DecimalText;
  readonly amountUsd: DecimalText;
}

export type Redemptions =
  /** The venue still holds every share. */
  | { readonly kind: 'none' }
  | { readonly kind: 'redeemed'; readonly redemptions: readonly Redemption[] }
  /** Shares are gone, and the collateral does not show it, or shows it no better than nothing. */
  | { readonly kind: 'unclear'; readonly redemptions: readonly Redemption[] };

export function redemptionsOf(
  holdings: readonly RedeemableHolding[],
  { ours, theirs, way, toleranceUsd }: CashNow,
): Redemptions {
  const redemptions = holdings.flatMap((holding): Redemption[] => {
    const size = minus(holding.ours, holding.theirs);
    // More at the venue than in our books is for a person: nothing was redeemed.
    const isLess = size !== '0' && size.startsWith('-') === holding.ours.startsWith('-');
    if (!isLess) return [];
    const { instrumentId, payout } = holding;
    return [{ instrumentId, size, amountUsd: payoutUsd(size, payout) }];
  });
  if (redemptions.length === 0) return { kind: 'none' };
  const total = redemptions.reduce((sum, { amountUsd }) => plus(sum, amountUsd), '0');
  const fits = (cash: DecimalText) => isWithin('0', rangeOf(cash, theirs, way), toleranceUsd);
  const isSmall = compare(total.startsWith('-') ? negated(total) : total, toleranceUsd) <= 0;
  const isShown = fits(plus(ours, total)) && (isSmall || !fits(ours));
  return { kind: isShown ? 'redeemed' : 'unclear', redemptions };
}
