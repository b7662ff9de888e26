/**
 * The execution system: it takes every input of the engine, makes orders of admitted intents,
 * routes what the venue says to the order it concerns and what an order did to its position and
 * its account, and rebuilds an actor that threw. One input and all that follows from it is a turn.
 */
import { assign, setup } from 'xstate';
import type { BudgetEvent } from '../domain/budgets.ts';
import type { ExitPlan } from '../domain/exits/exit-plan.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { Intent } from '../domain/intent.ts';
import { type HoldLevel, type Holds, holdOnAll } from '../domain/risk/holds.ts';
import type { LimitLevels } from '../domain/risk/limit-levels.ts';
import type { RiskLimits } from '../domain/risk/limits.ts';
import type { Override } from '../domain/risk/overrides.ts';
import type { Quote } from '../domain/risk/quote.ts';
import { type Answers, NO_ANSWERS } from '../domain/risk/rule.ts';
import type { ExitEvent } from './exit.events.ts';
import type { OrderEvent } from './order.events.ts';
import { type FindingEvent, type Findings, takeFinding } from './system.findings.ts';
import { dropOrphans, keepOrphan } from './system.orphans.ts';
import type { ResolutionEvent } from './system.resolution.ts';
import {
  type HoldEvent,
  type OverrideEvent,
  takeAnswer,
  takeHold,
  takeOverride,
} from './system.risk.ts';
import type { VenueEventIn } from './venue.machine.ts';

export const SYSTEM_VERSION = 4;

/** An order's event with its address. */
export type OrderInputEvent = OrderEvent & { readonly clientOrderId: string };

/**
 * Of each kind of actor the version of its machine: a start says with which ones the inputs after it
 * are told. These decide nothing; `catalogue` decides which events are made. Programs before 0.3 did
 * not say it.
 */
export type MachineVersions = Readonly<Record<string, number>>;

/** Everything that the engine can be told: the journal is a list of these. */
export type EngineInput =
  | {
      readonly type: 'engine.opened';
      readonly accountId: string;
      readonly minimumReserveUsd: string;
      readonly venue: string;
      readonly maxOpenOrders: number;
      /** Absent: said by a program that had none. */
      readonly limits?: RiskLimits;
      /** The plan of a position that was given none. Absent or null: it has none. */
      readonly exitPlan?: ExitPlan | null;
      readonly versions?: MachineVersions;
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
      /** What the book said; absent where nobody feeds books. */
      readonly quote?: Quote;
      readonly atMs: number;
    }
  | OrderInputEvent
  | Exclude<VenueEventIn, { type: 'system.restored' }>
  /** A leg of an order that we do not know (yet). */
  | { readonly type: 'venue.orphanReported'; readonly leg: LegReport; readonly atMs: number }
  | {
      readonly type: 'engine.restored';
      readonly maxOpenOrders: number;
      readonly limits?: RiskLimits;
      /** The plan of a position that was given none. Absent or null: it has none. */
      readonly exitPlan?: ExitPlan | null;
      readonly minimumReserveUsd: string;
      readonly versions?: MachineVersions;
      readonly atMs: number;
    }
  | HoldEvent
  | OverrideEvent
  | ResolutionEvent
  /** Something from outside for the exit of one position: prices, a wait that is over, an answer. */
  | {
      readonly type: 'exit.told';
      readonly instrumentId: string;
      readonly event: ExitEvent;
      readonly atMs: number;
    }
  /** A position is given another plan, or its first. */
  | {
      readonly type: 'exit.planned';
      readonly instrument: Instrument;
      readonly plan: ExitPlan;
      readonly by: string;
      readonly atMs: number;
    }
  /** What everything is worth, as books are marked. */
  | { readonly type: 'account.marked'; readonly equityUsd: string; readonly atMs: number }
  | BudgetEvent
  /** What a start has found missing, or null where all of it is there again. */
  | { readonly type: 'engine.bootChecked'; readonly problem: string | null; readonly atMs: number }
  | FindingEvent;

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

/** Overrides that an order has used up, within the turn that made it. Not an input. */
export interface OverridesSpent {
  readonly type: 'overrides.spent';
  readonly overrideIds: readonly string[];
}

/** How far limits are in use, within the turn that changed it. Not an input. */
export interface LimitsMet {
  readonly type: 'limits.met';
  readonly levels: LimitLevels;
}

export type SystemEvent = EngineInput | ActorFaulted | ActorReaped | OverridesSpent | LimitsMet;

export interface SystemContext {
  /** What keeps entries, or everything, from being traded, by scope. */
  readonly holds: Holds;
  readonly overrides: readonly Override[];
  /** Null: the program that told the newest start had none. */
  readonly limits: RiskLimits | null;
  /** The plan of a position that was given none; null: it has none. */
  readonly exitPlan: ExitPlan | null;
  /** What the venue said to the newest orders. */
  readonly answers: Answers;
  /** Of which limits it was told that they are nearly or wholly in use. */
  readonly limitLevels: LimitLevels;
  /** What the boot check found, for which no entries are taken; null while it finds nothing. */
  readonly bootProblem: string | null;
  /** As the journal says it: told again, every intent meets the limit that it met at first. */
  readonly maxOpenOrders: number;
  /** Legs of unknown orders by venue order id, until their order appears. */
  readonly orphans: Readonly<Record<string, readonly LegReport[]>>;
  readonly orphanCount: number;
  /** Differences between our books and the venue's that have lasted. */
  readonly findings: Findings;
  /** Version of the event catalogue that inputs are told with; 0: before there was one. */
  readonly catalogue: number;
}

export function isFindingEvent(event: SystemEvent): event is FindingEvent {
  return (
    event.type === 'finding.opened' ||
    event.type === 'finding.seen' ||
    event.type === 'finding.closed'
  );
}

function isHoldEvent(event: SystemEvent): event is HoldEvent {
  return (
    event.type === 'trading.held' ||
    event.type === 'trading.released' ||
    event.type === 'trading.paused' ||
    event.type === 'trading.resumed'
  );
}

/** The version of the event catalogue that an input brings; undefined where it is no start. */
export function catalogueOf(input: EngineInput): number | undefined {
  if (input.type !== 'engine.opened' && input.type !== 'engine.restored') return undefined;
  return input.versions?.catalogue ?? 0;
}

function unwired(): never {
  throw new Error('The system machine is wired in src/actors/system.ts.');
}

const ORDER_INPUTS = {
  'order.denied': { actions: 'routeToOrder' },
  'order.prepared': { actions: ['routeToOrder', 'matchOrphans', 'dropOrphans'] },
  'order.prepareFailed': { actions: 'routeToOrder' },
  'order.cancel': { actions: 'routeToOrder' },
  'venue.orderAcknowledged': {
    actions: ['routeToOrder', 'matchOrphans', 'dropOrphans', 'countAnswer'],
  },
  'venue.orderRejected': { actions: ['routeToOrder', 'countAnswer'] },
  'venue.orderKilled': { actions: ['routeToOrder', 'countAnswer'] },
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
  'operator.cancelled': { actions: 'routeToOrder' },
  'operator.live': { actions: 'routeToOrder' },
} as const;

const HOLDS = [
  comesTo('paused'),
  comesTo('reducing'),
  comesTo('liquidating'),
  comesTo('halted'),
  { target: '.active', actions: ['keepHold', 'heedHolds'] },
] as const;

function comesTo<const Level extends HoldLevel>(level: Level) {
  return {
    guard: { type: 'comesTo', params: { level } },
    target: `.${level}`,
    actions: ['keepHold', 'heedHolds'],
  } as const;
}

export const systemMachine = setup({
  types: { context: {} as SystemContext, events: {} as SystemEvent },
  guards: {
    /** The strictest hold on everything is of this level once the event is taken. */
    comesTo: ({ context, event }, { level }: { readonly level: HoldLevel }) =>
      isHoldEvent(event) && holdOnAll(takeHold(context.holds, event), event.atMs)?.level === level,
  },
  actions: {
    openEngine: unwired,
    routeToAccount: unwired,
    admitIntent: unwired,
    routeToOrder: unwired,
    matchOrphans: unwired,
    routeToVenue: unwired,
    routeToExit: unwired,
    planExit: unwired,
    resolveMarket: unwired,
    redeemPosition: unwired,
    heedHolds: unwired,
    rebuildActor: unwired,
    reapActor: unwired,
    restoreOrders: unwired,
    recordOrphan: unwired,
    recordFinding: unwired,
    keepFinding: assign(({ context, event }) =>
      isFindingEvent(event) ? { findings: takeFinding(context.findings, event) } : {},
    ),
    keepOrphan: assign(({ context, event }) =>
      event.type === 'venue.orphanReported' ? keepOrphan(context, event.leg) : context,
    ),
    dropOrphans: assign(({ context, event }) =>
      (event.type === 'order.prepared' || event.type === 'venue.orderAcknowledged') &&
      context.orphanCount > 0
        ? dropOrphans(context, event.venueOrderId)
        : context,
    ),
    keepHold: assign(({ context, event }) =>
      isHoldEvent(event) ? { holds: takeHold(context.holds, event) } : {},
    ),
    keepOverride: assign(({ context, event }) =>
      event.type === 'override.granted'
        ? { overrides: takeOverride(context.overrides, event) }
        : {},
    ),
    dropSpent: assign(({ context, event }) =>
      event.type === 'overrides.spent'
        ? {
            overrides: context.overrides.filter(
              ({ overrideId }) => !event.overrideIds.includes(overrideId),
            ),
          }
        : {},
    ),
    keepLevels: assign(({ event }) =>
      event.type === 'limits.met' ? { limitLevels: event.levels } : {},
    ),
    keepLimits: assign(({ event }) =>
      'maxOpenOrders' in event
        ? {
            maxOpenOrders: event.maxOpenOrders,
            limits: event.limits ?? null,
            exitPlan: event.exitPlan ?? null,
          }
        : {},
    ),
    countAnswer: assign(({ context, event }) =>
      'atMs' in event && context.limits !== null
        ? {
            answers: takeAnswer(context.answers, event.type === 'venue.orderRejected', event.atMs),
          }
        : {},
    ),
    keepCatalogue: assign(({ event }) => {
      const catalogue = 'maxOpenOrders' in event ? catalogueOf(event) : undefined;
      return catalogue === undefined ? {} : { catalogue };
    }),
    keepBootProblem: assign(({ event }) =>
      event.type === 'engine.bootChecked' ? { bootProblem: event.problem } : {},
    ),
  },
}).createMachine({
  id: 'system',
  context: {
    holds: {},
    overrides: [],
    limits: null,
    exitPlan: null,
    answers: NO_ANSWERS,
    limitLevels: {},
    bootProblem: null,
    maxOpenOrders: 0,
    orphans: {},
    orphanCount: 0,
    findings: {},
    catalogue: 0,
  },
  initial: 'empty',
  on: {
    // One actor's fault stops no other: it is recorded and the actor is built again.
    'xstate.error.actor.*': { actions: 'rebuildActor' },
    'actor.reaped': { actions: 'reapActor' },
  },
  states: {
    /** A new journal: there is no account yet. */
    empty: {
      on: {
        'engine.opened': {
          target: 'trading',
          actions: ['openEngine', 'keepLimits', 'keepCatalogue'],
        },
      },
    },
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
        'venue.balanceTold': { actions: 'routeToVenue' },
        'engine.restored': { actions: ['keepLimits', 'keepCatalogue', 'restoreOrders'] },
        'engine.bootChecked': { actions: 'keepBootProblem' },
        'account.marked': { actions: 'routeToAccount' },
        'budget.reserved': { actions: 'routeToAccount' },
        'budget.committed': { actions: 'routeToAccount' },
        'budget.released': { actions: 'routeToAccount' },
        'budget.expired': { actions: 'routeToAccount' },
        'exit.told': { actions: 'routeToExit' },
        'exit.planned': { actions: 'planExit' },
        'market.resolved': { actions: 'resolveMarket' },
        'position.redeemed': { actions: 'redeemPosition' },
        'trading.held': HOLDS,
        'trading.released': HOLDS,
        'trading.paused': HOLDS,
        'trading.resumed': HOLDS,
        'override.granted': { actions: 'keepOverride' },
        'overrides.spent': { actions: 'dropSpent' },
        'limits.met': { actions: 'keepLevels' },
        // Recorded first: what it records is the step from what is kept.
        'finding.opened': { actions: ['recordFinding', 'keepFinding'] },
        'finding.seen': { actions: ['recordFinding', 'keepFinding'] },
        'finding.closed': { actions: ['recordFinding', 'keepFinding'] },
      },
      states: {
        active: {},
        /** Entries are refused, exits work. */
        paused: {},
        /** Entries are refused and those that rest are cancelled; exits work. */
        reducing: {},
        /** Everything is being closed: only the exits of that are sent. */
        liquidating: {},
        /** Nothing but cancels. */
        halted: {},
      },
    },
  },
});
