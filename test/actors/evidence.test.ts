/** The ladder on which an order in doubt is looked for, over a real store: what each rung decides. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RUNG_LIMIT_MS } from '../../src/actors/look-up.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import type { Evidence } from '../../src/domain/evidence.ts';
import { ESCALATE_AFTER_LOOKUPS } from '../../src/machines/order.doubt.ts';
import { EXPIRY_GRACE_MS, MAX_RESEND_AGE_MS } from '../../src/machines/order.setup.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { idle, openDesk, pass, stateOf, type TestDesk } from '../support/desk.ts';
import { AT_MS } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
let clock: VirtualClock;
let venue: ScriptedVenue;
let desk: TestDesk;

const open = () => openDesk(fresh, { clock, venue: () => venue.connect() });

beforeEach(async () => {
  fresh = await freshStore();
  clock = createVirtualClock(AT_MS);
  venue = createScriptedVenue({ now: () => clock.now() });
  desk = await open();
  venue.onSubmit = broken;
});
afterEach(async () => {
  await desk.crash();
  await fresh.dispose();
});

const broken = () => Promise.reject(new Error('socket hang up'));
const advance = (forMs: number) => pass(clock, desk, forMs);
const state = (orderId: string) => stateOf(desk.trading, orderId);

async function doubtful(over: object = {}): Promise<string> {
  const { orderId } = await desk.submit(over);
  await idle(desk);
  expect(await state(orderId)).toBe('unknown.waiting');
  return orderId;
}

async function eventsOf(orderId: string, type: string) {
  await desk.trading.settled();
  const events = await fresh.store.orderEvents(orderId);
  return events.filter((event) => event.type === type);
}

/** What the rungs of the newest look-up said. */
async function saidOf(orderId: string, type: string): Promise<Record<string, string>> {
  const event = (await eventsOf(orderId, type)).at(-1);
  const { evidence = [] }: { evidence?: Evidence[] } = JSON.parse(event?.event ?? '{}');
  return Object.fromEntries(evidence.map(({ rung, said }) => [rung, said]));
}

describe('an order that no rung shows', () => {
  const silent = { answer: 'noAnswer', expiry: 'noAnswer' };
  const none = { ...silent, orderById: 'absent', trades: 'absent', openOrders: 'absent' };

  test('is not known to the venue: the same bytes go again, and the timeline says why', async () => {
    const orderId = await doubtful();
    venue.onSubmit = (sent) => venue.take(sent);
    await advance(1_000);
    expect(venue.submits).toHaveLength(2);
    expect(await saidOf(orderId, 'venue.orderNotFound')).toEqual(none);
    const [event] = await eventsOf(orderId, 'venue.orderNotFound');
    expect(event?.note).toContain('order by id: absent (no such order)');
    expect(event?.note).toContain('trades: absent');
    expect(event?.note).toContain('open orders: absent');
  });

  test.each([
    ['order by id', 'orderById', () => (venue.onLookup = broken)],
    ['trades', 'trades', () => (venue.onTrades = broken)],
    ['open orders', 'openOrders', () => (venue.onOpenOrders = broken)],
  ] as const)(
    'and the %s do not answer: nothing is proved, nothing is sent',
    async (_, rung, breakIt) => {
      const orderId = await doubtful();
      breakIt();
      await advance(30_000);
      expect(venue.submits).toHaveLength(1);
      expect(await state(orderId)).toMatch(/^unknown/);
      expect(await eventsOf(orderId, 'venue.orderNotFound')).toEqual([]);
      expect(await saidOf(orderId, 'venue.lookupFailed')).toEqual({ ...none, [rung]: 'noAnswer' });
      expect((await desk.trading.account()).reservedUsd).toBe('5.125');
    },
  );

  test('while a rung never answers is looked for again all the same', async () => {
    await doubtful();
    venue.onOpenOrders = () => new Promise(() => undefined);
    await advance(1_000 + RUNG_LIMIT_MS + 2_000);
    expect(venue.lookups).toHaveLength(2);
    expect(venue.submits).toHaveLength(1);
  });

  test('its time over, has expired', async () => {
    venue.onLookup = broken;
    const orderId = await doubtful({ timeInForce: 'GTD', expiresAtMs: AT_MS + 100_000 });
    await advance(100_000 + EXPIRY_GRACE_MS);
    expect(await state(orderId)).toMatch(/^unknown/);
    venue.onLookup = (id) => venue.orders.get(id);
    await advance(60_000);
    expect(await state(orderId)).toBe('expired');
    expect(await saidOf(orderId, 'venue.orderNotFound')).toEqual({ ...none, expiry: 'absent' });
  });

  test.each(['FOK', 'FAK', 'GTC'])(
    '%s, too old to be sent again, stays unknown',
    async (timeInForce) => {
      venue.onLookup = broken;
      const orderId = await doubtful({ timeInForce });
      await advance(MAX_RESEND_AGE_MS);
      venue.onLookup = () => undefined;
      await advance(20 * 60_000);
      expect(venue.submits).toHaveLength(1);
      expect(await desk.trading.order(orderId)).toMatchObject({ status: 'UNKNOWN', closed: false });
    },
  );
});

describe('an order that one rung shows', () => {
  test('by its trades: they are booked, though nobody else knows it', async () => {
    const orderId = await doubtful();
    venue.fill({ venueOrderId: `0x${orderId}`, size: '4' }, 'silent');
    await advance(1_000);
    expect(await desk.trading.order(orderId)).toMatchObject({
      ...{ execution: 'working.partiallyFilled', filledSize: '4' },
    });
    expect(venue.submits).toHaveLength(1);
  });

  test('by the open orders, while the look-up by id is broken', async () => {
    venue.onLookup = broken;
    const orderId = await doubtful();
    venue.report(`0x${orderId}`, { status: 'live' });
    await advance(1_000);
    expect(await state(orderId)).toBe('working.open');
    expect(await saidOf(orderId, 'venue.orderReported')).toMatchObject({
      ...{ orderById: 'noAnswer', trades: 'absent', openOrders: 'found' },
    });
  });

  test('by a trade that cannot be booked: it is not sent again', async () => {
    const orderId = await doubtful();
    venue.fill({ venueOrderId: `0x${orderId}`, size: '4', side: 'SELL' }, 'silent');
    await advance(40_000);
    expect(venue.submits).toHaveLength(1);
    expect(await state(orderId)).toMatch(/^unknown/);
    expect(await saidOf(orderId, 'venue.lookupFailed')).toMatchObject({ trades: 'found' });
  });

  test('by a trade that cannot be booked: no later look-up takes it for absent', async () => {
    venue.onTrades = (sinceMs) => venue.trades.filter((leg) => leg.matchedAtMs >= sinceMs);
    const orderId = await doubtful({ timeInForce: 'GTD', expiresAtMs: AT_MS + 200_000 });
    venue.fill({ venueOrderId: `0x${orderId}`, size: '4', side: 'SELL' }, 'silent');
    await advance(10 * 60_000);
    expect(await state(orderId)).toMatch(/^unknown/);
    expect(await saidOf(orderId, 'venue.lookupFailed')).toMatchObject({ trades: 'found' });
  });
});

test('absence counts from when its bytes may last have left, not from when they were made', async () => {
  await desk.stop();
  const absenceIsFinalAfterMs = 10_000;
  desk = await openDesk(fresh, {
    clock,
    venue: () => ({ ...venue.connect(), absenceIsFinalAfterMs }),
  });
  // In a queue, or behind a rate limit, for so long that they are not sent a second time.
  venue.onSubmit = () =>
    new Promise((_resolve, reject) => {
      clock.at(clock.now() + MAX_RESEND_AGE_MS, () => reject(new Error('socket hang up')));
    });
  const { orderId } = await desk.submit();
  await advance(MAX_RESEND_AGE_MS + 5_000);
  expect(await eventsOf(orderId, 'venue.orderNotFound')).not.toEqual([]);
  expect(await state(orderId)).toMatch(/^unknown/);
  await advance(2 * absenceIsFinalAfterMs);
  expect(await state(orderId)).toBe('cancelled');
  expect(venue.submits).toHaveLength(1);
});

test('one that is shown alive long after its end is asked about at growing distances', async () => {
  venue.onSubmit = (sent) => venue.take(sent);
  const end = { timeInForce: 'GTD', expiresAtMs: AT_MS + 100_000 };
  const { orderId } = await desk.submit(end);
  await advance(100_000 + EXPIRY_GRACE_MS);
  const before = venue.lookups.length;
  await advance(60 * 60_000);
  expect(venue.lookups.length - before).toBeGreaterThan(50);
  expect(venue.lookups.length - before).toBeLessThan(70);
  venue.report(`0x${orderId}`, { status: 'expired' });
  await advance(60_000);
  expect(await state(orderId)).toBe('expired');
});

test('trades are asked for from the last answer on, not from the beginning again', async () => {
  venue.onLookup = broken;
  await doubtful();
  const before = venue.tradeRequests.length;
  await advance(10 * 60_000);
  const requests = venue.tradeRequests.slice(before);
  expect(requests[0]).toBe(AT_MS - 60_000);
  expect(requests.at(-1)).toBeGreaterThan(AT_MS + 6 * 60_000);
});

test('many orders in doubt share the questions that are the same', async () => {
  const orders = 20;
  await Promise.all(Array.from({ length: orders }, () => desk.submit({ size: '5' })));
  await idle(desk);
  let openAsked = 0;
  const slowly = () =>
    new Promise<[]>((resolve) => void clock.at(clock.now() + 200, () => resolve([])));
  venue.onOpenOrders = () => {
    openAsked += 1;
    return slowly();
  };
  venue.onTrades = slowly;
  const tradesBefore = venue.tradeRequests.length;
  await advance(1_700);
  expect(venue.lookups).toHaveLength(orders);
  expect(openAsked).toBeGreaterThan(0);
  expect(openAsked).toBeLessThanOrEqual(3);
  expect(venue.tradeRequests.length - tradesBefore).toBeLessThanOrEqual(2);
});

test('a person is told once, with the command to run; a restart does not tell it again', async () => {
  venue.onLookup = broken;
  const faults: string[] = [];
  desk.trading.on('fault', ({ message }) => void faults.push(message));
  const orderId = await doubtful();
  const escalations = () => desk.log.lines.filter(({ message }) => message.includes('resolve'));
  await advance(4 * 60_000);
  expect(escalations()).toEqual([]);
  await advance(60 * 60_000);
  expect(escalations()).toHaveLength(1);
  expect(faults.filter((message) => message.includes('resolve'))).toEqual([
    expect.stringContaining(`fillwright resolve ${orderId} --as never-taken|cancelled|live`),
  ]);
  expect(desk.trading.health().quarantine).toMatchObject([
    { orders: [{ orderId, escalated: true, sinceMs: AT_MS }] },
  ]);
  expect((await eventsOf(orderId, 'venue.lookupFailed')).length).toBeGreaterThan(
    ESCALATE_AFTER_LOOKUPS,
  );

  await desk.crash();
  desk = await open();
  await advance(10 * 60_000);
  expect(escalations()).toEqual([]);
  expect(desk.trading.health().quarantine).toMatchObject([{ orders: [{ escalated: true }] }]);
});
