/** One sentence for a person about each step of an order. */
import { type Evidence, evidenceText } from '../domain/evidence.ts';
import type { Check } from '../domain/risk/decide.ts';
import type { OrderEvent } from '../machines/order.events.ts';

export type StepEvent =
  | OrderEvent
  | {
      readonly type: 'intent.submitted';
      readonly reason: string;
      /** What rules said of it that was not its denial. */
      readonly checks?: readonly Check[];
      /** As it was asked for, where it was made smaller: shares or dollars. */
      readonly asked?: string;
      /** The budget that it names. */
      readonly budget?: string;
      readonly atMs: number;
    }
  | { readonly type: 'actor.faulted'; readonly error: string; readonly atMs: number };

function ofBudget(budget: string | undefined): string {
  return budget === undefined ? '' : ` (of budget ${budget})`;
}

export function noteOf(event: StepEvent): string {
  switch (event.type) {
    case 'intent.submitted':
      return `${event.reason === '' ? 'The intent was taken in.' : `The intent: ${event.reason}`}${ofBudget(event.budget)}${checked(event.checks)}`;
    case 'actor.faulted':
      return `The order's actor threw and was built again as before this event: ${event.error}`;
    case 'order.denied':
      return `We refused it: ${event.reason}${checked(event.checks?.filter(({ outcome }) => outcome !== 'denied'))}`;
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
      return `The venue says: ${event.rawStatus}, ${event.sizeMatched} matched${event.reason === undefined ? '' : ` (${event.reason})`}.${lookedUp(event)}`;
    case 'venue.orderNotFound':
      return `The venue does not know the order.${lookedUp(event)}`;
    case 'venue.lookupFailed':
      return event.evidence === undefined
        ? `The venue could not be asked: ${event.reason}`
        : `The look-up proves nothing.${lookedUp(event)}`;
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
    case 'operator.cancelled':
      return `${event.by} settled it: over at the venue. ${event.reason}`;
    case 'operator.live':
      return `${event.by} settled it: it rests at the venue. ${event.reason}`;
  }
}

function checked(checks: readonly Check[] = []): string {
  return checks.map((check) => ` ${saidBy(check)}.`).join('');
}

function saidBy({ rule, outcome, reason, to, overrideId }: Check): string {
  if (outcome === 'shrunk') return `Made smaller, to ${to}, by ${rule}: ${reason}`;
  if (outcome === 'overridden') return `${rule} was set aside by ${overrideId}: ${reason}`;
  return `${rule} warns: ${reason}`;
}

function lookedUp({ evidence }: { readonly evidence?: readonly Evidence[] }): string {
  return evidence === undefined ? '' : ` ${evidenceText(evidence)}.`;
}
