/** Catching up with the venue: what it told nobody, what it told late, and what it does not tell. */
import { expect, test } from 'vitest';
import type { Store } from '../../src/actors/store-port.ts';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import { DEFAULT_RECONCILE } from '../../src/domain/reconcile.ts';
import { idle, pass, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { AT_MS } from '../support/orders.ts';

const floor = useFloor();
const { start } = floor;

test('an order that ends and leaves memory while the venue is asked about it harms nothing', async () => {
  const desk = await start();
  const { trading } = desk;
  const orderId = await place(desk);
  const known = floor.venue.orders.get(`0x${orderId}`);
  floor.venue.orders.clear();
  let answer: () => void = () => undefined;
  floor.venue.onLookup = () =>
    new Promise((resolve) => {
      answer = () => resolve(known);
    });
  floor.venue.emit({ type: 'connection', state: 'down', atMs: Date.now() });
  floor.venue.emit({ type: 'connection', state: 'up', atMs: Date.now() });
  await until(() => floor.venue.lookups.length === 1);
  await trading.cancel(orderId);
  await until(() => trading.execution.registry.orders.size === 0, 'the order to be reaped');
  answer();
  await until(() => trading.health().venue === 'live');
  expect(trading.health()).toMatchObject({ running: true, failure: null });
  expect((await trading.order(orderId))?.status).toBe('CANCELLED');
});

test('a connection that came back meanwhile is caught up anew before entries are taken', async () => {
  const clock = createVirtualClock(AT_MS);
  const desk = await start({ clock });
  const { trading, submit } = desk;
  const { orderId } = await submit();
  await idle(desk);
  let answer: () => void = () => undefined;
  floor.venue.onTrades = () =>
    new Promise((resolve) => {
      answer = () => resolve([]);
    });
  const requests = floor.venue.tradeRequests.length;
  await pass(clock, desk, DEFAULT_RECONCILE.everySeconds * 1_000);
  expect(floor.venue.tradeRequests).toHaveLength(requests + 1);
  floor.venue.emit({ type: 'connection', state: 'down', atMs: clock.now() });
  floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' }, 'silent');
  floor.venue.emit({ type: 'connection', state: 'up', atMs: clock.now() });
  await idle(desk);
  floor.venue.onTrades = () => [...floor.venue.trades];
  answer();
  await idle(desk);
  expect(trading.health().venue).toBe('live');
  expect(await trading.order(orderId)).toMatchObject({ filledSize: '4' });
});

test('a venue that does not answer is asked again, and a stop does not wait for it', async () => {
  const clock = createVirtualClock(AT_MS);
  const desk = await start({ clock });
  const { trading } = desk;
  floor.venue.onTrades = () => Promise.reject(new Error('502'));
  const requests = floor.venue.tradeRequests.length;
  floor.venue.emit({ type: 'connection', state: 'up', atMs: clock.now() });
  await pass(clock, desk, 10_000);
  expect(floor.venue.tradeRequests.length).toBeGreaterThan(requests + 3);
  expect(trading.health().venue).toBe('catchingUp');
  expect((await desk.submit()).order.status).toBe('DENIED');
  await trading.stop();
});

test('a leg that could not be taken in, since the store was away, is asked for again', async () => {
  let away = false;
  const desk = await start({
    around: (store) =>
      new Proxy<Store>(store, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) =>
            away && key === 'preparedByVenueOrderIds'
              ? Promise.reject(new FillwrightFault('store_unavailable', 'The store is away.'))
              : Reflect.apply(value, target, args);
        },
      }),
  });
  const { trading } = desk;
  const orderId = await place(desk);
  await trading.cancel(orderId);
  await until(() => trading.execution.registry.orders.size === 0, 'the order to be reaped');
  away = true;
  floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' });
  await until(() => desk.log.lines.some(({ message }) => /could not be taken in/.test(message)));
  away = false;
  await until(() => trading.position('paper:rain:YES')?.size === '4');
  expect(trading.health()).toMatchObject({ running: true, failure: null, orphans: 0 });
});

test.each(['fails', 'ends'])(
  'a stream that %s is noticed, opened again, and what it missed is fetched',
  async (how) => {
    let breakStream: (() => void) | undefined;
    const desk = await start({
      venue: () => {
        const venue = floor.venue.connect();
        return {
          ...venue,
          async *events(signal) {
            if (breakStream !== undefined) return yield* venue.events(signal);
            await new Promise<void>((resolve) => {
              breakStream = resolve;
            });
            if (how === 'fails') throw new Error('socket hang up');
          },
        };
      },
    });
    const orderId = await place(desk);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' }, 'silent');
    const told: string[] = [];
    desk.trading.on('health', ({ part, state }) => void told.push(`${part} ${state}`));
    breakStream?.();
    await until(async () => (await desk.trading.order(orderId))?.filledSize === '4');
    expect(told).toEqual(['venue down', 'venue up']);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId: 'later', size: '6' });
    await untilState(desk.trading, orderId, 'matched');
  },
);

test('the stream is read on while the books are compared after it came back', async () => {
  const clock = createVirtualClock(AT_MS);
  const desk = await start({ clock });
  const { orderId } = await desk.submit();
  await idle(desk);
  let answer: () => void = () => undefined;
  floor.venue.onTrades = () =>
    new Promise((resolve) => {
      answer = () => resolve([]);
    });
  floor.venue.emit({ type: 'connection', state: 'up', atMs: clock.now() });
  floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' });
  await idle(desk);
  expect(desk.trading.health().venue).toBe('catchingUp');
  expect(await desk.trading.order(orderId)).toMatchObject({ filledSize: '4' });
  // It is lost before the answer has come: that answer proves nothing.
  floor.venue.emit({ type: 'connection', state: 'down', atMs: clock.now() });
  await idle(desk);
  answer();
  await idle(desk);
  expect(desk.trading.health().venue).toBe('disconnected');
});

test('a venue that tells its own connection is up again when it says so, and not before', async () => {
  const clock = createVirtualClock(AT_MS);
  let breakStream: () => void = () => undefined;
  let stand: () => void = () => undefined;
  let opened = 0;
  const desk = await start({
    clock,
    venue: () => {
      const venue = floor.venue.connect();
      return {
        ...venue,
        tellsConnection: true as const,
        async *events(signal) {
          opened += 1;
          if (opened > 1) {
            await new Promise<void>((resolve) => {
              stand = resolve;
            });
            yield { type: 'connection', state: 'up', atMs: clock.now() };
            return yield* venue.events(signal);
          }
          yield { type: 'connection', state: 'up', atMs: clock.now() };
          await new Promise<void>((resolve) => {
            breakStream = resolve;
          });
          throw new Error('socket hang up');
        },
      };
    },
  });
  expect(desk.trading.health().venue).toBe('live');
  breakStream();
  await pass(clock, desk, 10_000);
  expect(opened).toBe(2);
  expect(desk.trading.health().venue).toBe('disconnected');
  expect((await desk.submit()).order.status).toBe('DENIED');
  stand();
  await idle(desk);
  expect(desk.trading.health().venue).toBe('live');
});

test('a clock that was set back lets no leg slip: what was seen in its future proves nothing', async () => {
  const HOUR_MS = 3_600_000;
  const first = await start({ clock: createVirtualClock(AT_MS + HOUR_MS) });
  const { orderId } = await first.submit();
  await idle(first);
  await first.trading.cancel(orderId);
  await idle(first);
  await first.trading.settled();
  await first.crash();
  const clock = createVirtualClock(AT_MS + HOUR_MS / 6);
  const matchedAtMs = clock.now() - 300_000;
  floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4', matchedAtMs }, 'silent');
  floor.venue.onTrades = (sinceMs) =>
    floor.venue.trades.filter((leg) => leg.matchedAtMs >= sinceMs);
  const second = await start({ clock });
  expect(second.trading.position('paper:rain:YES')?.size).toBe('4');
});
