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

export const POSITION_VERSION = 1;

export interface PositionInput {
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  readonly atMs: number;
}

export interface PositionContext {
  readonly accountId: string;
  readonly instrumentId: InstrumentId;
  readonly fold: PositionFold;
  /** Shares promised to working SELL orders. */
  readonly reservedShares: string;
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
    };

/** Pure: what one event does to a position. */
export function nextPosition(context: PositionContext, event: PositionEvent): PositionContext {
  const fold = nextFold(context.fold, event);
  return {
    ...context,
    fold,
    reservedShares: plus(context.reservedShares, event.reservedSharesChange),
    updatedAtMs: event.atMs,
  };
}

function nextFold(fold: PositionFold, event: PositionEvent): PositionFold {
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

export const positionMachine = setup({
  types: {
    context: {} as PositionContext,
    events: {} as PositionEvent,
    input: {} as PositionInput,
  },
  guards: {
    endsFlat: ({ context, event }) => step(context, event).fold.totals.size === '0',
  },
  actions: { take: assign(({ context, event }) => step(context, event)) },
}).createMachine({
  id: 'position',
  context: ({ input }) => ({
    accountId: input.accountId,
    instrumentId: input.instrumentId,
    fold: emptyPosition(),
    reservedShares: '0',
    updatedAtMs: input.atMs,
  }),
  initial: 'flat',
  states: {
    flat: {
      on: {
        'position.legApplied': WHILE_FLAT,
        'position.legSettled': WHILE_FLAT,
        'position.legVoided': WHILE_FLAT,
        'position.sharesReserved': { actions: 'take' },
      },
    },
    open: {
      on: {
        'position.legApplied': WHILE_OPEN,
        'position.legSettled': WHILE_OPEN,
        'position.legVoided': WHILE_OPEN,
        'position.sharesReserved': { actions: 'take' },
      },
    },
  },
});
