/**
 * The actors of the engine and where to find them. Actors are created with `createActor` under the
 * system actor instead of being spawned by it: a spawn copies the parent's whole children map, so
 * its cost grows with the number of orders (docs/adr/0002). Each actor's errors still reach the
 * system actor, and each is built again from its last good state.
 */
import { type AnyActorRef, type AnyStateMachine, createActor, type SnapshotFrom } from 'xstate';
import { assertInvariant } from '../domain/faults.ts';
import type { InstrumentId } from '../domain/instrument.ts';
import type { AccountEvent, accountMachine } from '../machines/account.machine.ts';
import type { ExitEvent } from '../machines/exit.events.ts';
import type { exitMachine } from '../machines/exit.machine.ts';
import type { OrderEvent } from '../machines/order.events.ts';
import type { orderMachine } from '../machines/order.machine.ts';
import { isInDoubt } from '../machines/order.status.ts';
import type { PositionEvent, positionMachine } from '../machines/position.machine.ts';
import type { systemMachine } from '../machines/system.machine.ts';
import type { VenueEventIn, venueMachine } from '../machines/venue.machine.ts';
import { encodeSnapshot } from './codec.ts';
import { createExposures, type Exposures } from './exposures.ts';
import { axes, isClosedOrder } from './rows.ts';
import type { ActorKind, ActorRow } from './store-port.ts';

/** After this many faults an actor is left alone: the same event would break it again. */
export const MAX_CRASHES = 3;

export type SnapshotOf = {
  system: SnapshotFrom<typeof systemMachine>;
  account: SnapshotFrom<typeof accountMachine>;
  venue: SnapshotFrom<typeof venueMachine>;
  order: SnapshotFrom<typeof orderMachine>;
  position: SnapshotFrom<typeof positionMachine>;
  exit: SnapshotFrom<typeof exitMachine>;
};

/** What each kind of actor may be told. */
export type EventOf = {
  account: AccountEvent;
  venue: VenueEventIn;
  order: OrderEvent;
  position: PositionEvent;
  exit: ExitEvent;
};

export interface Entry<K extends ActorKind = ActorKind> {
  readonly actorId: string;
  readonly kind: K;
  /** The id inside the kind: client order id, instrument id, account id, venue name. */
  readonly name: string;
  ref: AnyActorRef;
  /** Events handled so far; an order's creation is its first. */
  revision: number;
  crashes: number;
  /** Set while the newest state is not yet in the projection's hands. */
  dirty: boolean;
  /** Of an order: the hash of its newest step of which a row was made. Null: none, or without a hash. */
  eventHash: string | null;
  /** Events of its stream of which rows were made or are being made. */
  events: number;
  /** An order that is not closed. Whether a closed one is still in memory must decide nothing. */
  open: boolean;
}

/** The wired machines, one for each kind that the registry may create. */
export interface Logics {
  readonly account: typeof accountMachine;
  readonly venue: typeof venueMachine;
  readonly order: typeof orderMachine;
  readonly position: typeof positionMachine;
  readonly exit: typeof exitMachine;
}

export type ChildKind = keyof Logics;

export interface Delivery<K extends ActorKind> {
  readonly before: SnapshotOf[K];
  readonly after: SnapshotOf[K];
  /** What the actor threw; it stands at `before` again. */
  readonly error?: unknown;
}

export interface Registry {
  readonly orders: ReadonlyMap<string, Entry<'order'>>;
  readonly positions: ReadonlyMap<InstrumentId, Entry<'position'>>;
  /** By the instrument of their position. */
  readonly exits: ReadonlyMap<InstrumentId, Entry<'exit'>>;
  /** Orders that are not closed: the same after a restart, which loads no closed ones. */
  readonly openOrders: number;
  /** Ids of the orders in doubt by market; such a market is in quarantine. The same after a restart. */
  readonly doubts: ReadonlyMap<string, ReadonlySet<string>>;
  readonly exposures: Pick<Exposures, 'of' | 'own' | 'pending'>;
  account(): Entry<'account'>;
  venue(): Entry<'venue'>;
  /** Creates an actor from its first input, or from an encoded snapshot. */
  create<K extends ChildKind>(kind: K, name: string, from: CreateFrom): Entry<K>;
  deliver<K extends ChildKind>(entry: Entry<K>, event: EventOf[K]): Delivery<K>;
  snapshot<K extends ActorKind>(entry: Entry<K>): SnapshotOf[K];
  /** Forgets a closed order; its row stays. */
  forget(entry: Entry<'order'>): void;
  clientOrderIdOf(venueOrderId: string): string | undefined;
  indexVenueOrder(venueOrderId: string, clientOrderId: string): void;
}

export type CreateFrom =
  | { readonly input: object }
  | ({ readonly snapshot: object } & Pick<ActorRow, 'revision' | 'eventHash' | 'events'>);

export function actorId(kind: ActorKind, name: string): string {
  return `${kind}:${name}`;
}

export function createRegistry(
  system: AnyActorRef,
  logics: Logics,
  onTouched: (entry: Entry) => void,
): Registry {
  const orders = new Map<string, Entry<'order'>>();
  const positions = new Map<InstrumentId, Entry<'position'>>();
  const exits = new Map<InstrumentId, Entry<'exit'>>();
  const singles = new Map<'account' | 'venue', Entry>();
  const byVenueOrderId = new Map<string, string>();
  const doubts = new Map<string, Set<string>>();
  const exposures = createExposures();
  let openOrders = 0;

  /** `isSetAside`: it only stands there, and starts none of the calls of its state. */
  function start(
    kind: ChildKind,
    id: string,
    from: { input?: object; snapshot?: object },
    isSetAside = false,
  ) {
    const logic: AnyStateMachine = logics[kind];
    const ref = createActor(logic, { parent: system, id, ...from } as Parameters<
      typeof createActor<AnyStateMachine>
    >[1]);
    if (!isSetAside) ref.start();
    // XState takes a state that it does not know in silence, as an actor in error.
    const { status, error } = ref.getSnapshot();
    if (status === 'error') throw error;
    return ref;
  }

  function snapshot<K extends ActorKind>(entry: Entry<K>): SnapshotOf[K] {
    return entry.ref.getSnapshot();
  }

  return {
    orders,
    positions,
    exits,
    get openOrders() {
      return openOrders;
    },
    doubts,
    exposures,
    account: () => single('account') as Entry<'account'>,
    venue: () => single('venue') as Entry<'venue'>,
    create(kind, name, from) {
      const id = actorId(kind, name);
      const isNew = 'input' in from;
      const entry: Entry<typeof kind> = {
        actorId: id,
        kind,
        name,
        ref: start(kind, id, isNew ? { input: from.input } : { snapshot: from.snapshot }),
        revision: isNew ? 1 : from.revision,
        crashes: 0,
        dirty: false,
        eventHash: isNew ? null : from.eventHash,
        events: isNew ? 0 : from.events,
        open: false,
      };
      keep(entry);
      if (isNew) onTouched(entry);
      return entry;
    },
    deliver(entry, event) {
      const before = snapshot(entry);
      if (entry.crashes >= MAX_CRASHES) {
        // Refused, but an event all the same: its record is numbered like any other.
        entry.revision += 1;
        onTouched(entry);
        return { before, after: before, error: new Error(`${entry.actorId} is set aside`) };
      }
      entry.ref.send(event);
      entry.revision += 1;
      onTouched(entry);
      const after = snapshot(entry);
      if (after.status !== 'error') {
        if (entry.kind === 'order') count(entry as Entry<'order'>);
        else if (entry.kind === 'position') countPosition(entry as Entry<'position'>);
        return { before, after };
      }
      entry.crashes += 1;
      const lastGood = { snapshot: JSON.parse(encodeSnapshot(logics[entry.kind], before)) };
      const isSetAside = entry.crashes >= MAX_CRASHES;
      entry.ref = start(entry.kind, entry.actorId, lastGood, isSetAside);
      return { before, after: snapshot(entry), error: after.error };
    },
    snapshot,
    forget(entry) {
      orders.delete(entry.name);
      if (entry.open) openOrders -= 1;
      const { venueOrderId } = snapshot(entry).context;
      if (venueOrderId !== null) byVenueOrderId.delete(venueOrderId);
    },
    clientOrderIdOf: (venueOrderId) => byVenueOrderId.get(venueOrderId),
    indexVenueOrder: (venueOrderId, clientOrderId) =>
      void byVenueOrderId.set(venueOrderId, clientOrderId),
  };

  function keep(entry: Entry): void {
    if (entry.kind === 'order') {
      const order = entry as Entry<'order'>;
      assertInvariant(!orders.has(entry.name), 'An order actor exists already.', {
        actorId: entry.actorId,
      });
      orders.set(entry.name, order);
      count(order);
      const { venueOrderId } = snapshot(order).context;
      if (venueOrderId !== null) byVenueOrderId.set(venueOrderId, entry.name);
    } else if (entry.kind === 'position') {
      positions.set(entry.name, entry as Entry<'position'>);
      countPosition(entry as Entry<'position'>);
    } else if (entry.kind === 'exit') {
      exits.set(entry.name, entry as Entry<'exit'>);
    } else if (entry.kind === 'account' || entry.kind === 'venue') {
      singles.set(entry.kind, entry);
    }
  }

  function count(order: Entry<'order'>): void {
    const state = snapshot(order);
    countDoubt(order.name, state);
    exposures.order(order.name, state);
    const open = !isClosedOrder(state);
    if (open === order.open) return;
    order.open = open;
    openOrders += open ? 1 : -1;
  }

  function countPosition(position: Entry<'position'>): void {
    exposures.position(position.name, snapshot(position));
  }

  function countDoubt(name: string, state: SnapshotOf['order']): void {
    const inDoubt = isInDoubt(axes(state).execution, state.context);
    if (!inDoubt && doubts.size === 0) return;
    const { marketId } = state.context.instrument;
    const ofMarket = doubts.get(marketId);
    if (inDoubt) {
      if (ofMarket === undefined) doubts.set(marketId, new Set([name]));
      else ofMarket.add(name);
    } else if (ofMarket?.delete(name) === true && ofMarket.size === 0) {
      doubts.delete(marketId);
    }
  }

  function single(kind: 'account' | 'venue'): Entry {
    const entry = singles.get(kind);
    assertInvariant(entry !== undefined, `The engine has no ${kind} actor yet.`);
    return entry;
  }
}
