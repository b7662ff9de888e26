/** Exits for positions that were opened before there was a plan for them. */
import type { Execution } from './execution.ts';
import type { Clock, Venue } from './ports.ts';
import { tradable } from './rows.ts';

export function planExits(
  { registry, dispatch, context }: Execution,
  { venue, clock }: { readonly venue: Venue; readonly clock: Clock },
): void {
  const plan = context().exitPlan;
  if (plan === null) return;
  for (const entry of registry.positions.values()) {
    const { name } = entry;
    const instrument = venue.instrument(name);
    if (instrument === undefined || registry.exits.has(name)) continue;
    if (tradable(registry.snapshot(entry).context).size === '0') continue;
    dispatch({ type: 'exit.planned', instrument, plan, by: 'engine', atMs: clock.now() });
  }
}
