/** A crash at each step of an order's way to the venue: asked by its id, and never two of it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { EXPIRY_GRACE_MS } from '../../src/machines/order.setup.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import {
  asked,
  booksOf,
  type DeskOptions,
  holding,
  idle,
  makeDesk,
  openDesk,
  pass,
  type TestDesk,
  until,
  untilState,
} from '../support/desk.ts';
import { AT_MS } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
let venue: ScriptedVenue;
const open: TestDesk[] = [];

beforeEach(async () => {
  fresh = await freshStore();
  venue = createScriptedVenue({ now: () => Date.now() });
});
afterEach(async () => {
  for (const desk of open.splice(0)) await desk.crash();
  await fresh.dispose();
});

async function start(options: Partial<DeskOptions> = {}): Promise<TestDesk> {
  const desk = await openDesk(fresh, { venue: () => venue.connect(), ...options });
  open.push(desk);
  return desk;
}

const never = <T>() => new Promise<T>(() => undefined);

/** Crashes while the newest order is in `state`; the engine's next life on the same rows. */
async function crashIn(state: string, options: Partial<DeskOptions> = {}) {
  const before = await start(options);
  const { orderId } = await before.submit();
  await untilState(before.trading, orderId, state);
  await before.crash();
  return { orderId, venueOrderId: `0x${orderId}` };
}

describe('a crash on the way to the venue', () => {
  test('in recording: prepared and sent once', async () => {
    venue.onPrepare = () => never();
    const { orderId } = await crashIn('recording');
    expect(venue.submits).toEqual([]);
    venue.onPrepare = () => undefined;
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(venue.submits).toHaveLength(1);
  });

  test('in submitting, and the venue took it: found by its id, not sent again', async () => {
    venue.onSubmit = (sent) => {
      venue.take(sent);
      return never();
    };
    const { orderId, venueOrderId } = await crashIn('submitting');
    await until(() => venue.submits.length === 1);
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(venue.lookups).toContain(venueOrderId);
    expect(venue.submits).toHaveLength(1);
    expect(venue.prepares).toEqual([orderId]);
  });

  test('in submitting, and the venue never got it: asked first, then the same bytes', async () => {
    venue.onSubmit = () => never();
    const { orderId, venueOrderId } = await crashIn('submitting');
    await until(() => venue.submits.length === 1);
    const lookupsBefore: number[] = [];
    venue.onSubmit = (sent) => {
      lookupsBefore.push(venue.lookups.length);
      return venue.take(sent);
    };
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(venue.lookups).toEqual([venueOrderId]);
    expect(lookupsBefore).toEqual([1]);
    expect(venue.submits).toHaveLength(2);
    expect(venue.submits[1]).toEqual(venue.submits[0]);
    expect(venue.prepares).toEqual([orderId]);
  });

  test('before the answer of the venue was written: found, not sent again', async () => {
    const held = holding('commit');
    venue.onSubmit = (sent) => {
      held.hold();
      return venue.take(sent);
    };
    const before = await start({ around: held.around });
    const { orderId } = await before.submit();
    await untilState(before.trading, orderId, 'working.open');
    await before.crash();
    venue.onSubmit = () => never();
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(venue.submits).toHaveLength(1);
  });

  test('before the intent was written: nothing was sent, and its key is free', async () => {
    const held = holding('commit');
    const before = await start({ around: held.around });
    held.hold();
    const intent = asked();
    void before.trading.submit(intent);
    await until(() => before.trading.health().waiting > 0);
    await before.crash();
    const after = await start();
    expect(await after.trading.orders()).toEqual([]);
    expect(venue.submits).toEqual([]);
    const { orderId, deduplicated } = await after.trading.submit(intent);
    expect(deduplicated).toBe(false);
    await untilState(after.trading, orderId, 'working.open');
    expect(venue.submits).toHaveLength(1);
  });

  test('in cancelling: the cancel is asked again', async () => {
    const before = await start();
    const { orderId, order } = await before.submit();
    expect(order.status).toBe('PENDING');
    await untilState(before.trading, orderId, 'working.open');
    venue.onCancel = () => never();
    await before.trading.cancel(orderId);
    await until(() => venue.cancels.length === 1);
    await before.crash();
    venue.onCancel = () => ({ kind: 'cancelled' });
    const after = await start();
    await untilState(after.trading, orderId, 'cancelled');
    expect(venue.cancels).toHaveLength(2);
    expect((await after.trading.account()).reservedUsd).toBe('0');
  });
});

describe('what happened while the engine was down', () => {
  test('fills are fetched and booked once', async () => {
    const { orderId, venueOrderId } = await crashIn('working.open');
    venue.fill({ venueOrderId, size: '4', tradeId: 't1' }, 'silent');
    venue.fill({ venueOrderId, size: '6', tradeId: 't2', settlement: 'confirmed' }, 'silent');
    venue.report(venueOrderId, { status: 'matched', sizeMatched: '10' });
    const after = await start();
    expect(await after.trading.order(orderId)).toMatchObject({
      status: 'MATCHED',
      filledSize: '10',
      reservedUsd: '0',
    });
    expect(after.trading.position('paper:rain:YES')).toMatchObject({
      size: '10',
      sellableSize: '6',
    });
  });

  test.each([
    ['cancelled', 'CANCELLED'],
    ['expired', 'EXPIRED'],
  ] as const)('an order that the venue %s is over', async (status, shown) => {
    const { orderId, venueOrderId } = await crashIn('working.open');
    venue.report(venueOrderId, { status });
    const after = await start();
    await until(async () => (await after.trading.order(orderId))?.status === shown);
    expect((await after.trading.account()).reservedUsd).toBe('0');
  });

  test('everything told again changes nothing', async () => {
    const before = await start();
    const { orderId } = await before.submit();
    await untilState(before.trading, orderId, 'working.open');
    const legs = ['t1', 't2', 't3'].map((tradeId, index) =>
      venue.fill({
        venueOrderId: `0x${orderId}`,
        tradeId,
        size: '2',
        settlement: (['matched', 'confirmed', 'failed'] as const)[index] ?? 'matched',
      }),
    );
    await until(async () => (await before.trading.order(orderId))?.filledSize === '4');
    venue.report(`0x${orderId}`, { sizeMatched: '6' });
    await before.stop();
    const after = await start();
    await after.trading.settled();
    const { lastSeq } = after.trading.execution.journal;
    const { actors: _, ...books } = await booksOf(fresh);
    for (const leg of [...legs, ...legs].reverse()) venue.emit({ type: 'leg', leg });
    await until(() => after.trading.execution.journal.lastSeq === lastSeq + 6);
    await after.trading.settled();
    const { actors: _again, ...same } = await booksOf(fresh);
    expect({ ...same, orders: undated(same.orders) }).toEqual({
      ...books,
      orders: undated(books.orders),
    });
  });
});

/** Without the time of the last event, which a repeat is. */
function undated(rows: unknown[] | undefined): unknown[] {
  return (rows ?? []).map((row) => ({ ...Object(row), updated_at_ms: 0 }));
}

describe('waits are data and go on in the next life', () => {
  const clock = createVirtualClock(AT_MS);

  test('the end of a GTD order', async () => {
    const before = await start({ clock });
    const expiresAtMs = clock.now() + 100_000;
    const { orderId } = await before.submit({ timeInForce: 'GTD', expiresAtMs });
    await idle(before);
    await before.crash();
    await clock.advanceTo(clock.now() + 50_000);
    const after = await start({ clock });
    venue.report(`0x${orderId}`, { status: 'expired' });
    await pass(clock, after, 50_000 + EXPIRY_GRACE_MS - 1);
    expect(venue.lookups).toEqual([]);
    await pass(clock, after, 1);
    expect((await after.trading.order(orderId))?.status).toBe('EXPIRED');
  });

  test('the next look-up of an unknown order, which fell due while it was down', async () => {
    venue.onSubmit = () => Promise.reject(new Error('socket hang up'));
    venue.onLookup = () => Promise.reject(new Error('502'));
    const before = await start({ clock });
    const { orderId } = await before.submit();
    await pass(clock, before, 10_000);
    const lookups = venue.lookups.length;
    await before.crash();
    await clock.advanceTo(clock.now() + 60_000);
    venue.onLookup = (id) => venue.report(id, { status: 'live' });
    const after = await start({ clock });
    await pass(clock, after, 0);
    expect(await after.trading.order(orderId)).toMatchObject({ execution: 'working.open' });
    expect(venue.lookups).toHaveLength(lookups + 1);
    expect(venue.submits).toHaveLength(1);
  });

  test('the second try of an order that was not accepted', async () => {
    venue.onSubmit = (sent, attempt) =>
      attempt === 1
        ? { kind: 'notAccepted', reason: 'busy', retryAfterMs: 30_000 }
        : venue.take(sent);
    const before = await start({ clock });
    const { orderId } = await before.submit();
    await pass(clock, before, 10_000);
    await before.crash();
    const after = await start({ clock });
    await pass(clock, after, 19_999);
    expect(venue.submits).toHaveLength(1);
    await pass(clock, after, 1);
    expect(await after.trading.order(orderId)).toMatchObject({ execution: 'working.open' });
    expect(venue.submits[1]).toEqual(venue.submits[0]);
  });
});

test('while one engine lives, another is refused', async () => {
  const first = await start();
  const second = makeDesk(fresh, { venue: () => venue.connect() });
  await expect(second.trading.start()).rejects.toMatchObject({ code: 'store_busy' });
  await second.store.close();
  expect((await first.submit()).order.status).toBe('PENDING');
});
