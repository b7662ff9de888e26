/** Our connection to one venue. New entries wait until it is `live`. */
import { assign, setup } from 'xstate';
import type { DecimalText } from '../domain/decimal.ts';

export const VENUE_VERSION = 2;

export interface VenueInput {
  readonly venue: string;
  readonly atMs: number;
}

export interface VenueContext {
  readonly venue: string;
  /** Venue events were taken in up to here; catching up starts some way before it. */
  readonly seenAtMs: number;
  readonly disconnects: number;
  /** What the venue last said that the account holds; null: it was never asked. */
  readonly balance: VenueBalance | null;
  readonly updatedAtMs: number;
}

export interface VenueBalance {
  readonly cashUsd: DecimalText;
  /** When it was asked: the figure is of then, or later. */
  readonly askedAtMs: number;
}

export type VenueEventIn =
  | { readonly type: 'venue.connected'; readonly venue: string; readonly atMs: number }
  /** Trades and orders that we may have missed have been fetched and taken in. */
  | { readonly type: 'venue.caughtUp'; readonly venue: string; readonly atMs: number }
  | { readonly type: 'venue.disconnected'; readonly venue: string; readonly atMs: number }
  /** The account's dollars by the venue's own books, whatever ours say. */
  | {
      readonly type: 'venue.balanceTold';
      readonly venue: string;
      readonly cashUsd: DecimalText;
      readonly askedAtMs: number;
      readonly atMs: number;
    }
  | { readonly type: 'system.restored'; readonly atMs: number };

export const venueMachine = setup({
  types: {
    context: {} as VenueContext,
    events: {} as VenueEventIn,
    input: {} as VenueInput,
  },
  actions: {
    touch: assign(({ event }) => ({ updatedAtMs: event.atMs })),
    see: assign(({ event }) => ({ seenAtMs: event.atMs, updatedAtMs: event.atMs })),
    keepBalance: assign(({ event }) => {
      if (event.type !== 'venue.balanceTold') return {};
      const { cashUsd, askedAtMs, atMs } = event;
      return { balance: { cashUsd, askedAtMs }, updatedAtMs: atMs };
    }),
    countDisconnect: assign(({ context, event }) => ({
      disconnects: context.disconnects + 1,
      updatedAtMs: event.atMs,
    })),
  },
}).createMachine({
  id: 'venue',
  context: ({ input }) => ({
    venue: input.venue,
    seenAtMs: 0,
    disconnects: 0,
    balance: null,
    updatedAtMs: input.atMs,
  }),
  on: { 'venue.balanceTold': { actions: 'keepBalance' } },
  initial: 'disconnected',
  states: {
    disconnected: {
      on: {
        'venue.connected': { target: 'catchingUp', actions: 'touch' },
        'venue.disconnected': { actions: 'touch' },
        // The answer to a catch-up that the connection did not outlive.
        'venue.caughtUp': { actions: 'touch' },
        'system.restored': { actions: 'touch' },
      },
    },
    catchingUp: {
      on: {
        'venue.connected': { actions: 'touch' },
        'venue.caughtUp': { target: 'live', actions: 'see' },
        'venue.disconnected': { target: 'disconnected', actions: 'countDisconnect' },
        'system.restored': { target: 'disconnected', actions: 'touch' },
      },
    },
    live: {
      on: {
        // A new connection may have missed something while the old one was thought alive.
        'venue.connected': { target: 'catchingUp', actions: 'touch' },
        'venue.caughtUp': { actions: 'see' },
        'venue.disconnected': { target: 'disconnected', actions: 'countDisconnect' },
        'system.restored': { target: 'disconnected', actions: 'touch' },
      },
    },
  },
});
