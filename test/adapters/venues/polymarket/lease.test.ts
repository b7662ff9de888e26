/** The venue under a writer lease: without it nothing that changes anything reaches the exchange. */
import { expect, test } from 'vitest';
import { never, openDesk } from './polymarket-venue-harness.ts';

test('orders and cancels are held back, reads are not; the same bytes go when it holds again', async () => {
  let mayWrite = true;
  const desk = await openDesk({ venue: { mayWrite: () => mayWrite } });
  const { venue } = desk;
  const resting = await desk.send();
  expect(resting.outcome).toMatchObject({ kind: 'acknowledged' });
  mayWrite = false;
  const prepared = await venue.prepare(desk.order());
  const notNow = {
    kind: 'notAccepted',
    reason: expect.stringContaining('lease'),
    retryAfterMs: 1_000,
  };
  expect(await venue.submit(prepared, never)).toMatchObject(notNow);
  const many = await Promise.all(
    Array.from({ length: 20 }, async () => venue.submit(await venue.prepare(desk.order()), never)),
  );
  expect(many).toEqual(many.map(() => expect.objectContaining(notNow)));
  await expect(desk.inTime(venue.cancel(resting.id, never))).rejects.toMatchObject({
    code: 'venue_unknown',
    message: expect.stringContaining('not sent'),
  });
  const open = async () =>
    (await venue.fetchOpenOrders()).map(({ venueOrderId }) => venueOrderId).sort();
  expect(await open()).toEqual([resting.id]);
  expect(await venue.fetchOrder(resting.id)).toMatchObject({ status: 'live' });
  mayWrite = true;
  expect(await venue.submit(prepared, never)).toMatchObject({ kind: 'acknowledged' });
  expect(await open()).toEqual([resting.id, prepared.venueOrderId].sort());
  expect(await desk.inTime(venue.cancel(resting.id, never))).toEqual({ kind: 'cancelled' });
  expect(await open()).toEqual([prepared.venueOrderId]);
});

test('no heartbeat is sent without it', async () => {
  let mayWrite = false;
  const desk = await openDesk({ venue: { heartbeat: true, mayWrite: () => mayWrite } });
  const beats = () => desk.venue.health().heartbeat;
  await desk.advance(20_000);
  expect(beats()).toMatchObject({ state: 'off', accepted: 0, failed: 0 });
  mayWrite = true;
  await desk.passUntil(() => beats()?.state === 'beating');
});
