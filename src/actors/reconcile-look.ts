/** Comparing without taking anything in: says what would be. */
import { legKey } from '../domain/fill-leg.ts';
import { takeLeg as stepLeg } from '../machines/order.reducers.ts';
import { canonicalLeg, legProblem, mismatch } from './outside.ts';
import type { OurBooks } from './reconcile-ours.ts';
import type { Take } from './reconcile-pass.ts';
import { type RefusedLeg, tellsNews } from './venue-intake.ts';

export function lookOnly(
  books: OurBooks,
  venue: string,
): { readonly take: Take; refused(): ReadonlyMap<string, RefusedLeg> } {
  const refused = new Map<string, RefusedLeg>();
  return {
    refused: () => refused,
    take: {
      async leg(told) {
        const problem = legProblem(told);
        const order = problem === undefined ? await books.find(told.venueOrderId) : undefined;
        if (problem === undefined && order === undefined) return 'orphan';
        const report = problem === undefined ? canonicalLeg(told) : told;
        const reason = problem ?? (order && mismatch(report, order.context));
        if (reason !== undefined) {
          refused.set(legKey(venue, told), { leg: told, problem: reason });
          return 'refused';
        }
        if (order === undefined) return 'orphan';
        const { context } = order;
        return stepLeg(context, report, context.updatedAtMs).next === context ? 'known' : 'applied';
      },
      async report(report) {
        const order = await books.find(report.venueOrderId);
        return order !== undefined && tellsNews(order, report);
      },
      unknown: () => undefined,
    },
  };
}
