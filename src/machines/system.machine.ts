/**
 * The execution system: it takes every input of the engine, makes orders of admitted intents,
 * routes what the venue says to the order it concerns and what an order did to its position and
 * its account, and rebuilds an actor that threw. One input and all that follows from it is a turn.
 */
import { assign, setup } from 'xstate';
import type { LegReport } from '../domain/fill-leg.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { Intent } from '../domain/intent.ts';
import type { OrderEvent } from './order.events.ts';
import type { VenueEventIn } from './venue.machine.ts';

export const SYSTEM_VERSION = 1;

/** Reports of legs whose order nobody here knows are kept up to this many; more are only in the store. */
const MAX_ORPHANS = 1_000;

/** An order's event with its address. */
export type OrderInputEvent = OrderEvent & { readonly clientOrderId: string };

/** Everything that the engine can be told: the journal is a list of these. */
export type EngineInput =
  | {
      readonly type: 'engine.opened';
      readonly accountId: string;
      readonly minimumReserveUsd: string;
      readonly venue: string;
      readonly maxOpenOrders: number;
      readonly atMs: number;
    }
  | {
      readonly type: 'account.deposited';
      readonly depositId: string;
      readonly amountUsd: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'intent.submitted';
      readonly intent: Intent;
      readonly clientOrderId: string;
      readonly instrument: Instrument;
      readonly atMs: number;
    }
  | OrderInputEvent
  | Exclude<VenueEventIn, { type: 'system.restored' }>
  /** A leg of an order that we do not know (yet). */
  | { readonly type: 'venue.orphanReported'; readonly leg: LegReport; readonly atMs: number }
  | {
      readonly type: 'engine.restored';
      readonly maxOpenOrders: number;
      readonly minimumReserveUsd: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'trading.paused';
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  | { readonly type: 'trading.resumed'; readonly by: string; readonly atMs: number };

/** What XState relays when a child throws. */
interface ActorFaulted {
  readonly type: `xstate.error.actor.${string}`;
  readonly error: unknown;
  readonly actorId: string;
}

/** Frees a finished actor. Not an input: what it frees is in its row. */
export interface ActorReaped {
  readonly type: 'actor.reaped';
  readonly actorId: string;
}

export type SystemEvent = EngineInput | ActorFaulted | ActorReaped;

export interface SystemContext {
  /** Why entries are paused; null while they are not. */
  readonly pauseReason: string | null;
  /** As the journal says it: told again, every intent meets the limit that it met at first. */
  readonly maxOpenOrders: number;
  /** Legs of unknown orders by venue order id, until their order appears. */
  readonly orphans: Readonly<Record<string, readonly LegReport[]>>;
  readonly orphanCount: number;
}

/** Pure: keeps an orphan; a leg that was reported in the same status before is not kept again. */
function keepOrphan(context: SystemContext, leg: LegReport): SystemContext {
  if (context.orphanCount >= MAX_ORPHANS) return context;
  const known = context.orphans[leg.venueOrderId] ?? [];
  const repeated = known.some(
    (other) =>
      other.tradeId === leg.tradeId &&
      other.role === leg.role &&
      other.settlement === leg.settlement,
  );
  if (repeated) return context;
  return {
    ...context,
    orphans: { ...context.orphans, [leg.venueOrderId]: [...known, leg] },
    orphanCount: context.orphanCount + 1,
  };
}

/** Pure: forgets the orphans of an order that has appeared. */
function dropOrphans(context: SystemContext, venueOrderId: string): SystemContext {
  const known = context.orphans[venueOrderId];
  if (known === undefined) return context;
  const { [venueOrderId]: _matched, ...orphans } = context.orphans;
  return { ...context, orphans, orphanCount: context.orphanCount - known.length };
}

/** Pure: legs that wait for their order, each once however many of its steps are kept. */
export function countOrphans(context: SystemContext): number {
  let count = 0;
  for (const legs of Object.values(context.orphans)) {
    count += new Set(legs.map(({ tradeId, role }) => JSON.stringify([tradeId, role]))).size;
  }
  return count;
}

function unwired(): never {
  throw new Error('The system machine is wired in src/actors/system.ts.');
}

const ORDER_INPUTS = {
  'order.denied': { actions: 'routeToOrder' },
  'order.prepared': { actions: ['routeToOrder', 'matchOrphans', 'dropOrphans'] },
  'order.prepareFailed': { actions: 'routeToOrder' },
  'order.cancel': { actions: 'routeToOrder' },
  'venue.orderAcknowledged': { actions: ['routeToOrder', 'matchOrphans', 'dropOrphans'] },
  'venue.orderRejected': { actions: 'routeToOrder' },
  'venue.orderKilled': { actions: 'routeToOrder' },
  'venue.orderNotAccepted': { actions: 'routeToOrder' },
  'venue.outcomeUnknown': { actions: 'routeToOrder' },
  'venue.orderReported': { actions: 'routeToOrder' },
  'venue.orderNotFound': { actions: 'routeToOrder' },
  'venue.lookupFailed': { actions: 'routeToOrder' },
  'venue.legReported': { actions: 'routeToOrder' },
  'venue.cancelAcknowledged': { actions: 'routeToOrder' },
  'venue.cancelRejected': { actions: 'routeToOrder' },
  'venue.cancelUnknown': { actions: 'routeToOrder' },
  'clock.deadlinePassed': { actions: 'routeToOrder' },
  'system.restored': { actions: 'routeToOrder' },
  'operator.neverTaken': { actions: 'routeToOrder' },
} as const;

export const systemMachine = setup({
  types: { context: {} as SystemContext, events: {} as SystemEvent },
  actions: {
    openEngine: unwired,
    routeToAccount: unwired,
    admitIntent: unwired,
    routeToOrder: unwired,
    matchOrphans: unwired,
    routeToVenue: unwired,
    rebuildActor: unwired,
    reapActor: unwired,
    restoreOrders: unwired,
    recordOrphan: unwired,
    keepOrphan: assign(({ context, event }) =>
      event.type === 'venue.orphanReported' ? keepOrphan(context, event.leg) : context,
    ),
    dropOrphans: assign(({ context, event }) =>
      (event.type === 'order.prepared' || event.type === 'venue.orderAcknowledged') &&
      context.orphanCount > 0
        ? dropOrphans(context, event.venueOrderId)
        : context,
    ),
    keepPause: assign(({ event }) =>
      event.type === 'trading.paused' ? { pauseReason: `${event.reason} (by ${event.by})` } : {},
    ),
    keepLimit: assign(({ event }) =>
      'maxOpenOrders' in event ? { maxOpenOrders: event.maxOpenOrders } : {},
    ),
    dropPause: assign({ pauseReason: null }),
  },
}).createMachine({
  id: 'system',
  context: { pauseReason: null, maxOpenOrders: 0, orphans: {}, orphanCount: 0 },
  initial: 'empty',
  on: {
    // One actor's fault stops no other: it is recorded and the actor is built again.
    'xstate.error.actor.*': { actions: 'rebuildActor' },
    'actor.reaped': { actions: 'reapActor' },
  },
  states: {
    /** A new journal: there is no account yet. */
    empty: { on: { 'engine.opened': { target: 'trading', actions: ['openEngine', 'keepLimit'] } } },
    trading: {
      initial: 'active',
      on: {
        ...ORDER_INPUTS,
        'account.deposited': { actions: 'routeToAccount' },
        'intent.submitted': { actions: 'admitIntent' },
        'venue.orphanReported': { actions: ['keepOrphan', 'recordOrphan'] },
        'venue.connected': { actions: 'routeToVenue' },
        'venue.caughtUp': { actions: 'routeToVenue' },
        'venue.disconnected': { actions: 'routeToVenue' },
        'engine.restored': { actions: ['keepLimit', 'restoreOrders'] },
        'trading.paused': { target: '.paused', actions: 'keepPause' },
        'trading.resumed': { target: '.active', actions: 'dropPause' },
      },
      states: {
        active: {},
        /** Entries are refused, exits work. */
        paused: {},
      },
    },
  },
});
