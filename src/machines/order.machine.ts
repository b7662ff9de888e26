/**
 * The life of one order, on two axes at once: what the matching engine did (`execution`) and what
 * the chain did with it (`settlement`). No state is final: a cancelled order may still be filled
 * and a matched trade may still revert, so a finished order only rests (`isClosed`), and an event
 * that comes late is taken like any other. See docs/adr/0003.
 */
import { assign, type EventObject, enqueueActions, fromCallback, setup } from 'xstate';
import { minus } from '../domain/exact.ts';
import { initialOrder, type OrderContext, type OrderInput } from './order.context.ts';
import type { OrderEvent } from './order.events.ts';
import {
  isComplete,
  type LegChange,
  type LegStep,
  releaseReservation,
  reserveAgain,
  takeLeg,
  takeReportedSize,
} from './order.reducers.ts';
import { foldSettlement, type SettlementState } from './order.status.ts';

/** Raised when a change makes an older snapshot unreadable; see src/actors/codec.ts. */
export const ORDER_VERSION = 1;

/** The same bytes are handed over at most this often: 3 after a "not now", as venues advise. */
export const MAX_SUBMIT_ATTEMPTS = 3;
/** After doubt the same bytes may go twice more: each time the venue has said it has no order. */
export const MAX_ATTEMPTS_AFTER_DOUBT = 5;
/** An intent is for its moment: bytes that are older than this are looked for, but not sent again. */
export const MAX_RESEND_AGE_MS = 60_000;
/** The venue ends a GTD order up to 60 s before its stated time; ask only well after it. */
export const EXPIRY_GRACE_MS = 30_000;
/** How long to wait before asking again about a status that we do not know. */
export const RECHECK_MS = 5_000;

/** What an order tells its supervisor, which tells the position and the account. */
export type OrderReport =
  | {
      readonly type: 'order.legChanged';
      readonly clientOrderId: string;
      readonly change: LegChange;
      readonly reservedUsdChange: string;
      readonly reservedSharesChange: string;
    }
  | {
      readonly type: 'order.reservationChanged';
      readonly clientOrderId: string;
      readonly reservedUsdChange: string;
      readonly reservedSharesChange: string;
    };

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

function reportIs(status: string) {
  return ({ event }: Args) => event.type === 'venue.orderReported' && event.status === status;
}

const orderSetup = setup({
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
    reportsLiveAndCancelRequested: ({ context, event }) =>
      context.cancelRequested && event.type === 'venue.orderReported' && event.status === 'live',
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
    isComplete: ({ context }) => isComplete(context),
    mayTryAgain: ({ context }) => context.submitAttempts < MAX_SUBMIT_ATTEMPTS,
    isPastItsTime: ({ context, event }) =>
      context.intent.expiresAtMs !== undefined &&
      event.atMs >= context.intent.expiresAtMs + EXPIRY_GRACE_MS,
    mayResendAfterDoubt: ({ context, event }) =>
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
      updatedAtMs: event.atMs,
    })),
    keepOperatorReason: assign(({ event }) =>
      event.type === 'operator.neverTaken'
        ? { reason: `${event.reason} (settled by ${event.by})`, updatedAtMs: event.atMs }
        : {},
    ),
    keepRetry: assign(({ event }) => ({
      ...('retryAtMs' in event ? { retryAtMs: event.retryAtMs } : {}),
      ...('reason' in event ? { reason: event.reason } : {}),
      updatedAtMs: event.atMs,
    })),
    recheckSoon: assign(({ event }) => ({ retryAtMs: event.atMs + RECHECK_MS })),
    countLookup: assign(({ context }) => ({ lookupAttempts: context.lookupAttempts + 1 })),
    takeReport: assign(({ context, event }) => {
      if (event.type !== 'venue.orderReported') return {};
      return {
        ...takeReportedSize(context, event.sizeMatched),
        acknowledged: context.acknowledged || event.status !== 'rejected',
        lookupAttempts: 0,
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
    countSubmit: assign(({ context }) => ({ submitAttempts: context.submitAttempts + 1 })),
    countCancel: assign(({ context }) => ({ cancelAttempts: context.cancelAttempts + 1 })),
    countFault: assign(({ context, event }) => ({
      faults: context.faults + 1,
      updatedAtMs: event.atMs,
    })),
    // -- money
    takeLeg: enqueueActions(({ context, event, enqueue }) => {
      const { next, change } = legStep({ context, event });
      if (next === context) return;
      enqueue.assign(next);
      if (change.effect !== 'none' || next.legs !== context.legs) {
        enqueue.sendParent(reportLeg(context, next, change));
      }
    }),
    release: enqueueActions(({ context, enqueue }) => {
      const next = releaseReservation(context);
      if (next === context) return;
      enqueue.assign(next);
      const report = reportReservation(context, next);
      if (report !== undefined) enqueue.sendParent(report);
    }),
    reserveAgain: enqueueActions(({ context, enqueue }) => {
      const next = reserveAgain(context);
      enqueue.assign(next);
      const report = reportReservation(context, next);
      if (report !== undefined) enqueue.sendParent(report);
    }),
    // -- the wait for a GTD order's end
    watchExpiry: enqueueActions(({ context, event, enqueue }) => {
      const { expiresAtMs } = context.intent;
      if (expiresAtMs === undefined) return;
      const atMs = Math.max(expiresAtMs + EXPIRY_GRACE_MS, event.atMs + RECHECK_MS);
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

// A leg is a fact wherever the order stands. It proves that the venue took the order, and one that
// fills it ends its execution.
const LEG_WHILE_SENDING = [
  { guard: 'completes', target: 'matched', actions: 'takeLeg' },
  { guard: 'isNewAndCancelRequested', target: 'cancelling', actions: 'takeLeg' },
  { guard: 'isNewLeg', target: 'working.partiallyFilled', actions: 'takeLeg' },
  { actions: 'takeLeg' },
] as const;

const LEG_AFTER_THE_END = [
  // The venue had matched more before it ended the order than it had told of.
  { guard: 'completes', target: 'matched', actions: ['takeLeg', 'release'] },
  { actions: ['takeLeg', 'release'] },
] as const;

const LEG_AGAINST_A_REFUSAL = [
  // A fill is a fact, a refusal was only an answer: the order is alive after all.
  { guard: 'completes', target: 'matched', actions: ['takeLeg', 'countFault'] },
  {
    guard: 'isNewLeg',
    target: 'working.partiallyFilled',
    actions: ['takeLeg', 'reserveAgain', 'countFault'],
  },
  { actions: 'takeLeg' },
] as const;

const ENDS_BY_REPORT = [
  { guard: 'reportsMatched', target: 'matched', actions: 'takeReport' },
  { guard: 'reportsCancelled', target: 'cancelled', actions: 'takeReport' },
  { guard: 'reportsExpired', target: 'expired', actions: 'takeReport' },
  // It was filled in part, so it had been taken: the venue has ended it, not refused it.
  { guard: 'reportsRejectedButHasLegs', target: 'cancelled', actions: 'takeReport' },
  { guard: 'reportsRejected', target: 'rejected', actions: 'takeReport' },
] as const;

const REPORT_WHILE_SENDING = [
  { guard: 'reportsLiveAndCancelRequested', target: 'cancelling', actions: 'takeReport' },
  { guard: 'reportsLive', target: 'working', actions: 'takeReport' },
  { guard: 'reportsDelayed', target: 'working.delayed', actions: 'takeReport' },
  ...ENDS_BY_REPORT,
  // A status that we do not know: keep its text, ask again.
  { target: 'unknown', actions: ['takeReport', 'recheckSoon', 'countFault'] },
] as const;

const ACKNOWLEDGED = [
  { guard: 'cancelRequested', target: 'cancelling', actions: 'acknowledge' },
  { guard: 'acknowledgesDelayed', target: 'working.delayed', actions: 'acknowledge' },
  { target: 'working', actions: 'acknowledge' },
] as const;

/**
 * Where a leg report takes the settlement of the whole order. Staying is tried first and without a
 * target: nothing is left and entered again.
 */
function settlesFrom(state: SettlementState) {
  const stay = SETTLES.filter(({ target }) => target === state).map(({ guard }) => ({ guard }));
  return [...stay, ...SETTLES.filter(({ target }) => target !== state)];
}

const SETTLES = [
  { guard: 'settlesToMatched', target: 'matched' },
  { guard: 'settlesToMined', target: 'mined' },
  { guard: 'settlesToConfirmed', target: 'confirmed' },
  { guard: 'settlesToFailed', target: 'failed' },
  { guard: 'settlesToRetrying', target: 'retrying' },
] as const;

/** What may come at any time and means nothing new: repeats, and waits that lost their race. */
const TAKEN_QUIETLY = {
  'venue.orderAcknowledged': { actions: 'acknowledge' },
  'venue.orderReported': { actions: 'takeReport' },
  'clock.deadlinePassed': {},
  'system.restored': {},
} as const;

export const orderMachine = orderSetup.createMachine({
  id: 'order',
  type: 'parallel',
  context: ({ input }) => initialOrder(input),
  // What no state below expects cannot happen, or contradicts what we know: counted and shown.
  on: {
    'order.denied': { actions: 'countFault' },
    'order.prepared': { actions: 'countFault' },
    'order.prepareFailed': { actions: 'countFault' },
    'order.cancel': { actions: 'touch' },
    'venue.orderAcknowledged': { actions: 'acknowledge' },
    'venue.orderRejected': { actions: 'countFault' },
    'venue.orderKilled': { actions: 'countFault' },
    'venue.orderNotAccepted': { actions: 'countFault' },
    'venue.outcomeUnknown': { actions: 'touch' },
    'venue.orderReported': { actions: 'takeReport' },
    'venue.orderNotFound': { actions: 'touch' },
    'venue.lookupFailed': { actions: 'touch' },
    'venue.cancelAcknowledged': { actions: 'touch' },
    'venue.cancelRejected': { actions: 'touch' },
    'venue.cancelUnknown': { actions: 'touch' },
    'clock.deadlinePassed': { actions: 'touch' },
    'system.restored': { actions: 'touch' },
    'operator.neverTaken': { actions: 'countFault' },
  },
  states: {
    execution: {
      initial: 'recording',
      states: {
        /** The intent is durable or about to be; the exact bytes are being made. Nothing was sent. */
        recording: {
          invoke: {
            id: 'prepare',
            src: 'prepareOrder',
            input: ({ context }) => ({ clientOrderId: context.clientOrderId }),
          },
          on: {
            'order.denied': { target: 'denied', actions: 'keepReason' },
            'order.prepareFailed': { target: 'denied', actions: 'keepReason' },
            'order.prepared': { target: 'submitting', actions: 'keepVenueOrderId' },
            // Nothing has left the process, so our word alone ends it.
            'order.cancel': { target: 'cancelled', actions: 'keepReason' },
            'venue.legReported': LEG_AGAINST_A_REFUSAL,
          },
        },
        /** The committed bytes are on their way. */
        submitting: {
          entry: 'countSubmit',
          invoke: {
            id: 'submit',
            src: 'submitOrder',
            input: ({ context }) => ({ clientOrderId: context.clientOrderId }),
          },
          on: {
            'venue.orderAcknowledged': ACKNOWLEDGED,
            'venue.orderRejected': { target: 'rejected', actions: 'keepReason' },
            'venue.orderKilled': { target: 'cancelled', actions: ['acknowledge', 'keepReason'] },
            'venue.orderNotAccepted': [
              // The venue does not have it and nothing more will be sent.
              { guard: 'cancelRequested', target: 'cancelled', actions: 'touch' },
              { guard: 'mayTryAgain', target: 'holding', actions: 'keepRetry' },
              { target: 'rejected', actions: 'keepReason' },
            ],
            'venue.outcomeUnknown': { target: 'unknown', actions: 'keepRetry' },
            'venue.orderReported': REPORT_WHILE_SENDING,
            'venue.legReported': LEG_WHILE_SENDING,
            // It may be at the venue already: the cancel waits for the answer.
            'order.cancel': { actions: 'wantCancel' },
            'venue.cancelAcknowledged': { target: 'cancelled', actions: 'acknowledge' },
            'venue.cancelRejected': { actions: 'dropCancel' },
            // We cannot know whether the bytes left before the process died.
            'system.restored': { target: 'unknown.resolving', actions: 'touch' },
          },
        },
        /** Definitely not taken; the same bytes go again when the wait ends. */
        holding: {
          invoke: {
            id: 'retry',
            src: 'deadline',
            input: ({ context }) => ({
              clientOrderId: context.clientOrderId,
              atMs: context.retryAtMs ?? 0,
            }),
          },
          on: {
            'clock.deadlinePassed': { target: 'submitting', actions: 'touch' },
            'order.cancel': { target: 'cancelled', actions: 'keepReason' },
            // An earlier attempt was taken in spite of the answer.
            'venue.orderAcknowledged': ACKNOWLEDGED,
            'venue.orderReported': REPORT_WHILE_SENDING,
            'venue.legReported': LEG_WHILE_SENDING,
            'venue.cancelAcknowledged': { target: 'cancelled', actions: 'acknowledge' },
          },
        },
        /** Sent, and nobody can say. Ends by evidence or by a named person, never by a timeout. */
        unknown: {
          initial: 'waiting',
          on: {
            'venue.orderAcknowledged': ACKNOWLEDGED,
            'venue.orderReported': REPORT_WHILE_SENDING,
            'venue.legReported': LEG_WHILE_SENDING,
            // A definite answer to the same bytes is evidence.
            'venue.orderRejected': { target: 'rejected', actions: 'keepReason' },
            'venue.orderKilled': { target: 'cancelled', actions: ['acknowledge', 'keepReason'] },
            'order.cancel': { actions: 'wantCancel' },
            'venue.cancelAcknowledged': { target: 'cancelled', actions: 'acknowledge' },
            'venue.cancelRejected': { actions: 'dropCancel' },
            'operator.neverTaken': { target: 'rejected', actions: 'keepOperatorReason' },
          },
          states: {
            waiting: {
              invoke: {
                id: 'lookup-at',
                src: 'deadline',
                input: ({ context }) => ({
                  clientOrderId: context.clientOrderId,
                  atMs: context.retryAtMs ?? 0,
                }),
              },
              on: { 'clock.deadlinePassed': { target: 'resolving', actions: 'touch' } },
            },
            resolving: {
              invoke: {
                id: 'resolve',
                src: 'resolveOrder',
                input: ({ context }) => ({ clientOrderId: context.clientOrderId }),
              },
              on: {
                'venue.orderNotFound': [
                  // Its time is over and the venue has no such order: it can never be filled now.
                  {
                    guard: 'isPastItsTime',
                    target: '#order.execution.expired',
                    actions: 'touch',
                  },
                  {
                    guard: 'mayResendAfterDoubt',
                    target: '#order.execution.submitting',
                    actions: 'touch',
                  },
                  { target: 'waiting', actions: ['keepRetry', 'countLookup'] },
                ],
                'venue.lookupFailed': { target: 'waiting', actions: ['keepRetry', 'countLookup'] },
              },
            },
          },
        },
        /** The venue has it and may fill it. */
        working: {
          initial: 'entering',
          entry: 'watchExpiry',
          exit: 'unwatchExpiry',
          on: {
            'venue.legReported': [
              { guard: 'completes', target: 'matched', actions: 'takeLeg' },
              { guard: 'isNewLeg', target: '.partiallyFilled', actions: 'takeLeg' },
              { actions: 'takeLeg' },
            ],
            'venue.orderReported': [
              { guard: 'reportsDelayed', actions: 'takeReport' },
              { guard: 'reportsLive', target: '.entering', actions: 'takeReport' },
              ...ENDS_BY_REPORT,
              { target: 'unknown', actions: ['takeReport', 'recheckSoon', 'countFault'] },
            ],
            'venue.orderAcknowledged': { actions: 'acknowledge' },
            // The end of an order that fills at once (FOK, FAK) may follow its acknowledgement.
            'venue.orderKilled': { target: 'cancelled', actions: 'keepReason' },
            'venue.cancelAcknowledged': { target: 'cancelled', actions: 'acknowledge' },
            'order.cancel': { target: 'cancelling', actions: 'wantCancel' },
            // Its time is over and no word came: the venue knows.
            'clock.deadlinePassed': { target: 'unknown.resolving', actions: 'touch' },
          },
          states: {
            entering: {
              always: [{ guard: 'hasLegs', target: 'partiallyFilled' }, { target: 'open' }],
            },
            open: {},
            /** Held back by the market's taker delay: not yet matched, not cancellable. */
            delayed: {},
            partiallyFilled: {
              on: {
                'venue.legReported': [
                  { guard: 'completes', target: '#order.execution.matched', actions: 'takeLeg' },
                  { actions: 'takeLeg' },
                ],
              },
            },
          },
        },
        /** We asked the venue to end it. Until it answers, it may still fill. */
        cancelling: {
          initial: 'requesting',
          on: {
            'venue.legReported': [
              // The venue may match before it cancels.
              { guard: 'completes', target: 'matched', actions: 'takeLeg' },
              { actions: 'takeLeg' },
            ],
            'venue.cancelAcknowledged': { target: 'cancelled', actions: 'acknowledge' },
            'venue.cancelRejected': { target: 'working', actions: ['dropCancel', 'keepReason'] },
            'venue.orderReported': [
              ...ENDS_BY_REPORT,
              { guard: 'reportsUnrecognised', actions: ['takeReport', 'countFault'] },
              // Live or delayed: said before the cancel reached it.
              { actions: 'takeReport' },
            ],
            'venue.orderKilled': { target: 'cancelled', actions: 'keepReason' },
          },
          states: {
            requesting: {
              entry: 'countCancel',
              invoke: {
                id: 'cancel',
                src: 'cancelOrder',
                input: ({ context }) => ({ clientOrderId: context.clientOrderId }),
              },
              on: { 'venue.cancelUnknown': { target: 'waiting', actions: 'keepRetry' } },
            },
            waiting: {
              invoke: {
                id: 'cancel-again',
                src: 'deadline',
                input: ({ context }) => ({
                  clientOrderId: context.clientOrderId,
                  atMs: context.retryAtMs ?? 0,
                }),
              },
              // Cancelling twice harms nothing.
              on: { 'clock.deadlinePassed': { target: 'requesting', actions: 'touch' } },
            },
          },
        },
        matched: {
          entry: 'release',
          on: { ...TAKEN_QUIETLY, 'venue.legReported': { actions: ['takeLeg', 'release'] } },
        },
        cancelled: {
          entry: 'release',
          on: { ...TAKEN_QUIETLY, 'venue.legReported': LEG_AFTER_THE_END },
        },
        expired: {
          entry: 'release',
          on: { ...TAKEN_QUIETLY, 'venue.legReported': LEG_AFTER_THE_END },
        },
        rejected: {
          entry: 'release',
          on: {
            'venue.legReported': LEG_AGAINST_A_REFUSAL,
            'venue.orderReported': [
              // The venue shows the order that it had refused: it is alive after all.
              {
                guard: 'reportsLive',
                target: 'working',
                actions: ['takeReport', 'reserveAgain', 'countFault'],
              },
              { actions: 'takeReport' },
            ],
            'venue.orderRejected': { actions: 'touch' },
          },
        },
        denied: {
          entry: 'release',
          // Never sent, so a leg of it is a fault; it is booked all the same.
          on: { 'venue.legReported': { actions: ['takeLeg', 'countFault'] } },
        },
      },
    },
    settlement: {
      initial: 'none',
      states: {
        none: { on: { 'venue.legReported': settlesFrom('none') } },
        matched: { on: { 'venue.legReported': settlesFrom('matched') } },
        retrying: { on: { 'venue.legReported': settlesFrom('retrying') } },
        mined: { on: { 'venue.legReported': settlesFrom('mined') } },
        confirmed: { on: { 'venue.legReported': settlesFrom('confirmed') } },
        failed: { on: { 'venue.legReported': settlesFrom('failed') } },
      },
    },
  },
});

/** The reason that stands there is why it waits, not why it ended or is to end. */
function inDoubt(context: OrderContext): boolean {
  return context.retryAtMs !== null && !context.cancelRequested;
}

function reportLeg(before: OrderContext, after: OrderContext, change: LegChange): OrderReport {
  return {
    type: 'order.legChanged',
    clientOrderId: before.clientOrderId,
    change,
    reservedUsdChange: minus(after.reservedUsd, before.reservedUsd),
    reservedSharesChange: minus(after.reservedShares, before.reservedShares),
  };
}

function reportReservation(before: OrderContext, after: OrderContext): OrderReport | undefined {
  const reservedUsdChange = minus(after.reservedUsd, before.reservedUsd);
  const reservedSharesChange = minus(after.reservedShares, before.reservedShares);
  if (reservedUsdChange === '0' && reservedSharesChange === '0') return undefined;
  return {
    type: 'order.reservationChanged',
    clientOrderId: before.clientOrderId,
    reservedUsdChange,
    reservedSharesChange,
  };
}
