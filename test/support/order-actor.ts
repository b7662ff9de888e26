/** An order actor alone, with what its supervisor would read off each of its steps. */
import { type Actor, createActor } from 'xstate';
import { changesOf, type OrderChanges } from '../../src/machines/order.changes.ts';
import type { OrderContext } from '../../src/machines/order.context.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import {
  type ExecutionState,
  executionState,
  type SettlementState,
} from '../../src/machines/order.status.ts';
import { orderContext } from './orders.ts';

export interface OrderUnderTest {
  send(event: OrderEvent): void;
  execution(): ExecutionState;
  settlement(): SettlementState;
  context(): OrderContext;
  readonly changes: OrderChanges[];
  readonly actor: Actor<typeof orderMachine>;
}

export function orderIn(
  execution: ExecutionState = 'recording',
  context: OrderContext = orderContext(),
  settlement: SettlementState = 'none',
): OrderUnderTest {
  const changes: OrderChanges[] = [];
  const [outer, inner] = execution.split('.');
  const value = { execution: inner === undefined ? outer : { [String(outer)]: inner }, settlement };
  const state = orderMachine.resolveState({ value, context } as Parameters<
    typeof orderMachine.resolveState
  >[0]);
  const actor = createActor(orderMachine, {
    id: context.clientOrderId,
    input: { ...context, atMs: context.createdAtMs },
    snapshot: orderMachine.getPersistedSnapshot(state),
  });
  actor.start();
  const now = () => actor.getSnapshot();
  return {
    send(event) {
      const before = now().context;
      actor.send(event);
      const step = changesOf(before, now().context);
      if (step !== undefined) changes.push(step);
    },
    execution: () => executionState(now().value),
    settlement: () => now().value.settlement,
    context: () => now().context,
    changes,
    actor,
  };
}
