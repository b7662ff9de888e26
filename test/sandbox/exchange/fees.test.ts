import { describe, expect, test } from 'vitest';
import { microsText } from '../../../src/sandbox/numbers.ts';
import { createBench, micros, YES } from './harness.ts';

describe('fees', () => {
  const rich = { dollars: '1000', yes: '1000', no: '1000' };
  const fees = { rate: '0.05', exponent: 1, takerOnly: true };

  test('a BUY pays on top, a SELL out of its proceeds, a maker nothing', async () => {
    const bench = createBench({ market: { fees }, money: { ann: rich, ben: rich, cat: rich } });
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    await bench.place('ben', 'BUY', YES, '0.6', '10');
    await bench.place('ann', 'BUY', YES, '0.6', '10');
    await bench.place('cat', 'SELL', YES, '0.6', '10');
    await bench.wait(10_000);
    // 10 x 0.05 x 0.6 x 0.4 = 0.12
    expect(bench.balance('ben')).toBe('993.88');
    expect(bench.balance('cat')).toBe('1005.88');
    expect(bench.balance('ann')).toBe('1000');
    expect(bench.exchange.totals().fees).toBe(micros('0.24'));
  });

  test.each([
    {
      rule: 'rounded up to 5 decimals',
      rate: '0.07',
      exponent: 1,
      price: '0.37',
      size: '7.77',
      fee: '0.12679',
    },
    {
      rule: 'at least 0.00001 where it is not zero',
      rate: '0.0001',
      exponent: 2,
      price: '0.2',
      size: '5',
      fee: '0.00002',
    },
    {
      rule: 'to a power that is no whole number',
      rate: '0.05',
      exponent: 0.5,
      price: '0.2',
      size: '10',
      fee: '0.2',
    },
    {
      rule: 'zero where the rate is zero',
      rate: '0',
      exponent: 1,
      price: '0.5',
      size: '10',
      fee: '0',
    },
  ])('$rule', async ({ rate, exponent, price, size, fee }) => {
    const bench = createBench({
      market: { fees: { rate, exponent, takerOnly: true } },
      money: { ann: rich, ben: rich },
    });
    await bench.place('ann', 'SELL', YES, price, size);
    await bench.place('ben', 'BUY', YES, price, size);
    const [trade] = [...bench.exchange.trades()];
    expect(microsText(trade?.takerFee ?? -1n)).toBe(fee);
  });

  test('a fee that the balance does not hold refuses the order', async () => {
    const bench = createBench({ market: { fees }, money: { ann: rich, ben: { dollars: '6.1' } } });
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    expect(await bench.place('ben', 'BUY', YES, '0.6', '10')).toMatchObject({
      error:
        'not enough balance / allowance: the balance is not enough -> balance: 6100000, order amount: 6120000',
      indexed: false,
    });
    bench.exchange.deposit('ben', micros('0.02'));
    expect(await bench.place('ben', 'BUY', YES, '0.6', '10')).toMatchObject({ status: 'matched' });
    expect(bench.balance('ben')).toBe('0');
  });

  test('a fee never takes more than a SELL brings', async () => {
    const market = { fees: { rate: '2', exponent: 1, takerOnly: true } };
    const bench = createBench({ market, money: { ann: rich, ben: rich } });
    await bench.place('ann', 'BUY', YES, '0.1', '10');
    await bench.place('ben', 'SELL', YES, '0.1', '10');
    await bench.wait(10_000);
    expect(bench.balance('ben')).toBe('1000');
    expect(bench.exchange.totals().fees).toBe(micros('1'));
  });

  test('a schedule that charges makers is refused: no market of the venue has one', () => {
    const market = { fees: { rate: '0.05', exponent: 1, takerOnly: false } };
    expect(() => createBench({ market })).toThrow('market.fees.takerOnly');
  });
});
