/**
 * Budgets: dollars of the account that are kept back for the work of one owner, over as many orders as
 * that takes. A pure fold over what is said of them and what their orders do. Its sums only add up;
 * what remains of a budget follows from them, so no order of events can bring it below zero.
 *
 * A budget moves no cash: it only says who may use it. Amounts are dollars as decimal text.
 */
import type { DecimalText } from './decimal.ts';
import { compare, minus, notBelowZero, plus } from './exact.ts';

/** All of them are in the account's one snapshot: with this many it is some hundred kilobytes. */
export const MAX_OPEN_BUDGETS = 1_000;
/** Parts that are committed by word, each kept with its reason: more are fills, which need no word. */
export const MAX_COMMITS = 100;
/** What is forgotten comes back within a week. */
export const MAX_BUDGET_MS = 7 * 24 * 3_600_000;

export const BUDGET_STATES = ['open', 'committed', 'released', 'expired'] as const;
export type BudgetState = (typeof BUDGET_STATES)[number];

/** A part that somebody has said to be spent. */
export interface BudgetCommit {
  /** Null: it was said without one, and would count again. */
  readonly key: string | null;
  readonly amountUsd: DecimalText;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface Budget {
  readonly budgetId: string;
  /** Names the request for ever; its id where the request had none. */
  readonly key: string;
  /** The strategy whose intents may use it. */
  readonly owner: string;
  readonly amountUsd: DecimalText;
  readonly reason: string;
  readonly by: string;
  readonly state: BudgetState;
  /** What fills of its orders have cost, fees included; a fill that fails on chain is taken back. */
  readonly spentUsd: DecimalText;
  /** Spent for good, as far as we know: `spentUsd` and what was committed by word. */
  readonly committedUsd: DecimalText;
  /** Reserved by its orders that work. */
  readonly heldUsd: DecimalText;
  readonly commits: readonly BudgetCommit[];
  readonly openedAtMs: number;
  /** No intent may use it from then on. */
  readonly expiresAtMs: number;
  readonly endedAtMs: number | null;
  readonly endedBy: string | null;
}

/** By id. Ended ones stay while their orders hold something, and until the next one is reserved. */
export type Budgets = Readonly<Record<string, Budget>>;

export interface BudgetBook {
  readonly budgets: Budgets;
  /** What remains of those that are open: nobody but their owners may use it. */
  readonly budgetsUsd: DecimalText;
}

export const NO_BUDGETS: BudgetBook = { budgets: {}, budgetsUsd: '0' };

export type BudgetEvent =
  | {
      readonly type: 'budget.reserved';
      readonly budgetId: string;
      readonly key: string;
      readonly owner: string;
      readonly amountUsd: DecimalText;
      readonly reason: string;
      readonly by: string;
      readonly expiresAtMs: number;
      readonly atMs: number;
    }
  /** Part or all of what remains is spent. `0` ends a budget of which nothing remains. */
  | {
      readonly type: 'budget.committed';
      readonly budgetId: string;
      readonly key: string | null;
      readonly amountUsd: DecimalText;
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  /** What remains goes back to the account. */
  | {
      readonly type: 'budget.released';
      readonly budgetId: string;
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  /** Its time is over. */
  | { readonly type: 'budget.expired'; readonly budgetId: string; readonly atMs: number };

/** Who ends a budget whose time is over. */
const BY_TIME = 'engine';

export function isBudgetEvent<E extends { readonly type: string }>(
  event: E,
): event is Extract<E, BudgetEvent> {
  return event.type.startsWith('budget.');
}

/** The names of objects' own methods name no budget. */
export function budgetOf(budgets: Budgets, budgetId: string): Budget | undefined {
  return Object.hasOwn(budgets, budgetId) ? budgets[budgetId] : undefined;
}

/** What an order of it may still reserve. Never below zero: fills beyond it are the account's. */
export function remainingUsd({ amountUsd, committedUsd, heldUsd }: Budget): DecimalText {
  return notBelowZero(minus(minus(amountUsd, committedUsd), heldUsd));
}

/** Dollars that nobody else may use. */
export function keptBackUsd(budget: Budget): DecimalText {
  return budget.state === 'open' ? remainingUsd(budget) : '0';
}

/** `open`, or how it has ended; `expired` from its time on, also before the engine has said so. */
export function stateAt(
  { state, expiresAtMs }: Pick<Budget, 'state' | 'expiresAtMs'>,
  atMs: number,
): BudgetState {
  return state === 'open' && atMs >= expiresAtMs ? 'expired' : state;
}

export function openBudgets(budgets: Budgets): readonly Budget[] {
  return Object.values(budgets).filter(({ state }) => state === 'open');
}

export type ReserveRefusal = 'known' | 'too_many' | 'insufficient_funds';

/** Why a budget cannot be reserved with `availableUsd` of the account; undefined: it can. */
export function reserveRefusal(
  { budgets }: BudgetBook,
  asked: Pick<Budget, 'budgetId' | 'key' | 'amountUsd'>,
  availableUsd: DecimalText,
): ReserveRefusal | undefined {
  const { budgetId, key, amountUsd } = asked;
  if (budgetOf(budgets, budgetId) !== undefined) return 'known';
  if (Object.values(budgets).some((budget) => budget.key === key)) return 'known';
  if (openBudgets(budgets).length >= MAX_OPEN_BUDGETS) return 'too_many';
  return compare(amountUsd, availableUsd) > 0 ? 'insufficient_funds' : undefined;
}

/** What one event does. One that cannot be changes nothing. */
export function takeBudgetEvent(
  book: BudgetBook,
  event: BudgetEvent,
  availableUsd: DecimalText,
): BudgetBook {
  if (event.type === 'budget.reserved') return reserved(book, event, availableUsd);
  const budget = budgetOf(book.budgets, event.budgetId);
  if (budget === undefined || budget.state !== 'open') return book;
  switch (event.type) {
    case 'budget.committed':
      return committed(book, budget, event);
    case 'budget.released':
      return put(book, budget, ended(budget, 'released', event.by, event.atMs));
    case 'budget.expired':
      if (event.atMs < budget.expiresAtMs) return book;
      return put(book, budget, ended(budget, 'expired', BY_TIME, event.atMs));
  }
}

/** What an order of a budget did: what it reserves has changed, fills have cost something. */
export interface BudgetUse {
  readonly budgetId: string;
  readonly heldUsdChange: DecimalText;
  readonly spentUsdChange: DecimalText;
}

/** An order of a budget that is over, or no longer known, moves nothing but the account. */
export function useBudget(book: BudgetBook, use: BudgetUse): BudgetBook {
  const { budgetId, heldUsdChange, spentUsdChange } = use;
  const budget = budgetOf(book.budgets, budgetId);
  if (budget === undefined || (heldUsdChange === '0' && spentUsdChange === '0')) return book;
  return put(book, budget, {
    ...budget,
    heldUsd: plus(budget.heldUsd, heldUsdChange),
    spentUsd: plus(budget.spentUsd, spentUsdChange),
    committedUsd: plus(budget.committedUsd, spentUsdChange),
  });
}

function reserved(
  book: BudgetBook,
  event: Extract<BudgetEvent, { type: 'budget.reserved' }>,
  availableUsd: DecimalText,
): BudgetBook {
  if (reserveRefusal(book, event, availableUsd) !== undefined) return book;
  const { type: _type, atMs, ...asked } = event;
  const budget: Budget = {
    ...asked,
    ...{ state: 'open', spentUsd: '0', committedUsd: '0', heldUsd: '0', commits: [] },
    ...{ openedAtMs: atMs, endedAtMs: null, endedBy: null },
  };
  const kept = Object.entries(book.budgets).filter(([, { state, heldUsd }]) => {
    return state === 'open' || heldUsd !== '0';
  });
  return put({ ...book, budgets: Object.fromEntries(kept) }, undefined, budget);
}

function committed(
  book: BudgetBook,
  budget: Budget,
  event: Extract<BudgetEvent, { type: 'budget.committed' }>,
): BudgetBook {
  const { key, amountUsd, by, reason, atMs } = event;
  if (atMs >= budget.expiresAtMs || compare(amountUsd, remainingUsd(budget)) > 0) return book;
  if (budget.commits.length >= MAX_COMMITS) return book;
  if (key !== null && budget.commits.some((commit) => commit.key === key)) return book;
  const next = {
    ...budget,
    committedUsd: plus(budget.committedUsd, amountUsd),
    commits: [...budget.commits, { key, amountUsd, by, reason, atMs }],
  };
  const isOver = remainingUsd(next) === '0' && next.heldUsd === '0';
  return put(book, budget, isOver ? ended(next, 'committed', by, atMs) : next);
}

function ended(budget: Budget, state: BudgetState, by: string, atMs: number): Budget {
  return { ...budget, state, endedAtMs: atMs, endedBy: by };
}

function put(book: BudgetBook, before: Budget | undefined, after: Budget): BudgetBook {
  const change = minus(keptBackUsd(after), before === undefined ? '0' : keptBackUsd(before));
  return {
    budgets: { ...book.budgets, [after.budgetId]: after },
    budgetsUsd: plus(book.budgetsUsd, change),
  };
}
