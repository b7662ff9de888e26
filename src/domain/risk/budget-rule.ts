/** The rule of budgets: an intent that names one may use its dollars, all that it needs, and no others. */
import { type Budget, budgetOf, remainingUsd, stateAt } from '../budgets.ts';
import { toText } from '../decimal.ts';
import { compare } from '../exact.ts';
import { buyReserveRate, costUsd } from './money-rules.ts';
import { deny, type NamedBudget, type Rule } from './rule.ts';

/** The budget that an intent names, as it stands; null: it names none. */
export function namedBudget(
  budgets: Parameters<typeof budgetOf>[0],
  budgetId: string | undefined,
): NamedBudget | null {
  if (budgetId === undefined) return null;
  return { budgetId, found: budgetOf(budgets, budgetId) ?? null };
}

/** Whether an intent of `strategy` may use it at this time. */
export function isUsable(
  named: NamedBudget | null,
  strategy: string,
  atMs: number,
): named is NamedBudget & { readonly found: Budget } {
  const found = named?.found ?? null;
  return found !== null && found.owner === strategy && stateAt(found, atMs) === 'open';
}

export const budget: Rule = {
  name: 'budget',
  check({ intent, instrument, budget: named, atMs }) {
    if (named === null) return undefined;
    const { budgetId, found } = named;
    if (found === null) {
      return deny('budget_unknown', `there is no budget ${budgetId} (any more)`, { budgetId });
    }
    const { owner, amountUsd, committedUsd, heldUsd, expiresAtMs } = found;
    if (owner !== intent.strategy) {
      const reason = `the budget ${budgetId} is ${owner}'s, the intent is ${intent.strategy}'s`;
      return deny('budget_not_owner', reason, { budgetId, owner });
    }
    const state = stateAt(found, atMs);
    if (state !== 'open') {
      return deny('budget_over', `the budget ${budgetId} is ${state}`, {
        budgetId,
        state,
        expiresAtMs,
      });
    }
    const remaining = remainingUsd(found);
    const needed = costUsd(intent, toText(buyReserveRate(intent, instrument)));
    if (compare(needed, remaining) <= 0) return undefined;
    const reason = `it needs ${needed} with the worst fee, ${remaining} of the ${amountUsd} dollars of budget ${budgetId} remain`;
    const inputs = { budgetId, needed, remainingUsd: remaining, amountUsd, committedUsd, heldUsd };
    return deny('budget_exceeded', reason, inputs);
  },
};
