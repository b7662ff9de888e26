import { describe, expect, test } from 'vitest';
import type { HouseLevel } from '../../../src/sandbox/exchange/house.ts';
import { createHouse } from '../../../src/sandbox/exchange/house.ts';
import { createBench, micros, NO, YES } from './harness.ts';

const level = (price: string, size: string): HouseLevel => ({
  price: micros(price),
  size: micros(size),
});

describe('a house', () => {
  test('makes the book of a token what it is told, and keeps the place of what is there already', async () => {
    const bench = createBench();
    const house = createHouse(bench.exchange, 'house');
    await house.setBook(YES, {
      bids: [level('0.4', '10'), level('0.39', '20')],
      asks: [level('0.6', '10')],
    });
    const [kept] = bench.exchange.openOrders(house.owner);
    bench.told();
    await house.setBook(YES, { bids: [level('0.4', '10'), level('0.38', '5')], asks: [] });
    expect(bench.book()).toEqual({ bids: ['0.4 x 10', '0.38 x 5'], asks: [] });
    expect(bench.exchange.openOrders(house.owner)[0]?.id).toBe(kept?.id);
    expect(bench.told()).toHaveLength(5);
  });

  test('a level that was eaten is made new', async () => {
    const bench = createBench();
    const house = createHouse(bench.exchange, 'house');
    const levels = { bids: [], asks: [level('0.6', '10')] };
    await house.setBook(YES, levels);
    await bench.place('ann', 'BUY', YES, '0.6', '4');
    expect(bench.book().asks).toEqual(['0.6 x 6']);
    await house.setBook(YES, levels);
    expect(bench.book().asks).toEqual(['0.6 x 10']);
  });

  test('the books of both tokens are its own affair; levels that cross others trade', async () => {
    const bench = createBench();
    const house = createHouse(bench.exchange, 'house');
    await bench.place('ann', 'BUY', YES, '0.45', '10');
    await house.setBook(NO, { bids: [level('0.56', '30')], asks: [] });
    expect(bench.book()).toEqual({ bids: [], asks: ['0.44 x 20'] });
    await house.setBook(YES, { bids: [level('0.3', '10')], asks: [] });
    expect(bench.book()).toEqual({ bids: ['0.3 x 10'], asks: ['0.44 x 20'] });
    house.clear(NO);
    expect(bench.book()).toEqual({ bids: ['0.3 x 10'], asks: [] });
  });

  test('tells which levels the exchange refused', async () => {
    const bench = createBench();
    const house = createHouse(bench.exchange, 'house');
    const refusals = await house.setBook(YES, {
      bids: [level('0.4', '1'), level('0.3', '10')],
      asks: [],
    });
    expect(refusals).toMatchObject([
      { error: expect.stringContaining('lower than the minimum: 5') },
    ]);
    expect(bench.book().bids).toEqual(['0.3 x 10']);
  });

  test('takes the shares it is told to, no worse than the price, and leaves nothing behind', async () => {
    const bench = createBench();
    const house = createHouse(bench.exchange, 'house');
    expect(await house.take({ tokenId: YES, side: 'BUY', ...level('0.6', '10') })).toBeUndefined();
    await bench.place('ann', 'SELL', YES, '0.55', '5');
    await bench.place('ann', 'SELL', YES, '0.6', '20');
    expect(await house.take({ tokenId: YES, side: 'BUY', ...level('0.6', '10') })).toMatchObject({
      status: 'matched',
      takingAmount: micros('10'),
      makingAmount: micros('5.75'),
    });
    await house.take({ tokenId: YES, side: 'BUY', ...level('0.6', '100') });
    expect(bench.book()).toEqual({ bids: [], asks: [] });
    await bench.place('ann', 'BUY', YES, '0.5', '10');
    await house.take({ tokenId: YES, side: 'SELL', ...level('0.45', '30') });
    expect(bench.book()).toEqual({ bids: [], asks: [] });
  });

  test('goes on with new orders after the exchange was restored', async () => {
    const bench = createBench();
    const levels = { bids: [level('0.4', '10')], asks: [level('0.6', '10')] };
    await createHouse(bench.exchange, 'house').setBook(YES, levels);
    const text = bench.exchange.save();
    bench.exchange.restore(text);
    const house = createHouse(bench.exchange, 'house');
    await house.setBook(YES, { bids: [level('0.41', '10')], asks: [] });
    expect(bench.book()).toEqual({ bids: ['0.41 x 10'], asks: [] });
  });

  test('leaves no trace of orders that never matched, and keeps those that did', async () => {
    const bench = createBench();
    const house = createHouse(bench.exchange, 'house');
    for (const price of ['0.5', '0.51', '0.52']) {
      await house.setBook(YES, { bids: [], asks: [level(price, '10')] });
      if (price === '0.51') await bench.place('ann', 'BUY', YES, '0.51', '4');
    }
    house.clear(YES);
    const left = [...bench.exchange.orders()].filter(({ maker }) => maker === 'house');
    expect(left).toMatchObject([{ status: 'CANCELED', sizeMatched: micros('4') }]);
  });

  test('only its own closed orders can be forgotten', async () => {
    const bench = createBench();
    const order = bench.order('ann', 'BUY', YES, '0.5', '10');
    await bench.exchange.place(order);
    bench.exchange.forget(order.owner, [order.id]);
    bench.exchange.cancel(order.owner, [order.id]);
    bench.exchange.forget('somebody', [order.id, '0x1']);
    expect(bench.exchange.order(order.id)?.status).toBe('CANCELED');
    bench.exchange.forget(order.owner, [order.id]);
    expect(bench.exchange.order(order.id)).toBeUndefined();
    expect(await bench.exchange.place(order)).toMatchObject({ status: 'live' });
  });

  test('a level that is no price or no size is refused', async () => {
    const house = createHouse(createBench().exchange, 'house');
    await expect(house.setBook(YES, { bids: [level('1', '10')], asks: [] })).rejects.toThrow(
      'level',
    );
    await expect(house.setBook(YES, { bids: [level('0.5', '0')], asks: [] })).rejects.toThrow(
      'level',
    );
  });
});
