/** Our connection to one venue. New entries wait until it is `live`. */
import { assign, setup } from 'xstate';

export const VENUE_VERSION = 1;

export interface VenueInput {
  readonly venue: string;
  readonly atMs: number;
}

export interface VenueContext {
  readonly venue: string;
  /** Venue events were taken in up to here; catching up starts some way before it. */
  readonly seenAtMs: number;
  readonly disconnects: number;
  readonly updatedAtMs: number;
}

export type VenueEventIn =
  | { readonly type: 'venue.connected'; readonly venue: string; readonly atMs: number }
  /** Trades and orders that we may have missed have been fetched and taken in. */
  | { readonly type: 'venue.caughtUp'; readonly venue: string; readonly atMs: number }
  | { readonly type: 'venue.disconnected'; readonly venue: string; readonly atMs: number }
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
    updatedAtMs: input.atMs,
  }),
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
