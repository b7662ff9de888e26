/**
 * Tells the account, and puts on record what that did to a budget: its row, an event, and what the
 * ledger keeps back for it.
 */
import { type BudgetBook, budgetOf } from '../domain/budgets.ts';
import { minus, negated } from '../domain/exact.ts';
import type { AccountContext, AccountEvent } from '../machines/account.machine.ts';
import { budgetRow } from './budget-rows.ts';
import type { Facts } from './facts.ts';
import { type Draft, draftOfBudget } from './happenings.ts';
import type { Postings } from './postings.ts';
import type { Delivery, Entry, EventOf, Registry } from './registry.ts';

export interface BudgetRecorder {
  /** `legKey`: the fill that the event is of. */
  toAccount(event: AccountEvent, legKey?: string): Delivery<'account'>;
}

export interface BudgetRecorderOptions {
  readonly registry: Registry;
  readonly facts: Facts;
  readonly postings: Pick<Postings, 'move'>;
  readonly deliver: (entry: Entry<'account'>, event: EventOf['account']) => Delivery<'account'>;
  readonly happened: (draft: Draft | undefined) => void;
}

export function createBudgetRecorder(options: BudgetRecorderOptions): BudgetRecorder {
  const { registry, facts, postings, deliver, happened } = options;

  function record(budgetId: string, step: BudgetStep, event: AccountEvent, legKey?: string): void {
    const { before, after } = step;
    const change = minus(after.budgetsUsd, before.budgetsUsd);
    if (change !== '0') postings.move({ budgetsUsd: change, cashUsd: negated(change) });
    const was = budgetOf(before.budgets, budgetId);
    const is = budgetOf(after.budgets, budgetId);
    if (is === undefined || is === was) return;
    facts.budget(budgetRow(registry.account().name, is));
    happened(draftOfBudget(was, is, { ...saidIn(event), legKey: legKey ?? null }));
  }

  return {
    toAccount(event, legKey) {
      const step = deliver(registry.account(), event);
      const before = step.before.context;
      const after = step.after.context;
      if (before.budgets === after.budgets || !('budgetId' in event)) return step;
      if (event.budgetId !== undefined) record(event.budgetId, { before, after }, event, legKey);
      return step;
    },
  };
}

interface BudgetStep {
  readonly before: Pick<AccountContext, keyof BudgetBook>;
  readonly after: Pick<AccountContext, keyof BudgetBook>;
}

/** By whom and why, of what people and programs say. */
function saidIn(event: AccountEvent): {
  readonly by: string | null;
  readonly reason: string | null;
} {
  return 'by' in event ? { by: event.by, reason: event.reason } : { by: null, reason: null };
}
