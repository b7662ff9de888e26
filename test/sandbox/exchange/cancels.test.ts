import { describe, expect, test } from 'vitest';
import { createBench, NO, START_MS, YES } from './harness.ts';

describe('cancels and ends', () => {
  test('only open orders of the owner are cancelled, each id once', async () => {
    const bench = createBench();
    const open = bench.order('ann', 'BUY', YES, '0.4', '10');
    const matched = bench.order('ann', 'SELL', YES, '0.6', '10');
    const other = bench.order('ben', 'BUY', YES, '0.3', '10');
    for (const order of [open, matched, other]) await bench.exchange.place(order);
    await bench.place('ben', 'BUY', YES, '0.6', '10');
    bench.told();
    const reason = "order can't be found - already canceled or matched";
    const ids = [open.id, open.id, matched.id, other.id, '0x00'];
    expect(bench.exchange.cancel('key of ann', ids)).toEqual({
      canceled: [open.id],
      notCanceled: { [matched.id]: reason, [other.id]: reason, '0x00': reason },
    });
    expect(bench.told()).toEqual([
      'CANCELLATION ann BUY YES 0/10 CANCELED',
      'levels YES BUY 0.4 x 0, NO SELL 0.6 x 0',
    ]);
    expect(bench.exchange.cancel('key of ann', [open.id]).canceled).toEqual([]);
  });

  test('all of an owner, or those of a market or token', async () => {
    const bench = createBench();
    const orders = [
      bench.order('ann', 'BUY', YES, '0.4', '10'),
      bench.order('ann', 'BUY', NO, '0.4', '10'),
      bench.order('ann', 'BUY', NO, '0.3', '10'),
    ];
    for (const order of orders) await bench.exchange.place(order);
    await bench.place('ben', 'BUY', YES, '0.1', '10');
    const ids = orders.map(({ id }) => id);
    expect(bench.exchange.cancelMarket('key of ann', { conditionId: '0xother' }).canceled).toEqual(
      [],
    );
    expect(bench.exchange.cancelMarket('key of ann', { tokenId: YES }).canceled).toEqual([ids[0]]);
    expect(bench.exchange.openOrders('key of ann').map(({ id }) => id)).toEqual(ids.slice(1));
    expect(bench.exchange.cancelAll('key of ann').canceled).toEqual(ids.slice(1));
    expect(bench.book()).toEqual({ bids: ['0.1 x 10'], asks: [] });
  });

  test('a cancelled order frees what it held back', async () => {
    const bench = createBench({ money: { ann: { dollars: '5' } } });
    const order = bench.order('ann', 'BUY', YES, '0.5', '10');
    await bench.exchange.place(order);
    expect(await bench.place('ann', 'BUY', NO, '0.5', '10')).toMatchObject({ kind: 'refused' });
    bench.exchange.cancel(order.owner, [order.id]);
    expect(await bench.place('ann', 'BUY', NO, '0.5', '10')).toMatchObject({ status: 'live' });
  });

  test('a GTD order ends 60 s before its stated expiration, told as a cancellation', async () => {
    const bench = createBench();
    const order = bench.order('ann', 'BUY', YES, '0.5', '10', {
      orderType: 'GTD',
      expirationS: START_MS / 1000 + 180,
    });
    await bench.exchange.place(order);
    bench.told();
    await bench.wait(119_999);
    expect(bench.exchange.order(order.id)?.status).toBe('LIVE');
    await bench.wait(1);
    expect(bench.told()).toEqual([
      'CANCELLATION ann BUY YES 0/10 CANCELED',
      'levels YES BUY 0.5 x 0, NO SELL 0.5 x 0',
    ]);
  });

  test('a new tick binds new orders; what rests stays and can be taken', async () => {
    const bench = createBench();
    await bench.place('ann', 'SELL', YES, '0.97', '10');
    bench.exchange.setTickSize(`0x${'c1'.repeat(32)}`, '0.1');
    expect(bench.told().at(-1)).toBe('tick 0.01 to 0.1');
    expect(await bench.place('ben', 'BUY', YES, '0.97', '10')).toMatchObject({
      error: expect.stringContaining('Price (0.97) breaks minimum tick size rule: 0.1'),
    });
    bench.exchange.setTickSize(`0x${'c1'.repeat(32)}`, '0.001');
    expect(await bench.place('ben', 'BUY', YES, '0.975', '10')).toMatchObject({
      status: 'matched',
    });
  });
});
