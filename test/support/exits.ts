/** Positions, plans and exits as tests need them: hand-made, with plain values. */
import { createActor } from 'xstate';
import type { ExitPlan } from '../../src/domain/exits/exit-plan.ts';
import type { ExitPrices, OpenHolding } from '../../src/domain/exits/holding.ts';
import { parseExitPlan } from '../../src/domain/exits/parse-exit-plan.ts';
import { type ExitContext, initialExit } from '../../src/machines/exit.context.ts';
import type { ExitEvent, ExitOrderReport } from '../../src/machines/exit.events.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { AT_MS, rain } from './orders.ts';

export const DAY_MS = 86_400_000;

/** 20 shares bought at 0.95, ten days ago, all of it settled. */
export function holding(over: Partial<OpenHolding> = {}): OpenHolding {
  const size = over.size ?? '20';
  return {
    size,
    sellableSize: size,
    reservedShares: '0',
    averageEntry: '0.95',
    boughtSize: '20',
    isFinal: true,
    openedAtMs: AT_MS - 10 * DAY_MS,
    ...over,
  };
}

export function prices(bid: string | null, over: Partial<ExitPrices> = {}): ExitPrices {
  return { bid, mark: bid, atMs: AT_MS, ...over };
}

export function plan(rules: readonly unknown[], over: Record<string, unknown> = {}): ExitPlan {
  return parseExitPlan({ name: 'test', rules, ...over });
}

export function exitContext(over: Partial<ExitContext> = {}): ExitContext {
  const known = over.holding ?? holding();
  return {
    ...initialExit({
      accountId: 'main',
      instrument: rain,
      plan: over.plan ?? plan([{ id: 'stop', kind: 'stopLoss', price: '0.9' }]),
      holding: known,
      atMs: AT_MS,
    }),
    ...over,
  };
}

/** The states as the table names them. */
export const EXIT_STATES = [
  'watching.idle',
  'exiting.placing',
  'exiting.waiting',
  'exiting.cancelling',
  'exiting.choosing',
  'exiting.merging',
  'exiting.settling',
  'done',
  'suspended',
] as const;
export type ExitState = (typeof EXIT_STATES)[number];

/** An exit alone, in its first state or in a given one, without effects. */
export function exitIn(state: ExitState | undefined, context: ExitContext) {
  const input = { ...context, atMs: context.createdAtMs };
  const start = (snapshot?: ReturnType<typeof exitMachine.getPersistedSnapshot>) =>
    createActor(exitMachine, { input, ...(snapshot === undefined ? {} : { snapshot }) }).start();
  let actor = start(snapshotOf(state, context));
  return {
    actor: () => actor,
    context: () => actor.getSnapshot().context,
    state: () => stateOf(actor.getSnapshot().value),
    send: (event: ExitEvent) => actor.send(event),
    /** The process dies, and comes back with what had been written. */
    restart() {
      const written = JSON.stringify(actor.getPersistedSnapshot());
      actor.stop();
      actor = start(JSON.parse(written));
    },
  };
}
export type ExitUnderTest = ReturnType<typeof exitIn>;

function snapshotOf(state: ExitState | undefined, context: ExitContext) {
  if (state === undefined) return undefined;
  const [outer = '', inner] = state.split('.');
  const value = inner === undefined ? outer : { [outer]: inner };
  const resolved = exitMachine.resolveState({ value, context } as Parameters<
    typeof exitMachine.resolveState
  >[0]);
  return exitMachine.getPersistedSnapshot(resolved);
}

function stateOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([outer, inner]) => `${outer}.${stateOf(inner)}`)
    .join(' ');
}

export function order(key: string, over: Partial<ExitOrderReport> = {}): ExitOrderReport {
  return {
    key,
    clientOrderId: 'ord_1',
    phase: 'working',
    filledSize: '0',
    filledUsd: '0',
    feesUsd: '0',
    confirmedSize: '0',
    reason: null,
    ...over,
  };
}
