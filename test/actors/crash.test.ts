/** A crash at each step of an order's way to the venue: asked by its id, and never two of it. */
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { EXPIRY_GRACE_MS } from '../../src/machines/order.setup.ts';
import {
  asked,
  booksOf,
  type DeskOptions,
  holding,
  idle,
  makeDesk,
  pass,
  until,
  untilState,
} from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { AT_MS } from '../support/orders.ts';

const floor = useFloor();
const { start } = floor;

const never = <T>() => new Promise<T>(() => undefined);

const notNow = () => ({ kind: 'notAccepted', reason: 'restarting', retryAfterMs: 10_000 }) as const;

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
    floor.venue.onPrepare = () => never();
    const { orderId } = await crashIn('recording');
    expect(floor.venue.submits).toEqual([]);
    floor.venue.onPrepare = () => undefined;
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(1);
  });

  test.each([
    ['recording', 0, () => (floor.venue.onPrepare = () => never())],
    ['holding', 1, () => (floor.venue.onSubmit = notNow)],
  ] as const)(
    'in %s, back a day later: its moment is over, it is not sent',
    async (state, sent, script) => {
      script();
      const before = await start({ clock: createVirtualClock(AT_MS) });
      const { orderId } = await before.submit();
      await untilState(before.trading, orderId, state);
      await before.trading.settled();
      await before.crash();
      floor.venue.onPrepare = () => undefined;
      floor.venue.onSubmit = (again) => floor.venue.take(again);
      const clock = createVirtualClock(AT_MS + 86_400_000);
      const after = await start({ clock });
      await pass(clock, after, 60_000);
      expect(floor.venue.submits).toHaveLength(sent);
      expect(await after.trading.order(orderId)).toMatchObject({ status: 'CANCELLED' });
      expect((await after.trading.account()).reservedUsd).toBe('0');
    },
  );

  test('in submitting, and the venue took it: found among its open orders, not sent again', async () => {
    floor.venue.onSubmit = (sent) => {
      floor.venue.take(sent);
      return never();
    };
    const { orderId } = await crashIn('submitting');
    await until(() => floor.venue.submits.length === 1);
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(1);
    expect(floor.venue.prepares).toEqual([orderId]);
  });

  test('in submitting, and the venue never got it: asked first, then the same bytes', async () => {
    floor.venue.onSubmit = () => never();
    const { orderId, venueOrderId } = await crashIn('submitting');
    await until(() => floor.venue.submits.length === 1);
    const lookupsBefore: number[] = [];
    floor.venue.onSubmit = (sent) => {
      lookupsBefore.push(floor.venue.lookups.length);
      return floor.venue.take(sent);
    };
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(new Set(floor.venue.lookups)).toEqual(new Set([venueOrderId]));
    expect(lookupsBefore).toEqual([1]);
    expect(floor.venue.submits).toHaveLength(2);
    expect(floor.venue.submits[1]).toEqual(floor.venue.submits[0]);
    expect(floor.venue.prepares).toEqual([orderId]);
  });

  test('before the answer of the venue was written: found, not sent again', async () => {
    const held = holding('commit');
    floor.venue.onSubmit = (sent) => {
      held.hold();
      return floor.venue.take(sent);
    };
    const before = await start({ around: held.around });
    const { orderId } = await before.submit();
    await untilState(before.trading, orderId, 'working.open');
    await before.crash();
    floor.venue.onSubmit = () => never();
    const after = await start();
    await untilState(after.trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(1);
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
    expect(floor.venue.submits).toEqual([]);
    const { orderId, deduplicated } = await after.trading.submit(intent);
    expect(deduplicated).toBe(false);
    await untilState(after.trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(1);
  });

  test('in cancelling: the cancel is asked again', async () => {
    const before = await start();
    const { orderId, order } = await before.submit();
    expect(order.status).toBe('PENDING');
    await untilState(before.trading, orderId, 'working.open');
    floor.venue.onCancel = () => never();
    await before.trading.cancel(orderId);
    await until(() => floor.venue.cancels.length === 1);
    await before.crash();
    floor.venue.onCancel = () => ({ kind: 'cancelled' });
    const after = await start();
    await untilState(after.trading, orderId, 'cancelled');
    expect(floor.venue.cancels).toHaveLength(2);
    expect((await after.trading.account()).reservedUsd).toBe('0');
  });
});

describe('what happened while the engine was down', () => {
  test('fills are fetched and booked once', async () => {
    const { orderId, venueOrderId } = await crashIn('working.open');
    floor.venue.fill({ venueOrderId, size: '4', tradeId: 't1' }, 'silent');
    floor.venue.fill({ venueOrderId, size: '6', tradeId: 't2', settlement: 'confirmed' }, 'silent');
    floor.venue.report(venueOrderId, { status: 'matched', sizeMatched: '10' });
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
    floor.venue.report(venueOrderId, { status });
    const after = await start();
    await until(async () => (await after.trading.order(orderId))?.status === shown);
    expect((await after.trading.account()).reservedUsd).toBe('0');
  });

  test('everything told again changes nothing', async () => {
    const before = await start();
    const { orderId } = await before.submit();
    await untilState(before.trading, orderId, 'working.open');
    const legs = ['t1', 't2', 't3'].map((tradeId, index) =>
      floor.venue.fill({
        venueOrderId: `0x${orderId}`,
        tradeId,
        size: '2',
        settlement: (['matched', 'confirmed', 'failed'] as const)[index] ?? 'matched',
      }),
    );
    await until(async () => (await before.trading.order(orderId))?.filledSize === '4');
    floor.venue.report(`0x${orderId}`, { sizeMatched: '6' });
    await before.stop();
    const after = await start();
    await after.trading.settled();
    const { lastSeq } = after.trading.execution.journal;
    const { actors: _, ...books } = await booksOf(floor.fresh);
    for (const leg of [...legs, ...legs].reverse()) floor.venue.emit({ type: 'leg', leg });
    await until(() => after.trading.execution.journal.lastSeq === lastSeq + 6);
    await after.trading.settled();
    const { actors: _again, ...same } = await booksOf(floor.fresh);
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
    // The venue is asked by the deadline alone, not by a comparison of everything.
    const reconcile = { everySeconds: 3_600 };
    const before = await start({ clock, reconcile });
    const expiresAtMs = clock.now() + 100_000;
    const { orderId } = await before.submit({ timeInForce: 'GTD', expiresAtMs });
    await idle(before);
    await before.crash();
    await clock.advanceTo(clock.now() + 50_000);
    const after = await start({ clock, reconcile });
    floor.venue.report(`0x${orderId}`, { status: 'expired' });
    await pass(clock, after, 50_000 + EXPIRY_GRACE_MS - 1);
    expect(floor.venue.lookups).toEqual([]);
    await pass(clock, after, 1);
    expect((await after.trading.order(orderId))?.status).toBe('EXPIRED');
  });

  test('the next look-up of an unknown order, which fell due while it was down', async () => {
    floor.venue.onSubmit = () => Promise.reject(new Error('socket hang up'));
    floor.venue.onLookup = () => Promise.reject(new Error('502'));
    const before = await start({ clock });
    const { orderId } = await before.submit();
    await pass(clock, before, 10_000);
    const lookups = floor.venue.lookups.length;
    await before.crash();
    await clock.advanceTo(clock.now() + 60_000);
    floor.venue.onLookup = (id) => floor.venue.report(id, { status: 'live' });
    const after = await start({ clock });
    await pass(clock, after, 0);
    expect(await after.trading.order(orderId)).toMatchObject({ execution: 'working.open' });
    expect(floor.venue.lookups).toHaveLength(lookups + 1);
    expect(floor.venue.submits).toHaveLength(1);
  });

  test('the second try of an order that was not accepted', async () => {
    floor.venue.onSubmit = (sent, attempt) =>
      attempt === 1
        ? { kind: 'notAccepted', reason: 'busy', retryAfterMs: 30_000 }
        : floor.venue.take(sent);
    const before = await start({ clock });
    const { orderId } = await before.submit();
    await pass(clock, before, 10_000);
    await before.crash();
    const after = await start({ clock });
    await pass(clock, after, 19_999);
    expect(floor.venue.submits).toHaveLength(1);
    await pass(clock, after, 1);
    expect(await after.trading.order(orderId)).toMatchObject({ execution: 'working.open' });
    expect(floor.venue.submits[1]).toEqual(floor.venue.submits[0]);
  });
});

test('while one engine lives, another is refused', async () => {
  const first = await start();
  const second = makeDesk(floor.fresh, { venue: () => floor.venue.connect() });
  await expect(second.trading.start()).rejects.toMatchObject({ code: 'store_busy' });
  await second.store.close();
  expect((await first.submit()).order.status).toBe('PENDING');
});
