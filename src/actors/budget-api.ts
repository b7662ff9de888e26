/** What can be asked of budgets: dollars kept back for the work of one owner. See docs/budgets.md. */
import type { DecimalText } from '../domain/decimal.ts';

/**
 * Faults: `invalid_value`; `insufficient_funds` naming what there is; `unknown_budget`; `budget_refused`
 * where it is over or another's; `key_conflict` for a key that was used for something else;
 * `overloaded` beyond MAX_OPEN_BUDGETS and MAX_COMMITS.
 */
export type BudgetCommand =
  /** Answers the budget as `facts.budget`, once it is durable. */
  | {
      readonly type: 'budget.reserve';
      /** The strategy whose intents may use it. */
      readonly owner: string;
      readonly amountUsd: DecimalText;
      /** Whole milliseconds, at most MAX_BUDGET_MS. From then on no intent may use it. */
      readonly expiresInMs: number;
      readonly reason: string;
      /** Names the request for ever: the same key again is the same budget. Absent: asked twice, it is two. */
      readonly key?: string;
      readonly by: string;
    }
  /** Part or all of what remains is spent for good, by other means than orders of the budget. */
  | {
      readonly type: 'budget.commit';
      readonly budgetId: string;
      /** Absent: all that remains. */
      readonly amountUsd?: DecimalText;
      readonly reason: string;
      /** Names this part of the budget: the same key again is the same part. */
      readonly key?: string;
      /** Refused where the budget is another's. Absent: a person's word on any. */
      readonly owner?: string;
      readonly by: string;
    }
  /** What remains goes back to the account. What its orders hold stays held until they end. */
  | {
      readonly type: 'budget.release';
      readonly budgetId: string;
      readonly reason: string;
      readonly owner?: string;
      readonly by: string;
    };
