/** What a venue may answer to a submit, and what becomes of the order: evidence decides, never time. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RUNG_LIMIT_MS } from '../../src/actors/look-up.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import { DEFAULT_RECONCILE } from '../../src/domain/reconcile.ts';
import { EXPIRY_GRACE_MS } from '../../src/machines/order.setup.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { idle, openDesk, pass, stateOf, type TestDesk } from '../support/desk.ts';
import { AT_MS } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

const DAY_MS = 86_400_000;

let fresh: FreshStore;
let clock: VirtualClock;
let venue: ScriptedVenue;
let desk: TestDesk;

beforeEach(async () => {
  fresh = await freshStore();
  clock = createVirtualClock(AT_MS);
  venue = createScriptedVenue({ now: () => clock.now() });
  desk = await openDesk(fresh, { clock, venue: () => venue.connect() });
});
afterEach(async () => {
  await desk.crash();
  await fresh.dispose();
});

const advance = (forMs: number) => pass(clock, desk, forMs);

async function place(over: object = {}): Promise<string> {
  const { orderId } = await desk.submit(over);
  await idle(desk);
  return orderId;
}

const state = (orderId: string) => stateOf(desk.trading, orderId);
const reserved = async () => (await desk.trading.account()).reservedUsd;
const timeout = () => Promise.reject(new Error('socket hang up'));

async function stepsOf(orderId: string): Promise<string[]> {
  await desk.trading.settled();
  return (await fresh.store.orderEvents(orderId)).map(({ type }) => type);
}

describe('a definite answer ends the order and frees its money', () => {
  test.each([
    ['rejected', 'REJECTED'],
    ['killed', 'CANCELLED'],
  ] as const)('%s', async (kind, status) => {
    venue.onSubmit = () => ({ kind, reason: 'no, thanks' });
    const orderId = await place();
    expect(await desk.trading.order(orderId)).toMatchObject({ status, reason: 'no, thanks' });
    expect(await reserved()).toBe('0');
    expect(venue.submits).toHaveLength(1);
  });

  test('bytes that cannot be made: denied, and nothing is sent', async () => {
    venue.onPrepare = () => {
      throw new Error('the key is locked');
    };
    const orderId = await place();
    expect(await desk.trading.order(orderId)).toMatchObject({
      status: 'DENIED',
      reason: 'the key is locked',
    });
    expect(await reserved()).toBe('0');
    expect(venue.submits).toEqual([]);
  });

  test('words that no database keeps are made readable, and the books go on', async () => {
    venue.onSubmit = () => ({ kind: 'rejected', reason: 'bad\u0000 word \ud800!' });
    const orderId = await place();
    await desk.trading.settled();
    expect(await fresh.store.order(orderId)).toMatchObject({
      status: 'REJECTED',
      reason: 'bad\ufffd word \ufffd!',
    });
    expect(await stepsOf(await place())).toContain('venue.orderRejected');
  });
});

describe('not accepted', () => {
  test('the same bytes go again after a growing wait, and no more than three times', async () => {
    venue.onSubmit = () => ({ kind: 'notAccepted', reason: 'busy', retryAfterMs: 0 });
    const orderId = await place();
    expect(await state(orderId)).toBe('holding');
    await advance(99);
    expect(venue.submits).toHaveLength(1);
    await advance(1);
    expect(venue.submits).toHaveLength(2);
    await advance(199);
    expect(venue.submits).toHaveLength(2);
    await advance(1);
    expect(venue.submits).toHaveLength(3);
    await advance(DAY_MS / 24);
    expect(await desk.trading.order(orderId)).toMatchObject({ status: 'REJECTED', reason: 'busy' });
    expect(new Set(venue.submits.map(({ body }) => body)).size).toBe(1);
    expect(venue.submits).toHaveLength(3);
    expect(await reserved()).toBe('0');
  });

  test('the wait that the venue asks for is kept', async () => {
    venue.onSubmit = (sent, attempt) =>
      attempt === 1
        ? { kind: 'notAccepted', reason: 'busy', retryAfterMs: 7_000 }
        : venue.take(sent);
    const orderId = await place();
    await advance(6_999);
    expect(venue.submits).toHaveLength(1);
    await advance(1);
    expect(await state(orderId)).toBe('working.open');
    expect(venue.submits).toHaveLength(2);
  });

  test('bytes that cannot be read for the next try were not sent: nobody doubts', async () => {
    await desk.stop();
    let failures = 1;
    const lost = new FillwrightFault('store_unavailable', 'The database is away.');
    desk = await openDesk(fresh, {
      ...{ clock, venue: () => venue.connect() },
      around: (store) => ({
        ...store,
        async preparedByClientOrderIds(ids) {
          failures -= 1;
          if (failures === 0) throw lost;
          return store.preparedByClientOrderIds(ids);
        },
      }),
    });
    venue.onSubmit = (sent, attempt) =>
      attempt === 1
        ? { kind: 'notAccepted', reason: 'busy', retryAfterMs: 7_000 }
        : venue.take(sent);
    const orderId = await place();
    await advance(7_000);
    expect(await desk.trading.order(orderId)).toMatchObject({
      ...{ execution: 'holding', reason: 'not sent: The database is away.' },
    });
    await advance(1_000);
    expect(await state(orderId)).toBe('working.open');
    expect(await stepsOf(orderId)).not.toContain('venue.outcomeUnknown');
    expect(venue.submits).toHaveLength(2);
  });

  test('a cancel in the wait ends the order without asking the venue', async () => {
    venue.onSubmit = () => ({ kind: 'notAccepted', reason: 'busy', retryAfterMs: 7_000 });
    const orderId = await place();
    await desk.trading.cancel(orderId, 'changed my mind');
    await advance(60_000);
    expect(await state(orderId)).toBe('cancelled');
    expect(venue.submits).toHaveLength(1);
    expect(venue.cancels).toEqual([]);
  });
});

describe('a submit that throws leaves the order unknown', () => {
  test('the venue has it: it works on, and is not sent again', async () => {
    venue.onSubmit = (sent) => {
      venue.take(sent);
      return timeout();
    };
    const orderId = await place();
    expect(await desk.trading.order(orderId)).toMatchObject({
      status: 'UNKNOWN',
      reason: 'socket hang up',
    });
    expect(await reserved()).toBe('5.125');
    await advance(1_000);
    expect(await state(orderId)).toBe('working.open');
    expect(venue.lookups).toEqual([`0x${orderId}`]);
    expect(venue.submits).toHaveLength(1);
  });

  test('the venue has filled it: its legs are fetched', async () => {
    venue.onSubmit = (sent) => {
      venue.report(sent.venueOrderId, { status: 'matched', sizeMatched: '10' });
      venue.fill({ venueOrderId: sent.venueOrderId, size: '10', role: 'taker' }, 'silent');
      return timeout();
    };
    const orderId = await place();
    await advance(1_000);
    expect(await desk.trading.order(orderId)).toMatchObject({
      status: 'MATCHED',
      filledSize: '10',
      reservedUsd: '0',
    });
    expect(venue.submits).toHaveLength(1);
  });

  test('the venue does not know it: the same bytes go again, signed once', async () => {
    venue.onSubmit = (sent, attempt) => (attempt < 3 ? timeout() : venue.take(sent));
    const orderId = await place();
    await advance(10_000);
    expect(await state(orderId)).toBe('working.open');
    expect(venue.submits).toHaveLength(3);
    const [first] = venue.submits;
    for (const sent of venue.submits) expect(sent).toEqual(first);
    expect(venue.prepares).toEqual([orderId]);
    expect(await fresh.store.preparedByClientOrderIds([orderId])).toMatchObject([first ?? {}]);
  });

  test('bytes are handed over at most five times, then only asked for', async () => {
    venue.onSubmit = timeout;
    const orderId = await place();
    await advance(600_000);
    expect(venue.submits).toHaveLength(5);
    expect(await state(orderId)).toMatch(/^unknown/);
  });

  test('no answer to the look-up: it stays unknown, asked for after growing waits without an end', async () => {
    venue.onSubmit = timeout;
    const askedAtMs: number[] = [];
    venue.onLookup = (_id, attempt) => {
      askedAtMs.push(clock.now());
      // Once the venue does not even refuse to answer: the look-up after it comes all the same.
      return attempt === 9 ? new Promise(() => undefined) : Promise.reject(new Error('502'));
    };
    const orderId = await place();
    await advance(DAY_MS / 24);
    expect(await desk.trading.order(orderId)).toMatchObject({ status: 'UNKNOWN', closed: false });
    expect(await reserved()).toBe('5.125');
    expect(venue.submits).toHaveLength(1);
    const waits = askedAtMs.slice(1).map((atMs, index) => atMs - (askedAtMs[index] ?? 0));
    expect(waits.slice(0, 7)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
    expect(waits.slice(7, 10)).toEqual([60_000, 60_000 + RUNG_LIMIT_MS, 60_000]);
    expect(waits.length).toBeGreaterThan(50);
  });

  test('a leg is evidence: the order works', async () => {
    venue.onSubmit = timeout;
    venue.onLookup = timeout;
    const orderId = await place();
    venue.fill({ venueOrderId: `0x${orderId}`, size: '4' });
    await idle(desk);
    expect(await state(orderId)).toBe('working.partiallyFilled');
    expect(await reserved()).toBe('3.075');
  });

  test('a named person settles what nothing else can', async () => {
    venue.onSubmit = timeout;
    venue.onLookup = timeout;
    const orderId = await place();
    const settle = { type: 'order.settleUnknown', orderId, by: 'ann', reason: 'asked by phone' };
    await desk.trading.send({ ...settle, type: 'order.settleUnknown' });
    expect(await desk.trading.order(orderId)).toMatchObject({
      status: 'REJECTED',
      reason: 'asked by phone (settled by ann)',
    });
    expect(await reserved()).toBe('0');
    // Nobody settles what is known.
    venue.onSubmit = (sent) => venue.take(sent);
    const known = await place();
    await expect(
      desk.trading.send({ ...settle, type: 'order.settleUnknown', orderId: known }),
    ).rejects.toMatchObject({ code: 'invalid_value' });
    expect(await state(known)).toBe('working.open');
  });

  test('a status that nobody knows keeps its text and is asked about again', async () => {
    const orderId = await place();
    const report = venue.report(`0x${orderId}`, { status: 'unrecognised', rawStatus: 'PONDERING' });
    venue.emit({ type: 'order', report });
    await idle(desk);
    expect(await state(orderId)).toMatch(/^unknown/);
    expect(await stepsOf(orderId)).toContain('venue.orderReported');
    const events = await fresh.store.orderEvents(orderId);
    expect(events.at(-1)?.note).toContain('PONDERING');
    venue.report(`0x${orderId}`, { status: 'live' });
    await advance(5_000);
    expect(await state(orderId)).toBe('working.open');
  });
});

describe('news that come in another order', () => {
  test('the leg before the answer: one fill, and the answer changes nothing', async () => {
    let answer: () => void = () => undefined;
    venue.onSubmit = async (sent) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return venue.take(sent);
    };
    const orderId = await place();
    venue.fill({ venueOrderId: `0x${orderId}`, size: '4' });
    await idle(desk);
    expect(await state(orderId)).toBe('working.partiallyFilled');
    answer();
    await idle(desk);
    expect(await desk.trading.order(orderId)).toMatchObject({
      execution: 'working.partiallyFilled',
      filledSize: '4',
    });
    expect(venue.submits).toHaveLength(1);
  });

  test('a GTD order without a word is asked about after its time', async () => {
    // The next comparison with the venue's list would ask, too.
    const expiresAtMs = clock.now() + 20_000;
    const orderId = await place({ timeInForce: 'GTD', expiresAtMs });
    venue.report(`0x${orderId}`, { status: 'expired' });
    await advance(20_000 + EXPIRY_GRACE_MS - 1);
    expect(venue.lookups).toEqual([]);
    expect(await state(orderId)).toBe('working.open');
    await advance(1);
    expect(venue.lookups).toEqual([`0x${orderId}`]);
    expect(await desk.trading.order(orderId)).toMatchObject({ status: 'EXPIRED', closed: true });
    expect(await reserved()).toBe('0');
  });

  test('an order that the venue no longer lists becomes a question, not a loss', async () => {
    const orderId = await place();
    venue.orders.clear();
    await advance(DEFAULT_RECONCILE.everySeconds * 1_000);
    expect(await state(orderId)).toMatch(/^unknown/);
    expect(await reserved()).toBe('5.125');
    venue.report(`0x${orderId}`, { status: 'cancelled' });
    await advance(60_000);
    expect(await state(orderId)).toBe('cancelled');
  });
});
