/** Budgets as people and programs see them: the row of the table `budgets` is the same object. */
import { type Budget, keptBackUsd } from '../domain/budgets.ts';
import type { BudgetRow } from './store-port.ts';

export type BudgetView = BudgetRow;

export function budgetRow(accountId: string, budget: Budget): BudgetRow {
  const { commits, ...rest } = budget;
  const remainingUsd = keptBackUsd(budget);
  return { accountId, ...rest, remainingUsd, commits: JSON.stringify(commits) };
}
