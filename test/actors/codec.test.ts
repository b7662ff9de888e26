/** Rows hold what XState itself would persist. */
import { expect, test } from 'vitest';
import { encodeSnapshot } from '../../src/actors/codec.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { takeLeg } from '../../src/machines/order.reducers.ts';
import { EXECUTION_STATES } from '../../src/machines/order.status.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, leg, orderContext } from '../support/orders.ts';

test.each(EXECUTION_STATES)('an order in %s is written as XState persists it', (state) => {
  const { next } = takeLeg(orderContext({ retryAtMs: AT_MS }), leg(), AT_MS);
  const { actor } = orderIn(state, next, 'matched');
  const persisted = JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));

  expect(JSON.parse(encodeSnapshot(orderMachine, actor.getSnapshot()))).toEqual(persisted);
});
