/** What the exit machine's states are made of: its named actors, guards and actions. */
import { assign, type EventObject, fromCallback, setup } from 'xstate';
import type { ExitContext, ExitInput } from './exit.context.ts';
import type { ExitEvent } from './exit.events.ts';
import { failAttempt, isOurs, takeHolding, takeOrder, takePrices } from './exit.facts.ts';
import {
  addChosenAttempt,
  addNextAttempt,
  awaitsSettlement,
  beginExit,
  chosenSale,
  endExit,
  evaluate,
  isLeftForGood,
  isPreempted,
  lookAgainAtMs,
  mayTryNext,
  needsChoice,
  openAttempts,
  takeChoice,
  takeMerge,
  unplacedAttempt,
} from './exit.reducers.ts';

/** Names the exit whose actor it is; its context has the rest. */
export interface ExitEffectInput {
  readonly instrumentId: string;
}
export interface ExitDeadlineInput extends ExitEffectInput {
  readonly atMs: number;
}

type Args = { context: ExitContext; event: ExitEvent };

/** The first look is taken when the actor is made, by an event of XState's that has no time. */
function nowOf({ context, event }: Args): number {
  return 'atMs' in event ? event.atMs : context.updatedAtMs;
}

function takeFacts({ context, event }: Args): ExitContext {
  switch (event.type) {
    case 'exit.priced':
    case 'clock.deadlinePassed':
      return takePrices(context, event.prices, event.atMs);
    case 'exit.holdingChanged':
    case 'exit.mergeEnded':
      return takeHolding(context, event.holding, event.atMs);
    case 'exit.orderProgressed':
      return takeOrder(takeHolding(context, event.holding, event.atMs), event.order);
    default:
      return { ...context, updatedAtMs: nowOf({ context, event }) };
  }
}

export const exitSetup = setup({
  types: {
    context: {} as ExitContext,
    events: {} as ExitEvent,
    input: {} as ExitInput,
  },
  actors: {
    // Wired by the composition root. A machine alone has no effects. Each finds what it needs in the
    // context of the exit: `unplacedAttempt`, `openAttempts`, `leftSize`.
    placeExitOrder: fromCallback<EventObject, ExitEffectInput>(() => undefined),
    cancelExitOrder: fromCallback<EventObject, ExitEffectInput>(() => undefined),
    chooseExit: fromCallback<EventObject, ExitEffectInput>(() => undefined),
    mergeExit: fromCallback<EventObject, ExitEffectInput>(() => undefined),
    deadline: fromCallback<EventObject, ExitDeadlineInput>(() => undefined),
  },
  guards: {
    fires: (args) => evaluate(args.context, nowOf(args)).decision.kind === 'exit',
    isPreempted: (args) => isPreempted(takeFacts(args), nowOf(args)),
    mayTryNext: (args) => mayTryNext(args.context, nowOf(args)),
    needsChoice: (args) => needsChoice(args.context, nowOf(args)),
    awaitsSettlement: ({ context }) => awaitsSettlement(context),
    isLeftForGood: ({ context }) => isLeftForGood(context),
    hasOpenOrder: ({ context }) => openAttempts(context).length > 0,
    // Its intent may have been taken: only placing it again, under its key, tells.
    isUnplaced: ({ context }) => unplacedAttempt(context) !== undefined,
    endsOrder: ({ context, event }) =>
      event.type === 'exit.orderProgressed' &&
      isOurs(context, event.order.key) &&
      openAttempts(takeFacts({ context, event })).length === 0,
    revivesOrder: ({ context, event }) => openAttempts(takeFacts({ context, event })).length > 0,
    isPlacedNow: ({ context, event }) =>
      event.type === 'exit.orderProgressed' && unplacedAttempt(context)?.key === event.order.key,
    isCurrentKey: ({ context, event }) =>
      event.type === 'exit.placingFailed' && unplacedAttempt(context)?.key === event.key,
    choosesSale: ({ context, event }) =>
      event.type === 'exit.chosen' && chosenSale(context, event.choice) !== undefined,
    choosesMerge: ({ event }) => event.type === 'exit.chosen' && event.choice.kind === 'merge',
  },
  actions: {
    takeFacts: assign((args) => takeFacts(args)),
    begin: assign((args) => beginExit(args.context, nowOf(args))),
    saysWhy: assign((args) => {
      const { decision, memory } = evaluate(args.context, nowOf(args));
      return { why: decision.why, memory };
    }),
    addNextAttempt: assign((args) => addNextAttempt(args.context, nowOf(args))),
    takeChoice: assign(({ context, event }) =>
      event.type === 'exit.chosen'
        ? { ...takeChoice(context, event.choice), updatedAtMs: event.atMs }
        : {},
    ),
    takeMerge: assign(({ context, event }) =>
      event.type === 'exit.mergeEnded' ? takeMerge(context, event.mergedSize) : {},
    ),
    addChosenAttempt: assign(({ context, event }) =>
      event.type === 'exit.chosen' ? addChosenAttempt(context, event.choice, event.atMs) : {},
    ),
    failAttempt: assign(({ context, event }) =>
      event.type === 'exit.placingFailed'
        ? { ...failAttempt(context, event.key, event.reason), updatedAtMs: event.atMs }
        : {},
    ),
    endExit: assign((args) => endExit(args.context, nowOf(args))),
    setPlan: assign(({ event }) =>
      event.type === 'exit.planSet' ? { plan: event.plan, updatedAtMs: event.atMs } : {},
    ),
    setInstrument: assign(({ event }) =>
      event.type === 'exit.instrumentChanged'
        ? { instrument: event.instrument, updatedAtMs: event.atMs }
        : {},
    ),
    suspend: assign(({ event }) =>
      event.type === 'exit.suspended'
        ? {
            suspendedBecause: `${event.reason} (by ${event.by})`,
            deadlineAtMs: null,
            updatedAtMs: event.atMs,
          }
        : {},
    ),
    resume: assign(({ event }) => ({ suspendedBecause: null, updatedAtMs: event.atMs })),
    waitForOrder: assign((args) => ({
      deadlineAtMs: nowOf(args) + args.context.plan.ladder.waitMs,
    })),
    waitForLook: assign((args) => ({
      deadlineAtMs: lookAgainAtMs(args.context, nowOf(args)),
    })),
    endWait: assign({ deadlineAtMs: null }),
    countFault: assign(({ context, event }) => ({
      faults: context.faults + 1,
      updatedAtMs: event.atMs,
    })),
  },
});
