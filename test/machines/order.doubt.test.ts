/** What is kept of a doubt, of a wish and of a reservation, whatever is said in between. */
import { describe, expect, test } from 'vitest';
import type { OrderContext } from '../../src/machines/order.context.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { EXPIRY_GRACE_MS } from '../../src/machines/order.setup.ts';
import { orderIn } from '../support/order-actor.ts';
import { AT_MS, intent, legEvent, orderContext, reported } from '../support/orders.ts';

const at = { atMs: AT_MS + 1 };
const later = { retryAtMs: AT_MS + 500, ...at };
const acknowledged: OrderEvent = {
  type: 'venue.orderAcknowledged',
  venueOrderId: '0xv1',
  status: 'live',
  ...at,
};
const unknown: OrderEvent = { type: 'venue.outcomeUnknown', reason: 'timeout', ...later };
const notAccepted: OrderEvent = { type: 'venue.orderNotAccepted', reason: '503', ...later };
const notFound: OrderEvent = { type: 'venue.orderNotFound', ...later };
const absent: OrderEvent = { type: 'venue.orderNotFound', isFinal: true, ...later };
const deadline: OrderEvent = { type: 'clock.deadlinePassed', ...at };
const restored: OrderEvent = { type: 'system.restored', ...at };
const cancel: OrderEvent = { type: 'order.cancel', reason: 'asked', ...at };
const cancelAcknowledged: OrderEvent = { type: 'venue.cancelAcknowledged', ...at };
const refused: OrderEvent = { type: 'venue.orderRejected', reason: 'duplicate', ...at };
const neverTaken: OrderEvent = { type: 'operator.neverTaken', by: 'Ann', reason: 'asked', ...at };

function orderAfter(events: readonly OrderEvent[], over: Partial<OrderContext> = {}) {
  const order = orderIn('submitting', orderContext({ venueOrderId: '0xv1', ...over }));
  for (const event of events) order.send(event);
  return order;
}

describe('an order that the venue took', () => {
  test.each([
    ['acknowledged', [acknowledged, reported('unrecognised')]],
    ['shown', [unknown, deadline, reported('unrecognised')]],
    ['filled in part', [acknowledged, legEvent('t1', '4'), reported('unrecognised', '4')]],
  ])('%s: it is not sent again when the venue does not find it', (_how, events) => {
    const order = orderAfter([...events, deadline, notFound]);
    expect(order.execution()).toBe('unknown.waiting');
    expect(order.context().submitAttempts).toBe(0);
    order.send(deadline);
    order.send(absent);
    expect(order.execution()).toBe('cancelled');
    expect(order.context().reason).toBe('the venue no longer lists it');
  });

  test('and whose time is over expires, and a late leg of it is still taken', () => {
    const gtd = intent({ timeInForce: 'GTD', expiresAtMs: AT_MS + 10 });
    const order = orderAfter([acknowledged, deadline], { intent: gtd });
    order.send({ ...notFound, atMs: AT_MS + 10 + EXPIRY_GRACE_MS });
    expect(order.execution()).toBe('expired');
    order.send(legEvent('t1', '4'));
    expect(order.context()).toMatchObject({ filledSize: '4', reservedUsd: '0' });
    order.send(legEvent('t2', '6'));
    expect(order.execution()).toBe('matched');
  });

  test.each([
    ['a refusal', refused, 'duplicate'],
    ['a person', neverTaken, 'asked (settled by Ann)'],
  ])('in part is not ended as rejected by %s', (_who, event, reason) => {
    const order = orderAfter([
      acknowledged,
      legEvent('t1', '4'),
      reported('unrecognised', '4'),
      event,
    ]);
    expect(order.execution()).toBe('cancelled');
    expect(order.context()).toMatchObject({ reason, retryAtMs: null, filledSize: '4' });
  });

  test('under another id than ours counts a fault', () => {
    const order = orderAfter([{ ...acknowledged, venueOrderId: '0xother' }, acknowledged]);
    expect(order.context()).toMatchObject({ venueOrderId: '0xv1', faults: 1 });
  });
});

describe('a cancel wish', () => {
  test.each([
    ['while it is sent', [cancel]],
    ['in doubt', [unknown, cancel]],
    ['in doubt, being looked for', [unknown, cancel, deadline]],
    ['refused', [cancel, refused]],
  ])('is kept when the order is reported delayed: %s', (_when, events) => {
    const order = orderAfter([...events, reported('delayed')]);
    expect(order.execution()).toBe('cancelling.requesting');
    order.send(reported('live'));
    expect(order.execution()).toBe('cancelling.requesting');
    expect(order.context()).toMatchObject({ cancelRequested: true, reservedUsd: '5.125' });
  });

  test('is kept when a leg shows that a refused order is alive', () => {
    const order = orderAfter([cancel, refused, legEvent('t1', '4')]);
    expect(order.execution()).toBe('cancelling.requesting');
    expect(order.context().reservedUsd).toBe('3.075');
  });
});

describe('doubt of an earlier attempt', () => {
  const resent = [unknown, deadline, notFound];

  test.each([
    ['no answer', resent],
    ['a restart', [restored, notFound]],
  ])('after %s is not ended by a "not now" to a later one', (_why, events) => {
    const order = orderAfter([...events, notAccepted, deadline, notAccepted], {
      submitAttempts: 1,
    });
    expect(order.context().doubted).toBe(true);
    expect(order.execution()).toBe('unknown.waiting');
    expect(order.context().reservedUsd).toBe('5.125');
  });

  test.each([
    ['while it is sent again', [...resent, cancel, notAccepted]],
    ['while it waits to be sent again', [...resent, notAccepted, cancel]],
  ])('keeps an order that is to be cancelled %s', (_when, events) => {
    const order = orderAfter(events);
    expect(order.execution()).toBe('unknown.waiting');
    expect(order.context()).toMatchObject({ cancelRequested: true, reason: 'asked' });
    order.send(reported('live'));
    expect(order.execution()).toBe('cancelling.requesting');
  });

  test('is none where the venue answered each time', () => {
    const order = orderAfter([notAccepted, cancel]);
    expect(order.execution()).toBe('cancelled');
    expect(order.context()).toMatchObject({ retryAtMs: null, reason: 'asked', doubted: false });
  });

  test('is none in a snapshot from before it was kept', () => {
    const { doubted: _none, ...older } = orderContext({ venueOrderId: '0xv1' });
    const order = orderIn('holding', older as OrderContext);
    order.send(cancel);
    expect(order.execution()).toBe('cancelled');
  });
});

describe('an order that we gave up', () => {
  test('comes back when the venue shows it, to be cancelled', () => {
    const order = orderAfter([notAccepted, cancel]);
    expect(order.context().reservedUsd).toBe('0');
    order.send(reported('live', '4'));
    expect(order.execution()).toBe('cancelling.requesting');
    expect(order.context()).toMatchObject({ reservedUsd: '5.125', faults: 1 });
  });

  test.each([
    ['live', 'working.open'],
    ['delayed', 'working.delayed'],
  ] as const)('for good comes back when the venue shows it %s', (status, state) => {
    const order = orderAfter([unknown, deadline, absent], { submitAttempts: 5 });
    expect(order.execution()).toBe('cancelled');
    order.send(reported(status));
    expect(order.execution()).toBe(state);
    expect(order.context()).toMatchObject({ reservedUsd: '5.125', faults: 1 });
  });

  test.each(['live', 'delayed'] as const)('at its word stays so: %s was said before', (status) => {
    const order = orderAfter([acknowledged, cancel, cancelAcknowledged, reported(status)]);
    expect(order.execution()).toBe('cancelled');
    expect(order.context()).toMatchObject({ reservedUsd: '0', faults: 0 });
  });
});

describe('a reservation', () => {
  const selling = {
    intent: intent({ side: 'SELL' }),
    reserveRate: '1',
    reservedUsd: '0',
    reservedShares: '10',
  };
  const ending = [acknowledged, cancel];

  test.each([
    ['the figure first', [reported('cancelled', '6'), cancelAcknowledged]],
    ['the answer first', [cancelAcknowledged, reported('cancelled', '6')]],
  ])('covers the shares whose legs are missing: %s', (_order, events) => {
    expect(orderAfter([...ending, ...events]).context().reservedUsd).toBe('3.075');
    const order = orderAfter([...ending, ...events], selling);
    expect(order.context().reservedShares).toBe('6');
    order.send({ ...legEvent('t1', '6') });
    expect(order.context().reservedShares).toBe('0');
  });

  test('of a refused order covers what the venue tells of it all the same', () => {
    const order = orderAfter([refused, reported('cancelled', '6')]);
    expect(order.execution()).toBe('rejected');
    expect(order.context().reservedUsd).toBe('3.075');
  });
});

describe('a reason', () => {
  test.each([
    ['a leg', [legEvent('t1', '4')]],
    ['the whole fill', [legEvent('t1', '10')]],
    ['an answer', [acknowledged]],
  ])('of a doubt is over with %s', (_what, events) => {
    const order = orderAfter([unknown, ...events]);
    expect(order.context()).toMatchObject({ reason: null, retryAtMs: null });
  });

  test('of a doubt is not why an order expired', () => {
    const gtd = intent({ timeInForce: 'GTD', expiresAtMs: AT_MS + 10 });
    const order = orderAfter([unknown, deadline], { intent: gtd });
    order.send({ ...notFound, atMs: AT_MS + 10 + EXPIRY_GRACE_MS });
    expect(order.context()).toMatchObject({ reason: null, retryAtMs: null });
  });

  test('of a cancel stays while the order is in doubt', () => {
    const order = orderAfter([cancel, unknown]);
    expect(order.context()).toMatchObject({ reason: 'asked', retryAtMs: AT_MS + 500 });
    order.send(deadline);
    order.send(absent);
    expect(order.context()).toMatchObject({ reason: 'asked', retryAtMs: null });
  });

  test('of a refusal ends the wait', () => {
    const order = orderAfter([unknown, refused]);
    expect(order.context()).toMatchObject({ reason: 'duplicate', retryAtMs: null });
  });

  test('the wait for the answer to a cancel outlives a leg', () => {
    const order = orderAfter([
      acknowledged,
      cancel,
      { type: 'venue.cancelUnknown', reason: 'r', ...later },
    ]);
    order.send(legEvent('t1', '4'));
    expect(order.execution()).toBe('cancelling.waiting');
    expect(order.context().retryAtMs).toBe(AT_MS + 500);
  });
});
