/** Holds, overrides, limits and the venue's answers in the system actor's memory. Pure steps. */
import {
  EVERYTHING,
  type Hold,
  type HoldLevel,
  type HoldScope,
  type Holds,
} from '../domain/risk/holds.ts';
import type { Override } from '../domain/risk/overrides.ts';
import { type Answers, OUTCOMES_KEPT } from '../domain/risk/rule.ts';

export type HoldEvent =
  | {
      readonly type: 'trading.held';
      readonly level: HoldLevel;
      readonly scope: HoldScope;
      readonly by: string;
      readonly reason: string;
      /** Ends by itself then; absent: until it is released. */
      readonly untilMs?: number;
      /** Where clocks are why: the venue's less ours. */
      readonly skewMs?: number;
      readonly atMs: number;
    }
  | {
      readonly type: 'trading.released';
      readonly scope: HoldScope;
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  /** As programs before 0.4 said it: everything, `paused`. */
  | {
      readonly type: 'trading.paused';
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  | { readonly type: 'trading.resumed'; readonly by: string; readonly atMs: number };

export interface OverrideEvent {
  readonly type: 'override.granted';
  readonly override: Override;
  readonly atMs: number;
}

export function takeHold(holds: Holds, event: HoldEvent): Holds {
  switch (event.type) {
    case 'trading.held': {
      const { scope, level, reason, by, untilMs = null, atMs } = event;
      return { ...holds, [scope]: { scope, level, reason, by, sinceMs: atMs, untilMs } };
    }
    case 'trading.paused': {
      const { reason, by, atMs } = event;
      const hold: Hold = {
        ...{ scope: EVERYTHING, level: 'paused', reason, by },
        ...{ sinceMs: atMs, untilMs: null },
      };
      return { ...holds, [EVERYTHING]: hold };
    }
    case 'trading.released':
      return without(holds, event.scope);
    case 'trading.resumed':
      return without(holds, EVERYTHING);
  }
}

function without(holds: Holds, scope: HoldScope): Holds {
  const { [scope]: _ended, ...others } = holds;
  return others;
}

/** Those whose time is over go when another one comes: at most so many are kept anyway. */
export function takeOverride(
  overrides: readonly Override[],
  { override, atMs }: OverrideEvent,
): readonly Override[] {
  return [...overrides.filter(({ untilMs }) => untilMs > atMs), override];
}

export function takeAnswer(answers: Answers, wasRejected: boolean, atMs: number): Answers {
  return {
    rejectsInARow: wasRejected ? answers.rejectsInARow + 1 : 0,
    lastRejectAtMs: wasRejected ? atMs : answers.lastRejectAtMs,
    newest: [...answers.newest, wasRejected].slice(-OUTCOMES_KEPT),
  };
}
