import { describe, expect, test } from 'vitest';
import type { Placed } from '../../../src/sandbox/exchange/types.ts';
import { microsText } from '../../../src/sandbox/numbers.ts';
import { type Bench, createBench, micros, NO, YES } from './harness.ts';

type Step = Parameters<Bench['order']>;

/** Answers as short lines: `matched 6 -> 10`, or the refusal. */
function lineOf(placed: Placed): string {
  if (placed.kind === 'refused') return placed.error;
  const { status, makingAmount, takingAmount } = placed;
  return makingAmount === 0n
    ? status
    : `${status} ${microsText(makingAmount)} -> ${microsText(takingAmount)}`;
}

/** Balances after everything is confirmed: `dollars / YES / NO`. */
function holdings(bench: Bench, maker: string): string {
  return [undefined, YES, NO].map((token) => bench.balance(maker, token)).join(' / ');
}

interface Case {
  readonly rule: string;
  readonly orders: readonly Step[];
  readonly answers: readonly string[];
  /** Each began with 1000 of everything. */
  readonly holdings: Readonly<Record<string, string>>;
  readonly bids?: readonly string[];
  readonly asks?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    rule: 'less than a hundredth of a share is never matched: the order that has no more left is over',
    orders: [
      ['ann', 'SELL', YES, '0.44', '18.03'],
      // By money: 7.93 dollars bring 18.022727 shares.
      ['ben', 'BUY', YES, '0.5', '15.86', { orderType: 'FAK' }],
      ['cat', 'BUY', YES, '0.44', '5'],
    ],
    answers: ['live', 'matched 7.93 -> 18.022727', 'live'],
    holdings: {
      ann: '1007.93 / 981.977273 / 1000',
      ben: '992.07 / 1018.022727 / 1000',
    },
    bids: ['0.44 x 5'],
    asks: [],
  },
  {
    rule: 'a BUY and a SELL of one token: the shares change hands',
    orders: [
      ['ann', 'SELL', YES, '0.6', '10'],
      ['ben', 'BUY', YES, '0.6', '10'],
    ],
    answers: ['live', 'matched 6 -> 10'],
    holdings: { ann: '1006 / 990 / 1000', ben: '994 / 1010 / 1000' },
  },
  {
    rule: 'a BUY of YES and a BUY of NO: both pay, the shares are minted',
    orders: [
      ['ann', 'BUY', NO, '0.4', '10'],
      ['ben', 'BUY', YES, '0.6', '10'],
    ],
    answers: ['live', 'matched 6 -> 10'],
    holdings: { ann: '996 / 1000 / 1010', ben: '994 / 1010 / 1000' },
  },
  {
    rule: 'a SELL of YES and a SELL of NO: both are paid, the shares are merged',
    orders: [
      ['ann', 'SELL', NO, '0.4', '10'],
      ['ben', 'SELL', YES, '0.6', '10'],
    ],
    answers: ['live', 'matched 10 -> 6'],
    holdings: { ann: '1004 / 1000 / 990', ben: '1006 / 990 / 1000' },
  },
  {
    rule: 'the better price is the taker’s: of a transfer',
    orders: [
      ['ann', 'SELL', YES, '0.5', '10'],
      ['ben', 'BUY', YES, '0.6', '10'],
    ],
    answers: ['live', 'matched 5 -> 10'],
    holdings: { ann: '1005 / 990 / 1000', ben: '995 / 1010 / 1000' },
  },
  {
    rule: 'the better price is the taker’s: of a mint',
    orders: [
      ['ann', 'BUY', NO, '0.5', '10'],
      ['ben', 'BUY', YES, '0.6', '10'],
    ],
    answers: ['live', 'matched 5 -> 10'],
    holdings: { ann: '995 / 1000 / 1010', ben: '995 / 1010 / 1000' },
  },
  {
    rule: 'the better price is the taker’s: of a merge',
    orders: [
      ['ann', 'SELL', NO, '0.3', '10'],
      ['ben', 'SELL', YES, '0.6', '10'],
    ],
    answers: ['live', 'matched 10 -> 7'],
    holdings: { ann: '1003 / 1000 / 990', ben: '1007 / 990 / 1000' },
  },
  {
    rule: 'prices that do not add up to a dollar do not meet',
    orders: [
      ['ann', 'BUY', NO, '0.39', '10'],
      ['ben', 'BUY', YES, '0.6', '10'],
    ],
    answers: ['live', 'live'],
    holdings: { ann: '1000 / 1000 / 1000', ben: '1000 / 1000 / 1000' },
    bids: ['0.6 x 10'],
    asks: ['0.61 x 10'],
  },
  {
    rule: 'the better price comes first, of one price the earlier order, whatever its token',
    orders: [
      ['ann', 'SELL', YES, '0.6', '10'],
      ['ben', 'BUY', NO, '0.4', '10'],
      ['cat', 'SELL', YES, '0.59', '10'],
      ['dan', 'BUY', YES, '0.6', '25'],
    ],
    answers: ['live', 'live', 'live', 'matched 14.9 -> 25'],
    holdings: {
      ann: '1006 / 990 / 1000',
      ben: '998 / 1000 / 1005',
      cat: '1005.9 / 990 / 1000',
      dan: '985.1 / 1025 / 1000',
    },
    asks: ['0.6 x 5'],
  },
  {
    rule: 'what a GTC does not find rests at its price',
    orders: [
      ['ann', 'SELL', YES, '0.6', '10'],
      ['ben', 'BUY', YES, '0.61', '30'],
    ],
    answers: ['live', 'matched 6 -> 10'],
    holdings: { ben: '994 / 1010 / 1000' },
    bids: ['0.61 x 20'],
  },
  {
    rule: 'a FAK takes what there is and leaves nothing',
    orders: [
      ['ann', 'BUY', YES, '0.5', '10'],
      ['ben', 'SELL', YES, '0.5', '30', { orderType: 'FAK' }],
    ],
    answers: ['live', 'matched 10 -> 5'],
    holdings: { ann: '995 / 1010 / 1000', ben: '1005 / 990 / 1000' },
  },
  {
    rule: 'a FOK BUY spends its dollars: at a better price it gets more shares than it named',
    orders: [
      ['ann', 'SELL', YES, '0.5', '100'],
      ['ben', 'BUY', YES, '0.6', '10', { orderType: 'FOK' }],
    ],
    answers: ['live', 'matched 6 -> 12'],
    holdings: { ann: '1006 / 988 / 1000', ben: '994 / 1012 / 1000' },
    asks: ['0.5 x 88'],
  },
  {
    rule: 'shares for dollars are floored, and the last micro is spent',
    orders: [
      ['ann', 'SELL', YES, '0.03', '900'],
      ['ben', 'BUY', YES, '0.04', '125', { orderType: 'FAK' }],
    ],
    answers: ['live', 'matched 5 -> 166.666666'],
    holdings: { ann: '1005 / 833.333334 / 1000', ben: '995 / 1166.666666 / 1000' },
    asks: ['0.03 x 733.333334'],
  },
  {
    rule: 'dollars minted in odd parts: maker and taker together pay a dollar for each share',
    orders: [
      ['ann', 'BUY', NO, '0.97', '900'],
      ['ben', 'BUY', YES, '0.04', '125', { orderType: 'FAK' }],
    ],
    answers: ['live', 'matched 5 -> 166.666666'],
    holdings: { ann: '838.333334 / 1000 / 1166.666666', ben: '995 / 1166.666666 / 1000' },
    asks: ['0.03 x 733.333334'],
  },
];

describe('matching', () => {
  test.each(CASES)(
    '$rule',
    async ({ orders, answers, holdings: expected, bids = [], asks = [] }) => {
      const bench = createBench();
      const got: string[] = [];
      for (const order of orders) got.push(lineOf(await bench.place(...order)));
      expect(got).toEqual(answers);
      await bench.wait(10_000);
      for (const [maker, line] of Object.entries(expected))
        expect(holdings(bench, maker)).toBe(line);
      expect(bench.book()).toEqual({ bids, asks });
    },
  );

  test('the book of NO mirrors the book of YES; the last price is of the taker’s token', async () => {
    const bench = createBench();
    await bench.place('ann', 'BUY', YES, '0.4', '10');
    await bench.place('ann', 'SELL', YES, '0.6', '20');
    await bench.place('ben', 'SELL', YES, '0.65', '5');
    expect(bench.book(NO)).toEqual({ bids: ['0.4 x 20', '0.35 x 5'], asks: ['0.6 x 10'] });
    await bench.place('ben', 'SELL', NO, '0.4', '5');
    expect(bench.exchange.book(YES).lastTradePrice).toBe(micros('0.4'));
    expect(bench.exchange.book(NO).lastTradePrice).toBe(micros('0.4'));
  });

  test('one trade for each taker order names every maker at its own price in its own token', async () => {
    const bench = createBench();
    const first = bench.order('ann', 'SELL', YES, '0.58', '5');
    const second = bench.order('ann', 'BUY', NO, '0.41', '5');
    await bench.exchange.place(first);
    await bench.exchange.place(second);
    const taker = bench.order('ben', 'BUY', YES, '0.6', '10');
    const placed = await bench.exchange.place(taker);
    const [trade] = [...bench.exchange.trades()];
    expect(placed).toMatchObject({ tradeIds: [trade?.id] });
    const common = { owner: 'key of ann', maker: 'ann', matchedAmount: micros('5') };
    expect(trade).toMatchObject({
      takerOrderId: taker.id,
      takerOwner: 'key of ben',
      side: 'BUY',
      outcome: 'YES',
      size: micros('10'),
      price: micros('0.59'),
      transactionHash: '',
      makerFills: [
        { ...common, orderId: first.id, side: 'SELL', outcome: 'YES', price: micros('0.58') },
        { ...common, orderId: second.id, side: 'BUY', outcome: 'NO', price: micros('0.41') },
      ],
    });
    for (const { id } of [first, second, taker]) {
      expect(bench.exchange.order(id)?.associateTrades).toEqual([trade?.id]);
    }
  });

  test('an account may trade with itself', async () => {
    const bench = createBench();
    await bench.place('ann', 'BUY', NO, '0.4', '10');
    await bench.place('ann', 'BUY', YES, '0.6', '10');
    await bench.wait(10_000);
    expect(holdings(bench, 'ann')).toBe('990 / 1010 / 1010');
  });
});

describe('a resting BUY whose money went elsewhere', () => {
  const money = {
    ann: { dollars: '5' },
    ben: { dollars: '100', yes: '100', no: '100' },
    cat: { dollars: '100', yes: '100', no: '100' },
  };

  /** Ann bids $4.50 in one market and spends $4 in another. */
  async function uncovered(): Promise<Bench> {
    const bench = createBench({ money });
    const id = `0x${'c2'.repeat(32)}` as const;
    bench.exchange.addMarket({
      ...(bench.exchange.marketOfToken(YES) ?? expect.unreachable('the market is there')),
      conditionId: id,
      tokens: [
        { tokenId: '2001', outcome: 'YES' },
        { tokenId: '2002', outcome: 'NO' },
      ],
    });
    bench.exchange.deposit('ben', 0n, { '2001': micros('10') });
    await bench.place('ann', 'BUY', YES, '0.45', '10');
    await bench.place('cat', 'BUY', YES, '0.4', '10');
    await bench.place('ben', 'SELL', '2001', '0.4', '10');
    await bench.place('ann', 'BUY', '2001', '0.4', '10');
    bench.told();
    return bench;
  }

  test('is passed over and ended, and the next one in line is met', async () => {
    const bench = await uncovered();
    await bench.place('ben', 'SELL', YES, '0.4', '10');
    expect(bench.told().slice(0, 4)).toEqual([
      'CANCELLATION ann BUY YES 0/10 INVALID (not enough balance / allowance)',
      'levels YES BUY 0.45 x 0, NO SELL 0.55 x 0',
      'UPDATE cat BUY YES 10/10 MATCHED',
      'UPDATE ben SELL YES 10/10 MATCHED',
    ]);
    expect(bench.balance('ann')).toBe('1');
  });

  test('of two orders that its money covers one by one, the second is ended', async () => {
    const bench = await uncovered();
    bench.exchange.deposit('ann', micros('4'));
    await bench.place('ann', 'BUY', YES, '0.05', '10');
    bench.exchange.deposit('ben', 0n, { '2001': micros('10') });
    await bench.place('ann', 'BUY', '2001', '0.04', '10');
    await bench.place('ben', 'SELL', '2001', '0.04', '10');
    expect(bench.balance('ann')).toBe('4.6');
    bench.told();
    await bench.place('ben', 'SELL', YES, '0.05', '30');
    expect(bench.told().filter((line) => line.includes('ann'))).toEqual([
      'CANCELLATION ann BUY YES 0/10 INVALID (not enough balance / allowance)',
      'UPDATE ann BUY YES 10/10 MATCHED',
    ]);
    expect(bench.balance('ann')).toBe('0.1');
  });

  test('never leaves a crossed book behind', async () => {
    const bench = await uncovered();
    await bench.place('ben', 'SELL', YES, '0.42', '10');
    expect(bench.book()).toEqual({ bids: ['0.4 x 10'], asks: ['0.42 x 10'] });
  });

  test('stays where a FOK is killed by the whole book', async () => {
    const bench = await uncovered();
    await bench.place('ben', 'SELL', YES, '0.4', '20', { orderType: 'FOK' });
    expect(bench.book().bids).toEqual(['0.45 x 10', '0.4 x 10']);
  });
});
