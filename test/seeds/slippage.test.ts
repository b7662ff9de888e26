/** The slippage guard as the requirement texts ask for it; docs/requirements.md has the table. */
import { describe, expect, test } from 'vitest';
import { createMarketView, type MarketView } from '../../src/actors/market-view.ts';
import type { Check } from '../../src/domain/risk/decide.ts';
import { asked } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { rain } from '../support/orders.ts';

const floor = useFloor();

type Level = readonly [price: string, size: string];

/** A desk that is shown one book, with the limits that hold where nothing else is said: 25 and 50. */
async function start(asks: readonly Level[], limits: object = {}) {
  const books = createMarketView({ now: Date.now });
  show(books, asks);
  const desk = await floor.start({ books, limits });
  return { ...desk, books };
}

function show(books: MarketView, asks: readonly Level[]): void {
  const level = ([price, size]: Level) => ({ price, size });
  books.take({
    type: 'market.bookChanged',
    book: {
      ...{ instrumentId: rain.id, atMs: Date.now(), tickSize: rain.tickSize },
      ...{ bids: [], asks: asks.map(level) },
    },
  });
}

type Desk = Awaited<ReturnType<typeof start>>;

/** How the order ended before it was sent, and what the guard said of it. */
async function guarded({ trading }: Desk, over: object) {
  const { orderId, order } = await trading.submit(asked({ price: '0.5', ...over }));
  await trading.settled();
  const events = await floor.fresh.store.orderEvents(orderId);
  const checks = events.flatMap(({ event }) => (JSON.parse(event) as Told).checks ?? []);
  const said = checks.find(({ rule }) => rule === 'slippage');
  return { denied: order.status === 'DENIED', reason: order.reason, said };
}

interface Told {
  readonly checks?: readonly Check[];
}

const fok = { timeInForce: 'FOK' };

/** 100 shares at 0.5, of which `size` cost another price. */
function dearer(price: string, size: number): readonly Level[] {
  return [
    ['0.5', String(100 - size)],
    [price, '1000'],
  ];
}

describe('thresholds of 25 and 50 basis points', () => {
  // Of 100 shares so many cost 0.51 instead of 0.5: each of them is 2 basis points of the average.
  test.each([
    [0, 'nothing is said', false],
    [12, '24, nothing is said', false],
    [13, '26, warned', false],
    [25, '50, warned', false],
    [26, '52, denied', true],
    [100, '200, denied', true],
  ])('%i of 100 a cent dearer: %s', async (size, text, denied) => {
    const desk = await start(dearer('0.51', size));
    const found = await guarded(desk, { ...fok, size: '100' });
    expect(found.denied).toBe(denied);
    const outcome = text.split(', ')[1] ?? text;
    expect(found.said?.outcome).toBe(outcome === 'nothing is said' ? undefined : outcome);
    if (found.said !== undefined) {
      expect(found.said.inputs.slippageBps).toBe(text.split(', ')[0]);
    }
  });

  test('a denial says what was expected, at which price, and the limit; nothing is sent', async () => {
    const desk = await start(dearer('0.51', 50));
    const { reason } = await guarded(desk, { ...fok, size: '100' });
    expect(reason).toBe(
      'it would cost 100 basis points more, at 0.505 on average, the limit is 50',
    );
    expect(floor.venue.prepares).toEqual([]);
  });

  test('they can be set, and switched off', async () => {
    const limits = { slippageWarnBps: null, slippageDenyBps: null };
    const desk = await start(dearer('0.51', 100), limits);
    const found = await guarded(desk, { ...fok, size: '100' });
    expect(found).toMatchObject({ denied: false, said: undefined });
  });
});

describe('where the book does not hold the size', () => {
  test.each([
    ['a share too few', [['0.5', '99']]],
    ['nobody offers', []],
  ] as const)('%s: slippage is infinite, and the order is denied', async (_name, asks) => {
    const desk = await start(asks);
    const found = await guarded(desk, { ...fok, size: '100' });
    expect(found).toMatchObject({
      ...{ denied: true, reason: 'the book does not hold the whole size' },
      said: { inputs: { slippageBps: 'infinite', expectedPrice: null } },
    });
  });
});

describe('where the guard says nothing', () => {
  test('a better price than was meant is no slippage', async () => {
    const desk = await start([['0.4', '100']]);
    expect(await guarded(desk, { ...fok, size: '100' })).toMatchObject({
      ...{ denied: false, said: undefined },
    });
  });

  test('an order that may rest takes only what its limit allows', async () => {
    const desk = await start(dearer('0.6', 90));
    expect(await guarded(desk, { size: '100' })).toMatchObject({ denied: false, said: undefined });
  });
});

test('a market order is measured from the best price, by money as by shares', async () => {
  const desk = await start(dearer('0.51', 50));
  const market = { type: 'market', price: '0.9' };
  expect(await guarded(desk, { ...market, size: '100' })).toMatchObject({ denied: true });
  const byMoney = { ...market, size: undefined };
  // 50 shares at 0.5 are 25 dollars; 25.5 more buy 50 at 0.51.
  expect(await guarded(desk, { ...byMoney, amountUsd: '25' })).toMatchObject({ denied: false });
  expect(await guarded(desk, { ...byMoney, amountUsd: '50.5' })).toMatchObject({
    ...{ denied: true, said: { inputs: { slippageBps: '100' } } },
  });
});

test('the book of the moment counts, not the first one', async () => {
  const desk = await start(dearer('0.51', 100));
  expect(await guarded(desk, { ...fok, size: '100' })).toMatchObject({ denied: true });
  show(desk.books, [['0.5', '100']]);
  expect(await guarded(desk, { ...fok, size: '100' })).toMatchObject({ denied: false });
});
