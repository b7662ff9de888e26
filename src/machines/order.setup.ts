/** What the order machine's states are made of: its named actors, guards and actions. */
import { assign, type EventObject, enqueueActions, fromCallback, setup } from 'xstate';
import type { OrderContext, OrderInput, SettledBy } from './order.context.ts';
import { beginDoubt, countLookup, endDoubt, LOOKUP_LAST_MS, recheckAtMs } from './order.doubt.ts';
import type { OrderEvent } from './order.events.ts';
import {
  inDoubt,
  isComplete,
  type LegStep,
  releaseReservation,
  reserveAgain,
  takeLeg,
  takeReportedSize,
} from './order.reducers.ts';
import { foldSettlement, isAliveAtVenue, type SettlementState } from './order.status.ts';

/** The same bytes are handed over at most this often: 3 after a "not now", as venues advise. */
const MAX_SUBMIT_ATTEMPTS = 3;
/** After doubt the same bytes may go twice more: each time the venue has said it has no order. */
const MAX_ATTEMPTS_AFTER_DOUBT = 5;
/** An intent is for its moment: bytes that are older than this are looked for, but not sent again. */
export const MAX_RESEND_AGE_MS = 60_000;
/** The venue ends a GTD order up to 60 s before its stated time; ask only well after it. */
export const EXPIRY_GRACE_MS = 30_000;
/**
 * A GTD order that is over its time when it is shown is asked about again this much later: for as
 * long as it is over already, within these bounds.
 */
const EXPIRY_RECHECK_FIRST_MS = 5_000;
const EXPIRY_RECHECK_LAST_MS = LOOKUP_LAST_MS;

export interface EffectInput {
  readonly clientOrderId: string;
}
export interface DeadlineInput extends EffectInput {
  readonly atMs: number;
}

type Args = { context: OrderContext; event: OrderEvent };

/** The step that a leg report makes; one computation for all guards and actions of a transition. */
function legStep({ context, event }: Args): LegStep {
  if (event.type !== 'venue.legReported') throw new Error(`No leg in ${event.type}.`);
  return takeLeg(context, event.leg, event.atMs);
}

function settlesTo(settlement: SettlementState) {
  return (args: Args) => foldSettlement(legStep(args).next.legs) === settlement;
}

function reportsAlive({ event }: Args): boolean {
  return event.type === 'venue.orderReported' && isAliveAtVenue(event.status);
}

/** The first word of the venue that it has the order, or its word against a person's. */
function revives(args: Args): boolean {
  const { acknowledged, settledBy } = args.context;
  return (!acknowledged || settledBy !== null) && reportsAlive(args);
}

function reportIs(status: string) {
  return ({ event }: Args) => event.type === 'venue.orderReported' && event.status === status;
}

export const orderSetup = setup({
  types: {
    context: {} as OrderContext,
    events: {} as OrderEvent,
    input: {} as OrderInput,
  },
  actors: {
    // Wired by the composition root; see src/actors/effects.ts. A machine alone has no effects.
    prepareOrder: fromCallback<EventObject, EffectInput>(() => undefined),
    submitOrder: fromCallback<EventObject, EffectInput>(() => undefined),
    cancelOrder: fromCallback<EventObject, EffectInput>(() => undefined),
    resolveOrder: fromCallback<EventObject, EffectInput>(() => undefined),
    deadline: fromCallback<EventObject, DeadlineInput>(() => undefined),
  },
  guards: {
    completes: (args) => isComplete(legStep(args).next),
    isNewLeg: (args) => legStep(args).isNew,
    isNewAndCancelRequested: (args) => args.context.cancelRequested && legStep(args).isNew,
    settlesToMatched: settlesTo('matched'),
    settlesToRetrying: settlesTo('retrying'),
    settlesToMined: settlesTo('mined'),
    settlesToConfirmed: settlesTo('confirmed'),
    settlesToFailed: settlesTo('failed'),
    reportsLive: reportIs('live'),
    // A cancel wish outlives every word that the order is alive.
    reportsAliveAndCancelRequested: (args) => args.context.cancelRequested && reportsAlive(args),
    revivesToBeCancelled: (args) => args.context.cancelRequested && revives(args),
    revivesDelayed: (args) => revives(args) && reportIs('delayed')(args),
    revives,
    reportsDelayed: reportIs('delayed'),
    reportsMatched: reportIs('matched'),
    reportsCancelled: reportIs('cancelled'),
    reportsExpired: reportIs('expired'),
    reportsRejected: reportIs('rejected'),
    reportsUnrecognised: reportIs('unrecognised'),
    reportsRejectedButHasLegs: ({ context, event }) =>
      event.type === 'venue.orderReported' &&
      event.status === 'rejected' &&
      context.matchedSize !== '0',
    acknowledgesDelayed: ({ event }) =>
      event.type === 'venue.orderAcknowledged' && event.status === 'delayed',
    cancelRequested: ({ context }) => context.cancelRequested,
    hasLegs: ({ context }) => context.matchedSize !== '0',
    isDoubted: ({ context }) => context.doubted,
    endsInDoubt: ({ context }) =>
      context.doubted && (context.cancelRequested || context.submitAttempts >= MAX_SUBMIT_ATTEMPTS),
    mayTryAgain: ({ context }) => context.submitAttempts < MAX_SUBMIT_ATTEMPTS,
    isPastItsTime: ({ context, event }) =>
      context.intent.expiresAtMs !== undefined &&
      event.atMs >= context.intent.expiresAtMs + EXPIRY_GRACE_MS,
    isAbsentForGood: ({ event }) => event.type === 'venue.orderNotFound' && event.isFinal === true,
    // What the venue took once is never sent again: its absence only says that it ended.
    mayResendAfterDoubt: ({ context, event }) =>
      !context.acknowledged &&
      !context.cancelRequested &&
      context.submitAttempts < MAX_ATTEMPTS_AFTER_DOUBT &&
      event.atMs - context.createdAtMs < MAX_RESEND_AGE_MS &&
      (context.intent.expiresAtMs === undefined || event.atMs < context.intent.expiresAtMs),
  },
  actions: {
    // -- facts taken in
    touch: assign(({ event }) => ({ updatedAtMs: event.atMs })),
    keepVenueOrderId: assign(({ context, event }) =>
      'venueOrderId' in event && context.venueOrderId === null
        ? { venueOrderId: event.venueOrderId, updatedAtMs: event.atMs }
        : { updatedAtMs: event.atMs },
    ),
    acknowledge: assign(({ context, event }) => ({
      acknowledged: true,
      settledBy: null,
      faults: context.faults + (namesAnother(context, event) ? 1 : 0),
      retryAtMs: null,
      // Why it had been in doubt or put off is over with the answer.
      reason: inDoubt(context) ? null : context.reason,
      venueOrderId:
        context.venueOrderId ??
        (event.type === 'venue.orderAcknowledged' ? event.venueOrderId : null),
      updatedAtMs: event.atMs,
    })),
    keepReason: assign(({ event }) => ({
      ...('reason' in event && event.reason !== undefined ? { reason: event.reason } : {}),
      settledBy: null,
      retryAtMs: null,
      updatedAtMs: event.atMs,
    })),
    keepAbsence: assign(({ context, event }) => ({
      reason: context.cancelRequested ? context.reason : absenceOf(context),
      retryAtMs: null,
      updatedAtMs: event.atMs,
    })),
    keepOperatorsWord: assign(({ event }) =>
      'by' in event
        ? {
            reason: `${event.reason} (settled by ${event.by})`,
            settledBy: settledBy(event),
            retryAtMs: null,
            updatedAtMs: event.atMs,
          }
        : {},
    ),
    takeOperatorsLive: assign(({ context, event }) => ({
      acknowledged: true,
      settledBy: settledBy(event),
      reason: inDoubt(context) ? null : context.reason,
      retryAtMs: null,
      updatedAtMs: event.atMs,
    })),
    keepRetry: assign(({ context, event }) => ({
      ...('retryAtMs' in event ? { retryAtMs: event.retryAtMs } : {}),
      // Why it is to end says more than why it waits.
      ...('reason' in event && !context.cancelRequested ? { reason: event.reason } : {}),
      updatedAtMs: event.atMs,
    })),
    doubt: assign({ doubted: true }),
    beginDoubt: assign(({ context, event }) => beginDoubt(context, event)),
    endDoubt: assign(({ context }) => endDoubt(context)),
    endWait: assign(({ context }) => ({
      retryAtMs: null,
      reason: inDoubt(context) ? null : context.reason,
    })),
    recheckSoon: assign(({ context, event }) => ({ retryAtMs: recheckAtMs(context, event) })),
    countLookup: assign(({ context, event }) => countLookup(context, event)),
    takeReport: assign(({ context, event }) => {
      if (event.type !== 'venue.orderReported') return {};
      return {
        ...takeReportedSize(context, event.sizeMatched),
        acknowledged: context.acknowledged || event.status !== 'rejected',
        settledBy: null,
        retryAtMs: null,
        reason: event.reason ?? (inDoubt(context) ? null : context.reason),
        updatedAtMs: event.atMs,
      };
    }),
    wantCancel: assign(({ context, event }) => ({
      cancelRequested: true,
      reason: event.type === 'order.cancel' ? event.reason : context.reason,
      updatedAtMs: event.atMs,
    })),
    dropCancel: assign(({ event }) => ({ cancelRequested: false, updatedAtMs: event.atMs })),
    countSubmit: assign(({ context, event }) => ({
      submitAttempts: context.submitAttempts + 1,
      sentAtMs: event.atMs,
    })),
    countCancel: assign(({ context }) => ({ cancelAttempts: context.cancelAttempts + 1 })),
    countFault: assign(({ context, event }) => ({
      faults: context.faults + 1,
      updatedAtMs: event.atMs,
    })),
    // -- money
    takeLeg: assign((args) => legStep(args).next),
    release: assign(({ context }) => releaseReservation(context)),
    reserveAgain: assign(({ context }) => reserveAgain(context)),
    // -- the wait for a GTD order's end
    watchExpiry: enqueueActions(({ context, event, enqueue }) => {
      const { expiresAtMs } = context.intent;
      if (expiresAtMs === undefined) return;
      const endMs = expiresAtMs + EXPIRY_GRACE_MS;
      const waitMs = Math.max(EXPIRY_RECHECK_FIRST_MS, event.atMs - endMs);
      const atMs = Math.max(endMs, event.atMs + Math.min(waitMs, EXPIRY_RECHECK_LAST_MS));
      enqueue.spawnChild('deadline', {
        id: 'expiry',
        input: { clientOrderId: context.clientOrderId, atMs },
      });
    }),
    unwatchExpiry: enqueueActions(({ context, enqueue }) => {
      if (context.intent.expiresAtMs !== undefined) enqueue.stopChild('expiry');
    }),
  },
});

function namesAnother(context: OrderContext, event: OrderEvent): boolean {
  return (
    event.type === 'venue.orderAcknowledged' &&
    context.venueOrderId !== null &&
    context.venueOrderId !== event.venueOrderId
  );
}

function settledBy(event: OrderEvent): SettledBy | null {
  return 'by' in event ? { name: event.by, commandId: event.commandId ?? null } : null;
}

function absenceOf(context: OrderContext): string {
  return context.acknowledged ? 'the venue no longer lists it' : 'the venue never had it';
}
