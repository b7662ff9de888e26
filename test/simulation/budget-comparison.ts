/** The end of a run: budgets against the orders and fills that the store has of them. */
import { decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import type { Engine } from './engine.ts';
import type { MemoryDatabase } from './memory-database.ts';

/** A budget that is open so long after its time was forgotten. */
const LATE_MS = 10_000;

export function compareBudgets(
  { engine, database }: { readonly engine: Engine; readonly database: MemoryDatabase },
  differs: (rule: string, message: string) => void,
): void {
  const { tables } = database;
  const { registry } = engine.trading.execution;
  const { budgetsUsd } = registry.snapshot(registry.account()).context;
  let keptBack = ZERO;
  for (const row of tables.budgets.values()) {
    const { budgetId, state, amountUsd, committedUsd, heldUsd, spentUsd, remainingUsd } = row;
    if (decimal(remainingUsd).lt(0)) differs('no budget is below zero', budgetId);
    keptBack = keptBack.plus(remainingUsd);
    if (state !== 'open') continue;
    if (engine.clock.now() > row.expiresAtMs + LATE_MS) differs('a budget ends in time', budgetId);
    let held = ZERO;
    let spent = ZERO;
    for (const { body, clientOrderId } of tables.intents.values()) {
      if (JSON.parse(body).budget !== budgetId) continue;
      held = held.plus(tables.orders.get(clientOrderId)?.reservedUsd ?? '0');
      for (const leg of tables.legs.values()) {
        if (leg.clientOrderId !== clientOrderId || leg.settlement === 'failed') continue;
        spent = spent.plus(decimal(leg.price).times(leg.size)).plus(leg.feeUsd);
      }
    }
    const left = decimal(amountUsd).minus(committedUsd).minus(held);
    for (const [name, has, expected] of [
      ['held', heldUsd, held],
      ['spent', spentUsd, spent],
      ['remaining', remainingUsd, left.gt(0) ? left : ZERO],
    ] as const) {
      if (expected.eq(has)) continue;
      differs('a budget is its orders', `${budgetId}: ${name} ${has}, not ${toText(expected)}`);
    }
  }
  if (!keptBack.eq(budgetsUsd)) {
    differs('the account keeps back its budgets', `${budgetsUsd}, not ${toText(keptBack)}`);
  }
}
