/** Wires the system machine to the registry: what its actions really do. */
import {
  type AnyActorRef,
  createActor,
  enqueueActions,
  type InspectionEvent,
  type Snapshot,
} from 'xstate';
import { type Admission, admit } from '../domain/admission.ts';
import { toText } from '../domain/decimal.ts';
import { assertInvariant } from '../domain/faults.ts';
import { sellableSize } from '../domain/position.ts';
import { availableUsd } from '../machines/account.machine.ts';
import { changesOf } from '../machines/order.changes.ts';
import type { OrderEvent } from '../machines/order.events.ts';
import {
  type EngineInput,
  type OrderInputEvent,
  type SystemContext,
  systemMachine,
} from '../machines/system.machine.ts';
import type { VenueEventIn } from '../machines/venue.machine.ts';
import type { Facts } from './facts.ts';
import { createLedgers } from './ledgers.ts';
import { mismatch } from './outside.ts';
import type { Publisher } from './publisher.ts';
import {
  createRegistry,
  type Entry,
  type EventOf,
  type Logics,
  MAX_CRASHES,
  type Registry,
} from './registry.ts';
import { axes } from './rows.ts';

export interface Turn {
  /** Number of the input in the journal. */
  seq: number;
  atMs: number;
}

export interface ActorFault {
  readonly actorId: string;
  readonly event: string;
  readonly error: unknown;
  /** It has thrown too often: until the next start it takes nothing more. */
  readonly setAside: boolean;
  readonly seq: number;
  readonly atMs: number;
}

export interface System {
  readonly registry: Registry;
  /** Runs one turn: the input and everything that follows from it. */
  turn(seq: number, input: EngineInput): void;
  readonly entry: Entry<'system'>;
  context(): SystemContext;
  /** Number of the last turn that ran; 0 before the first. */
  lastSeq(): number;
}

export interface SystemOptions {
  readonly logics: Logics;
  readonly facts: Facts;
  readonly publisher: Publisher;
  readonly snapshot?: { readonly snapshot: object; readonly revision: number };
  readonly inspect?: (event: InspectionEvent) => void;
  readonly onFault: (fault: ActorFault) => void;
}

export function createSystem(options: SystemOptions): System {
  const { facts, logics, publisher } = options;
  const now: Turn = { seq: 0, atMs: 0 };

  const machine = systemMachine.provide({
    actions: {
      openEngine: ({ event }) => {
        if (event.type !== 'engine.opened') return;
        const { accountId, minimumReserveUsd, venue, atMs } = event;
        registry.create('account', accountId, { input: { accountId, minimumReserveUsd, atMs } });
        registry.create('venue', venue, { input: { venue, atMs } });
      },
      routeToAccount: ({ event }) => {
        if (event.type !== 'account.deposited') return;
        ledgers.deposit(event);
      },
      admitIntent: ({ event, context }) => {
        if (event.type === 'intent.submitted') admitIntent(event, context);
      },
      routeToOrder: ({ event }) => routeToOrder(event as OrderInputEvent),
      matchOrphans: ({ event, context }) => {
        if (!('venueOrderId' in event) || context.orphanCount === 0) return;
        const entry = order(event.clientOrderId);
        for (const leg of context.orphans[event.venueOrderId] ?? []) {
          // Its row stays an orphan's, for people to see.
          if (mismatch(leg, registry.snapshot(entry).context) !== undefined) continue;
          stepOrder(entry, { type: 'venue.legReported', leg, atMs: now.atMs });
        }
      },
      routeToVenue: ({ event }) => void deliver(registry.venue(), event as VenueEventIn),
      // The registry has built it again already; here the fault is put on record.
      rebuildActor: () => undefined,
      reapActor: enqueueActions(({ event, enqueue }) => {
        if (event.type !== 'actor.reaped') return;
        const finished = registry.orders.get(event.actorId.slice('order:'.length));
        if (finished === undefined) return;
        registry.forget(finished);
        enqueue.stopChild(finished.ref);
      }),
      restoreOrders: ({ event }) => {
        for (const entry of registry.orders.values()) {
          if (registry.snapshot(entry).matches({ execution: 'submitting' })) {
            stepOrder(entry, { type: 'system.restored', atMs: now.atMs });
          }
        }
        deliver(registry.venue(), { type: 'system.restored', atMs: now.atMs });
        ledgers.keepBack(event);
      },
      recordOrphan: ({ event }) => {
        if (event.type === 'venue.orphanReported') facts.orphan(registry.venue().name, event.leg);
      },
    },
  });

  const ref: AnyActorRef = createActor(machine, {
    id: 'system',
    systemId: 'system',
    ...(options.snapshot === undefined
      ? {}
      : { snapshot: options.snapshot.snapshot as Snapshot<unknown> }),
    ...(options.inspect === undefined ? {} : { inspect: quiet(options.inspect) }),
  });
  const entry: Entry<'system'> = {
    actorId: 'system:main',
    kind: 'system',
    name: 'main',
    ref,
    revision: options.snapshot?.revision ?? 0,
    crashes: 0,
    dirty: false,
    open: false,
  };
  const registry = createRegistry(ref, logics, facts.touch);
  const ledgers = createLedgers({ registry, facts, publisher, now, deliver });
  // It has no parent to take its error: without an observer XState would end the process with it.
  ref.subscribe({ error: () => undefined });
  ref.start();

  // ------------------------------------------------------------------------------------ orders

  function admitIntent(
    event: Extract<EngineInput, { type: 'intent.submitted' }>,
    context: SystemContext,
  ): void {
    const { intent, instrument, clientOrderId, atMs } = event;
    const account = registry.snapshot(registry.account());
    const admission = decide(event, context);
    const granted = admission.kind === 'admitted' ? admission : undefined;
    const created = registry.create('order', clientOrderId, {
      input: {
        clientOrderId,
        accountId: account.context.accountId,
        intent,
        instrument,
        reserveRate: granted?.reserveRate ?? '0',
        reservedUsd: granted?.reservedUsd ?? '0',
        reservedShares: granted?.reservedShares ?? '0',
        atMs,
      },
    });
    facts.step({
      clientOrderId,
      number: 1,
      seq: now.seq,
      event: { type: 'intent.submitted', reason: intent.reason, atMs },
      before: undefined,
      after: axes(registry.snapshot(created)),
    });
    publisher.order(registry.snapshot(created), 'intent.submitted');
    if (admission.kind === 'denied') {
      stepOrder(created, { type: 'order.denied', reason: admission.reason, atMs });
    } else {
      ledgers.reserve(created, admission.reservedUsd, admission.reservedShares);
    }
  }

  function decide(
    { intent, instrument }: Extract<EngineInput, { type: 'intent.submitted' }>,
    context: SystemContext,
  ): Admission {
    const position = registry.positions.get(instrument.id);
    const held = position === undefined ? undefined : registry.snapshot(position).context;
    const venueIsLive = registry.snapshot(registry.venue()).matches('live');
    return admit({
      intent,
      instrument,
      availableUsd: availableUsd(registry.snapshot(registry.account()).context),
      sellableShares: held === undefined ? '0' : toText(sellableSize(held.fold)),
      reservedShares: held?.reservedShares ?? '0',
      entriesRefused:
        context.pauseReason !== null
          ? `entries are paused: ${context.pauseReason}`
          : venueIsLive
            ? null
            : `the venue ${registry.venue().name} is not connected and caught up`,
      openOrders: registry.openOrders,
      maxOpenOrders: context.maxOpenOrders,
    });
  }

  function order(clientOrderId: string): Entry<'order'> {
    const found = registry.orders.get(clientOrderId);
    assertInvariant(found !== undefined, 'An input names an order that is not loaded.', {
      clientOrderId,
    });
    return found;
  }

  function routeToOrder(event: OrderInputEvent): void {
    const entry = order(event.clientOrderId);
    stepOrder(entry, event);
    if ('venueOrderId' in event) registry.indexVenueOrder(event.venueOrderId, event.clientOrderId);
  }

  function stepOrder(entry: Entry<'order'>, event: OrderEvent): void {
    const { before, after, error } = registry.deliver(entry, event);
    facts.step({
      clientOrderId: entry.name,
      number: entry.revision,
      seq: now.seq,
      event:
        error === undefined
          ? event
          : { type: 'actor.faulted', error: String(error), atMs: now.atMs },
      before: axes(before),
      after: axes(after),
    });
    publisher.order(after, event.type);
    const changes = changesOf(before.context, after.context);
    if (changes !== undefined) ledgers.take(entry, changes);
    if (error === undefined) return;
    fault(entry, event.type, error);
    // Built again while its bytes were on their way: nobody knows whether they left, as after a crash.
    if (after.matches({ execution: 'submitting' }) && entry.crashes < MAX_CRASHES) {
      stepOrder(entry, { type: 'system.restored', atMs: now.atMs });
    }
  }

  function deliver<K extends 'account' | 'venue' | 'position'>(entry: Entry<K>, event: EventOf[K]) {
    const delivery = registry.deliver(entry, event);
    if (entry.kind !== 'venue') publisher.touched(entry);
    if (delivery.error !== undefined) fault(entry, event.type, delivery.error);
    return delivery;
  }

  function fault(entry: Entry, event: string, error: unknown): void {
    const setAside = entry.crashes >= MAX_CRASHES;
    const { seq, atMs } = now;
    options.onFault({ actorId: entry.actorId, event, error, setAside, seq, atMs });
  }

  /** A turn that throws on its way has not been; what it left behind must not be written as done. */
  let completedSeq = now.seq;

  return {
    registry,
    entry,
    context: () => ref.getSnapshot().context,
    lastSeq: () => completedSeq,
    turn(seq, input) {
      now.seq = seq;
      now.atMs = input.atMs;
      const before = ref.getSnapshot();
      ref.send(input);
      const after = ref.getSnapshot();
      assertInvariant(after.status === 'active', 'The system actor has failed.', {
        seq,
        input: input.type,
        error: String(after.error),
      });
      completedSeq = seq;
      if (after !== before && (after.context !== before.context || after.value !== before.value)) {
        entry.revision += 1;
        facts.touch(entry);
      }
    },
  };
}

/** An inspector that throws must not stop an actor: XState would put the actor into error. */
function quiet(inspect: (event: InspectionEvent) => void): (event: InspectionEvent) => void {
  return (event) => {
    try {
      inspect(event);
    } catch {
      // The inspector reports its own failures.
    }
  };
}
