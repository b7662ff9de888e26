/**
 * Our holding of one instrument: a fold over its fill legs, never a copy of what the venue says.
 * `flat` and `open` follow the folded size; a voided leg can take either to the other.
 */
import { assign, setup } from 'xstate';
import { plus } from '../domain/exact.ts';
import type { InstrumentId } from '../domain/instrument.ts';
import {
  applyLeg,
  emptyPosition,
  type PositionFold,
  settleLeg,
  voidLeg,
} from '../domain/position.ts';
import type { PositionLeg } from '../domain/position-totals.ts';
import { type Resolution, standingOf, withRedeemed } from '../domain/resolution.ts';

export const POSITION_VERSION = 4;

export interface PositionInput {
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  readonly marketId: string;
  /** Null: the venue names none. */
  readonly eventId: string | null;
  readonly atMs: number;
}

export interface PositionContext {
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  readonly marketId: string;
  readonly eventId: string | null;
  readonly fold: PositionFold;
  /** How its market ended, and what was redeemed since; null while it is traded. */
  readonly resolution: Resolution | null;
  /** Shares promised to working SELL orders. */
  readonly reservedShares: string;
  /** Open findings of reconciliation that say that this may not be what is held. */
  readonly openFindings: number;
  readonly updatedAtMs: number;
}

export type PositionEvent =
  | {
      readonly type: 'position.legApplied';
      readonly leg: PositionLeg;
      readonly reservedSharesChange: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'position.legSettled';
      readonly leg: PositionLeg;
      readonly reservedSharesChange: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'position.legVoided';
      readonly leg: PositionLeg;
      readonly reservedSharesChange: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'position.sharesReserved';
      readonly reservedSharesChange: string;
      readonly atMs: number;
    }
  /** Its market is resolved: once, and for good. */
  | {
      readonly type: 'position.resolved';
      readonly payout: string;
      readonly resolvedAtMs: number;
      readonly source: string;
      readonly atMs: number;
    }
  /** Shares of a resolved market have been turned into collateral. */
  | {
      readonly type: 'position.redeemed';
      readonly size: string;
      readonly amountUsd: string;
      readonly atMs: number;
    }
  | { readonly type: 'position.findingOpened'; readonly atMs: number }
  | { readonly type: 'position.findingClosed'; readonly atMs: number };

/** An event that moves or promises shares. */
type ShareEvent = Extract<PositionEvent, { readonly reservedSharesChange: string }>;

/** Pure: what one event does to a position. */
export function nextPosition(context: PositionContext, event: PositionEvent): PositionContext {
  if (event.type === 'position.findingOpened' || event.type === 'position.findingClosed') {
    const change = event.type === 'position.findingOpened' ? 1 : -1;
    const openFindings = Math.max(0, context.openFindings + change);
    return { ...context, openFindings, updatedAtMs: event.atMs };
  }
  if (event.type === 'position.resolved' || event.type === 'position.redeemed') {
    const resolution = nextResolution(context, event);
    return { ...context, resolution, updatedAtMs: event.atMs };
  }
  const fold = nextFold(context.fold, event);
  return {
    ...context,
    fold,
    reservedShares: plus(context.reservedShares, event.reservedSharesChange),
    updatedAtMs: event.atMs,
  };
}

function nextFold(fold: PositionFold, event: ShareEvent): PositionFold {
  switch (event.type) {
    case 'position.legApplied':
      return applyLeg(fold, event.leg);
    case 'position.legSettled':
      return settleLeg(fold, event.leg);
    case 'position.legVoided':
      return voidLeg(fold, event.leg);
    case 'position.sharesReserved':
      return fold;
  }
}

/** The first word stands, whatever is said later. More than is left is redeemed by nobody. */
function nextResolution(
  { fold, resolution }: PositionContext,
  event: Extract<PositionEvent, { type: 'position.resolved' | 'position.redeemed' }>,
): Resolution | null {
  if (event.type === 'position.redeemed') {
    if (resolution === null) return null;
    return withRedeemed(fold.totals, resolution, event) ?? resolution;
  }
  if (resolution !== null) return resolution;
  const { payout, resolvedAtMs, source } = event;
  return { payout, resolvedAtMs, source, redeemedSize: '0', redeemedUsd: '0' };
}

export type PositionState = 'flat' | 'open' | 'redeemable' | 'redeemed' | 'closed';

/** Where a position stands: a function of what it holds, so that nothing has to be undone. */
export function positionState({
  fold,
  resolution,
}: Pick<PositionContext, 'fold' | 'resolution'>): PositionState {
  if (resolution === null) return fold.totals.size === '0' ? 'flat' : 'open';
  if (standingOf(fold.totals, resolution).redeemableUsd !== '0') return 'redeemable';
  return resolution.redeemedSize === '0' ? 'closed' : 'redeemed';
}

let lastContext: PositionContext | undefined;
let lastEvent: PositionEvent | undefined;
let lastNext: PositionContext | undefined;

/** The guard and the action of one transition ask for the same step: the newest is remembered. */
function step(context: PositionContext, event: PositionEvent): PositionContext {
  if (lastNext !== undefined && lastContext === context && lastEvent === event) return lastNext;
  lastContext = context;
  lastEvent = event;
  lastNext = nextPosition(context, event);
  return lastNext;
}

const WHILE_FLAT = [
  { guard: 'endsFlat', actions: 'take' },
  { target: 'open', actions: 'take' },
] as const;
const WHILE_OPEN = [
  { guard: 'endsFlat', target: 'flat', actions: 'take' },
  { actions: 'take' },
] as const;
/** From the resolution on, wherever it stands. */
const RESOLVED = [
  { guard: 'endsRedeemable', target: 'redeemable', actions: 'take' },
  { guard: 'endsRedeemed', target: 'redeemed', actions: 'take' },
  { target: 'closed', actions: 'take' },
] as const;

/** What a position of a resolved market still hears of: its legs, and that it is paid out. */
const ONCE_RESOLVED = {
  'position.legApplied': RESOLVED,
  'position.legSettled': RESOLVED,
  'position.legVoided': RESOLVED,
  'position.redeemed': RESOLVED,
  'position.sharesReserved': { actions: 'take' },
  'position.findingOpened': { actions: 'take' },
  'position.findingClosed': { actions: 'take' },
} as const;

export const positionMachine = setup({
  types: {
    context: {} as PositionContext,
    events: {} as PositionEvent,
    input: {} as PositionInput,
  },
  guards: {
    endsFlat: ({ context, event }) => step(context, event).fold.totals.size === '0',
    endsRedeemable: ({ context, event }) => positionState(step(context, event)) === 'redeemable',
    endsRedeemed: ({ context, event }) => positionState(step(context, event)) === 'redeemed',
  },
  actions: { take: assign(({ context, event }) => step(context, event)) },
}).createMachine({
  id: 'position',
  context: ({ input }) => ({
    accountId: input.accountId,
    instrumentId: input.instrumentId,
    marketId: input.marketId,
    eventId: input.eventId,
    fold: emptyPosition(),
    resolution: null,
    reservedShares: '0',
    openFindings: 0,
    updatedAtMs: input.atMs,
  }),
  initial: 'flat',
  states: {
    flat: {
      on: {
        'position.legApplied': WHILE_FLAT,
        'position.legSettled': WHILE_FLAT,
        'position.legVoided': WHILE_FLAT,
        'position.resolved': RESOLVED,
        'position.sharesReserved': { actions: 'take' },
        'position.findingOpened': { actions: 'take' },
        'position.findingClosed': { actions: 'take' },
      },
    },
    open: {
      on: {
        'position.legApplied': WHILE_OPEN,
        'position.legSettled': WHILE_OPEN,
        'position.legVoided': WHILE_OPEN,
        'position.resolved': RESOLVED,
        'position.sharesReserved': { actions: 'take' },
        'position.findingOpened': { actions: 'take' },
        'position.findingClosed': { actions: 'take' },
      },
    },
    /** Resolved; a redemption would bring collateral for what is held. */
    redeemable: { on: ONCE_RESOLVED },
    /** Resolved, and paid out. A leg that comes late makes it redeemable again. */
    redeemed: { on: ONCE_RESOLVED },
    /** Resolved, with nothing to be paid out: lost, sold before, or never held. */
    closed: { on: ONCE_RESOLVED },
  },
});
