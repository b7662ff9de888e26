/** What turns have changed and what the projection has not yet taken. Cheap to add to. */
import type { FillLeg, LegReport } from '../domain/fill-leg.ts';
import { joinSettlement, legKey } from '../domain/fill-leg.ts';
import type { StepEvent } from './notes.ts';
import type { Entry } from './registry.ts';
import { type Axes, legRow } from './rows.ts';
import type { ExitEventRow, LedgerRow, LegRow } from './store-port.ts';

/**
 * One event that an order handled, with the states around it. Only what the rows need: to hold on to
 * whole snapshots until they are written would make the collector's work of every one of them.
 */
export interface OrderStep {
  readonly clientOrderId: string;
  readonly number: number;
  readonly seq: number;
  readonly event: StepEvent;
  /** Undefined: the order was made by it. */
  readonly before: Axes | undefined;
  readonly after: Axes;
}

export interface TakenFacts {
  readonly actors: readonly Entry[];
  readonly steps: readonly OrderStep[];
  readonly legs: readonly LegRow[];
  readonly ledger: readonly LedgerRow[];
  readonly exits: readonly ExitEventRow[];
}

export interface Facts {
  touch(entry: Entry): void;
  step(step: OrderStep): void;
  leg(venue: string, clientOrderId: string, leg: FillLeg): void;
  orphan(venue: string, leg: LegReport): void;
  ledger(row: LedgerRow): void;
  exit(row: ExitEventRow): void;
  /** Everything so far; starts anew. */
  take(): TakenFacts;
  readonly size: number;
}

export function createFacts(onFirst: () => void): Facts {
  let actors: Entry[] = [];
  let steps: OrderStep[] = [];
  let legs = new Map<string, LegRow>();
  let ledger: LedgerRow[] = [];
  let exits: ExitEventRow[] = [];

  return {
    touch(entry) {
      if (entry.dirty) return;
      entry.dirty = true;
      actors.push(entry);
      if (actors.length === 1) onFirst();
    },
    step: (step) => void steps.push(step),
    leg: (venue, clientOrderId, leg) => void legs.set(leg.key, legRow(venue, clientOrderId, leg)),
    orphan(venue, leg) {
      const key = legKey(venue, leg);
      const row = legRow(venue, null, { ...leg, key, feeUsd: leg.feeUsd ?? '0' });
      const known = legs.get(key);
      const settlement = joinSettlement(known?.settlement ?? row.settlement, row.settlement);
      legs.set(key, { ...(known ?? row), settlement });
      if (actors.length === 0) onFirst();
    },
    ledger: (row) => void ledger.push(row),
    exit: (row) => void exits.push(row),
    take() {
      const taken: TakenFacts = { actors, steps, legs: [...legs.values()], ledger, exits };
      actors = [];
      steps = [];
      legs = new Map();
      ledger = [];
      exits = [];
      return taken;
    },
    get size() {
      return actors.length + legs.size;
    },
  };
}
