/**
 * The life of one order, on two axes at once: what the matching engine did (`execution`) and what
 * the chain did with it (`settlement`). No state is final: a cancelled order may still be filled
 * and a matched trade may still revert, so a finished order only rests (`isClosed`), and an event
 * that comes late is taken like any other. See docs/adr/0003.
 */
import { initialOrder } from './order.context.ts';
import { orderSetup } from './order.setup.ts';
import {
  ACKNOWLEDGED,
  AFTER_THE_END,
  ENDS_BY_REPORT,
  LEG_AGAINST_A_REFUSAL,
  LEG_WHILE_SENDING,
  LIVE_BY_A_PERSON,
  NEVER_TAKEN,
  REFUSED_AFTER_DOUBT,
  REPORT_AGAINST_A_REFUSAL,
  REPORT_WHILE_SENDING,
  STATUS_NOT_KNOWN,
  settlesFrom,
  TAKEN_QUIETLY,
} from './order.transitions.ts';

/** Raised when a change makes an older snapshot unreadable; see src/actors/codec.ts. */
export const ORDER_VERSION = 2;

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
    'operator.cancelled': { actions: 'countFault' },
    'operator.live': { actions: 'countFault' },
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
              // This attempt was not taken, an earlier one may have been: the doubt stays.
              { guard: 'endsInDoubt', target: 'unknown', actions: 'keepRetry' },
              // The venue does not have it and nothing more will be sent.
              { guard: 'cancelRequested', target: 'cancelled', actions: 'touch' },
              { guard: 'mayTryAgain', target: 'holding', actions: 'keepRetry' },
              { target: 'rejected', actions: 'keepReason' },
            ],
            'venue.outcomeUnknown': { target: 'unknown', actions: ['keepRetry', 'doubt'] },
            'venue.orderReported': REPORT_WHILE_SENDING,
            'venue.legReported': LEG_WHILE_SENDING,
            // It may be at the venue already: the cancel waits for the answer.
            'order.cancel': { actions: 'wantCancel' },
            'venue.cancelAcknowledged': { target: 'cancelled', actions: 'acknowledge' },
            'venue.cancelRejected': { actions: 'dropCancel' },
            // We cannot know whether the bytes left before the process died.
            'system.restored': { target: 'unknown.resolving', actions: ['touch', 'doubt'] },
          },
        },
        /** The last attempt was not taken; the same bytes go again when the wait ends. */
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
            'order.cancel': [
              // An earlier attempt may have been taken: the venue is asked first.
              { guard: 'isDoubted', target: 'unknown', actions: 'wantCancel' },
              { target: 'cancelled', actions: 'wantCancel' },
            ],
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
          entry: 'beginDoubt',
          on: {
            'venue.orderAcknowledged': ACKNOWLEDGED,
            'venue.orderReported': REPORT_WHILE_SENDING,
            'venue.legReported': LEG_WHILE_SENDING,
            // A definite answer to the same bytes is evidence.
            'venue.orderRejected': REFUSED_AFTER_DOUBT,
            'venue.orderKilled': { target: 'cancelled', actions: ['acknowledge', 'keepReason'] },
            'order.cancel': { actions: 'wantCancel' },
            'venue.cancelAcknowledged': { target: 'cancelled', actions: 'acknowledge' },
            'venue.cancelRejected': { actions: 'dropCancel' },
            'operator.neverTaken': NEVER_TAKEN,
            // What it may still tell of is taken; nothing more is held for it.
            'operator.cancelled': { target: 'cancelled', actions: 'keepOperatorsWord' },
            'operator.live': LIVE_BY_A_PERSON,
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
                  // Its time is over and the venue does not list it: nothing more is matched. What was
                  // matched before may still be told of, and is taken.
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
                  // It is not to be sent again, and what was sent can no longer arrive.
                  {
                    guard: 'isAbsentForGood',
                    target: '#order.execution.cancelled',
                    actions: 'keepAbsence',
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
          entry: ['endDoubt', 'watchExpiry'],
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
              { target: 'unknown', actions: STATUS_NOT_KNOWN },
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
          entry: 'endDoubt',
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
          entry: ['release', 'endWait', 'endDoubt'],
          on: { ...TAKEN_QUIETLY, 'venue.legReported': { actions: ['takeLeg', 'release'] } },
        },
        cancelled: {
          entry: ['release', 'endWait', 'endDoubt'],
          on: AFTER_THE_END,
        },
        expired: {
          entry: ['release', 'endWait', 'endDoubt'],
          on: AFTER_THE_END,
        },
        rejected: {
          entry: ['release', 'endWait', 'endDoubt'],
          on: {
            'venue.legReported': LEG_AGAINST_A_REFUSAL,
            'venue.orderReported': REPORT_AGAINST_A_REFUSAL,
            'venue.orderRejected': { actions: 'touch' },
          },
        },
        denied: {
          entry: ['release', 'endWait', 'endDoubt'],
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
