/** An order's life on the paper venue, as the requirement texts ask for it; docs/requirements.md has the table. */
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/domain/events/catalogue.ts';
import { type TestDesk, until, untilState } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';
import { createPaperMarket } from '../support/paper-desk.ts';

const floor = useFloor();
const SLOWLY = { settlement: { minedAfterMs: 150, confirmedAfterMs: 150 } };

async function open(settings = {}) {
  const market = createPaperMarket(settings);
  const desk = await floor.start({ venue: market.venue });
  market.show([['0.4', '500']], [['0.5', '500']]);
  market.show([['0.3', '500']], [['0.45', '500']], noRain);
  return { desk, market };
}

/** The states that people read, of each order, in the order in which they were told. */
function watch({ trading }: TestDesk): ReadonlyMap<string, string[]> {
  const told = new Map<string, string[]>();
  trading.on('order', ({ order: { clientOrderId, status } }) => {
    const states = told.get(clientOrderId) ?? [];
    if (states.at(-1) !== status) told.set(clientOrderId, [...states, status]);
  });
  return told;
}

const confirmed = (desk: TestDesk, orderId: string) =>
  until(async () => (await desk.trading.order(orderId))?.status === 'CONFIRMED');

describe('from the intent to the confirmation', () => {
  test('PENDING, MATCHED, MINED, CONFIRMED, in this order', async () => {
    const { desk } = await open(SLOWLY);
    const told = watch(desk);
    const { orderId, order } = await desk.submit();
    expect(order.status).toBe('PENDING');
    await until(() => told.get(orderId)?.at(-1) === 'CONFIRMED');
    const states = (told.get(orderId) ?? []).filter((status) => status !== 'PLACED');
    expect(states).toEqual(['PENDING', 'MATCHED', 'MINED', 'CONFIRMED']);
    expect(await desk.trading.order(orderId)).toMatchObject({
      ...{ filledSize: '10', averageFillPrice: '0.5' },
    });
  });

  test('an order that rests is PLACED, then PARTIAL_FILL, and ends when the rest is filled', async () => {
    const { desk, market } = await open();
    const { orderId } = await desk.submit({ price: '0.45', size: '30' });
    await untilState(desk.trading, orderId, 'working.open');
    market.show([['0.4', '500']], [['0.45', '10']]);
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    market.show([['0.4', '500']], []);
    market.show([['0.4', '500']], [['0.44', '500']]);
    await confirmed(desk, orderId);
    expect(await desk.trading.order(orderId)).toMatchObject({ filledSize: '30' });
  });

  test('a trade that the chain takes back ends FAILED, and nothing of it is held or paid', async () => {
    const { desk } = await open({
      settlement: { minedAfterMs: 0, confirmedAfterMs: 0, failedShare: 1 },
    });
    const { orderId } = await desk.submit();
    await until(async () => (await desk.trading.order(orderId))?.status === 'FAILED');
    expect(desk.trading.position(rain.id)).toMatchObject({ size: '0' });
    expect(await desk.trading.account()).toMatchObject({ cashUsd: '1000', reservedUsd: '0' });
  });
});

test('placed and cancelled: it is CANCELLED, holds nothing, and was never filled', async () => {
  const { desk } = await open();
  const { orderId } = await desk.submit({ price: '0.2' });
  await untilState(desk.trading, orderId, 'working.open');
  expect((await desk.trading.cancel(orderId)).requested).toBe(true);
  await untilState(desk.trading, orderId, 'cancelled');
  expect(await desk.trading.order(orderId)).toMatchObject({ status: 'CANCELLED', filledSize: '0' });
  expect(await desk.trading.account()).toMatchObject({ availableUsd: '1000' });
  // Cancelled again there is nothing to ask for.
  expect((await desk.trading.cancel(orderId)).requested).toBe(false);
});

test('all orders of one market are cancelled, and those of no other', async () => {
  const { desk } = await open();
  const orders = await Promise.all([
    desk.submit({ price: '0.2' }),
    desk.submit({ price: '0.21' }),
    desk.submit({ price: '0.22', instrument: noRain.id }),
  ]);
  for (const { orderId } of orders) await untilState(desk.trading, orderId, 'working.open');
  const cancelled = await desk.trading.cancelAll({ instrumentId: rain.id });
  expect(cancelled).toHaveLength(2);
  await until(() => desk.trading.workingOrders().length === 1);
  expect(await desk.trading.cancelAll({ marketId: 'another' })).toEqual([]);
  expect(await desk.trading.cancelAll({ marketId: rain.marketId })).toHaveLength(1);
});

test('both outcomes for less than a dollar: two orders, two fills, one pair', async () => {
  const { desk } = await open();
  const [yes, no] = await Promise.all([
    desk.submit({ key: 'pair/yes', price: '0.5' }),
    desk.submit({ key: 'pair/no', price: '0.45', instrument: noRain.id }),
  ]);
  await confirmed(desk, yes.orderId);
  await confirmed(desk, no.orderId);
  expect((await desk.trading.positions()).map(({ size }) => size)).toEqual(['10', '10']);
});

test('many orders at once, on several outcomes: each is confirmed once', async () => {
  const { desk } = await open();
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      desk.submit({ instrument: index % 2 === 0 ? rain.id : noRain.id, price: '0.5', size: '5' }),
    ),
  );
  for (const { orderId } of all) await confirmed(desk, orderId);
  expect((await desk.trading.positions()).map(({ size }) => size)).toEqual(['50', '50']);
});

test.each([
  ['order.submitted', 5],
  ['order.filled', 6],
  ['order.partiallyFilled', 5],
  ['order.cancelled', 5],
  ['position.opened', 6],
  ['position.closed', 6],
  ['position.updated', 4],
] as const)('the event %s has the priority %i', (type, priority) => {
  expect(CATALOGUE[type].priority).toBe(priority);
});

test('the average of partial fills is weighted by their sizes', async () => {
  const { desk, market } = await open();
  market.show(
    [['0.4', '500']],
    [
      ['0.5', '10'],
      ['0.53', '20'],
    ],
  );
  const { orderId } = await desk.submit({ price: '0.55', size: '30' });
  await confirmed(desk, orderId);
  // (10 x 0.5 + 20 x 0.53) / 30
  expect(await desk.trading.order(orderId)).toMatchObject({ averageFillPrice: '0.52' });
});
