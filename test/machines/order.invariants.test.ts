/** Whatever comes, also what contradicts itself: what an order holds covers what it may still cost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, minus } from '../../src/domain/exact.ts';
import type { Settlement } from '../../src/domain/fill-leg.ts';
import { reservation } from '../../src/domain/reservation.ts';
import type { OrderContext } from '../../src/machines/order.context.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { missesLegs, remaining } from '../../src/machines/order.reducers.ts';
import { isExecutionOver } from '../../src/machines/order.status.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, leg, orderContext, reported } from '../support/orders.ts';
import { ORDER_KINDS } from './order.fixture.ts';

const at = { atMs: AT_MS + 1 };
const later = { reason: 'r', retryAtMs: AT_MS + 500, ...at };

const ANSWERS: readonly OrderEvent[] = [
  { type: 'order.cancel', reason: 'asked', ...at },
  { type: 'venue.orderAcknowledged', venueOrderId: '0xv1', status: 'live', ...at },
  { type: 'venue.outcomeUnknown', ...later },
  { type: 'venue.orderNotAccepted', ...later },
  { type: 'venue.orderNotFound', retryAtMs: AT_MS + 500, ...at },
  { type: 'venue.orderNotFound', isFinal: true, retryAtMs: AT_MS + 500, ...at },
  { type: 'clock.deadlinePassed', ...at },
  { type: 'system.restored', ...at },
  reported('live'),
  reported('live', '3'),
  reported('delayed'),
  reported('matched', '4'),
  reported('cancelled', '4'),
  reported('expired', '6'),
  reported('rejected'),
  reported('unrecognised', '2'),
  { type: 'venue.orderRejected', reason: 'r', ...at },
  { type: 'venue.orderKilled', reason: 'k', ...at },
  { type: 'venue.cancelAcknowledged', ...at },
  { type: 'venue.cancelRejected', reason: 'c', ...at },
  { type: 'venue.cancelUnknown', ...later },
  { type: 'operator.neverTaken', by: 'Ann', reason: 'r', ...at },
  { type: 'operator.cancelled', by: 'Ann', reason: 'r', ...at },
  { type: 'operator.live', by: 'Ann', reason: 'r', ...at },
];

const SETTLEMENTS: readonly Settlement[] = ['matched', 'failed', 'confirmed'];

function anyEvent(side: 'BUY' | 'SELL'): fc.Arbitrary<OrderEvent> {
  const legs = [
    ['a', '4'],
    ['b', '3'],
    ['c', '3'],
  ].flatMap(([tradeId = '', size = '']) =>
    SETTLEMENTS.map(
      (settlement): OrderEvent => ({
        type: 'venue.legReported',
        leg: leg({ tradeId, size, settlement, side }),
        ...at,
      }),
    ),
  );
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...ANSWERS) },
    { weight: 1, arbitrary: fc.constantFrom(...legs) },
  );
}

function heldOf(context: OrderContext): string {
  return context.intent.side === 'SELL' ? context.reservedShares : context.reservedUsd;
}

function needed(context: OrderContext, quantity: string): string {
  return context.intent.side === 'SELL' ? quantity : reservation(quantity, context.reserveRate);
}

describe.each(ORDER_KINDS)('%s', (_name, kind) => {
  test('holds what it may still execute, then what is told of and missing, then nothing', () => {
    fc.assert(
      fc.property(fc.array(anyEvent(kind.intent.side), { maxLength: 12 }), (events) => {
        const order = orderIn('submitting', orderContext({ ...kind, venueOrderId: '0xv1' }));
        for (const event of events) {
          order.send(event);
          const context = order.context();
          const held = heldOf(context);
          expect(kind.intent.side === 'SELL' ? context.reservedUsd : context.reservedShares).toBe(
            '0',
          );
          expect(compare(held, '0')).toBeGreaterThanOrEqual(0);
          if (!isExecutionOver(order.execution())) {
            expect(held).toBe(needed(context, remaining(context)));
          } else if (!missesLegs(context)) {
            expect(held).toBe('0');
          } else if (kind.intent.size === undefined) {
            // By money the price of what is missing is not known: all that is left may be gone.
            expect(held).toBe(needed(context, remaining(context)));
          } else {
            expect(held).toBe(needed(context, minus(context.reportedSize, context.matchedSize)));
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('is never handed over again once the venue has shown it', () => {
    fc.assert(
      fc.property(fc.array(anyEvent(kind.intent.side), { maxLength: 12 }), (events) => {
        const order = orderIn('submitting', orderContext({ ...kind, venueOrderId: '0xv1' }));
        for (const event of events) {
          const { acknowledged, submitAttempts } = order.context();
          order.send(event);
          if (acknowledged) expect(order.context().submitAttempts).toBe(submitAttempts);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
