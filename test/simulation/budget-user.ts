/**
 * A program that keeps dollars back for its orders: it reserves, asks again when it got no answer,
 * places orders of its budgets, commits and releases. It outlives every crash of the engine.
 */
import type { BudgetView } from '../../src/actors/budget-rows.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import type { IntentInput } from '../../src/domain/intent-input.ts';
import { createChance } from './chances.ts';
import type { Engine } from './engine.ts';
import type { Oracle } from './oracle.ts';

/** Runs whose seeds end so: those of older findings and plants go on as they were. */
const SEEDS = /[0678]$/;

/** Said of what cannot be any more, or not now. */
const EXPECTED = new Set([
  ...['store_unavailable', 'not_running', 'overloaded', 'lease_lost'],
  ...['insufficient_funds', 'budget_refused'],
]);

interface Kept {
  readonly key: string;
  readonly amountUsd: string;
  readonly expiresInMs: number;
  /** Promised by an answer. */
  budgetId: string | undefined;
}

export interface BudgetUser {
  /** Says one thing of a budget now and then. */
  act(engine: Engine): void;
  /** The same intent, of a budget now and then. */
  of(intent: Omit<IntentInput, 'key'>): Omit<IntentInput, 'key'>;
}

export interface BudgetUserOptions {
  readonly seed: string;
  readonly oracle: Pick<Oracle, 'broken'>;
  readonly note: (line: string) => void;
}

export function createBudgetUser({ seed, oracle, note }: BudgetUserOptions): BudgetUser {
  const isUsed = SEEDS.test(seed);
  const chance = createChance(seed, 'budgets');
  const all: Kept[] = [];
  const said = { by: 'client', reason: 'simulated' };

  function reserve(engine: Engine, kept: Kept): void {
    const { key, amountUsd, expiresInMs } = kept;
    note(`client reserves ${key}`);
    const asked = { owner: 'pairs', amountUsd, expiresInMs, key, ...said };
    engine.trading.send({ type: 'budget.reserve', ...asked }).then(
      ({ facts }) => promised(kept, (facts.budget as BudgetView).budgetId),
      (fault: unknown) => refused(key, fault),
    );
  }

  function promised(kept: Kept, budgetId: string): void {
    note(`client is promised ${kept.key} ${budgetId}`);
    if (kept.budgetId !== undefined && kept.budgetId !== budgetId) {
      oracle.broken('a key is one budget', `${kept.key}: ${kept.budgetId}, then ${budgetId}`);
    }
    kept.budgetId = budgetId;
  }

  function refused(what: string, fault: unknown): void {
    note(`client is refused ${what}: ${fault instanceof FillwrightFault ? fault.code : fault}`);
    if (fault instanceof FillwrightFault && EXPECTED.has(fault.code)) return;
    oracle.broken('no odd refusals', `${what}: ${String(fault)}`);
  }

  function say(engine: Engine, type: 'budget.commit' | 'budget.release'): void {
    const known = all.flatMap(({ budgetId }) => budgetId ?? []);
    if (known.length === 0) return;
    const budgetId = chance.pick(known.slice(-4));
    note(`client says ${type} ${budgetId}`);
    const command = { type, budgetId, ...said } as const;
    engine.trading.send(command).catch((fault: unknown) => refused(type, fault));
  }

  return {
    act(engine) {
      if (!isUsed || !chance.hits(0.5)) return;
      switch (chance.weighed({ reserve: 5, again: 4, commit: 1, release: 2 })) {
        case 'reserve': {
          const amountUsd = String(chance.between(5, 60));
          const expiresInMs = chance.between(5_000, 90_000);
          const kept: Kept = { key: `b${all.length}`, amountUsd, expiresInMs, budgetId: undefined };
          all.push(kept);
          return reserve(engine, kept);
        }
        case 'again':
          return all.length > 0 ? reserve(engine, chance.pick(all.slice(-6))) : undefined;
        case 'commit':
          return say(engine, 'budget.commit');
        case 'release':
          return say(engine, 'budget.release');
      }
    },
    of(intent) {
      if (!isUsed || intent.side !== 'BUY' || !chance.hits(0.7)) return intent;
      const known = all.flatMap(({ budgetId }) => budgetId ?? []);
      if (known.length === 0) return intent;
      return { ...intent, strategy: 'pairs', budget: chance.pick(known.slice(-3)) };
    },
  };
}
