/** One sentence for a person about each step of an order. */
import type { OrderEvent } from '../machines/order.events.ts';

export type StepEvent =
  | OrderEvent
  | { readonly type: 'intent.submitted'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'actor.faulted'; readonly error: string; readonly atMs: number };

export function noteOf(event: StepEvent): string {
  switch (event.type) {
    case 'intent.submitted':
      return event.reason === '' ? 'The intent was taken in.' : `The intent: ${event.reason}`;
    case 'actor.faulted':
      return `The order's actor threw and was built again as before this event: ${event.error}`;
    case 'order.denied':
      return `We refused it: ${event.reason}`;
    case 'order.prepared':
      return `The exact bytes are made and committed; the venue will know it as ${event.venueOrderId}.`;
    case 'order.prepareFailed':
      return `No bytes could be made of it, nothing was sent: ${event.reason}`;
    case 'order.cancel':
      return `Cancel asked for: ${event.reason}`;
    case 'venue.orderAcknowledged':
      return `The venue took it (${event.status}).`;
    case 'venue.orderRejected':
      return `The venue refused it: ${event.reason}`;
    case 'venue.orderKilled':
      return `The venue ended it at once: ${event.reason}`;
    case 'venue.orderNotAccepted':
      return `The venue did not take it now: ${event.reason}`;
    case 'venue.outcomeUnknown':
      return `Sent, and no answer says whether the venue took it: ${event.reason}`;
    case 'venue.orderReported':
      return `The venue says: ${event.rawStatus}, ${event.sizeMatched} matched${event.reason === undefined ? '' : ` (${event.reason})`}.`;
    case 'venue.orderNotFound':
      return 'The venue does not know the order.';
    case 'venue.lookupFailed':
      return `The venue could not be asked: ${event.reason}`;
    case 'venue.legReported': {
      const { leg } = event;
      return `${leg.side} ${leg.size} at ${leg.price} as ${leg.role} in trade ${leg.tradeId}: ${leg.settlement}.`;
    }
    case 'venue.cancelAcknowledged':
      return 'The venue cancelled it.';
    case 'venue.cancelRejected':
      return `The venue did not cancel it: ${event.reason}`;
    case 'venue.cancelUnknown':
      return `No answer to the cancel: ${event.reason}`;
    case 'clock.deadlinePassed':
      return 'The time to wait is over.';
    case 'system.restored':
      return 'The process came back; what was being sent may have left or not.';
    case 'operator.neverTaken':
      return `${event.by} settled it: never taken. ${event.reason}`;
  }
}
