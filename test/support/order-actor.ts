/** An order actor under a parent that keeps what it reports: the supervisor of a test. */
import { type Actor, createActor, fromTransition } from 'xstate';
import type { OrderContext } from '../../src/machines/order.context.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import type { OrderReport } from '../../src/machines/order.setup.ts';
import {
  type ExecutionState,
  executionState,
  type OrderStateValue,
  type SettlementState,
} from '../../src/machines/order.status.ts';
import { orderContext } from './orders.ts';

export interface OrderUnderTest {
  send(event: OrderEvent): void;
  execution(): ExecutionState;
  settlement(): SettlementState;
  context(): OrderContext;
  readonly reports: OrderReport[];
  readonly actor: Actor<typeof orderMachine>;
}

export function orderIn(
  execution: ExecutionState = 'recording',
  context: OrderContext = orderContext(),
  settlement: SettlementState = 'none',
): OrderUnderTest {
  const reports: OrderReport[] = [];
  const parent = createActor(
    fromTransition((state: null, event: OrderReport) => {
      reports.push(event);
      return state;
    }, null),
  ).start();
  const [outer, inner] = execution.split('.');
  const value = { execution: inner === undefined ? outer : { [String(outer)]: inner }, settlement };
  const state = orderMachine.resolveState({ value, context } as Parameters<
    typeof orderMachine.resolveState
  >[0]);
  const actor = createActor(orderMachine, {
    parent,
    id: context.clientOrderId,
    input: { ...context, atMs: context.createdAtMs },
    snapshot: orderMachine.getPersistedSnapshot(state),
  });
  actor.start();
  const now = () => actor.getSnapshot();
  return {
    send: (event) => actor.send(event),
    execution: () => executionState(now().value as unknown as OrderStateValue),
    settlement: () => (now().value as unknown as OrderStateValue).settlement,
    context: () => now().context,
    reports,
    actor,
  };
}
