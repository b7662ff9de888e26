/** A market with an order in doubt takes no entries, and lets exits through. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { idle, openDesk, pass, type TestDesk } from '../support/desk.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

const snow = { ...rain, id: 'paper:snow:YES' as const, marketId: 'snow', tokenId: '2001' };

let fresh: FreshStore;
let clock: VirtualClock;
let venue: ScriptedVenue;
let desk: TestDesk;

const open = () => openDesk(fresh, { clock, venue: () => venue.connect() });

beforeEach(async () => {
  fresh = await freshStore();
  clock = createVirtualClock(AT_MS);
  venue = createScriptedVenue({ now: () => clock.now(), instruments: [rain, noRain, snow] });
  desk = await open();
});
afterEach(async () => {
  await desk.crash();
  await fresh.dispose();
});

const broken = () => Promise.reject(new Error('socket hang up'));
const quarantined = () => desk.trading.health().quarantine.map(({ marketId }) => marketId);

async function place(over: object = {}) {
  const { orderId } = await desk.submit(over);
  await idle(desk);
  const order = await desk.trading.order(orderId);
  if (order === undefined) throw new Error(`no order ${orderId}`);
  return order;
}

/** An order of which nobody can say whether the venue has it. */
async function doubtful(over: object = {}): Promise<string> {
  venue.onSubmit = broken;
  venue.onLookup = broken;
  const { clientOrderId, status } = await place(over);
  expect(status).toBe('UNKNOWN');
  venue.onSubmit = (sent) => venue.take(sent);
  return clientOrderId;
}

test('an entry in the market is denied and names the order; other markets and exits go on', async () => {
  const bought = await place();
  venue.fill({ venueOrderId: `0x${bought.clientOrderId}`, size: '10', settlement: 'confirmed' });
  await idle(desk);
  const orderId = await doubtful();
  expect(quarantined()).toEqual(['rain']);

  for (const instrument of [rain.id, noRain.id]) {
    const denied = await place({ instrument });
    expect(denied).toMatchObject({ status: 'DENIED', reservedUsd: '0' });
    expect(denied.reason).toBe(
      `the market rain is in quarantine: nobody knows whether the venue has ${orderId}`,
    );
  }
  expect(await place({ instrument: snow.id })).toMatchObject({ status: 'PLACED' });
  expect(await place({ side: 'SELL' })).toMatchObject({ status: 'PLACED' });
});

test('the reason is there for programs, in the event', async () => {
  const orderId = await doubtful();
  const { clientOrderId } = await place();
  await desk.trading.settled();
  const [, denial] = await fresh.store.orderEvents(clientOrderId);
  expect(JSON.parse(denial?.event ?? '{}')).toMatchObject({
    ...{ type: 'order.denied', code: 'market_in_quarantine', doubtfulOrderId: orderId },
  });
});

describe('the quarantine ends', () => {
  test('with evidence', async () => {
    const orderId = await doubtful();
    venue.report(`0x${orderId}`, { status: 'live' });
    venue.onLookup = (id) => venue.orders.get(id);
    await pass(clock, desk, 60_000);
    expect(quarantined()).toEqual([]);
    expect(await place()).toMatchObject({ status: 'PLACED' });
  });

  test.each(['never-taken', 'cancelled', 'live'] as const)('with a person: %s', async (as) => {
    const orderId = await doubtful();
    const said = { orderId, as, by: 'Ann', reason: 'asked by phone' };
    await desk.trading.send({ type: 'order.settleUnknown', ...said });
    expect(quarantined()).toEqual([]);
    expect(await place()).toMatchObject({ status: 'PLACED' });
  });

  test('only with the last of several orders; the oldest is named until then', async () => {
    venue.onSubmit = broken;
    venue.onLookup = broken;
    const both = await Promise.all([desk.submit(), desk.submit()]);
    await idle(desk);
    venue.onSubmit = (sent) => venue.take(sent);
    const [first = '', second = ''] = both.map(({ orderId }) => orderId).sort();
    expect((await place()).reason).toContain(first);
    await desk.trading.send({ type: 'order.settleUnknown', orderId: first, by: 'A', reason: 'r' });
    expect((await place()).reason).toContain(second);
    await desk.trading.send({ type: 'order.settleUnknown', orderId: second, by: 'A', reason: 'r' });
    expect((await place()).status).toBe('PLACED');
  });
});

test('it lasts while the bytes go again, until somebody answers', async () => {
  venue.onSubmit = (_sent, attempt) => (attempt === 1 ? broken() : new Promise(() => undefined));
  const { clientOrderId } = await place();
  await pass(clock, desk, 1_000);
  expect(venue.submitsOf(`0x${clientOrderId}`)).toBe(2);
  expect(await desk.trading.order(clientOrderId)).toMatchObject({ execution: 'submitting' });
  expect(quarantined()).toEqual(['rain']);
  expect(await place()).toMatchObject({ status: 'DENIED' });
});

test.each(['a crash', 'a crash before anything is projected'])(
  'it is there again after %s',
  async (what) => {
    const orderId = await doubtful();
    if (what === 'a crash') await desk.trading.settled();
    await desk.crash();
    desk = await open();
    expect(quarantined()).toEqual(['rain']);
    expect((await place()).reason).toContain(orderId);
  },
);
