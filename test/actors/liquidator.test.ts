/** Everything is closed: at once for entries, proven for orders, sold for positions, whatever crashes. */
import { describe, expect, test } from 'vitest';
import type { Books } from '../../src/actors/trading-api.ts';
import type { BookSnapshot } from '../../src/domain/market-data.ts';
import { scopeOfCause } from '../../src/domain/risk/holds.ts';
import { type TestDesk, until, untilState } from '../support/desk.ts';
import { allEvents, problemsOf } from '../support/events.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';
import { createPaperMarket } from '../support/paper-desk.ts';

const floor = useFloor();
const { start } = floor;

/** A paper market whose books the engine sees, too. */
function shownMarket(settings = {}) {
  const market = createPaperMarket(settings);
  const seen = new Map<string, BookSnapshot>();
  const show: typeof market.show = (bids, asks, instrument = rain) => {
    const level = ([price, size]: readonly [string, string]) => ({ price, size });
    seen.set(instrument.id, {
      ...{ instrumentId: instrument.id, atMs: Date.now(), tickSize: instrument.tickSize },
      ...{ bids: bids.map(level), asks: asks.map(level) },
    });
    market.show(bids, asks, instrument);
  };
  const books: Books = {
    book: (id) => seen.get(id),
    mark: (id) => seen.get(id)?.bids[0]?.price,
    get seenAtMs() {
      return Date.now();
    },
  };
  return { venue: market.venue, show, books };
}

const SCOPE = scopeOfCause('liquidation');
const levelOf = ({ trading }: TestDesk) => trading.execution.context().holds[SCOPE]?.level;
const take = { type: 'market', timeInForce: 'FAK' } as const;

/** Buys on both outcomes: 40 dollars of one, 4 of the other. */
async function buyBoth(desk: TestDesk, show: ReturnType<typeof shownMarket>['show']) {
  show([['0.45', '500']], [['0.5', '500']]);
  show([['0.35', '500']], [['0.4', '500']], noRain);
  for (const over of [{ size: '80' }, { instrument: noRain.id, price: '0.4' }]) {
    const { orderId } = await desk.submit({ price: '0.5', ...over, ...take });
    await until(async () => (await desk.trading.order(orderId))?.status === 'CONFIRMED');
  }
}

describe('flatten', () => {
  test('refuses entries from the same moment on, cancels, sells the largest first, and pauses', async () => {
    const { venue, books, show } = shownMarket();
    const desk = await start({ venue, books });
    await buyBoth(desk, show);
    const resting = await place(desk, { price: '0.2' });
    const closing = desk.trading.flatten('Ann', 'a drill');
    // Not one turn later.
    expect(levelOf(desk)).toBe('liquidating');
    expect((await desk.submit()).order.reason).toBe(
      `everything is being closed: liquidating for ${SCOPE}: a drill (by Ann)`,
    );
    const report = await closing;
    expect((await desk.trading.order(resting))?.status).toBe('CANCELLED');
    expect(report).toMatchObject({
      ...{ by: 'Ann', reason: 'a drill', cancelled: 1, unproven: [], ordersSent: 2, left: [] },
      // 80 at 0.45 and 10 at 0.35.
      ...{ soldShares: '90', proceedsUsd: '39.5', closed: [rain.id, noRain.id] },
    });
    expect((await desk.trading.positions()).every(({ size }) => size === '0')).toBe(true);
    await desk.trading.settled();
    const told = await allEvents(floor.fresh.store.events);
    expect(problemsOf(told)).toEqual([]);
    const liquidated = told.filter(({ type }) => type === 'position.liquidated');
    expect(liquidated.map(({ stream }) => stream)).toEqual([
      `position:${rain.id}`,
      `position:${noRain.id}`,
    ]);
    expect(levelOf(desk)).toBe('paused');
    await desk.trading.send({ type: 'trading.resume', scope: SCOPE, by: 'Ann' });
    expect((await desk.submit()).order.status).not.toBe('DENIED');
  });

  test('a second call joins the first', async () => {
    const { venue, books, show } = shownMarket();
    const desk = await start({ venue, books });
    await buyBoth(desk, show);
    const [first, second] = await Promise.all([
      desk.trading.flatten('Ann', 'a drill'),
      desk.trading.flatten('Ben', 'another one'),
    ]);
    expect(second).toBe(first);
    expect(first).toMatchObject({ by: 'Ann', ordersSent: 2 });
  });

  test('is not ended by a resumption, nor by what a person holds beside it', async () => {
    const { venue, books, show } = shownMarket({
      settlement: { minedAfterMs: 10, confirmedAfterMs: 1_000 },
    });
    const desk = await start({ venue, books });
    show([['0.45', '500']], [['0.5', '500']]);
    const { orderId } = await desk.submit(take);
    await until(async () => (await desk.trading.order(orderId))?.filledSize === '10');
    const closing = desk.trading.flatten('Ann', 'a drill');
    await until(() => desk.trading.health().liquidation?.phase === 'settling');
    const { send } = desk.trading;
    await expect(send({ type: 'trading.resume', scope: SCOPE, by: 'Ben' })).rejects.toMatchObject({
      ...{ code: 'invalid_value', message: expect.stringContaining('being closed') },
    });
    await send({ type: 'trading.pause', by: 'Ben', reason: 'lunch' });
    expect(await closing).toMatchObject({ left: [], soldShares: '10' });
    expect(desk.trading.health().holds).toMatchObject([
      { scope: 'all', level: 'paused', reason: 'lunch' },
      { scope: SCOPE, level: 'paused' },
    ]);
    const wrong = { type: 'trading.pause', scope: SCOPE, by: 'Ben', reason: 'x' } as const;
    await expect(send(wrong)).rejects.toMatchObject({ code: 'invalid_value' });
  });

  test('says what is left where nobody bids, and that nothing was given away', async () => {
    const { venue, books, show } = shownMarket();
    const desk = await start({ venue, books });
    await buyBoth(desk, show);
    show([], [['0.5', '500']]);
    const { left, closed } = await desk.trading.flatten('Ann', 'a drill');
    expect(left).toEqual([{ instrumentId: rain.id, size: '80', why: 'nobody bids' }]);
    expect(closed).toEqual([noRain.id]);
    expect(levelOf(desk)).toBe('paused');
  });

  test('goes down with the bids, and no further than it must', async () => {
    const { venue, books, show } = shownMarket();
    const desk = await start({ venue, books });
    await buyBoth(desk, show);
    show(
      [
        ['0.45', '30'],
        ['0.41', '30'],
        ['0.2', '500'],
      ],
      [],
    );
    const report = await desk.trading.flatten('Ann', 'a drill');
    // 30 at 0.45, 30 at 0.41, 20 at 0.2, and 10 of the other outcome at 0.35.
    expect(report).toMatchObject({ left: [], soldShares: '90', proceedsUsd: '33.3' });
  });

  test('waits for shares that the chain does not have yet', async () => {
    const { venue, books, show } = shownMarket({
      settlement: { minedAfterMs: 10, confirmedAfterMs: 1_500 },
    });
    const desk = await start({ venue, books });
    show([['0.45', '500']], [['0.5', '500']]);
    const { orderId } = await desk.submit(take);
    await until(async () => (await desk.trading.order(orderId))?.filledSize === '10');
    const closing = desk.trading.flatten('Ann', 'a drill');
    await until(() => desk.trading.health().liquidation?.phase === 'settling');
    expect(await closing).toMatchObject({ left: [], soldShares: '10' });
  });
});

test('shares that the chain gives back from a sale before it are sold, too', async () => {
  const desk = await start();
  const fill = (orderId: string, over: Parameters<typeof floor.venue.fill>[0] | object) =>
    floor.venue.fill({ venueOrderId: `0x${orderId}`, instrumentId: rain.id, size: '10', ...over });
  const bought = await place(desk);
  fill(bought, { settlement: 'confirmed' });
  await untilState(desk.trading, bought, 'matched');
  const sold = await place(desk, { side: 'SELL', price: '0.4' });
  const sale = { tradeId: 'sale', side: 'SELL', price: '0.4' } as const;
  fill(sold, { ...sale, settlement: 'matched' });
  await untilState(desk.trading, sold, 'matched');
  floor.venue.onSubmit = (sent) => {
    const answer = floor.venue.take(sent);
    fill(sent.clientOrderId, { ...sale, tradeId: 'again', settlement: 'confirmed' });
    floor.venue.report(sent.venueOrderId, { status: 'matched', sizeMatched: '10' });
    return answer;
  };
  const closing = desk.trading.flatten('Ann', 'a drill');
  await until(() => desk.trading.health().liquidation?.phase === 'settling');
  fill(sold, { ...sale, settlement: 'failed' });
  expect(await closing).toMatchObject({ ...{ ordersSent: 1, soldShares: '10', left: [] } });
  expect(desk.trading.position(rain.id)?.size).toBe('0');
});

test('shares of an order of which the venue has said that it is matched are waited for, and sold', async () => {
  const desk = await start();
  const fill = (orderId: string, over: object) =>
    floor.venue.fill({ venueOrderId: `0x${orderId}`, instrumentId: rain.id, size: '10', ...over });
  const bought = await place(desk);
  const report = floor.venue.report(`0x${bought}`, { status: 'matched', sizeMatched: '10' });
  floor.venue.emit({ type: 'order', report });
  await untilState(desk.trading, bought, 'matched');
  floor.venue.onSubmit = (sent) => {
    const answer = floor.venue.take(sent);
    fill(sent.clientOrderId, { side: 'SELL', tradeId: 'sale', settlement: 'confirmed' });
    floor.venue.report(sent.venueOrderId, { status: 'matched', sizeMatched: '10' });
    return answer;
  };
  const closing = desk.trading.flatten('Ann', 'a drill');
  await until(() => desk.trading.health().liquidation?.phase === 'settling');
  fill(bought, { settlement: 'confirmed' });
  expect(await closing).toMatchObject({ ...{ ordersSent: 1, soldShares: '10', left: [] } });
});

describe('a crash', () => {
  test.each([0, 1, 2])(
    'after %i sales were handed over: the next life ends it, and sells nothing twice',
    async (handedOver) => {
      const first = await start();
      for (const over of [{ size: '80' }, { instrument: noRain.id }]) {
        const bought = await place(first, over);
        const size = 'size' in over ? over.size : '10';
        const id = 'instrument' in over ? noRain.id : rain.id;
        floor.venue.fill({
          ...{ venueOrderId: `0x${bought}`, instrumentId: id, size, settlement: 'confirmed' },
        });
        await untilState(first.trading, bought, 'matched');
      }
      const bought = floor.venue.submits.length;
      const made = new Map<string, { size: string; instrumentId: string }>();
      floor.venue.onPrepare = ({ clientOrderId, size = '0', instrument }) =>
        void made.set(`0x${clientOrderId}`, { size, instrumentId: instrument.id });
      const silent = () => new Promise<never>(() => undefined);
      let sales = 0;
      const sell: typeof floor.venue.onSubmit = (sent) => {
        sales += 1;
        if (levelOf(first) === 'liquidating' && sales > handedOver && !isSecond) return silent();
        const answer = floor.venue.take(sent);
        const { size, instrumentId } = made.get(sent.venueOrderId) ?? {
          size: '0',
          instrumentId: '',
        };
        floor.venue.fill({
          ...{ venueOrderId: sent.venueOrderId, side: 'SELL', price: '0.4', size, instrumentId },
          ...{ tradeId: `sale-${sent.venueOrderId}`, settlement: 'confirmed' },
        });
        floor.venue.report(sent.venueOrderId, { status: 'matched', sizeMatched: size });
        return answer;
      };
      let isSecond = false;
      floor.venue.onSubmit = sell;
      first.trading.flatten('Ann', 'a drill').catch(() => undefined);
      await until(() => floor.venue.submits.length === bought + 2);
      await first.crash();
      isSecond = true;
      const second = await start();
      await until(() => levelOf(second) === 'paused');
      expect((await second.trading.positions()).map(({ size }) => size)).toEqual(['0', '0']);
      const sold = floor.venue.trades.filter(({ side }) => side === 'SELL');
      const total = sold.reduce((sum, { size }) => sum + Number(size), 0);
      expect(total).toBe(90);
    },
  );
});
