/** What turns have changed and what the projection has not yet taken. Cheap to add to. */
import type { FillLeg, LegReport } from '../domain/fill-leg.ts';
import { joinSettlement, legKey } from '../domain/fill-leg.ts';
import type { InstrumentId } from '../domain/instrument.ts';
import type { PositionLeg, PositionTotals } from '../domain/position-totals.ts';
import type { StepEvent } from './notes.ts';
import type { Entry, SnapshotOf } from './registry.ts';
import { legRow } from './rows.ts';
import type { LedgerRow, LegRow } from './store-port.ts';

/** One event that an order handled, with the states around it. */
export interface OrderStep {
  readonly clientOrderId: string;
  readonly number: number;
  readonly seq: number;
  readonly event: StepEvent;
  readonly before: SnapshotOf['order'] | undefined;
  readonly after: SnapshotOf['order'];
}

/** A leg that may have reduced a position. */
export interface ExitFact {
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  readonly before: PositionTotals;
  readonly after: PositionTotals;
  readonly leg: PositionLeg;
  readonly reason: string;
  readonly voided: boolean;
  readonly atMs: number;
}

export interface TakenFacts {
  readonly actors: readonly Entry[];
  readonly steps: readonly OrderStep[];
  readonly legs: readonly LegRow[];
  readonly ledger: readonly LedgerRow[];
  readonly exits: readonly ExitFact[];
}

export interface Facts {
  touch(entry: Entry): void;
  step(step: OrderStep): void;
  leg(venue: string, clientOrderId: string, leg: FillLeg): void;
  orphan(venue: string, leg: LegReport): void;
  ledger(row: LedgerRow): void;
  exit(fact: ExitFact): void;
  /** Everything so far; starts anew. */
  take(): TakenFacts;
  readonly size: number;
}

export function createFacts(onFirst: () => void): Facts {
  let actors: Entry[] = [];
  let steps: OrderStep[] = [];
  let legs = new Map<string, LegRow>();
  let ledger: LedgerRow[] = [];
  let exits: ExitFact[] = [];

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
    exit: (fact) => void exits.push(fact),
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
