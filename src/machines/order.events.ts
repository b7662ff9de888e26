/**
 * Everything that an order can be told. Facts carry the time at which the engine took them in;
 * commands are imperatives. All are plain JSON: they are the journal's entries.
 */
import type { DecimalText } from '../domain/decimal.ts';
import type { LegReport } from '../domain/fill-leg.ts';

export type OrderEvent =
  /** Our own checks refused it; nothing was sent. */
  | { readonly type: 'order.denied'; readonly reason: string; readonly atMs: number }
  /** The exact bytes exist and are committed together with this event. */
  | { readonly type: 'order.prepared'; readonly venueOrderId: string; readonly atMs: number }
  /** The venue's own rules or our signer could not make bytes of it; nothing was sent. */
  | { readonly type: 'order.prepareFailed'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'order.cancel'; readonly reason: string; readonly atMs: number }
  | {
      readonly type: 'venue.orderAcknowledged';
      readonly venueOrderId: string;
      readonly status: 'live' | 'matched' | 'delayed';
      readonly atMs: number;
    }
  | { readonly type: 'venue.orderRejected'; readonly reason: string; readonly atMs: number }
  /** Taken and ended at once without resting (FOK, FAK). */
  | { readonly type: 'venue.orderKilled'; readonly reason: string; readonly atMs: number }
  /** Definitely not taken this time; the same bytes may go again at `retryAtMs`. */
  | {
      readonly type: 'venue.orderNotAccepted';
      readonly reason: string;
      readonly retryAtMs: number;
      readonly atMs: number;
    }
  /** Sent, and nobody can say what became of it. */
  | {
      readonly type: 'venue.outcomeUnknown';
      readonly reason: string;
      readonly retryAtMs: number;
      readonly atMs: number;
    }
  /** The venue's word on the order, from its stream or from a look-up. */
  | {
      readonly type: 'venue.orderReported';
      readonly status:
        | 'live'
        | 'delayed'
        | 'matched'
        | 'cancelled'
        | 'expired'
        | 'rejected'
        | 'unrecognised';
      readonly rawStatus: string;
      readonly sizeMatched: DecimalText;
      readonly reason?: string;
      readonly atMs: number;
    }
  /** A look-up answered that the venue does not know the order. */
  | {
      readonly type: 'venue.orderNotFound';
      /** By the venue's own rule it will not appear any more: enough time has gone since the send. */
      readonly isFinal?: boolean;
      readonly retryAtMs: number;
      readonly atMs: number;
    }
  /** A look-up did not answer. */
  | {
      readonly type: 'venue.lookupFailed';
      readonly reason: string;
      readonly retryAtMs: number;
      readonly atMs: number;
    }
  | { readonly type: 'venue.legReported'; readonly leg: LegReport; readonly atMs: number }
  | { readonly type: 'venue.cancelAcknowledged'; readonly atMs: number }
  | { readonly type: 'venue.cancelRejected'; readonly reason: string; readonly atMs: number }
  | {
      readonly type: 'venue.cancelUnknown';
      readonly reason: string;
      readonly retryAtMs: number;
      readonly atMs: number;
    }
  | { readonly type: 'clock.deadlinePassed'; readonly atMs: number }
  /** The process died and came back: what was being sent may or may not have left. */
  | { readonly type: 'system.restored'; readonly atMs: number }
  /** A named person settles what no evidence could: the venue never took the order. */
  | {
      readonly type: 'operator.neverTaken';
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    };

export type OrderEventType = OrderEvent['type'];

/** In the order of an order's life; the table test walks this list. */
export const ORDER_EVENT_TYPES = [
  'order.denied',
  'order.prepared',
  'order.prepareFailed',
  'order.cancel',
  'venue.orderAcknowledged',
  'venue.orderRejected',
  'venue.orderKilled',
  'venue.orderNotAccepted',
  'venue.outcomeUnknown',
  'venue.orderReported',
  'venue.orderNotFound',
  'venue.lookupFailed',
  'venue.legReported',
  'venue.cancelAcknowledged',
  'venue.cancelRejected',
  'venue.cancelUnknown',
  'clock.deadlinePassed',
  'system.restored',
  'operator.neverTaken',
] as const satisfies readonly OrderEventType[];
