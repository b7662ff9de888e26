import { describe, expect, test } from 'vitest';
import { InvalidValue } from '../../../src/domain/faults.ts';
import type { SandboxMarket } from '../../../src/sandbox/exchange/types.ts';
import { CONDITION, createBench, marketOf, micros, NO, START_MS, YES } from './harness.ts';

describe('what an exchange is told', () => {
  test.each([
    { rule: 'a market that is there', market: {} },
    {
      rule: 'a market with a token of another',
      market: {
        conditionId: '0xc2',
        tokens: [
          { tokenId: '3', outcome: 'YES' },
          { tokenId: YES, outcome: 'NO' },
        ],
      },
    },
    {
      rule: 'outcomes the wrong way round',
      market: {
        conditionId: '0xc2',
        tokens: [
          { tokenId: '3', outcome: 'NO' },
          { tokenId: '4', outcome: 'YES' },
        ],
      },
    },
    {
      rule: 'one token twice',
      market: {
        conditionId: '0xc2',
        tokens: [
          { tokenId: '3', outcome: 'YES' },
          { tokenId: '3', outcome: 'NO' },
        ],
      },
    },
    { rule: 'a tick of nobody', market: { tickSize: '0.02', ...fresh() } },
    { rule: 'a delay below zero', market: { takerDelayMs: -1, ...fresh() } },
    { rule: 'a minimum that is no number', market: { minimumOrderSize: 'five', ...fresh() } },
    {
      rule: 'a fee to the power of nothing',
      market: { fees: { rate: '0.1', exponent: Number.NaN, takerOnly: true }, ...fresh() },
    },
  ] as { rule: string; market: Partial<SandboxMarket> }[])('is refused: $rule', ({ market }) => {
    const { exchange } = createBench();
    expect(() => exchange.addMarket(marketOf(market))).toThrow(InvalidValue);
    expect(exchange.markets.size).toBe(1);
  });

  test.each([
    { rule: 'dollars below zero', dollars: -1n, shares: {} },
    { rule: 'shares below zero', dollars: 0n, shares: { [YES]: -1n } },
    { rule: 'shares of nothing', dollars: 5n, shares: { '77': 1n } },
  ])('a deposit is refused whole: $rule', ({ dollars, shares }) => {
    const { exchange } = createBench();
    expect(() => exchange.deposit('ann', dollars, shares)).toThrow(InvalidValue);
    expect(exchange.balance('ann')).toBe(micros('1000'));
    expect(exchange.totals().deposited).toBe(micros('4000'));
  });

  test('a market and its tick are the exchange’s own', () => {
    const { exchange } = createBench();
    const given = marketOf(fresh());
    exchange.addMarket(given);
    exchange.setTickSize(given.conditionId, '0.001');
    expect(given.tickSize).toBe('0.01');
    expect(exchange.markets.get(given.conditionId)?.tickSize).toBe('0.001');
    expect(exchange.marketOfToken('4')?.tickSize).toBe('0.001');
    expect(() => exchange.setTickSize(CONDITION, '0.3')).toThrow(InvalidValue);
    expect(() => exchange.setTickSize('0x77', '0.01')).toThrow(InvalidValue);
  });

  test('every account can be listed', () => {
    const { exchange } = createBench();
    expect([...exchange.accounts()]).toEqual(['ann', 'ben', 'cat', 'dan']);
  });
});

function fresh() {
  return {
    conditionId: '0xc2',
    tokens: [
      { tokenId: '3', outcome: 'YES' },
      { tokenId: '4', outcome: 'NO' },
    ],
  } as const;
}

describe('a saved exchange', () => {
  test('keeps refused ids, fates, reasons, delays and resolutions', async () => {
    const bench = createBench({ market: { takerDelayMs: 1_000 } });
    const { exchange } = bench;
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    const crossing = bench.order('ben', 'BUY', YES, '0.6', '10', { postOnly: true });
    await exchange.place(crossing);
    const unmatched = bench.order('ben', 'SELL', YES, '0.5', '10', { orderType: 'FAK' });
    await exchange.place(unmatched);
    const delayed = bench.order('ben', 'BUY', YES, '0.6', '10');
    await exchange.place(delayed);
    exchange.settleNext(delayed.id, ['RETRYING', 'FAILED']);
    exchange.restore(exchange.save());

    expect(bench.clock.pending()).toBe(1);
    expect(exchange.markets.get(CONDITION)).toBe(exchange.marketOfToken(NO));
    expect(await exchange.place(crossing)).toMatchObject({
      error: expect.stringContaining('Duplicated'),
    });
    expect(exchange.order(unmatched.id)?.reason).toContain('FAK');
    bench.told();
    await bench.wait(20_000);
    expect(bench.told().filter((line) => line.startsWith('trade'))).toEqual([
      'trade BUY YES 10 at 0.6 with 1: MATCHED',
      'trade BUY YES 10 at 0.6 with 1: RETRYING',
      'trade BUY YES 10 at 0.6 with 1: FAILED',
    ]);

    exchange.resolve(CONDITION, [0n, micros('1')]);
    exchange.restore(exchange.save());
    expect(exchange.marketOfToken(YES)?.payout).toEqual([0n, micros('1')]);
    expect(await bench.place('ann', 'BUY', YES, '0.5', '10')).toMatchObject({ kind: 'refused' });
  });

  test('what fell due while it was away happens at once', async () => {
    const first = createBench();
    const order = first.order('ann', 'BUY', YES, '0.5', '10', {
      orderType: 'GTD',
      expirationS: START_MS / 1000 + 300,
    });
    await first.exchange.place(order);
    const second = createBench();
    await second.wait(1_000_000);
    second.exchange.restore(first.exchange.save());
    expect(second.exchange.order(order.id)?.status).toBe('LIVE');
    await second.wait(0);
    expect(second.exchange.order(order.id)?.status).toBe('CANCELED');
  });

  test.each([
    { rule: 'no JSON', spoil: (text: string) => text.slice(1) },
    {
      rule: 'another version',
      spoil: (text: string) => text.replace('"version":1', '"version":2'),
    },
    {
      rule: 'an amount that is none',
      spoil: (text: string) => text.replace('"1000000000"', '"a lot"'),
    },
    {
      rule: 'an order of no market',
      spoil: (text: string) => text.replaceAll(`"${YES}"`, '"1003"').replace('"1003"', `"${YES}"`),
    },
    { rule: 'a field less', spoil: (text: string) => text.replace('"collateral":"0",', '') },
  ])('of a spoilt text is refused and changes nothing: $rule', async ({ spoil }) => {
    const bench = createBench();
    await bench.place('ann', 'BUY', YES, '0.5', '10');
    const text = bench.exchange.save();
    expect(spoil(text)).not.toBe(text);
    expect(() => bench.exchange.restore(spoil(text))).toThrow(InvalidValue);
    expect(bench.exchange.save()).toBe(text);
  });
});
