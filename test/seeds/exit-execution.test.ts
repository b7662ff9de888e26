/** Exits carried out by the whole engine, as the requirement texts ask for them; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/actors/ports.ts';
import type { Books } from '../../src/actors/trading-api.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { DAY_MS, DEFAULT_EXIT_PLAN } from '../../src/domain/exits/default-plan.ts';
import type { BookSnapshot } from '../../src/domain/market-data.ts';
import { withClient } from '../support/database.ts';
import { type TestDesk, ticks, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { rain } from '../support/orders.ts';

const floor = useFloor();
let desk: TestDesk;
let seen: BookSnapshot | undefined;

/** The real clock, which the test sets forward by days. */
const system = createSystemClock();
let aheadMs = 0;
const clock: Clock = {
  now: () => system.now() + aheadMs,
  at: (atMs, callback) => system.at(atMs - aheadMs, callback),
};

const books: Books = {
  book: () => seen,
  mark: () => seen?.bids[0]?.price,
  get seenAtMs() {
    return clock.now();
  },
};

beforeEach(async () => {
  seen = undefined;
  aheadMs = 0;
  desk = await floor.start({ clock, books, exitPlan: DEFAULT_EXIT_PLAN });
});

/** 20 shares bought at 0.95, and then so many days. */
async function heldFor(days: number): Promise<void> {
  const orderId = await place(desk, { size: '20', price: '0.95' });
  const venueOrderId = `0x${orderId}`;
  floor.venue.report(venueOrderId, { status: 'matched', sizeMatched: '20' });
  floor.venue.fill({
    ...{ venueOrderId, size: '20', price: '0.95', settlement: 'confirmed', tradeId: 'bought' },
  });
  await untilState(desk.trading, orderId, 'matched');
  aheadMs += days * DAY_MS;
}

function show(bid: string): void {
  const side = (price: string) => [{ price, size: '500' }];
  seen = {
    ...{ instrumentId: rain.id, atMs: clock.now(), tickSize: '0.01' },
    ...{ bids: side(bid), asks: [] },
  };
  desk.trading.marketChanged(rain.id);
}

const exits = () =>
  desk.trading
    .workingOrders()
    .filter(({ side }) => side === 'SELL')
    .map(({ price, size, reason, status, clientOrderId }) => ({
      ...{ price, size, reason, status, clientOrderId },
    }));

async function placed() {
  await until(() => exits()[0]?.status === 'PLACED');
  const [exit] = exits();
  if (exit === undefined) throw new Error('Nothing was sold.');
  return exit;
}

function fillExit(clientOrderId: string, price: string, settlement: 'matched' | 'confirmed'): void {
  const venueOrderId = `0x${clientOrderId}`;
  floor.venue.report(venueOrderId, { status: 'matched', sizeMatched: '20' });
  floor.venue.fill({
    ...{ venueOrderId, side: 'SELL', size: '20', price, settlement, tradeId: 'sold' },
  });
}

const exitEvents = async () => {
  await desk.trading.settled();
  return withClient(floor.fresh, async (client) => {
    const { rows } = await client.query('select * from exit_events order by exit_id');
    return rows as Record<string, unknown>[];
  });
};

describe('a position held for 10 days', () => {
  test.each([
    ['0.99', 'profit_target', '0.8'],
    ['0.9', 'stop_loss', '-1'],
  ])('at %s is sold whole (%s), and the result is %s dollars', async (bid, reason, pnl) => {
    await heldFor(10);
    show(bid);
    const exit = await placed();
    expect(exit).toMatchObject({ price: bid, size: '20' });
    fillExit(exit.clientOrderId, bid, 'confirmed');
    await until(() => desk.trading.position(rain.id)?.size === '0');
    expect(desk.trading.position(rain.id)?.realizedPnl).toBe(pnl);
    const events = await exitEvents();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ exit_price: bid, realized_pnl: pnl, reason });
  });

  test('between the stop and the target is kept', async () => {
    await heldFor(10);
    for (const bid of ['0.91', '0.94', '0.98']) {
      show(bid);
      await ticks();
    }
    expect(exits()).toEqual([]);
  });
});

test('a position held for 2 days is kept, even at the target', async () => {
  await heldFor(2);
  for (const bid of ['0.99', '0.9', '0.5']) {
    show(bid);
    await ticks();
  }
  expect(exits()).toEqual([]);
});

describe('a position is closed by what is filled', () => {
  test('not by the order that the venue has accepted', async () => {
    await heldFor(10);
    show('0.99');
    await placed();
    expect(desk.trading.position(rain.id)).toMatchObject({ size: '20', realizedPnl: '0' });
    expect(await exitEvents()).toEqual([]);
  });

  test('not by an order that the venue refused', async () => {
    await heldFor(10);
    floor.venue.onSubmit = () => ({ kind: 'rejected', reason: 'no' });
    const before = floor.venue.submits.length;
    show('0.99');
    await until(() => floor.venue.submits.length > before);
    await ticks();
    expect(desk.trading.position(rain.id)).toMatchObject({ size: '20' });
  });

  test('a fill that fails on chain is held again', async () => {
    await heldFor(10);
    show('0.99');
    const { clientOrderId } = await placed();
    fillExit(clientOrderId, '0.99', 'matched');
    await until(() => desk.trading.position(rain.id)?.size === '0');
    floor.venue.fill({
      ...{ venueOrderId: `0x${clientOrderId}`, side: 'SELL', size: '20', price: '0.99' },
      ...{ tradeId: 'sold', settlement: 'failed' },
    });
    await until(() => desk.trading.position(rain.id)?.size === '20');
    expect(desk.trading.position(rain.id)).toMatchObject({ realizedPnl: '0' });
  });
});
