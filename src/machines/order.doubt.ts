/** Pure steps of an order in doubt: since when, what was said of it, when it is looked for again. */
import { type Evidence, withEvidence } from '../domain/evidence.ts';
import type { OrderContext } from './order.context.ts';
import type { OrderEvent } from './order.events.ts';

/** The wait before the first look-up; it doubles with each one up to the last, and never ends. */
export const LOOKUP_FIRST_MS = 1_000;
export const LOOKUP_LAST_MS = 60_000;
/** Look-ups before a person is told, some five minutes of them: a venue's hiccup is over by then. */
export const ESCALATE_AFTER_LOOKUPS = 10;
/** A status that we do not know is asked about again no sooner than this: it may be passing. */
const RECHECK_MS = 5_000;

/** How long to wait after so many look-ups of one doubt. */
export function lookupWaitMs(lookups: number): number {
  return Math.min(LOOKUP_FIRST_MS * 2 ** Math.max(0, lookups), LOOKUP_LAST_MS);
}

/** Sent again and in doubt again is one doubt: it began with the first. */
export function beginDoubt(context: OrderContext, event: OrderEvent): Partial<OrderContext> {
  return {
    doubtSinceMs: context.doubtSinceMs ?? event.atMs,
    settledBy: null,
    evidence: withEvidence(context.evidence, saidOf(event)),
  };
}

export function endDoubt(context: OrderContext): Partial<OrderContext> {
  if (context.doubtSinceMs === null) return {};
  return { doubtSinceMs: null, lookups: 0, escalated: false, evidence: [] };
}

/** What has not ended the doubt. A word that the venue said of its own accord is no look-up. */
export function countLookup(context: OrderContext, event: OrderEvent): Partial<OrderContext> {
  const isLookup = event.type !== 'venue.orderReported' || event.evidence !== undefined;
  const lookups = context.lookups + (isLookup ? 1 : 0);
  return {
    lookups,
    escalated: context.escalated || lookups >= ESCALATE_AFTER_LOOKUPS,
    evidence: withEvidence(context.evidence, saidOf(event)),
  };
}

/** After a status that we do not know. */
export function recheckAtMs(context: OrderContext, event: OrderEvent): number {
  return event.atMs + Math.max(RECHECK_MS, lookupWaitMs(context.lookups));
}

function saidOf(event: OrderEvent): readonly Evidence[] {
  if ('evidence' in event && event.evidence !== undefined) return event.evidence;
  const { atMs } = event;
  switch (event.type) {
    case 'venue.outcomeUnknown':
      return [{ rung: 'answer', said: 'noAnswer', detail: event.reason, atMs }];
    case 'system.restored':
      return [{ rung: 'answer', said: 'noAnswer', detail: 'the process ended meanwhile', atMs }];
    case 'venue.orderReported':
      return [
        {
          rung: 'stream',
          said: 'noAnswer',
          detail: `said ${event.rawStatus}, not known here`,
          atMs,
        },
      ];
    default:
      return [];
  }
}
