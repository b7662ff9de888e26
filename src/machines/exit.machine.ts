/**
 * How one position is left: it watches the plan, sells what a rule says by a ladder of attempts, and
 * is done when the position is flat by confirmed fills. An accepted order ends nothing, and neither does
 * a matched one: what is voided is held again and watched again. So no state is final (docs/adr/0003).
 *
 * There is at most one open order of an exit: the next attempt is made when the one before is over.
 */

import type { ExitContext } from './exit.context.ts';
import { initialExit } from './exit.context.ts';
import { type ExitDeadlineInput, type ExitEffectInput, exitSetup } from './exit.setup.ts';

/** Raised when a change makes an older snapshot unreadable. */
export const EXIT_VERSION = 1;

type Args = { context: ExitContext };

function effectInput({ context }: Args): ExitEffectInput {
  return { instrumentId: context.instrument.id };
}

/** Every wait ends: an effect that never answers is asked again. */
const DEADLINE = {
  id: 'deadline',
  src: 'deadline',
  input: ({ context }: Args): ExitDeadlineInput => ({
    ...effectInput({ context }),
    atMs: context.deadlineAtMs ?? 0,
  }),
} as const;

/** From wherever it stands. */
const HALT = { 'exit.suspended': { target: '#exit.suspended', actions: 'suspend' } } as const;

/** What a working order does outside of the state that waits for it. */
const ORDER_ENDS = [
  { guard: 'endsOrder', target: 'deciding', actions: 'takeFacts' },
  { actions: 'takeFacts' },
] as const;

export const exitMachine = exitSetup.createMachine({
  id: 'exit',
  context: ({ input }) => initialExit(input),
  initial: 'watching',
  // What no state below expects: facts are taken wherever the exit stands, the rest cannot be.
  on: {
    'exit.priced': { actions: 'takeFacts' },
    'exit.holdingChanged': { actions: 'takeFacts' },
    // Of an order that nobody here placed: counted, and the holding is taken.
    'exit.orderProgressed': { actions: 'takeFacts' },
    'exit.placingFailed': { actions: 'countFault' },
    'exit.chosen': { actions: 'countFault' },
    'exit.mergeEnded': { actions: ['takeFacts', 'countFault'] },
    'exit.planSet': { actions: 'setPlan' },
    // The next attempt is made by it; one that was made stays as it is.
    'exit.instrumentChanged': { actions: 'setInstrument' },
    // It is not suspended: said twice.
    'exit.resumed': { actions: 'takeFacts' },
    'clock.deadlinePassed': { actions: 'takeFacts' },
  },
  states: {
    watching: {
      initial: 'reviewing',
      on: HALT,
      states: {
        /** Decides at once what what is known comes to. */
        reviewing: {
          always: [
            // An order that was over is alive after all: it ends before anything else begins.
            { guard: 'hasOpenOrder', target: '#exit.exiting.deciding' },
            { guard: 'isLeftForGood', target: '#exit.done', actions: 'saysWhy' },
            { guard: 'fires', target: '#exit.exiting.deciding', actions: 'begin' },
            { target: 'idle', actions: 'saysWhy' },
          ],
        },
        idle: {
          entry: 'waitForLook',
          exit: 'endWait',
          invoke: DEADLINE,
          on: {
            'exit.priced': { target: 'reviewing', actions: 'takeFacts' },
            'exit.holdingChanged': { target: 'reviewing', actions: 'takeFacts' },
            'exit.orderProgressed': { target: 'reviewing', actions: 'takeFacts' },
            // Nothing was being merged here, as far as we know; what is held is looked at.
            'exit.mergeEnded': { target: 'reviewing', actions: ['takeFacts', 'countFault'] },
            'exit.planSet': { target: 'reviewing', actions: 'setPlan' },
            'clock.deadlinePassed': { target: 'reviewing', actions: 'takeFacts' },
          },
        },
      },
    },
    exiting: {
      initial: 'deciding',
      on: HALT,
      states: {
        /** What comes next, now that no order is open. */
        deciding: {
          always: [
            { guard: 'isUnplaced', target: 'placing' },
            { guard: 'hasOpenOrder', target: 'cancelling' },
            // What waits for a better price makes way.
            { guard: 'isPreempted', target: '#exit.watching', actions: 'endExit' },
            { guard: 'mayTryNext', target: 'placing', actions: 'addNextAttempt' },
            { guard: 'needsChoice', target: 'choosing' },
            { guard: 'awaitsSettlement', target: 'settling' },
            { target: '#exit.watching', actions: 'endExit' },
          ],
        },
        /** The intent of the newest attempt is being handed in, under its key. */
        placing: {
          entry: 'waitForOrder',
          exit: 'endWait',
          invoke: [{ id: 'place', src: 'placeExitOrder', input: effectInput }, DEADLINE],
          on: {
            'exit.orderProgressed': [
              { guard: 'endsOrder', target: 'deciding', actions: 'takeFacts' },
              { guard: 'isPlacedNow', target: 'waiting', actions: 'takeFacts' },
              { actions: 'takeFacts' },
            ],
            'exit.placingFailed': [
              { guard: 'isCurrentKey', target: 'deciding', actions: 'failAttempt' },
              { actions: 'countFault' },
            ],
            // No answer: the same key is the same order, however often it is handed in.
            'clock.deadlinePassed': { target: 'placing', reenter: true, actions: 'takeFacts' },
          },
        },
        /** The order is known to the engine. It may be anywhere up to matched. */
        waiting: {
          entry: 'waitForOrder',
          exit: 'endWait',
          invoke: DEADLINE,
          on: {
            'exit.orderProgressed': ORDER_ENDS,
            'exit.priced': [
              { guard: 'isPreempted', target: 'cancelling', actions: 'takeFacts' },
              { actions: 'takeFacts' },
            ],
            'clock.deadlinePassed': { target: 'cancelling', actions: 'takeFacts' },
          },
        },
        /** Its time is over. Until it is over itself, it may still be filled and nothing takes its place. */
        cancelling: {
          entry: 'waitForOrder',
          exit: 'endWait',
          invoke: [{ id: 'cancel', src: 'cancelExitOrder', input: effectInput }, DEADLINE],
          on: {
            'exit.orderProgressed': ORDER_ENDS,
            // Cancelling twice harms nothing.
            'clock.deadlinePassed': { target: 'cancelling', reenter: true, actions: 'takeFacts' },
          },
        },
        /** Nobody bids, or too little: ways out are compared. */
        choosing: {
          entry: 'waitForOrder',
          exit: 'endWait',
          invoke: [{ id: 'choose', src: 'chooseExit', input: effectInput }, DEADLINE],
          on: {
            'exit.chosen': [
              {
                guard: 'choosesSale',
                target: 'placing',
                actions: ['takeChoice', 'addChosenAttempt'],
              },
              { guard: 'choosesMerge', target: 'merging', actions: 'takeChoice' },
              { target: 'deciding', actions: 'takeChoice' },
            ],
            // It was over, and is alive after all: it ends before anything else is sold.
            'exit.orderProgressed': [
              { guard: 'revivesOrder', target: 'deciding', actions: 'takeFacts' },
              { actions: 'takeFacts' },
            ],
            'clock.deadlinePassed': { target: 'choosing', reenter: true, actions: 'takeFacts' },
          },
        },
        /** The other outcome is bought and the pairs are merged. */
        merging: {
          entry: 'waitForOrder',
          exit: 'endWait',
          invoke: [{ id: 'merge', src: 'mergeExit', input: effectInput }, DEADLINE],
          on: {
            'exit.mergeEnded': { target: 'deciding', actions: ['takeFacts', 'takeMerge'] },
            'clock.deadlinePassed': { target: 'merging', reenter: true, actions: 'takeFacts' },
          },
        },
        /** Matched, and not yet confirmed. Not for ever: what else is held is watched again. */
        settling: {
          entry: 'waitForOrder',
          exit: 'endWait',
          invoke: DEADLINE,
          on: {
            'exit.orderProgressed': { target: 'deciding', actions: 'takeFacts' },
            'exit.holdingChanged': { target: 'deciding', actions: 'takeFacts' },
            'exit.priced': [
              { guard: 'isPreempted', target: '#exit.watching', actions: ['takeFacts', 'endExit'] },
              { actions: 'takeFacts' },
            ],
            'clock.deadlinePassed': { target: '#exit.watching', actions: ['takeFacts', 'endExit'] },
          },
        },
      },
    },
    /** Flat, and confirmed for good. */
    done: {
      on: {
        ...HALT,
        // Bought again, or a fill was voided after all.
        'exit.holdingChanged': { target: 'watching', actions: 'takeFacts' },
        'exit.orderProgressed': { target: 'watching', actions: 'takeFacts' },
      },
    },
    /** Everything is halted. What happens is taken in; nothing is asked for. */
    suspended: {
      on: {
        'exit.resumed': { target: 'exiting.deciding', actions: 'resume' },
        'exit.suspended': { actions: 'suspend' },
        // Effects that were under way have been stopped, and may have had their say before.
        'exit.placingFailed': { actions: 'failAttempt' },
        'exit.chosen': { actions: 'takeFacts' },
        'exit.mergeEnded': { actions: 'takeFacts' },
      },
    },
  },
});
