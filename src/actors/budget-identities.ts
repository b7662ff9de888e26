/**
 * Budgets checked by the second bookkeeper: what each has spent, by the legs of its orders; what it
 * holds, by their reservations; and what the account keeps back for all of them.
 */
import { type Budget, type Budgets, budgetOf } from '../domain/budgets.ts';
import { type Decimal, decimal, ZERO } from '../domain/decimal.ts';
import type { SnapshotOf } from './registry.ts';

export interface BudgetIdentities {
  /** A leg of an order that names a budget has come into the books (`sign` 1) or gone out of them. */
  leg(order: SnapshotOf['order'], costUsd: Decimal, sign: 1 | -1): void;
  /** `expect` throws where the two differ. */
  check(state: {
    readonly budgets: Budgets;
    readonly budgetsUsd: string;
    readonly orders: Iterable<SnapshotOf['order']>;
    readonly expect: (identity: string, actual: string, expected: Decimal) => void;
  }): void;
}

export function createBudgetIdentities(): BudgetIdentities {
  /** By id. Of those that are there at the first check what they say is where we begin. */
  let spent: Map<string, Decimal> | undefined;
  let moved = new Map<string, Decimal>();

  function takeMoved(budgets: Budgets): Map<string, Decimal> {
    const before = spent;
    const after = new Map<string, Decimal>();
    for (const { budgetId, spentUsd } of Object.values(budgets)) {
      const change = moved.get(budgetId) ?? ZERO;
      const known = before === undefined ? decimal(spentUsd) : (before.get(budgetId) ?? ZERO);
      after.set(budgetId, before === undefined ? known : known.plus(change));
    }
    moved = new Map();
    spent = after;
    return after;
  }

  return {
    leg(order, costUsd, sign) {
      const { budget } = order.context.intent;
      if (budget === undefined) return;
      moved.set(budget, (moved.get(budget) ?? ZERO).plus(costUsd.times(sign)));
    },
    check({ budgets, budgetsUsd, orders, expect }) {
      const spentNow = takeMoved(budgets);
      const held = new Map<string, Decimal>();
      for (const { context } of orders) {
        const { budget } = context.intent;
        if (budget === undefined || budgetOf(budgets, budget) === undefined) continue;
        held.set(budget, (held.get(budget) ?? ZERO).plus(context.reservedUsd));
      }
      let keptBack = ZERO;
      for (const budget of Object.values(budgets)) {
        const { budgetId, spentUsd, heldUsd, committedUsd, state } = budget;
        const place = `budget ${budgetId}`;
        const spentByLegs = spentNow.get(budgetId) ?? ZERO;
        const committed = spentByLegs.plus(saidOf(budget));
        const heldByOrders = held.get(budgetId) ?? ZERO;
        expect(`${place}: spent = costs of its legs`, spentUsd, spentByLegs);
        expect(`${place}: committed = spent + said to be`, committedUsd, committed);
        expect(`${place}: held = what its orders reserve`, heldUsd, heldByOrders);
        if (state !== 'open') continue;
        const left = decimal(budget.amountUsd).minus(committed).minus(heldByOrders);
        if (left.gt(0)) keptBack = keptBack.plus(left);
      }
      expect('kept back = what remains of open budgets', budgetsUsd, keptBack);
    },
  };
}

function saidOf({ commits }: Budget): Decimal {
  return commits.reduce((sum, { amountUsd }) => sum.plus(amountUsd), ZERO);
}
