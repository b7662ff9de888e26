/** What a pre-trade rule is: a small pure check of one thing, with what it looked at. */
import type { Budget } from '../budgets.ts';
import type { DecimalText } from '../decimal.ts';
import type { Instrument } from '../instrument.ts';
import type { Intent } from '../intent.ts';
import type { Hold } from './holds.ts';
import type { RiskLimits } from './limits.ts';
import type { Override } from './overrides.ts';
import type { Quote } from './quote.ts';

/** Everything that rules may look at, as it stands when the intent is taken in. */
export interface RuleFacts {
  readonly intent: Intent;
  readonly instrument: Instrument;
  readonly limits: RiskLimits;
  readonly atMs: number;
  /** Dollars not yet reserved and not kept back; what remains of the intent's own budget is among them. */
  readonly availableUsd: DecimalText;
  /** What `availableUsd` is made of. */
  readonly cash: CashParts;
  readonly budget: NamedBudget | null;
  /** Settled shares not yet sold, and how many of them working SELL orders hold. */
  readonly sellableShares: DecimalText;
  readonly reservedShares: DecimalText;
  /** Why the engine as a whole takes no entry now, or null. */
  readonly entriesRefused: string | null;
  /** The strictest hold on this intent, or null. */
  readonly hold: Hold | null;
  /** An open finding that says that this holding may not be what we believe, or null. */
  readonly finding: { readonly findingId: string; readonly summary: string } | null;
  /** Its market is resolved: what a share pays; null while it is traded. */
  readonly payout: DecimalText | null;
  /** An order of this market of which nobody can say whether it is at the venue, or null. */
  readonly doubtfulOrderId: string | null;
  /** When the venue was asked for the balance that it last told; null: never. */
  readonly balanceAskedAtMs: number | null;
  readonly openOrders: number;
  readonly maxOpenOrders: number;
  /** Dollars held (at cost) and promised to BUY orders. Event null: the market is in none. */
  readonly exposure: {
    readonly marketUsd: DecimalText;
    readonly eventUsd: DecimalText | null;
    readonly totalUsd: DecimalText;
  };
  /** An order of this strategy for the same outcome and side that is not over, or null. */
  readonly pendingOrderId: string | null;
  /** An order of our own that this one would meet at the venue, or null. */
  readonly ownOrderId: string | null;
  /** What the venue answered to the newest orders. */
  readonly answers: Answers;
  /** Won (above 0) or lost by exits and fees within the day. */
  readonly dayPnlUsd: DecimalText;
  /** Percent below the highest equity that was seen; null: nothing was marked yet. */
  readonly drawdownPct: DecimalText | null;
  /** Null: nobody feeds books here. */
  readonly quote: Quote | null;
  readonly overrides: readonly Override[];
}

/** Available is the cash less the three others, and what remains of the intent's own budget. */
export interface CashParts {
  readonly cashUsd: DecimalText;
  readonly reservedUsd: DecimalText;
  /** What remains of all open budgets. */
  readonly budgetsUsd: DecimalText;
  readonly minimumReserveUsd: DecimalText;
}

/** The budget that an intent names. `found` null: there is none. */
export interface NamedBudget {
  readonly budgetId: string;
  readonly found: Budget | null;
}

export interface Answers {
  readonly rejectsInARow: number;
  readonly lastRejectAtMs: number | null;
  /** True: rejected. Oldest first, at most `OUTCOMES_KEPT`. */
  readonly newest: readonly boolean[];
}

/** Of the answers, so many are kept; and so many must be there before their share means anything. */
export const OUTCOMES_KEPT = 20;
export const OUTCOMES_NEEDED = 10;

export const NO_ANSWERS: Answers = { rejectsInARow: 0, lastRejectAtMs: null, newest: [] };

export type DenialCode =
  | 'halted'
  | 'liquidating'
  | 'entries_refused'
  | 'market_resolved'
  | 'market_in_quarantine'
  | 'reconciliation_required'
  | 'price_too_high'
  | 'too_many_orders'
  | 'duplicate_side'
  | 'self_trade'
  | 'too_many_rejects'
  | 'daily_loss'
  | 'drawdown'
  | 'stale_balance'
  | 'stale_book'
  | 'slippage'
  | 'order_too_large'
  | 'exposure'
  | 'budget_unknown'
  | 'budget_not_owner'
  | 'budget_over'
  | 'budget_exceeded'
  | 'not_enough_cash'
  | 'not_enough_shares';

/** What decided, as it was looked at: decimal text, ids, counts. */
export type RuleInputs = Readonly<Record<string, string | number | null>>;

export type Verdict =
  | { readonly kind: 'warn'; readonly reason: string; readonly inputs: RuleInputs }
  | {
      readonly kind: 'shrink';
      readonly to: { readonly size: DecimalText } | { readonly amountUsd: DecimalText };
      readonly reason: string;
      readonly inputs: RuleInputs;
    }
  | {
      readonly kind: 'deny';
      readonly code: DenialCode;
      readonly reason: string;
      readonly inputs: RuleInputs;
    };

export interface Rule {
  readonly name: RuleName;
  /** Undefined: it has nothing against it. */
  check(facts: RuleFacts): Verdict | undefined;
}

export type RuleName =
  | 'halted'
  | 'entries'
  | 'resolved'
  | 'quarantine'
  | 'finding'
  | 'staleBalance'
  | 'maxEntryPrice'
  | 'openOrders'
  | 'duplicateSide'
  | 'selfTrade'
  | 'rejects'
  | 'dailyLoss'
  | 'drawdown'
  | 'staleBook'
  | 'slippage'
  | 'maxOrder'
  | 'exposure'
  | 'budget'
  | 'cash'
  | 'shares';

export function deny(code: DenialCode, reason: string, inputs: RuleInputs = {}): Verdict {
  return { kind: 'deny', code, reason, inputs };
}
