/** Orders whose rows were written before doubts were kept with what was said of them. */
import { describe, expect, test } from 'vitest';
import { decodeSnapshot } from '../../src/actors/codec.ts';
import type { OrderContext } from '../../src/machines/order.context.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, orderContext, reported } from '../support/orders.ts';

/** A row of version 1, as the machine of that version wrote it. */
function rowOf1(execution: string | object, over: object = {}) {
  const { doubtSinceMs, lookups, escalated, evidence, settledBy, ...context } = orderContext();
  const snapshot = {
    status: 'active',
    value: { execution, settlement: 'none' },
    historyValue: {},
    context: { ...context, lookupAttempts: 3, updatedAtMs: AT_MS + 7, ...over },
    children: {},
  };
  return {
    ...({ actorId: 'order:ord_1', kind: 'order', version: 1, revision: 5, live: true } as const),
    ...{ eventHash: null, events: 0, snapshot: JSON.stringify(snapshot) },
  };
}

function contextOf(row: ReturnType<typeof rowOf1>): OrderContext {
  const { context }: { context?: OrderContext } = decodeSnapshot(row);
  if (context === undefined) throw new Error('no context');
  return context;
}

describe('an order of version 1', () => {
  test('in doubt is in doubt since its last step, and goes on counting', () => {
    const context = contextOf(rowOf1({ unknown: 'waiting' }, { doubted: true }));
    expect(context).toMatchObject({
      ...{ doubted: true, doubtSinceMs: AT_MS + 7, lookups: 3, escalated: false, evidence: [] },
      settledBy: null,
    });
    expect(context).not.toHaveProperty('lookupAttempts');
    const order = orderIn('unknown.waiting', context);
    order.send(reported('live'));
    expect(order.execution()).toBe('working.open');
    expect(order.context().doubtSinceMs).toBeNull();
  });

  test('that works is in no doubt', () => {
    const context = contextOf(rowOf1({ working: 'open' }, { doubted: undefined }));
    expect(context).toMatchObject({ doubted: false, doubtSinceMs: null, lookups: 0 });
  });
});
