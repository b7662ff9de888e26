/** How an engine is, read off its parts. */
import { activeHolds } from '../domain/risk/holds.ts';
import { quarantines } from './doubts.ts';
import type { Execution } from './execution.ts';
import type { TradingHealth } from './trading-api.ts';

/** What the execution itself knows; the rest its parts know. */
export function executionHealth(
  { journal, projector, faults, failure, registry, context }: Execution,
  isActive: boolean,
  nowMs: number,
): Omit<
  TradingHealth,
  'boot' | 'eventSinks' | 'lease' | 'liquidation' | 'reconciliation' | 'resolution' | 'settlement'
> {
  return {
    running: failure === undefined && journal.health.state === 'ok' && isActive,
    store: journal.health.state,
    venue: String(registry.snapshot(registry.venue()).value),
    openOrders: registry.openOrders,
    waiting: journal.waiting,
    lag: projector.lag,
    actorFaults: faults.actors,
    orphans: faults.orphans,
    refusedLegs: faults.refusedLegs,
    holds: activeHolds(context().holds, nowMs),
    quarantine: quarantines(registry),
    failure: failure === undefined ? null : String(failure),
  };
}
