/** The rules over real actors: what is looked at is what has just been taken in, also after a restart. */
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { pass, type TestDesk, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { AT_MS, noRain } from '../support/orders.ts';

const floor = useFloor();

async function outcomeOf(desk: TestDesk, over: object = {}): Promise<string> {
  const { orderId, order } = await desk.submit(over);
  if (order.status !== 'DENIED') return order.size ?? '';
  await desk.trading.settled();
  const events = await floor.fresh.store.orderEvents(orderId);
  const denied = events.find(({ type }) => type === 'order.denied');
  return JSON.parse(denied?.event ?? '{}').code;
}

const grant = (desk: TestDesk, over: object = {}) =>
  desk.trading.send({
    ...{ type: 'override.grant', rules: ['maxEntryPrice'], forMs: 60_000 },
    ...{ by: 'Ann', why: 'a test' },
    ...over,
  });

const tooHigh = { price: '0.97' };

describe('an override', () => {
  test('lets one order through, and the next one is denied again', async () => {
    const desk = await floor.start();
    await grant(desk);
    expect(await outcomeOf(desk, tooHigh)).toBe('10');
    expect(await outcomeOf(desk, tooHigh)).toBe('price_too_high');
  });

  test('waits for the order that needs it', async () => {
    const desk = await floor.start();
    await grant(desk, { strategy: 'other' });
    expect(await outcomeOf(desk, { price: '0.5' })).toBe('10');
    expect(await outcomeOf(desk, tooHigh)).toBe('price_too_high');
    expect(await outcomeOf(desk, { ...tooHigh, strategy: 'other' })).toBe('10');
  });

  test('that was used up stays so after a crash, and one that waits is there again', async () => {
    const desk = await floor.start();
    await grant(desk);
    await grant(desk);
    expect(await outcomeOf(desk, tooHigh)).toBe('10');
    await desk.crash();
    const again = await floor.start();
    expect(await outcomeOf(again, tooHigh)).toBe('10');
    expect(await outcomeOf(again, tooHigh)).toBe('price_too_high');
  });
});

describe('overrides that wait', () => {
  test('are a hundred at most', async () => {
    const desk = await floor.start();
    await Promise.all(Array.from({ length: 100 }, () => grant(desk)));
    await expect(grant(desk)).rejects.toThrow('100 overrides wait already.');
  });

  test('are no more once their time is over', async () => {
    const clock = createVirtualClock(AT_MS);
    const desk = await floor.start({ clock });
    await Promise.all(Array.from({ length: 100 }, () => grant(desk, { forMs: 1 })));
    await pass(clock, desk, 1);
    await grant(desk);
    expect(desk.trading.execution.context().overrides).toHaveLength(1);
  });
});

describe('exposure', () => {
  const limits = { maxMarketUsd: '8', selfTrade: 'allow' } as const;

  test('orders that wait fill a market up, and the next one is made smaller to fit', async () => {
    const desk = await floor.start({ limits });
    // 10 and 5.6 shares at 0.5125.
    const sizes = [await outcomeOf(desk), await outcomeOf(desk, { instrument: noRain.id })];
    expect(sizes).toEqual(['10', '5.6']);
    expect(await outcomeOf(desk)).toBe('exposure');
    expect(await desk.trading.account()).toMatchObject({ reservedUsd: '7.995' });
  });

  test('what ends makes room, what is held does not, and a restart changes neither', async () => {
    const desk = await floor.start({ limits });
    const first = await place(desk, { size: '8' });
    const second = await place(desk, { size: '7' });
    floor.venue.fill({ venueOrderId: `0x${first}`, tradeId: 't1', size: '8' });
    await untilState(desk.trading, first, 'matched');
    await desk.trading.cancel(second);
    await untilState(desk.trading, second, 'cancelled');
    await desk.crash();
    const again = await floor.start({ limits });
    // 4 of 8 dollars are held: 7.8 shares at 0.5125 fit.
    expect(await outcomeOf(again)).toBe('7.8');
  });
});

test('an order that would meet our own of the other outcome is denied, until that one is over', async () => {
  const desk = await floor.start({ limits: {} });
  const own = await place(desk, { instrument: noRain.id, price: '0.5' });
  expect(await outcomeOf(desk, { price: '0.49' })).toBe('10');
  expect(await outcomeOf(desk, { price: '0.5' })).toBe('self_trade');
  await desk.trading.cancel(own);
  await untilState(desk.trading, own, 'cancelled');
  expect(await outcomeOf(desk, { price: '0.5' })).toBe('10');
});

test('a second order of one side waits for the first of its strategy, and of no other', async () => {
  const desk = await floor.start({ limits: { duplicateSide: 'deny' } });
  const first = await place(desk);
  expect(await outcomeOf(desk)).toBe('duplicate_side');
  expect(await outcomeOf(desk, { strategy: 'other' })).toBe('10');
  await desk.trading.cancel(first);
  await untilState(desk.trading, first, 'cancelled');
  expect(await outcomeOf(desk)).toBe('10');
});

test('orders that the venue refuses in a row stop entries', async () => {
  const desk = await floor.start({ limits: { maxRejectsInARow: 2 } });
  floor.venue.onSubmit = () => ({ kind: 'rejected', reason: 'no' });
  for (let count = 0; count < 2; count += 1) {
    const { orderId } = await desk.submit();
    await untilState(desk.trading, orderId, 'rejected');
  }
  expect(await outcomeOf(desk)).toBe('too_many_rejects');
});

test('a loss within the day stops entries, with the fees it cost, and lets exits out', async () => {
  const desk = await floor.start({ limits: { dailyLossUsd: '1' } });
  const bought = await place(desk, { size: '20' });
  const leg = { settlement: 'confirmed', role: 'maker' } as const;
  floor.venue.fill({ ...leg, venueOrderId: `0x${bought}`, tradeId: 't1', size: '20' });
  await untilState(desk.trading, bought, 'matched');
  const sold = await place(desk, { side: 'SELL', price: '0.4', size: '10' });
  const sale = { side: 'SELL', price: '0.4', tradeId: 't2', size: '10' } as const;
  floor.venue.fill({ ...leg, ...sale, venueOrderId: `0x${sold}` });
  await untilState(desk.trading, sold, 'matched');
  // 10 x (0.4 - 0.5); the engine holds itself, which the first rule after a halt says.
  expect(await outcomeOf(desk)).toBe('entries_refused');
  const holds = desk.trading.health().holds;
  expect(holds).toMatchObject([{ scope: 'engine:dailyLoss', level: 'reducing' }]);
  expect(await outcomeOf(desk, { side: 'SELL', price: '0.4' })).toBe('10');
});
