/** The emergency liquidation as the requirement texts ask for it; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import { scopeOfCause } from '../../src/domain/risk/holds.ts';
import { type TestDesk, until, untilState } from '../support/desk.ts';
import { allEvents } from '../support/events.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';

const floor = useFloor();
const SCOPE = scopeOfCause('liquidation');
let desk: TestDesk;

/** 20 shares of YES at 0.95 and 30 of NO at 0.4, final; whoever sells finds a buyer at 0.3. */
beforeEach(async () => {
  desk = await floor.start();
  await buy(rain.id, '20', '0.95');
  await buy(noRain.id, '30', '0.4');
  sellAt('0.3');
});

async function buy(instrument: string, size: string, price: string): Promise<void> {
  const orderId = await place(desk, { instrument, size, price });
  const venueOrderId = `0x${orderId}`;
  floor.venue.report(venueOrderId, { status: 'matched', sizeMatched: size });
  floor.venue.fill({
    ...{ venueOrderId, instrumentId: instrument, size, price, settlement: 'confirmed' },
    tradeId: `bought-${instrument}`,
  });
  await untilState(desk.trading, orderId, 'matched');
}

/** What the venue was asked to sell. */
let sales: { readonly instrument: string; readonly side: string; readonly size: string }[];

function sellAt(price: string, refused: readonly string[] = []): void {
  sales = [];
  const asked = new Map<string, (typeof sales)[number]>();
  floor.venue.onPrepare = ({ clientOrderId, instrument, side, size = '0' }) =>
    void asked.set(`0x${clientOrderId}`, { instrument: instrument.id, side, size });
  floor.venue.onSubmit = (sent) => {
    const sale = asked.get(sent.venueOrderId);
    if (sale === undefined || sale.side === 'BUY') return floor.venue.take(sent);
    sales.push(sale);
    if (refused.includes(sale.instrument)) return { kind: 'rejected', reason: 'market closed' };
    const { venueOrderId } = sent;
    floor.venue.report(venueOrderId, { status: 'matched', sizeMatched: sale.size });
    floor.venue.fill({
      ...{ venueOrderId, side: 'SELL', instrumentId: sale.instrument, size: sale.size, price },
      ...{ tradeId: `sale-${venueOrderId}`, settlement: 'confirmed' },
    });
    return { kind: 'acknowledged', venueOrderId, status: 'matched' };
  };
}

const levelNow = () => desk.trading.execution.context().holds[SCOPE]?.level;

test('new orders are blocked from the call on', async () => {
  const closing = desk.trading.flatten('Ann', 'a daily loss');
  expect(levelNow()).toBe('liquidating');
  expect((await desk.submit()).order.status).toBe('DENIED');
  await closing;
  expect((await desk.submit()).order.status).toBe('DENIED');
});

test('open orders are cancelled, and that is proven', async () => {
  const resting = await place(desk, { price: '0.2' });
  const { cancelled, unproven } = await desk.trading.flatten('Ann', 'a daily loss');
  expect({ cancelled, unproven }).toEqual({ cancelled: 1, unproven: [] });
  expect((await desk.trading.order(resting))?.status).toBe('CANCELLED');
});

test('what is held is sold, all of it and no more, the most money first', async () => {
  await desk.trading.flatten('Ann', 'a daily loss');
  // 19 dollars of the one, 12 of the other.
  expect(sales).toEqual([
    { instrument: rain.id, side: 'SELL', size: '20' },
    { instrument: noRain.id, side: 'SELL', size: '30' },
  ]);
  expect((await desk.trading.positions()).map(({ size }) => size)).toEqual(['0', '0']);
});

test('the status is active, liquidating and then paused', async () => {
  expect(levelNow()).toBeUndefined();
  const closing = desk.trading.flatten('Ann', 'a daily loss');
  expect(levelNow()).toBe('liquidating');
  expect(desk.trading.health().liquidation).toMatchObject({ positionsLeft: 2 });
  await closing;
  expect(levelNow()).toBe('paused');
  expect(desk.trading.health().liquidation).toBeNull();
});

describe('the statistics', () => {
  test('where all goes well: two closed, none left, what it brought', async () => {
    expect(await desk.trading.flatten('Ann', 'a daily loss')).toMatchObject({
      ...{ by: 'Ann', reason: 'a daily loss', ordersSent: 2, soldShares: '50', proceedsUsd: '15' },
      ...{ closed: [rain.id, noRain.id], left: [] },
    });
  });

  test('where one fails: the others are sold all the same, and it says which is left and why', async () => {
    sellAt('0.3', [rain.id]);
    const { closed, left } = await desk.trading.flatten('Ann', 'a daily loss');
    expect(closed).toEqual([noRain.id]);
    expect(left).toEqual([
      { instrumentId: rain.id, size: '20', why: 'the venue refused: market closed' },
    ]);
  });

  test('with nothing held there is nothing to do, and trading is paused', async () => {
    await desk.trading.flatten('Ann', 'first');
    await desk.trading.send({ type: 'trading.resume', scope: SCOPE, by: 'Ann' });
    expect(await desk.trading.flatten('Ann', 'second')).toMatchObject({
      ...{ ordersSent: 0, closed: [], left: [] },
    });
    expect(levelNow()).toBe('paused');
  });
});

test('a second call while it is under way is the first one', async () => {
  const first = desk.trading.flatten('Ann', 'a daily loss');
  const second = desk.trading.flatten('Ben', 'me too');
  expect(await second).toBe(await first);
  expect(sales).toHaveLength(2);
});

test('only a person resumes: a restart does not', async () => {
  await desk.trading.flatten('Ann', 'a daily loss');
  await desk.crash();
  desk = await floor.start();
  expect(levelNow()).toBe('paused');
  expect((await desk.submit()).order.status).toBe('DENIED');
  await desk.trading.send({ type: 'trading.resume', scope: SCOPE, by: 'Ann' });
  expect((await desk.submit()).order.status).not.toBe('DENIED');
});

test('its beginning and its end are events', async () => {
  await desk.trading.flatten('Ann', 'a daily loss');
  await desk.trading.settled();
  await until(async () => {
    const held = (await allEvents(floor.fresh.store.events)).filter(
      ({ type }) => type === 'system.held',
    );
    return held.map(({ payload }) => (payload as { level: string }).level).join() === LEVELS;
  });
});

const LEVELS = 'liquidating,paused';
