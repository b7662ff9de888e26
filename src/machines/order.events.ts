/**
 * Everything that an order can be told. Facts carry the time at which the engine took them in;
 * commands are imperatives. All are plain JSON: they are the journal's entries.
 */
import type { DecimalText } from '../domain/decimal.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { LegReport } from '../domain/fill-leg.ts';
import type { Check } from '../domain/risk/decide.ts';
import type { DenialCode } from '../domain/risk/rule.ts';

/** A named person's word on an order in doubt. It never tells of a fill: only the venue does. */
interface OperatorsWord {
  readonly by: string;
  readonly reason: string;
  /** Of the command that asked for it; absent when a program did. */
  readonly commandId?: string;
  readonly atMs: number;
}

export type OrderEvent =
  /** Our own checks refused it; nothing was sent. */
  | {
      readonly type: 'order.denied';
      readonly reason: string;
      /** The reason as a program reads it. */
      readonly code?: DenialCode;
      /** `market_in_quarantine`: the order in doubt that the market waits for. */
      readonly doubtfulOrderId?: string;
      /** Every rule that had something to say, with what it looked at. Absent: an older program. */
      readonly checks?: readonly Check[];
      readonly atMs: number;
    }
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
      /** Of a look-up: what each rung said. */
      readonly evidence?: readonly Evidence[];
      readonly atMs: number;
    }
  /** A look-up in which order by id, trades and open orders agree: the venue does not have it. */
  | {
      readonly type: 'venue.orderNotFound';
      /** By the venue's own rule it will not appear any more: enough time has gone since the send. */
      readonly isFinal?: boolean;
      readonly evidence?: readonly Evidence[];
      readonly retryAtMs: number;
      readonly atMs: number;
    }
  /** A look-up that found nothing, and in which not all rungs answered. */
  | {
      readonly type: 'venue.lookupFailed';
      readonly reason: string;
      readonly evidence?: readonly Evidence[];
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
  | ({ readonly type: 'operator.neverTaken' } & OperatorsWord)
  /** The venue had it, and it is over there. */
  | ({ readonly type: 'operator.cancelled' } & OperatorsWord)
  /** It rests at the venue. */
  | ({ readonly type: 'operator.live' } & OperatorsWord);

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
  'operator.cancelled',
  'operator.live',
] as const satisfies readonly OrderEventType[];
