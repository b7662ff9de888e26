/** A named person's word ends a doubt; the venue's own word is worth more, whenever it comes. */
import { describe, expect, test } from 'vitest';
import type { OrderContext } from '../../src/machines/order.context.ts';
import { ESCALATE_AFTER_LOOKUPS, LOOKUP_LAST_MS } from '../../src/machines/order.doubt.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, legEvent, orderContext, reported } from '../support/orders.ts';

const at = { atMs: AT_MS + 1 };
const later = { retryAtMs: AT_MS + 500, ...at };
const word = { by: 'Ann', reason: 'asked by phone', commandId: '7', ...at };
const over: OrderEvent = { type: 'operator.cancelled', ...word };
const never: OrderEvent = { type: 'operator.neverTaken', ...word };
const live: OrderEvent = { type: 'operator.live', ...word };
const unknown: OrderEvent = { type: 'venue.outcomeUnknown', reason: 'timeout', ...later };
const notFound: OrderEvent = { type: 'venue.orderNotFound', ...later };
const deadline: OrderEvent = { type: 'clock.deadlinePassed', ...at };
const acknowledged: OrderEvent = {
  ...{ type: 'venue.orderAcknowledged', venueOrderId: '0xv1', status: 'live', ...at },
};

function orderAfter(events: readonly OrderEvent[], more: Partial<OrderContext> = {}) {
  const order = orderIn('submitting', orderContext({ venueOrderId: '0xv1', ...more }));
  for (const event of events) order.send(event);
  return order;
}

describe('over at the venue, by a person', () => {
  test('ends the order, says who and why, and holds nothing any more', () => {
    const order = orderAfter([unknown, over]);
    expect(order.execution()).toBe('cancelled');
    expect(order.context()).toMatchObject({
      reason: 'asked by phone (settled by Ann)',
      settledBy: { name: 'Ann', commandId: '7' },
      ...{ reservedUsd: '0', retryAtMs: null, doubtSinceMs: null, faults: 0, legs: [] },
    });
  });

  test('what the venue has told of and not yet shown as legs is still held', () => {
    const told = [acknowledged, reported('unrecognised', '6'), over];
    expect(orderAfter(told).context()).toMatchObject({ reservedUsd: '3.075', filledSize: '0' });
  });

  test.each([
    ['that had never been shown', [unknown]],
    ['that had been shown before', [acknowledged, reported('unrecognised')]],
  ])('an order %s comes back when the venue shows it alive', (_what, events) => {
    const order = orderAfter([...events, over, reported('live')]);
    expect(order.execution()).toBe('working.open');
    expect(order.context()).toMatchObject({
      reservedUsd: '5.125',
      settledBy: null,
      faults: 1 + Number(events.length === 2),
    });
  });

  test('the venue says the same: an older "live" after it changes nothing', () => {
    const order = orderAfter([acknowledged, reported('unrecognised'), over]);
    order.send(reported('cancelled'));
    order.send(reported('live'));
    expect(order.execution()).toBe('cancelled');
  });

  test('a fill that comes afterwards is booked', () => {
    const order = orderAfter([unknown, over, legEvent('t1', '4')]);
    expect(order.context()).toMatchObject({ filledSize: '4' });
    order.send(legEvent('t2', '6'));
    expect(order.execution()).toBe('matched');
  });
});

describe('resting at the venue, by a person', () => {
  test('works on with its reservation, and is never sent again', () => {
    const order = orderAfter([unknown, live]);
    expect(order.execution()).toBe('working.open');
    expect(order.context()).toMatchObject({ acknowledged: true, reason: null, retryAtMs: null });
    expect(order.context().reservedUsd).toBe('5.125');
    for (const event of [reported('unrecognised'), deadline, notFound]) order.send(event);
    expect(order.execution()).toBe('unknown.waiting');
    expect(order.context().submitAttempts).toBe(0);
  });

  test('with what is filled shown as such', () => {
    const order = orderAfter([
      acknowledged,
      legEvent('t1', '4'),
      reported('unrecognised', '4'),
      live,
    ]);
    expect(order.execution()).toBe('working.partiallyFilled');
  });

  test('a cancel that is wanted goes out', () => {
    const cancel: OrderEvent = { type: 'order.cancel', reason: 'changed my mind', ...at };
    const order = orderAfter([unknown, cancel, live]);
    expect(order.execution()).toBe('cancelling.requesting');
    expect(order.context().reason).toBe('changed my mind');
  });
});

test('never taken, by a person: it comes back when the venue shows it', () => {
  const order = orderAfter([unknown, never]);
  expect(order.execution()).toBe('rejected');
  order.send(reported('live'));
  expect(order.execution()).toBe('working.open');
  expect(order.context()).toMatchObject({ reservedUsd: '5.125', settledBy: null });
});

describe('a doubt', () => {
  /** Too old to be sent again. */
  const old = { createdAtMs: AT_MS - 100_000 };
  const looks = (count: number) => Array.from({ length: count }, () => [deadline, notFound]).flat();

  test('is told to a person after enough look-ups, and counts anew when there is another', () => {
    const order = orderAfter([unknown, ...looks(ESCALATE_AFTER_LOOKUPS - 1)], old);
    expect(order.context()).toMatchObject({ escalated: false, doubtSinceMs: AT_MS + 1 });
    for (const event of looks(1)) order.send(event);
    expect(order.context()).toMatchObject({ escalated: true, lookups: ESCALATE_AFTER_LOOKUPS });
    order.send(acknowledged);
    expect(order.context()).toMatchObject({
      ...{ escalated: false, lookups: 0, doubtSinceMs: null, evidence: [] },
    });
    order.send({ ...reported('unrecognised'), atMs: AT_MS + 9 });
    expect(order.context()).toMatchObject({ escalated: false, doubtSinceMs: AT_MS + 9 });
  });

  test('is one doubt when the bytes go again and nobody answers again', () => {
    const order = orderAfter([unknown, deadline, notFound]);
    expect(order.execution()).toBe('submitting');
    order.send({ ...unknown, atMs: AT_MS + 2_000 });
    expect(order.context().doubtSinceMs).toBe(AT_MS + 1);
  });

  test('about a status that we do not know is looked into at growing distances', () => {
    const look = { rung: 'orderById', said: 'found', detail: 'PONDERING', atMs: AT_MS } as const;
    const pondering = { ...reported('unrecognised'), evidence: [look] } as OrderEvent;
    const order = orderAfter([acknowledged, reported('unrecognised')]);
    const waits: number[] = [];
    for (let time = 0; time < 8; time += 1) {
      order.send(deadline);
      order.send(pondering);
      waits.push((order.context().retryAtMs ?? 0) - pondering.atMs);
    }
    expect(waits).toEqual([5_000, 5_000, 8_000, 16_000, 32_000, LOOKUP_LAST_MS, 60_000, 60_000]);
    expect(order.context().evidence).toContainEqual(look);
  });
});
