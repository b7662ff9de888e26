/**
 * Ends budgets whose time is over: each by an input of its own, at a time that is kept with the budget. A
 * start looks at once, so that what ran out meanwhile ends then.
 */
import { openBudgets } from '../domain/budgets.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import type { Execution } from './execution.ts';
import type { Clock } from './ports.ts';
import { createAlarm } from './waits.ts';

export interface BudgetExpiry {
  /** Looks at once, and waits for the next. */
  start(): void;
  /** After every turn. */
  onTurn(input: EngineInput): void;
  stop(): void;
}

export interface BudgetExpiryOptions {
  readonly execution: Execution;
  readonly clock: Clock;
}

export function createBudgetExpiry({ execution, clock }: BudgetExpiryOptions): BudgetExpiry {
  const { registry, dispatch } = execution;
  const alarm = createAlarm(clock, look);
  let stopped = false;

  function look(): void {
    if (stopped || execution.failure !== undefined) return;
    const { budgets } = registry.snapshot(registry.account()).context;
    const atMs = clock.now();
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const { budgetId, expiresAtMs } of openBudgets(budgets)) {
      if (expiresAtMs <= atMs) dispatch({ type: 'budget.expired', budgetId, atMs });
      else nextAtMs = Math.min(nextAtMs, expiresAtMs);
    }
    if (nextAtMs !== Number.POSITIVE_INFINITY) alarm.wakeAt(nextAtMs);
  }

  return {
    start: look,
    onTurn(input) {
      if (input.type === 'budget.reserved' && !stopped) alarm.wakeAt(input.expiresAtMs);
    },
    stop() {
      stopped = true;
      alarm.cancel();
    },
  };
}
