/** What turns have changed and what the projection has not yet taken. Cheap to add to. */
import type { DecimalText } from '../domain/decimal.ts';
import type { FillLeg, LegReport } from '../domain/fill-leg.ts';
import { joinSettlement, legKey } from '../domain/fill-leg.ts';
import type { Happening, Noted } from './happenings.ts';
import type { StepEvent } from './notes.ts';
import type { Entry } from './registry.ts';
import { type Axes, legRow } from './rows.ts';
import type {
  BudgetRow,
  ExitEventRow,
  FindingRow,
  LedgerRow,
  LegRow,
  PostingRow,
} from './store-port.ts';

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
  readonly money: StepMoney;
}

/** What an order had filled before a step, and after it. */
export interface StepMoney {
  readonly filledBefore: DecimalText;
  readonly filledSize: DecimalText;
  readonly filledUsd: DecimalText;
  readonly feesUsd: DecimalText;
  readonly venueOrderId: string | null;
}

export interface TakenFacts {
  readonly actors: readonly Entry[];
  readonly steps: readonly OrderStep[];
  readonly legs: readonly LegRow[];
  readonly ledger: readonly LedgerRow[];
  readonly postings: readonly PostingRow[];
  readonly exits: readonly ExitEventRow[];
  readonly findings: readonly FindingRow[];
  readonly budgets: readonly BudgetRow[];
  readonly happenings: readonly Happening[];
}

export interface Facts {
  touch(entry: Entry): void;
  step(step: OrderStep): void;
  leg(venue: string, clientOrderId: string, leg: FillLeg): void;
  /** `reports`: what is kept of legs of its order, oldest first, and last of all the newest report. */
  orphan(venue: string, reports: readonly LegReport[]): void;
  ledger(row: LedgerRow): void;
  posting(row: PostingRow): void;
  exit(row: ExitEventRow): void;
  finding(row: FindingRow): void;
  budget(row: BudgetRow): void;
  /** The turn that begins, and the version of the catalogue that its input is told with. */
  begin(turn: { readonly seq: number; readonly atMs: number; readonly catalogue: number }): void;
  /** Becomes an event or several. Told in the order in which they should be. */
  happened(noted: Noted): void;
  /** Everything so far; starts anew. */
  take(): TakenFacts;
  readonly size: number;
}

export function createFacts(onFirst: () => void): Facts {
  let actors: Entry[] = [];
  let steps: OrderStep[] = [];
  let legs = new Map<string, LegRow>();
  let ledger: LedgerRow[] = [];
  let postings: PostingRow[] = [];
  let exits = new Map<string, ExitEventRow>();
  let findings: FindingRow[] = [];
  let budgets = new Map<string, BudgetRow>();
  let happenings: Happening[] = [];
  let turn = { seq: 0, atMs: 0, catalogue: 0 };

  function happened(noted: Noted): void {
    // Inputs from before there were events make none, however often they are told.
    if (turn.catalogue > 0) happenings.push({ ...noted, ...turn });
  }

  return {
    touch(entry) {
      if (entry.dirty) return;
      entry.dirty = true;
      actors.push(entry);
      if (actors.length === 1) onFirst();
    },
    begin(next) {
      turn = next;
    },
    happened,
    step(step) {
      steps.push(step);
      happened({ kind: 'step', step });
    },
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
    posting: (row) => void postings.push(row),
    exit(row) {
      // Its row keeps what was said first, however many cuts there are between the two.
      const known = exits.get(row.exitId);
      exits.set(row.exitId, known === undefined ? row : { ...known, voided: row.voided });
    },
    finding: (row) => void findings.push(row),
    budget: (row) => void budgets.set(row.budgetId, row),
    take() {
      const taken: TakenFacts = {
        ...{ actors, steps, legs: [...legs.values()], ledger, postings, findings, happenings },
        exits: [...exits.values()],
        budgets: [...budgets.values()],
      };
      actors = [];
      steps = [];
      legs = new Map();
      ledger = [];
      postings = [];
      exits = new Map();
      findings = [];
      budgets = new Map();
      happenings = [];
      return taken;
    },
    get size() {
      return actors.length + legs.size;
    },
  };
}
