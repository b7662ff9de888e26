/**
 * The cash of one account: deposits less what legs cost, and what working BUY orders hold back.
 * It keeps sums only: each order keeps its own reservation, so a fill costs the same however many
 * orders are open.
 */
import { assign, setup } from 'xstate';
import { minus, negated, plus, times } from '../domain/exact.ts';

export const ACCOUNT_VERSION = 1;

export interface AccountInput {
  readonly accountId: string;
  /** Dollars that are never spent. */
  readonly minimumReserveUsd: string;
  readonly atMs: number;
}

export interface AccountContext {
  readonly accountId: string;
  readonly minimumReserveUsd: string;
  readonly depositsUsd: string;
  /** Deposits less costs of legs less fees. Reservations are part of it. */
  readonly cashUsd: string;
  readonly feesUsd: string;
  readonly reservedUsd: string;
  readonly updatedAtMs: number;
}

/** A leg's money: BUY spends price x size, SELL receives it, the fee is paid either way. */
export interface LegMoney {
  readonly side: 'BUY' | 'SELL';
  readonly price: string;
  readonly size: string;
  readonly feeUsd: string;
}

export type AccountEvent =
  | { readonly type: 'account.deposited'; readonly amountUsd: string; readonly atMs: number }
  | {
      readonly type: 'account.legApplied';
      readonly leg: LegMoney;
      readonly reservedUsdChange: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'account.legVoided';
      readonly leg: LegMoney;
      readonly reservedUsdChange: string;
      readonly atMs: number;
    }
  /** The configuration of this start keeps back another amount. */
  | {
      readonly type: 'account.reserveSet';
      readonly minimumReserveUsd: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'account.cashReserved';
      readonly reservedUsdChange: string;
      readonly atMs: number;
    };

/** Pure: what one event does to an account. */
export function nextAccount(context: AccountContext, event: AccountEvent): AccountContext {
  switch (event.type) {
    case 'account.deposited':
      return {
        ...context,
        depositsUsd: plus(context.depositsUsd, event.amountUsd),
        cashUsd: plus(context.cashUsd, event.amountUsd),
        updatedAtMs: event.atMs,
      };
    case 'account.legApplied':
      return withLeg(context, event.leg, event.reservedUsdChange, 1, event.atMs);
    case 'account.legVoided':
      return withLeg(context, event.leg, event.reservedUsdChange, -1, event.atMs);
    case 'account.reserveSet':
      return { ...context, minimumReserveUsd: event.minimumReserveUsd, updatedAtMs: event.atMs };
    case 'account.cashReserved':
      return {
        ...context,
        reservedUsd: plus(context.reservedUsd, event.reservedUsdChange),
        updatedAtMs: event.atMs,
      };
  }
}

function withLeg(
  context: AccountContext,
  leg: LegMoney,
  reservedUsdChange: string,
  sign: 1 | -1,
  atMs: number,
): AccountContext {
  const gross = times(leg.price, leg.size);
  const spent = plus(leg.side === 'BUY' ? gross : negated(gross), leg.feeUsd);
  return {
    ...context,
    cashUsd: sign === 1 ? minus(context.cashUsd, spent) : plus(context.cashUsd, spent),
    feesUsd: plus(context.feesUsd, sign === 1 ? leg.feeUsd : negated(leg.feeUsd)),
    reservedUsd: plus(context.reservedUsd, reservedUsdChange),
    updatedAtMs: atMs,
  };
}

/** Dollars that a new order may reserve. May be negative after a fee's rounding; never spent then. */
export function availableUsd(context: AccountContext): string {
  return minus(minus(context.cashUsd, context.reservedUsd), context.minimumReserveUsd);
}

export const accountMachine = setup({
  types: {
    context: {} as AccountContext,
    events: {} as AccountEvent,
    input: {} as AccountInput,
  },
  actions: { take: assign(({ context, event }) => nextAccount(context, event)) },
}).createMachine({
  id: 'account',
  context: ({ input }) => ({
    accountId: input.accountId,
    minimumReserveUsd: input.minimumReserveUsd,
    depositsUsd: '0',
    cashUsd: '0',
    feesUsd: '0',
    reservedUsd: '0',
    updatedAtMs: input.atMs,
  }),
  initial: 'empty',
  states: {
    /** Nothing was ever deposited: every BUY is denied. */
    empty: {
      on: {
        'account.deposited': { target: 'funded', actions: 'take' },
        // A SELL or a late fill of an earlier life can move money before any deposit.
        'account.legApplied': { target: 'funded', actions: 'take' },
        'account.legVoided': { target: 'funded', actions: 'take' },
        'account.cashReserved': { actions: 'take' },
        'account.reserveSet': { actions: 'take' },
      },
    },
    funded: {
      on: {
        'account.deposited': { actions: 'take' },
        'account.legApplied': { actions: 'take' },
        'account.legVoided': { actions: 'take' },
        'account.cashReserved': { actions: 'take' },
        'account.reserveSet': { actions: 'take' },
      },
    },
  },
});
