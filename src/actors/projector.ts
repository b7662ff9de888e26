/**
 * Writes what follows from the log a moment after the log: snapshots of changed actors and the
 * read tables. A cut takes the state between two turns; snapshots are immutable, so turning them
 * into rows can happen while the next turns run. A cut is written only once the log holds its
 * turns, and all of it in one transaction, so that snapshots always stand for one moment.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { FillwrightFault } from '../domain/faults.ts';
import { encodeSnapshot, VERSIONS } from './codec.ts';
import { eventRows } from './event-rows.ts';
import type { Facts, TakenFacts } from './facts.ts';
import type { Clock } from './ports.ts';
import { type Entry, type Logics, MAX_CRASHES, type SnapshotOf } from './registry.ts';
import { isClosedOrder, orderRow, positionRow } from './rows.ts';
import { orderEventRows, outboxRow, published } from './step-rows.ts';
import type { ActorRow, PositionRow, Projection, Rows, Store } from './store-port.ts';

/** How long a change may wait for its row in the read tables. */
export const PROJECT_EVERY_MS = 50;
/** Between two cuts the store is left alone this many times as long as the last cut took. */
const REST_FACTOR = 3;
/** Nobody waits longer than this for a row, however busy the store is. */
const REST_LIMIT_MS = 1_000;
/**
 * How long an actor may wait for its snapshot. Seldom is cheap: an order that is filled often is
 * written once; and what lies between is in the log, whose tail a restart tells again.
 */
export const SNAPSHOT_EVERY_MS = 3_000;
/**
 * The log waits for a cut that is being written when the snapshots are this many inputs behind: a
 * restart stays short. A brake, not a bound: it never waits for a cut that waits for the log.
 */
export const MAX_LAG_INPUTS = 50_000;
const RETRY_MS = 500;

/** Metadata: the last input that the read tables know. It may be ahead of the snapshots. */
export const ROWS_THROUGH = 'rows_through';

export interface Projector {
  /**
   * The log's tail has been told: cuts are written from now on. Earlier ones would take the read
   * tables back to an older state than they show.
   */
  begin(): void;
  /** Writes everything up to now; resolves when it is there. */
  flush(): Promise<void>;
  /** Undefined while the lag is small; else a promise to wait for. */
  room(): Promise<void> | undefined;
  /** Something changed: write it within PROJECT_EVERY_MS. */
  wake(): void;
  /** Inputs that the snapshots do not know yet: a restart would tell them again. */
  readonly lag: number;
  stop(): void;
}

export interface ProjectorOptions {
  readonly store: Pick<Store, 'project'>;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly logics: Logics & { readonly system: Parameters<typeof encodeSnapshot>[0] };
  readonly projectedThrough: number;
  readonly lastSeq: () => number;
  readonly durable: () => Promise<void>;
  readonly snapshotOf: (entry: Entry) => AnyMachineSnapshot;
  readonly onWritten: (cut: readonly CutActor[]) => void;
  /** New events are in the store. */
  readonly onEvents?: () => void;
  /** The store is away; the same rows are tried again. */
  readonly onError: (error: FillwrightFault) => void;
  /** The store refuses the rows themselves: nothing is written any more, the log has it all. */
  readonly onBroken: (error: FillwrightFault) => void;
}

export interface CutActor {
  readonly entry: Entry;
  readonly revision: number;
  readonly snapshot: AnyMachineSnapshot;
}

export function createProjector(options: ProjectorOptions): Projector {
  const { store, clock, facts } = options;
  let through = options.projectedThrough;
  let writing: Promise<void> | undefined;
  /** Set while a cut whose inputs the log holds is on its way to the store. */
  let storing: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let timerAtMs = 0;
  let tookMs = 0;
  let begun = false;
  let stopped = false;
  let broken: FillwrightFault | undefined;
  /** Actors whose snapshots are older than what the read tables say of them. */
  const unsaved = new Set<Entry>();
  let savedAtMs = clock.now();

  /** One cut: the read tables, and with `save` the snapshots of every actor that has changed. */
  async function writeCut(save: boolean): Promise<void> {
    const throughSeq = options.lastSeq();
    const taken = facts.take();
    const changed = taken.actors.map((entry) => {
      entry.dirty = false;
      unsaved.add(entry);
      return cutOf(entry);
    });
    const saved = save ? [...unsaved].map(cutOf) : [];
    if (save) {
      unsaved.clear();
      savedAtMs = clock.now();
    }
    const projection = buildProjection(
      { snapshots: save ? throughSeq : through, rows: throughSeq },
      { saved, changed, taken },
    );
    await options.durable();
    storing = write(projection).finally(() => {
      storing = undefined;
    });
    await storing;
    through = projection.throughSeq;
    options.onWritten(saved);
    if (projection.events.length > 0) options.onEvents?.();
  }

  function cutOf(entry: Entry): CutActor {
    return { entry, revision: entry.revision, snapshot: options.snapshotOf(entry) };
  }

  function isTimeToSave(): boolean {
    const isBehind = options.lastSeq() - through > MAX_LAG_INPUTS / 2;
    return isBehind || clock.now() - savedAtMs >= SNAPSHOT_EVERY_MS;
  }

  async function write(projection: Projection): Promise<void> {
    for (;;) {
      try {
        return await store.project(projection);
      } catch (error) {
        if (!(error instanceof FillwrightFault) || error.code !== 'store_unavailable') throw error;
        options.onError(error);
        await new Promise<void>((resolve) => clock.at(clock.now() + RETRY_MS, resolve));
        if (stopped) throw error;
      }
    }
  }

  function buildProjection(
    known: { readonly snapshots: number; readonly rows: number },
    cut: {
      readonly saved: readonly CutActor[];
      readonly changed: readonly CutActor[];
      readonly taken: TakenFacts;
    },
  ): Projection {
    const { saved, changed, taken } = cut;
    const orders: SnapshotOf['order'][] = [];
    const positions: PositionRow[] = [];
    for (const { entry, snapshot } of changed) {
      if (entry.kind === 'order') orders.push(snapshot as SnapshotOf['order']);
      else if (entry.kind === 'position') {
        positions.push(positionRow((snapshot as SnapshotOf['position']).context));
      }
    }
    const orderEvents = orderEventRows(taken.steps);
    return {
      throughSeq: known.snapshots,
      actors: rowsOf(saved, (actor) => {
        // An order's row holds the hash of its newest step, which may be of this very cut.
        orderEvents.hashAll();
        return actorRow(actor);
      }),
      orders: rowsOf(orders, orderRow),
      orderEvents,
      legs: taken.legs,
      positions,
      ledger: taken.ledger,
      postings: taken.postings,
      outbox: rowsOf(published(taken.steps), outboxRow),
      events: eventRows(
        taken.happenings,
        (order) => options.snapshotOf(order) as SnapshotOf['order'],
      ),
      exits: taken.exits,
      findings: taken.findings,
      budgets: taken.budgets,
      metadata: { [ROWS_THROUGH]: String(known.rows) },
    };
  }

  function actorRow({ entry, revision, snapshot }: CutActor): ActorRow {
    const live = entry.kind !== 'order' || !isClosedOrder(snapshot as SnapshotOf['order']);
    return {
      actorId: entry.actorId,
      kind: entry.kind,
      version: VERSIONS[entry.kind],
      revision,
      live: live || entry.crashes >= MAX_CRASHES,
      snapshot: encodeSnapshot(options.logics[entry.kind], snapshot),
      eventHash: entry.eventHash,
      events: entry.events,
    };
  }

  function start(save: boolean): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    const startedAtMs = clock.now();
    writing = writeCut(save).finally(() => {
      writing = undefined;
      tookMs = clock.now() - startedAtMs;
      if (facts.size > 0 || unsaved.size > 0) wake();
    });
    writing.catch((error: unknown) => {
      if (stopped) return;
      // What this cut held is in no later one: a later one would say that it had been written.
      stop();
      broken =
        error instanceof FillwrightFault
          ? error
          : new FillwrightFault(
              'broken_invariant',
              'The read tables could not be written.',
              {},
              { cause: error },
            );
      options.onBroken(broken);
    });
    return writing;
  }

  function stop(): void {
    stopped = true;
    cancelTimer?.();
    cancelTimer = undefined;
  }

  function wake(): void {
    if (!begun || stopped || writing !== undefined) return;
    const soonMs =
      clock.now() + Math.min(REST_LIMIT_MS, Math.max(PROJECT_EVERY_MS, REST_FACTOR * tookMs));
    const atMs = facts.size > 0 ? soonMs : Math.max(soonMs, savedAtMs + SNAPSHOT_EVERY_MS);
    if (cancelTimer !== undefined && timerAtMs <= atMs) return;
    cancelTimer?.();
    timerAtMs = atMs;
    cancelTimer = clock.at(atMs, () => {
      cancelTimer = undefined;
      if (!stopped && writing === undefined) void start(isTimeToSave()).catch(() => undefined);
    });
  }

  return {
    begin() {
      begun = true;
      if (facts.size > 0) wake();
    },
    async flush() {
      const upTo = options.lastSeq();
      while (through < upTo && (writing !== undefined || facts.size > 0 || unsaved.size > 0)) {
        if (stopped)
          throw (
            broken ?? new FillwrightFault('not_running', 'The read tables are no longer written.')
          );
        await (writing ?? start(true));
      }
      if (broken !== undefined) throw broken;
    },
    room() {
      if (stopped || options.lastSeq() - through <= MAX_LAG_INPUTS) return undefined;
      if (writing === undefined) void start(true).catch(() => undefined);
      // A cut that still waits for the log must not be waited for: neither would ever move.
      return storing?.catch(() => undefined);
    },
    wake,
    get lag() {
      return options.lastSeq() - through;
    },
    stop,
  };
}

/** Rows that are made when their turn to be written has come. */
function rowsOf<Source, Row>(
  sources: readonly Source[],
  rowOf: (source: Source) => Row,
): Rows<Row> {
  return {
    length: sources.length,
    slice: (start, end) => sources.slice(start, end).map(rowOf),
  };
}
