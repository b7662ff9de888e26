/** Positions, their worth and their closing, as the requirement texts ask for them; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createMarketView } from '../../src/actors/market-view.ts';
import { summarisePositions } from '../../src/actors/summary.ts';
import type { MarketEvent } from '../../src/domain/market-data.ts';
import { type TestDesk, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';

const floor = useFloor();
let desk: TestDesk;
beforeEach(async () => {
  desk = await floor.start({ limits });
});

/** One of the fills that the texts name is above the highest price of an entry that they name. */
const limits = { selfTrade: 'allow', maxEntryPrice: '0.99' } as const;
let trades = 0;
type Leg = Parameters<typeof floor.venue.fill>[0];

/** Orders and fills at once; all of it is final. */
async function trade(side: 'BUY' | 'SELL', size: string, price: string, instrument = rain) {
  const orderId = await place(desk, { side, size, price, instrument: instrument.id });
  fill(orderId, { side, size, price, instrumentId: instrument.id });
  await untilState(desk.trading, orderId, 'matched');
  return orderId;
}

function fill(orderId: string, leg: Partial<Leg>): void {
  trades += 1;
  const settled = { tradeId: `trade-${trades}`, settlement: 'confirmed' } as const;
  floor.venue.fill({ venueOrderId: `0x${orderId}`, ...settled, ...leg });
}

/** What `view` says of the position after an event. */
function worthAfter(event: MarketEvent, instrument = rain.id) {
  const view = createMarketView({ now: Date.now });
  view.take(event);
  const all = summarisePositions(desk.trading, view);
  return all.find((position) => position.instrument === instrument);
}

function bookOf(
  bid: string | undefined,
  ask: string | undefined,
  instrumentId = rain.id,
): MarketEvent {
  const side = (price: string | undefined) => (price === undefined ? [] : [{ price, size: '100' }]);
  return {
    type: 'market.bookChanged',
    book: { instrumentId, atMs: 1, tickSize: '0.01', bids: side(bid), asks: side(ask) },
  };
}

const tradedAt = (price: string): MarketEvent => ({
  type: 'market.traded',
  trade: { instrumentId: rain.id, atMs: 1, price, size: '1', side: 'BUY' },
});

describe('fills make positions', () => {
  test('a filled BUY of 20 at 0.95 is one position of 20', async () => {
    await trade('BUY', '20', '0.95');
    expect(await desk.trading.positions()).toMatchObject([
      { instrumentId: rain.id, size: '20', averageEntry: '0.95', costBasis: '19' },
    ]);
  });

  test('10 at 0.94 and 10 at 0.96 are one position of 20 at 0.95', async () => {
    await trade('BUY', '10', '0.94');
    await trade('BUY', '10', '0.96');
    expect(await desk.trading.positions()).toMatchObject([
      { instrumentId: rain.id, size: '20', averageEntry: '0.95' },
    ]);
  });

  test('each part of a partial fill is in the position at once, and counts once', async () => {
    const orderId = await place(desk, { size: '20', price: '0.95' });
    for (const [part, size] of [
      ['6', '6'],
      ['4', '10'],
      ['10', '20'],
    ] as const) {
      fill(orderId, { size: part, price: '0.95' });
      await until(() => desk.trading.position(rain.id)?.size === size);
    }
    expect((await desk.trading.order(orderId))?.averageFillPrice).toBe('0.95');
  });

  test('YES and NO are positions of their own', async () => {
    await trade('BUY', '10', '0.6');
    await trade('BUY', '10', '0.3', noRain);
    expect((await desk.trading.positions()).map(({ size }) => size)).toEqual(['10', '10']);
  });

  test('an order that rests is no position', async () => {
    await place(desk, { size: '20', price: '0.95' });
    expect(await desk.trading.positions()).toEqual([]);
  });
});

describe('what 20 shares bought at 0.95 are worth', () => {
  beforeEach(async () => {
    await trade('BUY', '20', '0.95');
  });

  test.each([
    ['0.99', '0.8', '4.2105'],
    ['0.9', '-1', '-5.2632'],
    ['0.95', '0', '0'],
  ])('marked at %s: %s dollars unrealised, %s percent of the cost', (mark, pnl, percent) => {
    expect(worthAfter(tradedAt(mark))).toMatchObject({
      ...{ mark, unrealizedPnl: pnl, returnOnCostPct: percent, realizedPnl: '0' },
    });
  });

  test.each([
    ['the middle of the book', '0.98', '1', '0.99', '0.8'],
    ['the bid where nobody offers', '0.99', undefined, '0.99', '0.8'],
    ['the offer where nobody bids', undefined, '0.9', '0.9', '-1'],
  ])('the mark is %s', (_what, bid, ask, mark, unrealizedPnl) => {
    expect(worthAfter(bookOf(bid, ask))).toMatchObject({ mark, unrealizedPnl });
  });

  test('what nobody marks has no worth by a mark, and none is made up', () => {
    expect(worthAfter(bookOf('0.1', '0.2', noRain.id))).toMatchObject({
      ...{ mark: null, returnOnCostPct: null },
    });
  });
});

test('less of the other outcome is how a falling price is traded: NO gains what YES loses', async () => {
  await trade('BUY', '20', '0.95', noRain);
  expect(worthAfter(bookOf('0.98', '1', noRain.id), noRain.id)).toMatchObject({
    unrealizedPnl: '0.8',
  });
});

describe('a position is closed', () => {
  test.each([
    ['0.99', '0.8'],
    ['0.9', '-1'],
  ])('by selling all of it at %s: %s dollars are realised', async (price, realizedPnl) => {
    await trade('BUY', '20', '0.95');
    await trade('SELL', '20', price);
    expect(desk.trading.position(rain.id)).toMatchObject({ size: '0', realizedPnl });
    expect(worthAfter(tradedAt('0.5'))).toMatchObject({
      unrealizedPnl: '0',
      returnOnCostPct: null,
    });
  });

  test('in part: the rest stays at its entry, and only the part is realised', async () => {
    await trade('BUY', '20', '0.95');
    await trade('SELL', '5', '0.99');
    expect(desk.trading.position(rain.id)).toMatchObject({
      ...{ size: '15', averageEntry: '0.95', realizedPnl: '0.2' },
    });
  });

  test('after a restart positions are what they were', async () => {
    await trade('BUY', '20', '0.95');
    await trade('SELL', '5', '0.99');
    const before = await desk.trading.positions();
    await desk.crash();
    desk = await floor.start({ limits });
    expect(await desk.trading.positions()).toEqual(before);
  });
});
