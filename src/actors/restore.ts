/**
 * A restart: rows of live actors as they stood at one moment, then the log's tail told again. The
 * effects that this starts wait behind the gate until all of it is done.
 */
import { FillwrightFault } from '../domain/faults.ts';
import type { Instrument } from '../domain/instrument.ts';
import { MAX_RESEND_AGE_MS } from '../machines/order.setup.ts';
import type { EngineInput } from '../machines/system.machine.ts';
import { decodeSnapshot } from './codec.ts';
import { actorId, type Registry } from './registry.ts';
import { axes } from './rows.ts';
import type { ActorRow, Store } from './store-port.ts';
import { createSystem, type System, type SystemOptions } from './system.ts';

/** Errors named in one refusal; the rest is counted. */
const MAX_NAMED_ERRORS = 10;

export interface Restored {
  readonly orders: number;
  readonly positions: number;
  /** Inputs of the log's tail told again. */
  readonly replayed: number;
  /** Ids of the rows of live actors that were read, and of the actors there before the tail. */
  readonly rows: readonly string[];
  readonly actors: readonly string[];
}

export interface Loader {
  /** Makes sure that an order's actor is in memory: a closed one comes back from its row. */
  ensure(clientOrderId: string): Promise<boolean>;
  fromRow(row: ActorRow): void;
}

export function createLoader(store: Pick<Store, 'actor'>, registry: Registry): Loader {
  const loading = new Map<string, Promise<boolean>>();
  /** Orders of one instrument share its object, as they did before the restart. */
  const instruments = new Map<string, Instrument>();

  function fromRow(row: ActorRow): void {
    if (row.kind === 'system') return;
    const snapshot = decodeSnapshot(row) as { context: { instrument?: Instrument } };
    if (row.kind === 'order') shareInstrument(snapshot.context);
    const name = row.actorId.slice(row.kind.length + 1);
    create(row, name, snapshot);
  }

  function create(row: ActorRow, name: string, snapshot: object): void {
    if (row.kind === 'system') return;
    try {
      const { revision, eventHash, events } = row;
      registry.create(row.kind, name, { snapshot, revision, eventHash, events });
    } catch (error) {
      throw unusable(row, error);
    }
  }

  function shareInstrument(context: { instrument?: Instrument }): void {
    if (context.instrument === undefined) return;
    const text = JSON.stringify(context.instrument);
    const shared = instruments.get(text);
    if (shared === undefined) instruments.set(text, context.instrument);
    else context.instrument = shared;
  }

  async function load(clientOrderId: string): Promise<boolean> {
    const row = await store.actor(actorId('order', clientOrderId));
    if (row === undefined) return false;
    if (!registry.orders.has(clientOrderId)) fromRow(row);
    return true;
  }

  return {
    fromRow,
    async ensure(clientOrderId) {
      if (registry.orders.has(clientOrderId)) return true;
      let promise = loading.get(clientOrderId);
      if (promise === undefined) {
        promise = load(clientOrderId).finally(() => loading.delete(clientOrderId));
        loading.set(clientOrderId, promise);
      }
      return promise;
    },
  };
}

/** The system actor of a row; of a bad one its error, and a new actor so that the rest is read too. */
export function restoreSystem(
  options: SystemOptions,
  row: ActorRow | undefined,
): { readonly system: System; readonly errors: readonly FillwrightFault[] } {
  if (row === undefined) return { system: createSystem(options), errors: [] };
  try {
    const { revision, events } = row;
    const snapshot = { snapshot: decodeSnapshot(row), revision, events };
    const system = createSystem({ ...options, snapshot });
    const { status, error } = system.entry.ref.getSnapshot();
    if (status === 'active') return { system, errors: [] };
    throw unusable(row, error);
  } catch (error) {
    const fault = error instanceof FillwrightFault ? error : unusable(row, error);
    return { system: createSystem(options), errors: [fault] };
  }
}

function unusable(row: ActorRow, problem: unknown): FillwrightFault {
  return new FillwrightFault(
    'corrupt_row',
    `actor_snapshots ${row.actorId}: no ${row.kind} actor can be made of it: ${String(problem)}`,
    { actorId: row.actorId },
    { cause: problem },
  );
}

/**
 * @throws {FillwrightFault} `corrupt_row` or `newer_row` naming every bad row (the first ten in
 * words). Nothing has been changed then, and nothing is traded on half a memory.
 */
export async function restore(options: {
  readonly store: Store;
  readonly system: System;
  readonly loader: Loader;
  readonly projectedThrough: number;
  /** Rows found bad before: the system's own. */
  readonly errors: readonly FillwrightFault[];
}): Promise<Restored> {
  const { store, system, loader, projectedThrough } = options;
  const errors = [...options.errors];
  const rows: string[] = [];
  for await (const page of store.liveActors()) {
    for (const row of page) {
      rows.push(row.actorId);
      try {
        loader.fromRow(row);
      } catch (error) {
        if (!(error instanceof FillwrightFault)) throw error;
        errors.push(error);
      }
    }
  }
  if (errors.length > 0) throw refusal(errors);
  // Taken before anything is told: what closes later leaves memory.
  const actors = projectedThrough === 0 ? [] : actorIds(system);
  const replayed = await replayTail(store, system, loader, projectedThrough);
  return {
    orders: system.registry.orders.size,
    positions: system.registry.positions.size,
    replayed,
    rows,
    actors,
  };
}

function actorIds({ entry, registry }: System): string[] {
  const singles = [entry, registry.account(), registry.venue()];
  const { positions, orders, exits } = registry;
  const all = [...singles, ...positions.values(), ...orders.values(), ...exits.values()];
  return all.map(({ actorId: id }) => id);
}

async function replayTail(
  store: Store,
  system: System,
  loader: Loader,
  afterSeq: number,
): Promise<number> {
  let replayed = 0;
  for await (const batch of store.journalAfter(afterSeq)) {
    const inputs = JSON.parse(batch.inputs) as EngineInput[];
    for (const [index, input] of inputs.entries()) {
      const seq = batch.firstSeq + index;
      if (seq <= afterSeq) continue;
      if ('clientOrderId' in input && input.type !== 'intent.submitted') {
        await loader.ensure(input.clientOrderId);
      }
      system.turn(seq, input);
      replayed += 1;
    }
  }
  return replayed;
}

/**
 * Orders that the venue does not have and that are too old to be sent: the engine was away longer
 * than an intent's moment.
 */
export function pastTheirMoment({ orders, snapshot }: Registry, atMs: number): readonly string[] {
  return [...orders.values()]
    .filter((entry) => {
      const order = snapshot(entry);
      const { execution } = axes(order);
      const isUnsent = execution === 'recording' || execution === 'holding';
      return isUnsent && atMs - order.context.createdAtMs >= MAX_RESEND_AGE_MS;
    })
    .map(({ name }) => name);
}

function refusal(errors: readonly FillwrightFault[]): FillwrightFault {
  const [first] = errors;
  const named = errors.slice(0, MAX_NAMED_ERRORS).map((error) => error.message);
  const more = errors.length - named.length;
  return new FillwrightFault(
    first?.code ?? 'corrupt_row',
    `The engine does not start: ${errors.length} row(s) cannot be read. ${named.join(' ')}${more > 0 ? ` And ${more} more.` : ''}`,
    { rows: errors.map((error) => error.facts) },
  );
}
