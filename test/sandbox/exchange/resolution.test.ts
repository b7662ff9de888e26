import { describe, expect, test } from 'vitest';
import type { TradeStatus } from '../../../src/sandbox/exchange/types.ts';
import { CONDITION, createBench, micros, NO, YES } from './harness.ts';

describe('resolution', () => {
  test('ends open orders, pays settled shares, refuses what comes later', async () => {
    const rich = { dollars: '100', yes: '100', no: '100' };
    const bench = createBench({ money: { ann: rich, ben: rich } });
    await bench.place('ann', 'BUY', YES, '0.4', '10');
    bench.told();
    bench.exchange.resolve(CONDITION, [micros('1'), 0n]);
    expect(bench.told()).toEqual([
      'CANCELLATION ann BUY YES 0/10 CANCELED_MARKET_RESOLVED',
      'levels YES BUY 0.4 x 0, NO SELL 0.6 x 0',
      'resolved',
    ]);
    for (const maker of ['ann', 'ben']) {
      expect(bench.balance(maker)).toBe('200');
      expect(bench.balance(maker, YES)).toBe('0');
      expect(bench.balance(maker, NO)).toBe('0');
    }
    expect(await bench.place('ann', 'BUY', YES, '0.4', '10')).toMatchObject({
      error: `the orderbook ${YES} does not exist`,
    });
    expect(() => bench.exchange.resolve(CONDITION, [0n, micros('1')])).toThrow('conditionId');
  });

  test.each([
    { rule: 'a confirmed purchase pays then', fate: ['CONFIRMED'], ann: '146', ben: '149' },
    {
      rule: 'a failed one gives its shares back, which pay then',
      fate: ['FAILED'],
      ann: '145',
      ben: '150',
    },
  ] as { rule: string; fate: TradeStatus[]; ann: string; ben: string }[])(
    'trades under way are paid at their end: $rule',
    async ({ fate, ann, ben }) => {
      const bench = createBench({
        money: { ann: { dollars: '100', yes: '90' }, ben: { dollars: '100', yes: '100' } },
      });
      const order = bench.order('ben', 'BUY', YES, '0.6', '10');
      bench.exchange.settleNext(order.id, fate);
      await bench.place('ann', 'SELL', YES, '0.6', '10');
      await bench.exchange.place(order);
      bench.exchange.resolve(CONDITION, [micros('0.5'), micros('0.5')]);
      expect(bench.balance('ann')).toBe('140');
      expect(bench.balance('ben')).toBe('144');
      await bench.wait(20_000);
      expect(bench.balance('ann')).toBe(ann);
      expect(bench.balance('ben')).toBe(ben);
    },
  );

  test.each([[[micros('1'), micros('1')]], [[-1n, micros('1') + 1n]]] as [[bigint, bigint]][])(
    'a payout that is not a dollar in two parts is refused',
    (payout) => {
      expect(() => createBench().exchange.resolve(CONDITION, payout)).toThrow('payout');
    },
  );
});
