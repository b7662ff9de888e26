/** What an order holds back, computed the same when it is made and while it lives. */
import { type DecimalText, MAX_DECIMALS } from './decimal.ts';
import { timesRoundedUp } from './exact.ts';

/** Dollars to hold for `quantity` (shares or dollars), rounded up to the collateral's 6 decimals. */
export function reservation(quantity: DecimalText, reserveRate: DecimalText): DecimalText {
  return timesRoundedUp(quantity, reserveRate, MAX_DECIMALS);
}
