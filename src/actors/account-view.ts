/** The account as users see it. */
import { type AccountContext, availableUsd } from '../machines/account.machine.ts';
import type { Registry } from './registry.ts';
import { redeemableUsd } from './resolutions.ts';
import type { AccountView } from './trading-api.ts';

export function accountView(registry: Registry): AccountView {
  const account: AccountContext = registry.snapshot(registry.account()).context;
  return {
    accountId: account.accountId,
    depositsUsd: account.depositsUsd,
    cashUsd: account.cashUsd,
    reservedUsd: account.reservedUsd,
    budgetsUsd: account.budgetsUsd,
    availableUsd: availableUsd(account),
    // Adding up every position is for those who want to know.
    get redeemableUsd() {
      return redeemableUsd(registry);
    },
    feesUsd: account.feesUsd,
    minimumReserveUsd: account.minimumReserveUsd,
    venueBalance: registry.snapshot(registry.venue()).context.balance,
  };
}
