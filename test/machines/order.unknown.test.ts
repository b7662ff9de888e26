/** How doubt ends: by evidence, by the venue's own rule, or by a person; never by time alone. */
import { describe, expect, test } from 'vitest';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { EXPIRY_GRACE_MS, MAX_RESEND_AGE_MS } from '../../src/machines/order.setup.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, intent, orderContext } from '../support/orders.ts';

function notFound(afterMs: number, isFinal: boolean): OrderEvent {
  const atMs = AT_MS + afterMs;
  return { type: 'venue.orderNotFound', isFinal, retryAtMs: atMs + 1_000, atMs };
}

const sent = { venueOrderId: '0xv1', submitAttempts: 1, sentAtMs: AT_MS };
const OLD_MS = MAX_RESEND_AGE_MS;

describe('an order that the venue does not know', () => {
  test.each([
    ['fresh: the same bytes go again', {}, 1_000, false, 'submitting'],
    ['fresh and absent for good: the same bytes go again', {}, 1_000, true, 'submitting'],
    ['to be cancelled: still unknown', { cancelRequested: true }, 1_000, false, 'unknown.waiting'],
    ['to be cancelled, absent for good', { cancelRequested: true }, 1_000, true, 'cancelled'],
    ['too old to be sent again: still unknown', {}, OLD_MS, false, 'unknown.waiting'],
    ['too old, a day later: still unknown', {}, 86_400_000, false, 'unknown.waiting'],
    ['too old, absent for good', {}, OLD_MS, true, 'cancelled'],
    ['sent five times: still unknown', { submitAttempts: 5 }, 1_000, false, 'unknown.waiting'],
  ] as const)('%s', (_what, context, afterMs, isFinal, expected) => {
    const order = orderIn('unknown.resolving', orderContext({ ...sent, ...context }));
    order.send(notFound(afterMs, isFinal));
    expect(order.execution()).toBe(expected);
  });

  test('has expired once its own time is well over', () => {
    const context = orderContext({
      ...sent,
      intent: intent({ timeInForce: 'GTD', expiresAtMs: AT_MS + 10_000 }),
    });
    const order = orderIn('unknown.resolving', context);
    order.send(notFound(10_000 + EXPIRY_GRACE_MS - 1, false));
    expect(order.execution()).toBe('unknown.waiting');
    order.send({ type: 'clock.deadlinePassed', atMs: AT_MS + 50_000 });
    order.send(notFound(50_000, false));
    expect(order.execution()).toBe('expired');
    expect(order.context().reservedUsd).toBe('0');
  });

  test('is taken up again by a leg even after it was given up', () => {
    const order = orderIn('unknown.resolving', orderContext({ ...sent, cancelRequested: true }));
    order.send(notFound(5_000, true));
    expect(order.context().reservedUsd).toBe('0');
    order.send({
      type: 'venue.legReported',
      leg: {
        tradeId: 't1',
        venueOrderId: '0xv1',
        role: 'maker',
        side: 'BUY',
        instrumentId: 'paper:rain:YES',
        price: '0.5',
        size: '10',
        settlement: 'matched',
        matchedAtMs: AT_MS,
      },
      atMs: AT_MS + 6_000,
    });
    expect(order.execution()).toBe('matched');
    expect(order.context().filledSize).toBe('10');
  });
});
