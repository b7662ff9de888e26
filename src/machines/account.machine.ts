/**
 * The cash of one account: deposits less what legs cost, and what working BUY orders and budgets hold back.
 * It keeps sums only: each order keeps its own reservation, so a fill costs the same however many
 * orders are open.
 */
import { assign, setup } from 'xstate';
import {
  type BudgetBook,
  type BudgetEvent,
  NO_BUDGETS,
  takeBudgetEvent,
  useBudget,
} from '../domain/budgets.ts';
import { compare, dividedBy, minus, negated, plus, times } from '../domain/exact.ts';

export const ACCOUNT_VERSION = 3;

export interface AccountInput {
  readonly accountId: string;
  /** Dollars that are never spent. */
  readonly minimumReserveUsd: string;
  readonly atMs: number;
}

export interface AccountContext extends BudgetBook {
  readonly accountId: string;
  readonly minimumReserveUsd: string;
  readonly depositsUsd: string;
  /** Deposits less costs of legs less fees, and what was redeemed. Reservations are part of it. */
  readonly cashUsd: string;
  readonly feesUsd: string;
  readonly reservedUsd: string;
  /** What exits won or lost on the newest day that had any, less all fees of that day; null before. */
  readonly day: DayResult | null;
  /** Null: never marked. */
  readonly equity: Equity | null;
  readonly updatedAtMs: number;
}

export interface DayResult {
  /** `2026-11-27`, in the time zone of the limits at that time. */
  readonly date: string;
  readonly pnlUsd: string;
}

/** Cash and holdings at their marks. */
export interface Equity {
  readonly usd: string;
  /** The highest so far. */
  readonly highestUsd: string;
  readonly atMs: number;
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
      /** The budget of its order. */
      readonly budgetId?: string;
      /** What it won or lost, less its fee, on its day; of a voided leg what that takes back. Absent: days are not kept. */
      readonly result?: DayResult;
      readonly atMs: number;
    }
  | {
      readonly type: 'account.legVoided';
      readonly leg: LegMoney;
      readonly reservedUsdChange: string;
      /** The budget of its order. */
      readonly budgetId?: string;
      /** What it won or lost, less its fee, on its day; of a voided leg what that takes back. Absent: days are not kept. */
      readonly result?: DayResult;
      readonly atMs: number;
    }
  /** A market was resolved, or what it pays was redeemed: collateral that came, and what was won. */
  | {
      readonly type: 'account.resolutionBooked';
      /** `"0"` until it is redeemed. */
      readonly amountUsd: string;
      readonly result?: DayResult;
      readonly atMs: number;
    }
  /** The configuration of this start keeps back another amount. */
  | {
      readonly type: 'account.reserveSet';
      readonly minimumReserveUsd: string;
      readonly atMs: number;
    }
  /** What everything is worth now. */
  | { readonly type: 'account.marked'; readonly equityUsd: string; readonly atMs: number }
  | {
      readonly type: 'account.cashReserved';
      readonly reservedUsdChange: string;
      readonly budgetId?: string;
      readonly atMs: number;
    }
  | BudgetEvent;

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
      return withLeg(context, event, 1);
    case 'account.legVoided':
      return withLeg(context, event, -1);
    case 'account.resolutionBooked':
      return {
        ...context,
        cashUsd: plus(context.cashUsd, event.amountUsd),
        day: withResult(context.day, event.result),
        updatedAtMs: event.atMs,
      };
    case 'account.marked':
      return { ...context, equity: marked(context, event), updatedAtMs: event.atMs };
    case 'account.reserveSet':
      return { ...context, minimumReserveUsd: event.minimumReserveUsd, updatedAtMs: event.atMs };
    case 'account.cashReserved':
      return {
        ...context,
        reservedUsd: plus(context.reservedUsd, event.reservedUsdChange),
        ...budgetsAfter(context, event, '0'),
        updatedAtMs: event.atMs,
      };
    default:
      return {
        ...context,
        ...takeBudgetEvent(context, event, availableUsd(context)),
        updatedAtMs: event.atMs,
      };
  }
}

/** What the order that an event is of did to its budget. */
function budgetsAfter(
  context: AccountContext,
  { budgetId, reservedUsdChange }: { budgetId?: string; reservedUsdChange: string },
  spentUsdChange: string,
): Partial<BudgetBook> {
  if (budgetId === undefined) return {};
  const { budgets, budgetsUsd } = context;
  const use = { budgetId, heldUsdChange: reservedUsdChange, spentUsdChange };
  return useBudget({ budgets, budgetsUsd }, use);
}

function withLeg(
  context: AccountContext,
  event: Extract<AccountEvent, { readonly leg: LegMoney }>,
  sign: 1 | -1,
): AccountContext {
  const { leg, reservedUsdChange, result, atMs } = event;
  const gross = times(leg.price, leg.size);
  const spent = plus(leg.side === 'BUY' ? gross : negated(gross), leg.feeUsd);
  const change = sign === 1 ? spent : negated(spent);
  return {
    ...context,
    cashUsd: minus(context.cashUsd, change),
    feesUsd: plus(context.feesUsd, sign === 1 ? leg.feeUsd : negated(leg.feeUsd)),
    reservedUsd: plus(context.reservedUsd, reservedUsdChange),
    day: withResult(context.day, result),
    ...budgetsAfter(context, event, change),
    updatedAtMs: atMs,
  };
}

/** A clock that is set back does not bring an earlier day back. */
function withResult(day: DayResult | null, result: DayResult | undefined): DayResult | null {
  if (result === undefined) return day;
  const { date, pnlUsd } = result;
  if (day === null || date > day.date) return { date, pnlUsd };
  return { ...day, pnlUsd: plus(day.pnlUsd, pnlUsd) };
}

function marked(
  { equity }: AccountContext,
  { equityUsd: usd, atMs }: { readonly equityUsd: string; readonly atMs: number },
): Equity {
  const highestUsd =
    equity === null || compare(usd, equity.highestUsd) > 0 ? usd : equity.highestUsd;
  return { usd, highestUsd, atMs };
}

/** Won or lost on a day. */
export function dayPnlUsd({ day }: AccountContext, date: string): string {
  return day !== null && day.date >= date ? day.pnlUsd : '0';
}

/** Percent below the highest equity, to 12 decimals; null: nothing was marked yet. */
export function drawdownPct({ equity }: AccountContext): string | null {
  if (equity === null || compare(equity.highestUsd, '0') <= 0) return null;
  return dividedBy(times(minus(equity.highestUsd, equity.usd), '100'), equity.highestUsd);
}

/**
 * Dollars that a new order without a budget may reserve. May be negative after a fee's rounding, or once
 * a sale has failed on chain; never spent then.
 */
export function availableUsd(context: AccountContext): string {
  const { cashUsd, reservedUsd, budgetsUsd, minimumReserveUsd } = context;
  return minus(minus(minus(cashUsd, reservedUsd), budgetsUsd), minimumReserveUsd);
}

const TAKEN = { actions: 'take' } as const;
const BUDGETS = {
  'budget.reserved': TAKEN,
  'budget.committed': TAKEN,
  'budget.released': TAKEN,
  'budget.expired': TAKEN,
} as const;

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
    day: null,
    equity: null,
    ...NO_BUDGETS,
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
        'account.resolutionBooked': { target: 'funded', actions: 'take' },
        'account.cashReserved': { actions: 'take' },
        'account.reserveSet': { actions: 'take' },
        'account.marked': { actions: 'take' },
        ...BUDGETS,
      },
    },
    funded: {
      on: {
        'account.deposited': { actions: 'take' },
        'account.legApplied': { actions: 'take' },
        'account.legVoided': { actions: 'take' },
        'account.resolutionBooked': { actions: 'take' },
        'account.cashReserved': { actions: 'take' },
        'account.reserveSet': { actions: 'take' },
        'account.marked': { actions: 'take' },
        ...BUDGETS,
      },
    },
  },
});
