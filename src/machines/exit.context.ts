/** What the exit of one position remembers. JSON only. */
import type { DecimalText } from '../domain/decimal.ts';
import type { ExitChoice } from '../domain/exits/exit-choice.ts';
import type { AttemptTerms } from '../domain/exits/exit-ladder.ts';
import { type ExitMemory, freshMemory } from '../domain/exits/exit-memory.ts';
import type { ExitPlan, ExitReason } from '../domain/exits/exit-plan.ts';
import type { ExitPrices, OpenHolding } from '../domain/exits/holding.ts';
import type { Instrument } from '../domain/instrument.ts';

export interface ExitInput {
  readonly accountId: string;
  readonly instrument: Instrument;
  readonly plan: ExitPlan;
  readonly holding: OpenHolding;
  readonly atMs: number;
}

/** An exit that is being carried out. */
export interface CurrentExit {
  /** From 1, in this position's life. */
  readonly number: number;
  readonly ruleId: string;
  readonly reason: ExitReason;
  /** In words. */
  readonly why: string;
  /** Shares to sell in all. */
  readonly targetSize: DecimalText;
  readonly worstPrice: DecimalText;
  /** Dollars a share, when it began. */
  readonly averageEntry: DecimalText;
  /** The next offer of the ladder, from 0. */
  readonly offerIndex: number;
  /** Shares that left by a merge. */
  readonly mergedSize: DecimalText;
  /** What was chosen where the ladder had no answer; null while it has one. */
  readonly choice: ExitChoice | null;
  readonly startedAtMs: number;
}

/** One order of an exit. Kept after its end: a fill may come late, and may be voided. */
export interface ExitAttempt {
  /** The key of its intent. */
  readonly key: string;
  readonly exitNumber: number;
  readonly ruleId: string;
  readonly reason: ExitReason;
  readonly why: string;
  readonly averageEntry: DecimalText;
  readonly terms: AttemptTerms;
  /** Null until the order is known. */
  readonly clientOrderId: string | null;
  readonly isOver: boolean;
  readonly filledSize: DecimalText;
  readonly filledUsd: DecimalText;
  readonly feesUsd: DecimalText;
  readonly confirmedSize: DecimalText;
  /** Why it ended without being filled. */
  readonly endReason: string | null;
  readonly atMs: number;
}

export interface ExitContext {
  readonly accountId: string;
  readonly instrument: Instrument;
  readonly plan: ExitPlan;
  readonly holding: OpenHolding;
  readonly prices: ExitPrices | null;
  readonly memory: ExitMemory;
  readonly exit: CurrentExit | null;
  /** Exits begun. */
  readonly exits: number;
  /** Attempts made. */
  readonly attemptCount: number;
  /** The newest ones, and all that may still change. */
  readonly attempts: readonly ExitAttempt[];
  /** The newest word on the plan, for a person. */
  readonly why: string;
  /** When the present wait ends; null where nothing waits. */
  readonly deadlineAtMs: number | null;
  readonly suspendedBecause: string | null;
  /** Events that could not be. Shown, never fatal. */
  readonly faults: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export function initialExit(input: ExitInput): ExitContext {
  return {
    accountId: input.accountId,
    instrument: input.instrument,
    plan: input.plan,
    holding: input.holding,
    prices: null,
    memory: freshMemory(input.holding.boughtSize),
    exit: null,
    exits: 0,
    attemptCount: 0,
    attempts: [],
    why: 'not looked at yet',
    deadlineAtMs: null,
    suspendedBecause: null,
    faults: 0,
    createdAtMs: input.atMs,
    updatedAtMs: input.atMs,
  };
}
