/** Arrows that several states of the order machine share, each with its reason. */
import type { SettlementState } from './order.status.ts';

// A leg is a fact wherever the order stands. It proves that the venue took the order, and one that
// fills it ends its execution.
export const LEG_WHILE_SENDING = [
  { guard: 'completes', target: 'matched', actions: 'takeLeg' },
  { guard: 'isNewAndCancelRequested', target: 'cancelling', actions: 'takeLeg' },
  { guard: 'isNewLeg', target: 'working.partiallyFilled', actions: 'takeLeg' },
  { actions: 'takeLeg' },
] as const;

export const LEG_AGAINST_A_REFUSAL = [
  // A fill is a fact, a refusal was only an answer: the order is alive after all.
  { guard: 'completes', target: 'matched', actions: ['takeLeg', 'countFault'] },
  {
    guard: 'isNewAndCancelRequested',
    target: 'cancelling',
    actions: ['takeLeg', 'reserveAgain', 'countFault'],
  },
  {
    guard: 'isNewLeg',
    target: 'working.partiallyFilled',
    actions: ['takeLeg', 'reserveAgain', 'countFault'],
  },
  { actions: 'takeLeg' },
] as const;

export const STATUS_NOT_KNOWN = ['takeReport', 'countLookup', 'recheckSoon', 'countFault'] as const;

export const ENDS_BY_REPORT = [
  { guard: 'reportsMatched', target: 'matched', actions: 'takeReport' },
  { guard: 'reportsCancelled', target: 'cancelled', actions: 'takeReport' },
  { guard: 'reportsExpired', target: 'expired', actions: 'takeReport' },
  // It was filled in part, so it had been taken: the venue has ended it, not refused it.
  { guard: 'reportsRejectedButHasLegs', target: 'cancelled', actions: 'takeReport' },
  { guard: 'reportsRejected', target: 'rejected', actions: 'takeReport' },
] as const;

export const REPORT_WHILE_SENDING = [
  { guard: 'reportsAliveAndCancelRequested', target: 'cancelling', actions: 'takeReport' },
  { guard: 'reportsLive', target: 'working', actions: 'takeReport' },
  { guard: 'reportsDelayed', target: 'working.delayed', actions: 'takeReport' },
  ...ENDS_BY_REPORT,
  // A status that we do not know: keep its text, ask again.
  { target: 'unknown', actions: STATUS_NOT_KNOWN },
] as const;

/** An order that we held to be over is alive: what it may still spend is held back again. */
const REVIVE = ['takeReport', 'reserveAgain', 'countFault'] as const;

// The venue shows the order that it had refused: it is alive after all.
export const REPORT_AGAINST_A_REFUSAL = [
  {
    guard: 'reportsAliveAndCancelRequested',
    target: 'cancelling',
    actions: REVIVE,
  },
  {
    guard: 'reportsLive',
    target: 'working',
    actions: REVIVE,
  },
  {
    guard: 'reportsDelayed',
    target: 'working.delayed',
    actions: REVIVE,
  },
  { actions: ['takeReport', 'release'] },
] as const;

export const ACKNOWLEDGED = [
  { guard: 'cancelRequested', target: 'cancelling', actions: 'acknowledge' },
  { guard: 'acknowledgesDelayed', target: 'working.delayed', actions: 'acknowledge' },
  { target: 'working', actions: 'acknowledge' },
] as const;

// A definite answer to the same bytes is evidence, but not against a fill: what was filled in part
// had been taken, so it has ended.
export const REFUSED_AFTER_DOUBT = [
  { guard: 'hasLegs', target: 'cancelled', actions: 'keepReason' },
  { target: 'rejected', actions: 'keepReason' },
] as const;

export const NEVER_TAKEN = [
  { guard: 'hasLegs', target: 'cancelled', actions: 'keepOperatorsWord' },
  { target: 'rejected', actions: 'keepOperatorsWord' },
] as const;

// The wish to cancel outlives every word that the order is alive.
export const LIVE_BY_A_PERSON = [
  { guard: 'cancelRequested', target: 'cancelling', actions: 'takeOperatorsLive' },
  { target: 'working', actions: 'takeOperatorsLive' },
] as const;

/** What may come at any time and means nothing new: repeats, and waits that lost their race. */
export const TAKEN_QUIETLY = {
  'venue.orderAcknowledged': { actions: 'acknowledge' },
  // Its figure may tell of shares whose legs are still to come.
  'venue.orderReported': { actions: ['takeReport', 'release'] },
  'clock.deadlinePassed': {},
  'system.restored': {},
} as const;

// We had given it up without a word of the venue, and the venue has it: it is alive after all.
// Of an order that the venue had taken, "live" was only said before the end.
const REPORT_AFTER_THE_END = [
  {
    guard: 'revivesToBeCancelled',
    target: 'cancelling',
    actions: REVIVE,
  },
  {
    guard: 'revivesDelayed',
    target: 'working.delayed',
    actions: REVIVE,
  },
  { guard: 'revives', target: 'working', actions: REVIVE },
  { actions: ['takeReport', 'release'] },
] as const;

/** What `cancelled` and `expired` take. */
export const AFTER_THE_END = {
  ...TAKEN_QUIETLY,
  'venue.orderReported': REPORT_AFTER_THE_END,
  'venue.legReported': [
    // The venue had matched more before it ended the order than it had told of.
    { guard: 'completes', target: 'matched', actions: ['takeLeg', 'release'] },
    { actions: ['takeLeg', 'release'] },
  ],
} as const;

/**
 * Where a leg report takes the settlement of the whole order. Staying is tried first and without a
 * target: nothing is left and entered again.
 */
export function settlesFrom(state: SettlementState) {
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
