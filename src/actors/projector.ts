/**
 * Writes what follows from the log a moment after the log: snapshots of changed actors and the
 * read tables. A cut takes the state between two turns; snapshots are immutable, so turning them
 * into rows can happen while the next turns run. A cut is written only once the log holds its
 * turns, and all of it in one transaction, so that snapshots always stand for one moment.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { FillwrightFault } from '../domain/faults.ts';
import { type OrderStatus, publicStatus } from '../machines/order.status.ts';
import { encodeSnapshot, VERSIONS } from './codec.ts';
import type { Facts, OrderStep } from './facts.ts';
import { noteOf } from './notes.ts';
import { readable } from './outside.ts';
import type { Clock } from './ports.ts';
import { type Entry, type Logics, MAX_CRASHES, type SnapshotOf } from './registry.ts';
import { type Axes, isClosedOrder, orderRow, positionRow } from './rows.ts';
import type {
  ActorRow,
  OrderEventRow,
  OutboxRow,
  PositionRow,
  Projection,
  Rows,
  Store,
} from './store-port.ts';

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
/** Order steps of one turn, for ids: a turn that restores every order at once has the most. */
const MAX_STEPS_PER_TURN = 1_000_000;
const RETRY_MS = 500;

export interface Projector {
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
    const projection = buildProjection(save ? throughSeq : through, saved, changed, taken);
    await options.durable();
    storing = write(projection).finally(() => {
      storing = undefined;
    });
    await storing;
    through = projection.throughSeq;
    options.onWritten(saved);
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
    throughSeq: number,
    saved: readonly CutActor[],
    changed: readonly CutActor[],
    taken: ReturnType<Facts['take']>,
  ): Projection {
    const orders: SnapshotOf['order'][] = [];
    const positions: PositionRow[] = [];
    for (const { entry, snapshot } of changed) {
      if (entry.kind === 'order') orders.push(snapshot as SnapshotOf['order']);
      else if (entry.kind === 'position') {
        positions.push(positionRow((snapshot as SnapshotOf['position']).context));
      }
    }
    return {
      throughSeq,
      actors: rowsOf(saved, actorRow),
      orders: rowsOf(orders, orderRow),
      orderEvents: rowsOf(taken.steps, orderEventRow),
      legs: taken.legs,
      positions,
      ledger: taken.ledger,
      outbox: rowsOf(published(taken.steps), outboxRow),
      exits: taken.exits,
      metadata: {},
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
    if (stopped || writing !== undefined) return;
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

function orderEventRow(step: OrderStep): OrderEventRow {
  const { before: from, after: to } = step;
  return {
    clientOrderId: step.clientOrderId,
    number: step.number,
    seq: step.seq,
    atMs: step.event.atMs,
    type: step.event.type,
    fromState: from === undefined ? '' : `${from.execution}/${from.settlement}`,
    toState: `${to.execution}/${to.settlement}`,
    status: statusAt(to),
    note: readable(noteOf(step.event)),
    event: JSON.stringify(step.event),
  };
}

function statusAt({ execution, settlement }: Axes): OrderStatus {
  return publicStatus(execution, settlement);
}

/** A step that consumers hear of, with its place among the steps of its turn. */
interface Published {
  readonly step: OrderStep;
  readonly inTurn: number;
}

/** Consumers hear of every change of the public status; legs are rows of their own. */
function published(steps: readonly OrderStep[]): readonly Published[] {
  const found: Published[] = [];
  let inTurn = 0;
  for (const [index, step] of steps.entries()) {
    inTurn = steps[index - 1]?.seq === step.seq ? inTurn + 1 : 0;
    const { before, after } = step;
    if (before !== undefined && statusAt(before) === statusAt(after)) continue;
    found.push({ step, inTurn });
  }
  return found;
}

function outboxRow({ step, inTurn }: Published): OutboxRow {
  const { clientOrderId, number, event } = step;
  return {
    outboxId: step.seq * MAX_STEPS_PER_TURN + inTurn,
    type: event.type,
    body: JSON.stringify({ clientOrderId, number, status: statusAt(step.after), event }),
    atMs: event.atMs,
  };
}
