/** What turns have changed and what the projection has not yet taken. Cheap to add to. */
import type { FillLeg, LegReport } from '../domain/fill-leg.ts';
import { joinSettlement, legKey } from '../domain/fill-leg.ts';
import type { StepEvent } from './notes.ts';
import type { Entry } from './registry.ts';
import { type Axes, legRow } from './rows.ts';
import type { ExitEventRow, FindingRow, LedgerRow, LegRow } from './store-port.ts';

/**
 * One event that an order handled, with the states around it. Only what the rows need: to hold on to
 * whole snapshots until they are written would make the collector's work of every one of them.
 */
export interface OrderStep {
  readonly order: Entry<'order'>;
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
  readonly findings: readonly FindingRow[];
}

export interface Facts {
  touch(entry: Entry): void;
  step(step: OrderStep): void;
  leg(venue: string, clientOrderId: string, leg: FillLeg): void;
  /** `reports`: what is kept of legs of its order, oldest first, and last of all the newest report. */
  orphan(venue: string, reports: readonly LegReport[]): void;
  ledger(row: LedgerRow): void;
  exit(row: ExitEventRow): void;
  finding(row: FindingRow): void;
  /** Everything so far; starts anew. */
  take(): TakenFacts;
  readonly size: number;
}

export function createFacts(onFirst: () => void): Facts {
  let actors: Entry[] = [];
  let steps: OrderStep[] = [];
  let legs = new Map<string, LegRow>();
  let ledger: LedgerRow[] = [];
  let exits = new Map<string, ExitEventRow>();
  let findings: FindingRow[] = [];

  return {
    touch(entry) {
      if (entry.dirty) return;
      entry.dirty = true;
      actors.push(entry);
      if (actors.length === 1) onFirst();
    },
    step: (step) => void steps.push(step),
    leg: (venue, clientOrderId, leg) => void legs.set(leg.key, legRow(venue, clientOrderId, leg)),
    orphan(venue, reports) {
      const newest = reports.at(-1);
      if (newest === undefined) return;
      const key = legKey(venue, newest);
      const [first = newest, ...later] = reports.filter((report) => legKey(venue, report) === key);
      const settlement = later.reduce(
        (known, report) => joinSettlement(known, report.settlement),
        first.settlement,
      );
      const leg = { ...first, key, settlement, feeUsd: first.feeUsd ?? '0' };
      legs.set(key, legRow(venue, null, leg));
      if (actors.length === 0) onFirst();
    },
    ledger: (row) => void ledger.push(row),
    exit(row) {
      // Its row keeps what was said first, however many cuts there are between the two.
      const known = exits.get(row.exitId);
      exits.set(row.exitId, known === undefined ? row : { ...known, voided: row.voided });
    },
    finding: (row) => void findings.push(row),
    take() {
      const taken: TakenFacts = {
        ...{ actors, steps, legs: [...legs.values()], ledger, findings },
        exits: [...exits.values()],
      };
      actors = [];
      steps = [];
      legs = new Map();
      ledger = [];
      exits = new Map();
      findings = [];
      return taken;
    },
    get size() {
      return actors.length + legs.size;
    },
  };
}
