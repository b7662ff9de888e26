import { describe, expect, test } from 'vitest';
import { type Bench, CONDITION, createBench, micros, YES } from './harness.ts';

describe('the taker delay', () => {
  const delayed = (blockingDelay: boolean, delays = 3_000): Bench =>
    createBench({ market: { takerDelayMs: delays, blockingDelay } });

  test('a marketable order waits, cannot be cancelled, and then is matched', async () => {
    const bench = delayed(false);
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    bench.told();
    const order = bench.order('ben', 'BUY', YES, '0.6', '10');
    expect(await bench.exchange.place(order)).toEqual({
      kind: 'accepted',
      status: 'delayed',
      makingAmount: 0n,
      takingAmount: 0n,
      tradeIds: [],
    });
    expect(bench.exchange.cancel(order.owner, [order.id])).toEqual({
      canceled: [],
      notCanceled: { [order.id]: 'order is delayed and cannot be canceled' },
    });
    await bench.wait(2_999);
    expect(bench.exchange.order(order.id)?.status).toBe('DELAYED');
    await bench.wait(1);
    expect(bench.told().slice(0, 4)).toEqual([
      'PLACEMENT ben BUY YES 0/10 DELAYED',
      'UPDATE ann SELL YES 10/10 MATCHED',
      'UPDATE ben BUY YES 10/10 MATCHED',
      'trade BUY YES 10 at 0.6 with 1: MATCHED',
    ]);
  });

  test('an order that would rest does not wait', async () => {
    const bench = delayed(false);
    expect(await bench.place('ben', 'BUY', YES, '0.6', '10')).toMatchObject({ status: 'live' });
  });

  interface End {
    readonly rule: string;
    readonly orderType: 'GTC' | 'FOK' | 'FAK';
    readonly meanwhile: (bench: Bench) => void;
    readonly answer: Record<string, unknown>;
    readonly status: string;
  }
  const cancelAsk = (bench: Bench): void => {
    bench.exchange.cancelAll('key of ann');
  };
  const ENDS: readonly End[] = [
    {
      rule: 'matched',
      orderType: 'GTC',
      meanwhile: () => {},
      answer: { kind: 'accepted', status: 'matched', makingAmount: micros('6.5') },
      status: 'MATCHED',
    },
    {
      rule: 'unmatched: it rests',
      orderType: 'GTC',
      meanwhile: cancelAsk,
      answer: { kind: 'accepted', status: 'unmatched', tradeIds: [] },
      status: 'LIVE',
    },
    {
      rule: 'killed: a FOK',
      orderType: 'FOK',
      meanwhile: cancelAsk,
      answer: { kind: 'refused', indexed: true, error: expect.stringContaining('FOK orders') },
      status: 'CANCELED',
    },
    {
      rule: 'killed: a FAK',
      orderType: 'FAK',
      meanwhile: cancelAsk,
      answer: { kind: 'refused', indexed: true, error: expect.stringContaining('FAK order') },
      status: 'CANCELED',
    },
    {
      rule: 'refused by a new tick',
      orderType: 'GTC',
      meanwhile: (bench) => bench.exchange.setTickSize(CONDITION, '0.1'),
      answer: {
        kind: 'refused',
        indexed: true,
        error: expect.stringContaining('tick size rule: 0.1'),
      },
      status: 'INVALID',
    },
    {
      rule: 'refused by a balance that is gone',
      orderType: 'GTC',
      meanwhile: (bench) => {
        void bench.place('ben', 'BUY', YES, '0.5', '1990');
      },
      answer: {
        kind: 'refused',
        indexed: true,
        error: expect.stringContaining('not enough balance'),
      },
      status: 'INVALID',
    },
    {
      rule: 'ended by resolution',
      orderType: 'GTC',
      meanwhile: (bench) => bench.exchange.resolve(CONDITION, [0n, micros('1')]),
      answer: { kind: 'refused', indexed: true },
      status: 'CANCELED_MARKET_RESOLVED',
    },
  ];

  test.each(ENDS)('a blocked answer comes when it is over: $rule', async (end) => {
    const bench = delayed(true);
    await bench.place('ann', 'SELL', YES, '0.65', '10');
    const order = bench.order('ben', 'BUY', YES, '0.65', '10', { orderType: end.orderType });
    let answer: unknown;
    const placing = bench.exchange.place(order).then((placed) => {
      answer = placed;
    });
    await bench.wait(2_999);
    expect(answer).toBeUndefined();
    end.meanwhile(bench);
    await bench.wait(1);
    await placing;
    expect(answer).toMatchObject(end.answer);
    expect(bench.exchange.order(order.id)?.status).toBe(end.status);
  });

  test('stopping answers who waits: the order is delayed', async () => {
    const bench = delayed(true);
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    const placing = bench.place('ben', 'BUY', YES, '0.6', '10');
    bench.exchange.stop();
    expect(await placing).toMatchObject({ kind: 'accepted', status: 'delayed' });
    expect(bench.clock.pending()).toBe(0);
  });
});
