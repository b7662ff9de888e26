/** What the engine itself has against entries now: not a person, and not the one intent. */
import { ENGINE_CAUSES, scopeOfCause } from '../domain/risk/holds.ts';
import type { SystemContext } from '../machines/system.machine.ts';
import type { Registry } from './registry.ts';

/** Whoever asked for a liquidation is a person. */
const SCOPES = ENGINE_CAUSES.filter((cause) => cause !== 'liquidation').map(scopeOfCause);

/** Why no entry at all is taken, whoever asks: the first of the reasons, or null. */
export function whyNoEntries(context: SystemContext, registry: Registry): string | null {
  return ofItself(context, registry)[0] ?? null;
}

/** In words; empty: nothing. Before the first start there is nothing that could be against them. */
export function whyDegraded(context: SystemContext, registry: Registry): readonly string[] {
  const { holds, limits } = context;
  if (limits === null) return NOTHING;
  const causes = ofItself(context, registry);
  const held = SCOPES.filter((scope) => holds[scope] !== undefined);
  if (held.length === 0) return causes;
  return [...causes, ...held.map((scope) => `${scope}: ${holds[scope]?.reason}`)];
}

function ofItself({ bootProblem }: SystemContext, registry: Registry): readonly string[] {
  const venue = registry.venue();
  const isLive = registry.snapshot(venue).value === 'live';
  if (isLive && bootProblem === null) return NOTHING;
  return [
    ...(bootProblem === null ? [] : [`the boot check has failed: ${bootProblem}`]),
    ...(isLive ? [] : [`the venue ${venue.name} is not connected and caught up`]),
  ];
}

const NOTHING: readonly string[] = [];
