/**
 * Reserving, committing and releasing budgets by word. A word that cannot be is refused before it is an
 * input: what the log says of budgets has happened.
 */
import {
  type Budget,
  budgetOf,
  MAX_BUDGET_MS,
  MAX_COMMITS,
  MAX_OPEN_BUDGETS,
  remainingUsd,
  reserveRefusal,
  stateAt,
} from '../domain/budgets.ts';
import { type DecimalText, decimal, toText } from '../domain/decimal.ts';
import { compare } from '../domain/exact.ts';
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';
import { availableUsd } from '../machines/account.machine.ts';
import type { BudgetCommand } from './budget-api.ts';
import { budgetRow } from './budget-rows.ts';
import { checkAmount, checkTexts } from './checks.ts';
import type { Execution } from './execution.ts';
import type { Clock, Ids } from './ports.ts';
import type { BudgetRow, Store } from './store-port.ts';
import type { CommandAnswer } from './trading-api.ts';

const MAX_NAME = 100;
const MAX_CHARACTERS: Readonly<Record<string, number>> = { reason: 500, key: 200 };

export interface BudgetCommandsOptions {
  /** @throws what keeps the engine from promising anything now. */
  readonly working: () => Execution;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly store: Pick<Store, 'budgets'>;
}

/** `commandId` names a command that may come again after a crash. @throws as `BudgetCommand` says. */
export type RunBudgetCommand = (
  command: BudgetCommand,
  commandId?: string,
) => Promise<CommandAnswer>;

export function createBudgetCommands(options: BudgetCommandsOptions): RunBudgetCommand {
  const { working, clock, ids, store } = options;
  /** Requests under way by key: the second waits for the first, and is then the same. */
  const underWay = new Map<string, Promise<unknown>>();

  const account = () => {
    const { registry } = working();
    return registry.snapshot(registry.account()).context;
  };

  async function tell(
    input: Parameters<Execution['dispatch']>[0] & { readonly budgetId: string },
    text: (budget: Budget) => string,
  ): Promise<CommandAnswer> {
    const { dispatch, journal } = working();
    dispatch(input);
    const { accountId, budgets } = account();
    const budget = budgetOf(budgets, input.budgetId);
    if (budget === undefined) throw unknownBudget(input.budgetId);
    const row = budgetRow(accountId, budget);
    await journal.durable();
    return { text: text(budget), changed: true, facts: { budget: row } };
  }

  /** Rows of ended budgets that have left memory; those are written by now. */
  async function rowOf(filter: { id: string } | { key: string }): Promise<BudgetRow | undefined> {
    const { journal, projector } = working();
    await journal.durable();
    await projector.flush();
    const found = await store.budgets(filter);
    return found.find((row) => !('id' in filter) || row.budgetId === filter.id);
  }

  async function reserve(asked: Of<'budget.reserve'>, commandId?: string): Promise<CommandAnswer> {
    const { owner, amountUsd, reason, by, expiresInMs } = asked;
    checkShort({ owner, reason, by, key: asked.key });
    checkAmount(amountUsd);
    checkExpiresIn(expiresInMs);
    const key = asked.key ?? (commandId === undefined ? undefined : `command:${commandId}`);
    if (key === undefined) return open(asked, undefined);
    while (underWay.has(key)) await underWay.get(key);
    const done = byKey(asked, key).finally(() => underWay.delete(key));
    underWay.set(
      key,
      done.catch(() => undefined),
    );
    return done;
  }

  async function byKey(asked: Of<'budget.reserve'>, key: string): Promise<CommandAnswer> {
    const { accountId, budgets } = account();
    const inMemory = Object.values(budgets).find((budget) => budget.key === key);
    const known = inMemory ? budgetRow(accountId, inMemory) : await rowOf({ key });
    if (known === undefined) return open(asked, key);
    checkSame(key, known, asked);
    await working().journal.durable();
    const text = `${known.budgetId} was reserved before with this key.`;
    return { text, changed: false, facts: { budget: known } };
  }

  /** Looked at and taken in one go: nothing can come between. */
  function open(asked: Of<'budget.reserve'>, key: string | undefined): Promise<CommandAnswer> {
    const { owner, reason, by, expiresInMs } = asked;
    const amountUsd = plain(asked.amountUsd);
    const { cashUsd, reservedUsd, budgetsUsd, minimumReserveUsd, ...book } = account();
    const available = availableUsd(account());
    const budgetId = ids.next('budget');
    const named = { budgetId, key: key ?? budgetId, amountUsd };
    const refusal = reserveRefusal({ ...book, budgetsUsd }, named, available);
    const atMs = clock.now();
    if (refusal === 'insufficient_funds') {
      const parts = { cashUsd, reservedUsd, budgetsUsd, minimumReserveUsd };
      throw new FillwrightFault(
        'insufficient_funds',
        `amountUsd ${amountUsd}: ${available} is available (of ${cashUsd} cash orders hold ${reservedUsd}, budgets ${budgetsUsd}, the minimum reserve ${minimumReserveUsd}).`,
        { amountUsd, availableUsd: available, ...parts },
      );
    }
    if (refusal !== undefined) {
      const count = `${MAX_OPEN_BUDGETS} budgets are open; release some.`;
      throw new FillwrightFault('overloaded', count, { limit: MAX_OPEN_BUDGETS });
    }
    const expiresAtMs = atMs + expiresInMs;
    return tell(
      { type: 'budget.reserved', ...named, owner, reason, by, expiresAtMs, atMs },
      () => `${budgetId}: ${amountUsd} dollars are kept for ${owner}.`,
    );
  }

  /** Its row, where it has ended and left memory; from memory otherwise, as it stands when asked. */
  async function finder(asked: { budgetId: string; owner?: string }): Promise<() => Found> {
    const { budgetId, owner } = asked;
    const left = budgetOf(account().budgets, budgetId) ? undefined : await rowOf({ id: budgetId });
    return () => {
      const { accountId, budgets } = account();
      const budget = budgetOf(budgets, budgetId);
      const row = budget === undefined ? left : budgetRow(accountId, budget);
      if (row === undefined) throw unknownBudget(budgetId);
      if (owner !== undefined && owner !== row.owner) {
        const text = `${budgetId} is ${row.owner}'s, not ${owner}'s.`;
        throw new FillwrightFault('budget_refused', text, { budgetId, owner: row.owner });
      }
      return { row, budget };
    };
  }

  async function commit(asked: Of<'budget.commit'>, commandId?: string): Promise<CommandAnswer> {
    const { budgetId, reason, by, amountUsd: part } = asked;
    const key = asked.key ?? (commandId === undefined ? null : `command:${commandId}`);
    checkShort({ budgetId, reason, by, key: asked.key });
    if (part !== undefined) checkAmount(part);
    // What it finds holds until the next wait: nothing can come between a look and its input.
    const find = await finder(asked);
    const { row, budget } = find();
    const again = key === null ? undefined : commitsOf(row).find((commit) => commit.key === key);
    if (again !== undefined) {
      if (part !== undefined && compare(part, again.amountUsd) !== 0)
        throw otherPart(budgetId, key);
      await working().journal.durable();
      const text = `${again.amountUsd} dollars of ${budgetId} were committed before with this key.`;
      return { text, changed: false, facts: { budget: row } };
    }
    const atMs = clock.now();
    const state = budget === undefined ? row.state : stateAt(budget, atMs);
    if (budget === undefined || state !== 'open') throw over(budgetId, state);
    const remaining = remainingUsd(budget);
    const amountUsd = part === undefined ? remaining : plain(part);
    if (compare(amountUsd, remaining) > 0) {
      const { heldUsd, committedUsd } = budget;
      throw new FillwrightFault(
        'insufficient_funds',
        `amountUsd ${amountUsd}: ${remaining} of ${budgetId} remains (orders hold ${heldUsd}, ${committedUsd} is committed).`,
        { amountUsd, remainingUsd: remaining, heldUsd, committedUsd },
      );
    }
    if (budget.commits.length >= MAX_COMMITS) {
      const text = `${MAX_COMMITS} parts of ${budgetId} are committed; release it and reserve another.`;
      throw new FillwrightFault('overloaded', text, { limit: MAX_COMMITS });
    }
    return tell(
      { type: 'budget.committed', budgetId, key, amountUsd, by, reason, atMs },
      (now) =>
        `${amountUsd} dollars of ${budgetId} are committed; ${now.state === 'open' ? `${remainingUsd(now)} remain` : 'it is over'}.`,
    );
  }

  async function release(asked: Of<'budget.release'>): Promise<CommandAnswer> {
    const { budgetId, reason, by } = asked;
    checkShort({ budgetId, reason, by });
    const find = await finder(asked);
    const { row, budget } = find();
    if (budget === undefined || budget.state !== 'open') {
      await working().journal.durable();
      const text = `${budgetId} is ${row.state} already.`;
      return { text, changed: false, facts: { budget: row } };
    }
    const returnedUsd = remainingUsd(budget);
    const atMs = clock.now();
    return tell({ type: 'budget.released', budgetId, by, reason, atMs }, ({ heldUsd }) => {
      const held = heldUsd === '0' ? '' : ` Orders of it hold ${heldUsd} until they end.`;
      return `${budgetId} is released: ${returnedUsd} dollars go back to the account.${held}`;
    });
  }

  return async (command, commandId) => {
    switch (command.type) {
      case 'budget.reserve':
        return reserve(command, commandId);
      case 'budget.commit':
        return commit(command, commandId);
      case 'budget.release':
        return release(command);
    }
  };
}

type Of<Type extends BudgetCommand['type']> = Extract<BudgetCommand, { readonly type: Type }>;

interface Found {
  readonly row: BudgetRow;
  /** Undefined: it has ended and left memory. */
  readonly budget: Budget | undefined;
}

function commitsOf({ commits }: BudgetRow): Budget['commits'] {
  return JSON.parse(commits) as Budget['commits'];
}

/** They are kept in the account's snapshot. @throws {InvalidValue} */
function checkShort(texts: Readonly<Record<string, unknown>>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (text === undefined) continue;
    checkTexts({ [name]: text });
    const most = MAX_CHARACTERS[name] ?? MAX_NAME;
    if (typeof text === 'string' && text.length >= 1 && text.length <= most) continue;
    throw new InvalidValue(name, text, `1 to ${most} characters`);
  }
}

/** Without zeros at the end, as everything that is added up. */
function plain(amountUsd: DecimalText): DecimalText {
  return toText(decimal(amountUsd));
}

function checkExpiresIn(expiresInMs: unknown): void {
  const isWhole = Number.isSafeInteger(expiresInMs);
  if (isWhole && Number(expiresInMs) >= 1 && Number(expiresInMs) <= MAX_BUDGET_MS) return;
  throw new InvalidValue(
    'expiresInMs',
    expiresInMs,
    `whole milliseconds, at most ${MAX_BUDGET_MS} (a week)`,
  );
}

function checkSame(key: string, known: BudgetRow, asked: Of<'budget.reserve'>): void {
  const isSame =
    known.owner === asked.owner &&
    known.reason === asked.reason &&
    compare(known.amountUsd, asked.amountUsd) === 0 &&
    known.expiresAtMs - known.openedAtMs === asked.expiresInMs;
  if (isSame) return;
  throw new FillwrightFault(
    'key_conflict',
    `key ${JSON.stringify(key)}: used before for another budget, ${known.budgetId}. Nothing was done.`,
    { key, budgetId: known.budgetId },
  );
}

function otherPart(budgetId: string, key: string | null): FillwrightFault {
  return new FillwrightFault(
    'key_conflict',
    `key ${JSON.stringify(key)}: used before for another part of ${budgetId}. Nothing was done.`,
    { key, budgetId },
  );
}

function unknownBudget(budgetId: string): FillwrightFault {
  const text = `budget ${JSON.stringify(budgetId)}: not known here.`;
  return new FillwrightFault('unknown_budget', text, { budgetId });
}

function over(budgetId: string, state: string): FillwrightFault {
  return new FillwrightFault('budget_refused', `${budgetId} is ${state}.`, { budgetId, state });
}
