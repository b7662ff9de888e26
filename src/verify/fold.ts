/**
 * The log told to an engine that has nothing and does nothing: the same machines, the same projector,
 * effects that never act. What it writes is what the database should hold.
 */
import { createFacts } from '../actors/facts.ts';
import type { Clock } from '../actors/ports.ts';
import { type CutActor, createProjector } from '../actors/projector.ts';
import { createPublisher } from '../actors/publisher.ts';
import { createLoader } from '../actors/restore.ts';
import { isClosedOrder } from '../actors/rows.ts';
import type { IntentRow, PreparedRow, Store } from '../actors/store-port.ts';
import { createSystem } from '../actors/system.ts';
import { canonicalIntent } from '../domain/parse-intent.ts';
import { accountMachine } from '../machines/account.machine.ts';
import { exitMachine } from '../machines/exit.machine.ts';
import { orderMachine } from '../machines/order.machine.ts';
import { positionMachine } from '../machines/position.machine.ts';
import { type EngineInput, systemMachine } from '../machines/system.machine.ts';
import { venueMachine } from '../machines/venue.machine.ts';

/** Nothing happens by itself. */
const STILL: Clock = { now: () => 0, at: () => () => undefined };

/** Alone, a machine has no effects. */
const LOGICS = {
  account: accountMachine,
  venue: venueMachine,
  order: orderMachine,
  position: positionMachine,
  exit: exitMachine,
};

export interface Fold {
  /** @throws what the system throws: an input that cannot be told. */
  tell(seq: number, input: EngineInput): Promise<void>;
  /** Of an input that is not told: the rows that went into the log with it. */
  keepLogRows(input: EngineInput): void;
  /** Writes everything so far, and lets closed orders go: they come back when one is spoken of. */
  write(): Promise<void>;
}

export interface FoldOptions {
  readonly store: Pick<Store, 'project' | 'actor'>;
  readonly remakeLogRows: (
    intents: readonly IntentRow[],
    prepared: readonly PreparedRow[],
  ) => Promise<void>;
}

export function createFold({ store, remakeLogRows }: FoldOptions): Fold {
  const facts = createFacts(() => undefined);
  const system = createSystem({
    logics: LOGICS,
    facts,
    publisher: createPublisher(() => undefined),
    // As it was at the time: the step says so, and the actor was built again.
    onFault: () => undefined,
  });
  const { registry } = system;
  const loader = createLoader(store, registry);
  const projector = createProjector({
    store,
    clock: STILL,
    facts,
    logics: { ...LOGICS, system: systemMachine },
    projectedThrough: 0,
    lastSeq: () => system.lastSeq(),
    durable: () => Promise.resolve(),
    snapshotOf: (entry) => registry.snapshot(entry),
    onWritten: reap,
    onError: () => undefined,
    onBroken: () => undefined,
  });
  let intents: IntentRow[] = [];
  let prepared: PreparedRow[] = [];

  function reap(cut: readonly CutActor[]): void {
    for (const { entry } of cut) {
      const order = registry.orders.get(entry.name);
      if (order === undefined || order !== entry) continue;
      if (!isClosedOrder(registry.snapshot(order))) continue;
      system.entry.ref.send({ type: 'actor.reaped', actorId: entry.actorId });
    }
  }

  /** The rows that went into the log together with an input. */
  function keepLogRows(input: EngineInput): void {
    if (input.type === 'intent.submitted') {
      const { intent, clientOrderId, atMs } = input;
      intents.push({ key: intent.key, clientOrderId, body: canonicalIntent(intent), atMs });
    } else if (input.type === 'order.prepared') {
      const { clientOrderId, venueOrderId, atMs } = input;
      const venue = registry.venue().name;
      prepared.push({ clientOrderId, venue, venueOrderId, body: '', atMs });
    }
  }

  /** A start counts faults anew: what was set aside is tried again. */
  function forgetCrashes(): void {
    const entries = [registry.account(), registry.venue(), ...registry.positions.values()];
    for (const entry of [...entries, ...registry.orders.values()]) entry.crashes = 0;
  }

  return {
    keepLogRows,
    async tell(seq, input) {
      if ('clientOrderId' in input && input.type !== 'intent.submitted') {
        await loader.ensure(input.clientOrderId);
      }
      if (input.type === 'engine.restored') forgetCrashes();
      system.turn(seq, input);
      keepLogRows(input);
    },
    async write() {
      await projector.flush();
      await remakeLogRows(intents, prepared);
      intents = [];
      prepared = [];
    },
  };
}
