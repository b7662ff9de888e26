/** The plan of positions that were given none, as a configuration writes it. */
import { z } from 'zod';
import { DEFAULT_EXIT_PLAN } from '../domain/exits/default-plan.ts';
import type { ExitPlan } from '../domain/exits/exit-plan.ts';
import { parseExitPlan } from '../domain/exits/parse-exit-plan.ts';
import { InvalidValue } from '../domain/faults.ts';

export function exitPlan() {
  return z.unknown().transform((input, context): ExitPlan | null => {
    if (input === null || input === undefined) return null;
    if (input === 'default') return DEFAULT_EXIT_PLAN;
    try {
      return parseExitPlan(input);
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error;
      const { place, expected } = error.facts;
      context.addIssue({
        ...{ code: 'custom', input, path: stepsOf(String(place)), message: String(expected) },
      });
      return z.NEVER;
    }
  });
}

/** The steps of `exitPlan.rules[0].kind` below the plan. */
function stepsOf(place: string): (string | number)[] {
  const [, ...steps] = place.match(/[^.[\]]+/g) ?? [];
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
