import { describe, expect, test } from 'vitest';
import type { TradeStatus } from '../../../src/sandbox/exchange/types.ts';
import { type Bench, createBench, micros, NO, YES } from './harness.ts';

const money = {
  ann: { dollars: '100', yes: '100', no: '100' },
  ben: { dollars: '100', yes: '100', no: '100' },
};
const fees = { rate: '0.05', exponent: 1, takerOnly: true };

function statuses(bench: Bench): TradeStatus[] {
  return bench.events.flatMap((event) => (event.type === 'trade' ? [event.trade.status] : []));
}

function everything(bench: Bench): string {
  const of = (maker: string): string =>
    [undefined, YES, NO].map((token) => bench.balance(maker, token)).join(' / ');
  return `${of('ann')}, ${of('ben')}`;
}

/** The three kinds of match, each at 0.6 for ten shares of YES, with ben as the taker. */
const MATCHES: readonly {
  readonly kind: string;
  readonly maker: Parameters<Bench['order']>;
  readonly taker: Parameters<Bench['order']>;
}[] = [
  {
    kind: 'transfer',
    maker: ['ann', 'SELL', YES, '0.6', '10'],
    taker: ['ben', 'BUY', YES, '0.6', '10'],
  },
  {
    kind: 'sale',
    maker: ['ann', 'BUY', YES, '0.6', '10'],
    taker: ['ben', 'SELL', YES, '0.6', '10'],
  },
  { kind: 'mint', maker: ['ann', 'BUY', NO, '0.4', '10'], taker: ['ben', 'BUY', YES, '0.6', '10'] },
  {
    kind: 'merge',
    maker: ['ann', 'SELL', NO, '0.4', '10'],
    taker: ['ben', 'SELL', YES, '0.6', '10'],
  },
];

describe('settlement', () => {
  test('what is given leaves at the match, what is got comes when confirmed', async () => {
    const bench = createBench({ money });
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    await bench.place('ben', 'BUY', YES, '0.6', '10');
    expect(everything(bench)).toBe('100 / 90 / 100, 94 / 100 / 100');
    expect(bench.exchange.totals().inFlight).toBe(micros('6'));
    await bench.wait(2_000);
    expect(everything(bench)).toBe('100 / 90 / 100, 94 / 100 / 100');
    await bench.wait(4_000);
    expect(everything(bench)).toBe('106 / 90 / 100, 94 / 110 / 100');
    expect(bench.exchange.totals().inFlight).toBe(0n);
  });

  test('bought shares cannot be sold before they are confirmed', async () => {
    const bench = createBench({ money: { ...money, ben: { dollars: '100' } } });
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    await bench.place('ben', 'BUY', YES, '0.6', '10');
    const early = await bench.place('ben', 'SELL', YES, '0.7', '10');
    expect(early).toMatchObject({ error: expect.stringContaining('balance: 0') });
    await bench.wait(6_000);
    expect(await bench.place('ben', 'SELL', YES, '0.7', '10')).toMatchObject({ status: 'live' });
  });

  test.each(MATCHES)(
    'a failed $kind gives everything back, the orders stay matched',
    async ({ maker, taker }) => {
      const bench = createBench({ money, market: { fees } });
      const before = everything(bench);
      const order = bench.order(...taker);
      bench.exchange.settleNext(order.id, ['RETRYING', 'MINED', 'FAILED']);
      await bench.place(...maker);
      await bench.exchange.place(order);
      expect(everything(bench)).not.toBe(before);
      await bench.wait(20_000);
      expect(everything(bench)).toBe(before);
      expect(statuses(bench)).toEqual(['MATCHED', 'RETRYING', 'MINED', 'FAILED']);
      expect(bench.exchange.order(order.id)).toMatchObject({
        status: 'MATCHED',
        sizeMatched: micros('10'),
      });
      expect(bench.exchange.totals()).toEqual({
        deposited: micros('200'),
        fees: 0n,
        collateral: 0n,
        inFlight: 0n,
      });
    },
  );

  test('fates told ahead are for one trade each, of the taker or of a maker', async () => {
    const bench = createBench({ money });
    const maker = bench.order('ann', 'SELL', YES, '0.6', '20');
    bench.exchange.settleNext(maker.id, ['FAILED']);
    bench.exchange.settleNext(maker.id, ['RETRYING', 'CONFIRMED']);
    await bench.exchange.place(maker);
    for (let count = 0; count < 3; count += 1) {
      await bench.place('ben', 'BUY', YES, '0.6', '5');
      await bench.wait(20_000);
    }
    expect(statuses(bench)).toEqual([
      ...['MATCHED', 'FAILED'],
      ...['MATCHED', 'RETRYING', 'CONFIRMED'],
      ...['MATCHED', 'MINED', 'CONFIRMED'],
    ]);
  });

  test('a fate that no trade can meet any more is forgotten', async () => {
    const bench = createBench({ money });
    const { exchange } = bench;
    const told = (...order: Parameters<typeof bench.order>) => {
      const made = bench.order(...order);
      exchange.settleNext(made.id, ['FAILED']);
      exchange.settleNext(made.id, ['FAILED']);
      return made;
    };
    const waiting = () => JSON.parse(exchange.save()).fates.length;

    await exchange.place(told('ann', 'SELL', YES, '0.6', '10.001'));
    await exchange.place(told('ann', 'SELL', YES, '0.6', '10000'));
    await exchange.place(told('ben', 'BUY', YES, '0.6', '10', { orderType: 'FOK' }));
    const cancelled = told('ann', 'SELL', YES, '0.7', '10');
    await exchange.place(cancelled);
    expect(waiting()).toBe(1);
    exchange.cancel(cancelled.owner, [cancelled.id]);
    expect(waiting()).toBe(0);

    await exchange.place(told('ann', 'SELL', YES, '0.6', '10'));
    await bench.place('ben', 'BUY', YES, '0.6', '5');
    expect(waiting()).toBe(1);
    await exchange.place(told('ben', 'BUY', YES, '0.6', '5'));
    expect(waiting()).toBe(0);
  });

  test.each([
    { path: [] },
    { path: ['MINED'] },
    { path: ['MATCHED', 'CONFIRMED'] },
    { path: ['FAILED', 'CONFIRMED'] },
  ] as {
    path: TradeStatus[];
  }[])('the fate $path is refused', ({ path }) => {
    expect(() => createBench().exchange.settleNext('0x1', path)).toThrow('settleNext.path');
  });

  test('the shares of failed and retried trades come from the rules', async () => {
    const bench = createBench({ money });
    for (const rules of [{ failedShare: 1 }, { retryingShare: 1 }, {}]) {
      bench.exchange.settlement = {
        minedAfterMs: 10,
        confirmedAfterMs: 20,
        failedShare: 0,
        retryingShare: 0,
        ...rules,
      };
      await bench.place('ann', 'SELL', YES, '0.6', '5');
      await bench.place('ben', 'BUY', YES, '0.6', '5');
      await bench.wait(40);
    }
    expect(statuses(bench)).toEqual([
      ...['MATCHED', 'FAILED'],
      ...['MATCHED', 'RETRYING', 'MINED', 'CONFIRMED'],
      ...['MATCHED', 'MINED', 'CONFIRMED'],
    ]);
  });

  test('a hash comes when the trade is mined and stays', async () => {
    const bench = createBench({ money });
    await bench.place('ann', 'SELL', YES, '0.6', '5');
    await bench.place('ben', 'BUY', YES, '0.6', '5');
    await bench.wait(20_000);
    const hashes = bench.events.flatMap((event) =>
      event.type === 'trade' ? [event.trade.transactionHash] : [],
    );
    expect(hashes[0]).toBe('');
    expect(hashes[1]).toMatch(/^0x[0-9a-f]{64}$/);
    expect(hashes[2]).toBe(hashes[1]);
  });

  test.each([
    { failedShare: 1.1 },
    { retryingShare: -1 },
    { minedAfterMs: Number.NaN },
    { confirmedAfterMs: 1e9 },
  ])('rules out of range are refused: %o', (settlement) => {
    expect(() => createBench({ settlement })).toThrow('settlement.');
  });
});
