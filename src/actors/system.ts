/** Wires the system machine to the registry: what its actions really do. */
import {
  type AnyActorRef,
  createActor,
  enqueueActions,
  type InspectionEvent,
  type Snapshot,
} from 'xstate';
import { isBudgetEvent } from '../domain/budgets.ts';
import { calendarDay } from '../domain/calendar-day.ts';
import { assertInvariant } from '../domain/faults.ts';
import { changesOf } from '../machines/order.changes.ts';
import type { OrderContext } from '../machines/order.context.ts';
import type { OrderEvent } from '../machines/order.events.ts';
import {
  catalogueOf,
  type EngineInput,
  isFindingEvent,
  type OrderInputEvent,
  type SystemContext,
  systemMachine,
} from '../machines/system.machine.ts';
import type { VenueEventIn } from '../machines/venue.machine.ts';
import { createAdmission } from './admission.ts';
import { createBudgetRecorder } from './budget-recorder.ts';
import { whyDegraded } from './degradation.ts';
import { createExits } from './exits.ts';
import type { Facts, StepMoney } from './facts.ts';
import { createFindingRecorder } from './finding-recorder.ts';
import {
  type Draft,
  draftOfCauses,
  draftOfDrift,
  draftOfInput,
  draftOfStart,
  draftOfVenue,
  redeemableDraft,
} from './happenings.ts';
import { createLedgers } from './ledgers.ts';
import { createLimitWatch } from './limit-watch.ts';
import { mismatch } from './outside.ts';
import { createPostings } from './postings.ts';
import type { Publisher } from './publisher.ts';
import {
  createRegistry,
  type Entry,
  type EventOf,
  type Logics,
  MAX_CRASHES,
  type Registry,
} from './registry.ts';
import { createResolutions } from './resolutions.ts';
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
  readonly snapshot?: {
    readonly snapshot: object;
    readonly revision: number;
    readonly events: number;
  };
  readonly inspect?: (event: InspectionEvent) => void;
  readonly onFault: (fault: ActorFault) => void;
  /** An order has been looked for so often that a person should know. Once for each doubt. */
  readonly onEscalated?: (order: OrderContext) => void;
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
        happened(draftOfStart(event, venue));
      },
      routeToAccount: ({ event }) => {
        if (event.type === 'account.deposited') ledgers.deposit(event);
        else if (event.type === 'account.marked') ledgers.mark(event);
        else if (isBudgetEvent(event)) toAccount(event);
      },
      admitIntent: ({ event, context }) => {
        if (event.type === 'intent.submitted') admit(event, context);
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
      routeToVenue: ({ event }) => deliverToVenue(event as VenueEventIn),
      routeToExit: ({ event }) => {
        if (event.type === 'exit.told') exits.tell(event.instrumentId, event.event);
      },
      planExit: ({ event }) => {
        if (event.type !== 'exit.planned') return;
        const { instrument, plan, by, atMs } = event;
        if (registry.exits.has(instrument.id)) {
          exits.tell(instrument.id, { type: 'exit.planSet', plan, by, atMs });
        } else exits.begin(instrument, plan);
      },
      resolveMarket: ({ event }) => {
        if (event.type === 'market.resolved') resolutions.resolve(event);
      },
      redeemPosition: ({ event }) => {
        if (event.type === 'position.redeemed') resolutions.redeem(event);
      },
      heedHolds: ({ context }) => exits.heed(context.holds),
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
        if (event.type === 'engine.restored') {
          happened(draftOfStart(event, registry.venue().name));
        }
        for (const entry of registry.orders.values()) {
          if (registry.snapshot(entry).matches({ execution: 'submitting' })) {
            stepOrder(entry, { type: 'system.restored', atMs: now.atMs });
          }
        }
        deliverToVenue({ type: 'system.restored', atMs: now.atMs });
        ledgers.keepBack(event);
      },
      recordFinding: ({ event, context }) => {
        if (isFindingEvent(event)) findings.record(event, context.findings);
      },
      recordOrphan: ({ event, context }) => {
        if (event.type !== 'venue.orphanReported') return;
        const { leg } = event;
        facts.orphan(registry.venue().name, [...(context.orphans[leg.venueOrderId] ?? []), leg]);
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
    eventHash: null,
    events: options.snapshot?.events ?? 0,
    open: false,
  };
  const registry = createRegistry(ref, logics, facts.touch);
  const postings = createPostings({ registry, facts, now });
  const { toAccount } = createBudgetRecorder({ registry, facts, postings, deliver, happened });
  const ledgers = createLedgers({
    ...{ registry, facts, publisher, postings, now, deliver, toAccount, today },
    onRedeemable: (position, before, after) =>
      happened(redeemableDraft(position.name, before, after), position),
  });
  const exits = createExits({
    ...{ registry, now, deliver, happened },
    plan: () => contextNow().exitPlan,
    holds: () => contextNow().holds,
  });
  const limits = createLimitWatch({
    ...{ registry, now, happened, context: contextNow },
    keep: (levels) => ref.send({ type: 'limits.met', levels }),
  });
  const admit = createAdmission({
    ...{ registry, facts, publisher, ledgers, exits, limits, now, stepOrder },
    spend: (overrideIds) => ref.send({ type: 'overrides.spent', overrideIds }),
  });
  const resolutions = createResolutions({
    ...{ registry, facts, postings, now, deliver, toAccount, ledgers, today, happened },
    onMoved: exits.afterMove,
  });
  const findings = createFindingRecorder({ registry, facts, ledgers, now, deliver, happened });
  // It has no parent to take its error: without an observer XState would end the process with it.
  ref.subscribe({ error: () => undefined });
  ref.start();

  function today(): string | undefined {
    const { limits } = contextNow();
    return limits === null ? undefined : calendarDay(now.atMs, limits.timeZone);
  }

  function contextNow(): SystemContext {
    return ref.getSnapshot().context;
  }

  // ------------------------------------------------------------------------------------ orders

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
      order: entry,
      number: entry.revision,
      seq: now.seq,
      event:
        error === undefined
          ? event
          : { type: 'actor.faulted', error: String(error), atMs: now.atMs },
      before: axes(before),
      after: axes(after),
      money: moneyOf(before.context, after.context),
    });
    publisher.order(after, event.type);
    if (after.context.escalated && !before.context.escalated) options.onEscalated?.(after.context);
    const changes = changesOf(before.context, after.context);
    if (changes !== undefined) ledgers.take(entry, changes);
    if (error === undefined) {
      exits.afterOrder(entry);
      return;
    }
    fault(entry, event.type, error);
    // Built again while its bytes were on their way: nobody knows whether they left, as after a crash.
    if (after.matches({ execution: 'submitting' }) && entry.crashes < MAX_CRASHES) {
      stepOrder(entry, { type: 'system.restored', atMs: now.atMs });
    }
  }

  function deliver<K extends 'account' | 'venue' | 'position' | 'exit'>(
    entry: Entry<K>,
    event: EventOf[K],
  ) {
    const delivery = registry.deliver(entry, event);
    if (entry.kind === 'account' || entry.kind === 'position') publisher.touched(entry);
    if (delivery.error !== undefined) fault(entry, event.type, delivery.error);
    return delivery;
  }

  function deliverToVenue(event: VenueEventIn): void {
    const venue = registry.venue();
    const { before, after } = deliver(venue, event);
    happened(draftOfVenue(venue.name, before.value, after.value), venue);
  }

  /** Of the engine itself, or of `of`. */
  function happened(draft: Draft | undefined, of: Entry = entry): void {
    if (draft === undefined) return;
    facts.happened({ kind: 'other', entry: of, accountId: registry.account().name, draft });
    // Its row says how many events there are.
    facts.touch(of);
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
    context: contextNow,
    lastSeq: () => completedSeq,
    turn(seq, input) {
      now.seq = seq;
      now.atMs = input.atMs;
      const before = ref.getSnapshot();
      const causesBefore = whyDegraded(before.context, registry);
      const catalogue = catalogueOf(input) ?? before.context.catalogue;
      facts.begin({ seq, atMs: input.atMs, catalogue });
      if (before.value !== 'empty') {
        happened(draftOfInput(input));
        happened(draftOfDrift(input));
      }
      ref.send(input);
      if (input.type === 'account.marked' || input.type === 'venue.legReported') {
        limits.afterMoney();
      }
      const after = ref.getSnapshot();
      assertInvariant(after.status === 'active', 'The system actor has failed.', {
        seq,
        input: input.type,
        error: String(after.error),
      });
      happened(draftOfCauses(causesBefore, whyDegraded(after.context, registry)));
      postings.endTurn(before.context.limits !== null, after.context.limits !== null);
      completedSeq = seq;
      if (after !== before && (after.context !== before.context || after.value !== before.value)) {
        entry.revision += 1;
        facts.touch(entry);
      }
    },
  };
}

function moneyOf(before: OrderContext, after: OrderContext): StepMoney {
  const { filledSize, filledUsd, feesUsd, venueOrderId } = after;
  return { filledBefore: before.filledSize, filledSize, filledUsd, feesUsd, venueOrderId };
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
