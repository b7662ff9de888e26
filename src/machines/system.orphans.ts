/** Legs of orders that nobody here knows (yet), in the system actor's memory. Pure steps. */
import type { LegReport } from '../domain/fill-leg.ts';

/** Reports of legs whose order nobody here knows are kept up to this many; more are only in the store. */
const MAX_ORPHANS = 1_000;

/** The part of the system's context that is about them. */
export interface Orphaned {
  /** By venue order id, until their order appears. */
  readonly orphans: Readonly<Record<string, readonly LegReport[]>>;
  readonly orphanCount: number;
}

/** Pure: keeps an orphan; a leg that was reported in the same status before is not kept again. */
export function keepOrphan<Context extends Orphaned>(context: Context, leg: LegReport): Context {
  if (context.orphanCount >= MAX_ORPHANS) return context;
  if (isKnownOrphan(context, leg)) return context;
  const known = context.orphans[leg.venueOrderId] ?? [];
  return {
    ...context,
    orphans: { ...context.orphans, [leg.venueOrderId]: [...known, leg] },
    orphanCount: context.orphanCount + 1,
  };
}

/** Pure: the leg has been told in this settlement before. */
export function isKnownOrphan(context: Pick<Orphaned, 'orphans'>, leg: LegReport): boolean {
  const known = context.orphans[leg.venueOrderId] ?? [];
  return known.some(
    (other) =>
      other.tradeId === leg.tradeId &&
      other.role === leg.role &&
      other.settlement === leg.settlement,
  );
}

/** Pure: forgets the orphans of an order that has appeared. */
export function dropOrphans<Context extends Orphaned>(
  context: Context,
  venueOrderId: string,
): Context {
  const known = context.orphans[venueOrderId];
  if (known === undefined) return context;
  const { [venueOrderId]: _matched, ...orphans } = context.orphans;
  return { ...context, orphans, orphanCount: context.orphanCount - known.length };
}

/** Pure: legs that wait for their order, each once however many of its steps are kept. */
export function countOrphans(context: Orphaned): number {
  let count = 0;
  for (const legs of Object.values(context.orphans)) {
    count += new Set(legs.map(({ tradeId, role }) => JSON.stringify([tradeId, role]))).size;
  }
  return count;
}
