/** Contract cases: what becomes of an order that a venue takes. */
import { expect, test } from 'vitest';
import type { VenueOrder } from '../../src/actors/ports.ts';
import { decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import { feeUsd } from '../../src/domain/fees.ts';
import {
  expectFills,
  feeOf,
  fills,
  hold,
  type LevelText,
  legsOf,
  never,
  type OpenHarness,
  order,
  SETTLED_MS,
  send,
  sumOf,
  type VenueCapabilities,
  type VenueHarness,
} from './venue-harness.ts';

export function preparing(open: OpenHarness): void {
  test('preparing the same order gives the same bytes and the same id', async () => {
    const harness = await open();
    const wish = order(harness);
    expect(await harness.venue.prepare(wish)).toEqual(await harness.venue.prepare({ ...wish }));
    expect(await harness.venue.fetchOpenOrders()).toEqual([]);
  });

  test('two orders with the same wish have two ids', async () => {
    const harness = await open();
    const first = await harness.venue.prepare(order(harness));
    const second = await harness.venue.prepare(order(harness));
    expect(second.venueOrderId).not.toBe(first.venueOrderId);
  });

  test('the same bytes sent again make no second order', async () => {
    const harness = await open();
    await harness.setBook([], [['0.4', '10']]);
    const prepared = await harness.venue.prepare(order(harness, { size: '20' }));
    const [first, second] = await Promise.all([
      harness.venue.submit(prepared, never),
      harness.venue.submit(prepared, never),
    ]);
    await harness.advance(SETTLED_MS);
    const third = await harness.venue.submit(prepared, never);
    expect([first, second, third].map((outcome) => outcome.kind)).toEqual(
      Array(3).fill('acknowledged'),
    );
    expect(await harness.venue.fetchOpenOrders()).toHaveLength(1);
    expectFills(harness, prepared.venueOrderId, [['0.4', '10']]);
  });

  test('a killed order sent again is not tried again', async () => {
    const harness = await open();
    await harness.setBook([], []);
    const prepared = await harness.venue.prepare(order(harness, { timeInForce: 'FAK' }));
    expect(await harness.venue.submit(prepared, never)).toMatchObject({ kind: 'killed' });
    await harness.setBook([], [['0.4', '10']]);
    // Whether it was killed may no longer be known: then nothing is claimed.
    await harness.venue.submit(prepared, never).catch(() => undefined);
    await harness.advance(SETTLED_MS);
    expectFills(harness, prepared.venueOrderId, []);
  });
}

export function taking(open: OpenHarness, can: VenueCapabilities): void {
  const asks: readonly LevelText[] = [
    ['0.4', '6'],
    ['0.45', '8'],
    ['0.55', '100'],
  ];
  interface Case {
    readonly rule: string;
    readonly wish: Partial<VenueOrder>;
    readonly kind: 'acknowledged' | 'killed';
    readonly status: string;
    readonly legs: readonly LevelText[];
  }
  const all: readonly (Case & { readonly byShares?: true })[] = [
    {
      rule: 'a limit order takes level by level up to its limit, and rests with the remainder',
      wish: { size: '20' },
      kind: 'acknowledged',
      status: 'live',
      legs: [
        ['0.4', '6'],
        ['0.45', '8'],
      ],
    },
    {
      rule: 'a limit order that is filled at once is matched at the better prices',
      wish: { size: '10' },
      kind: 'acknowledged',
      status: 'matched',
      legs: [
        ['0.4', '6'],
        ['0.45', '4'],
      ],
    },
    {
      rule: 'FOK at the price of the level is filled whole',
      wish: { size: '6', price: '0.4', timeInForce: 'FOK' },
      kind: 'acknowledged',
      status: 'matched',
      legs: [['0.4', '6']],
    },
    {
      rule: 'FOK that can be filled is filled whole',
      byShares: true,
      wish: { size: '14', timeInForce: 'FOK' },
      kind: 'acknowledged',
      status: 'matched',
      legs: [
        ['0.4', '6'],
        ['0.45', '8'],
      ],
    },
    {
      rule: 'FOK that cannot be filled whole is killed without a fill',
      wish: { size: '15', timeInForce: 'FOK' },
      kind: 'killed',
      status: 'cancelled',
      legs: [],
    },
    {
      rule: 'FAK takes what there is and cancels the rest',
      wish: { size: '15', timeInForce: 'FAK' },
      kind: 'acknowledged',
      status: 'cancelled',
      legs: [
        ['0.4', '6'],
        ['0.45', '8'],
      ],
    },
    {
      rule: 'FAK that finds nothing is killed',
      wish: { price: '0.3', timeInForce: 'FAK' },
      kind: 'killed',
      status: 'cancelled',
      legs: [],
    },
    {
      rule: 'a market BUY by money never spends more than the money',
      wish: { type: 'market', price: '0.55', amountUsd: '10', timeInForce: 'FOK' },
      kind: 'acknowledged',
      status: 'matched',
      legs: [
        ['0.4', '6'],
        ['0.45', '8'],
        // (10 - 2.4 - 3.6) / 0.55 is 7.2727272...
        ['0.55', '7.272727'],
      ],
    },
  ];
  const cases = all.filter(({ byShares }) => can.immediateBuysByShares || byShares === undefined);
  test.each(cases)('$rule', async ({ wish, kind, status, legs }) => {
    const harness = await open();
    await harness.setBook([['0.3', '50']], asks);
    const { id, outcome } = await send(harness, wish);
    await harness.advance(0);
    expect(outcome.kind).toBe(kind);
    expectFills(harness, id, legs);
    const report = await harness.venue.fetchOrder(id);
    const matched = legs.reduce((sum, [, size]) => sum.plus(size), ZERO);
    expect(report).toMatchObject({ status, sizeMatched: toText(matched) });
    const told = harness.events.flatMap((event) => (event.type === 'order' ? event.report : []));
    if (kind === 'acknowledged') expect(told.at(-1)).toEqual(report);
    expect(legsOf(harness, id).every((leg) => leg.role === 'taker')).toBe(true);
  });

  test.runIf(can.splitFills)(
    'a fill that the venue splits comes in parts at the same prices',
    async () => {
      const harness = await open({ splitFills: true });
      await harness.setBook([], [['0.4', '20']]);
      const { id } = await send(harness, { size: '20', timeInForce: 'FOK' });
      await harness.advance(0);
      const first = await harness.venue.fetchOrder(id);
      expect(decimal(first?.sizeMatched ?? '0').gt(0)).toBe(true);
      expect(decimal(first?.sizeMatched ?? '0').lt(20)).toBe(true);
      await harness.advance(1_000);
      expect(fills(harness, id).map(([price]) => price)).toEqual(['0.4', '0.4']);
      expect(await harness.venue.fetchOrder(id)).toMatchObject({
        status: 'matched',
        sizeMatched: '20',
      });
    },
  );

  test('a taker pays the fee of the schedule on every leg', async () => {
    const harness = await open();
    await harness.setBook([], asks);
    const { id } = await send(harness, { size: '14' });
    await harness.advance(0);
    const { fees } = harness.instrument;
    const expected = [asks[0], asks[1]].map((level) =>
      feeUsd(fees, 'taker', decimal(level?.[0] ?? '0'), decimal(level?.[1] ?? '0')),
    );
    const paid = legsOf(harness, id).map((leg) => decimal(feeOf(harness, leg)));
    expect(toText(sumOf(paid))).toBe(toText(sumOf(expected)));
  });

  test('shares that one order took are not sold to the next one', async () => {
    const harness = await open();
    await harness.setBook([], [['0.4', '10']]);
    const first = await send(harness, { size: '8' });
    const second = await send(harness, { size: '8', timeInForce: 'FAK' });
    await harness.advance(0);
    expectFills(harness, first.id, [['0.4', '8']]);
    expectFills(harness, second.id, [['0.4', '2']]);
  });

  test.runIf(can.takerDelay)(
    'a delayed order is matched when the delay ends and cannot be cancelled before',
    async () => {
      const harness = await open({ takerDelayMs: 3_000 });
      await harness.setBook([], [['0.4', '10']]);
      const { id, outcome } = await send(harness);
      expect(outcome).toMatchObject({ status: 'delayed' });
      await harness.advance(2_000);
      expect(await harness.venue.fetchOrder(id)).toMatchObject({ status: 'delayed' });
      expect(await harness.venue.cancel(id, never)).toMatchObject({ kind: 'rejected' });
      expectFills(harness, id, []);
      await harness.advance(1_000);
      expectFills(harness, id, [['0.4', '10']]);
      expect(await harness.venue.fetchOrder(id)).toMatchObject({ status: 'matched' });
    },
  );
}

export function resting(open: OpenHarness, can: VenueCapabilities): void {
  test('an order that does not cross is acknowledged as live and rests', async () => {
    const harness = await open();
    await harness.setBook([['0.45', '10']], [['0.6', '10']]);
    const { id, outcome } = await send(harness);
    expect(outcome).toEqual({ kind: 'acknowledged', venueOrderId: id, status: 'live' });
    const reports = await harness.venue.fetchOpenOrders();
    expect(reports).toMatchObject([{ venueOrderId: id, status: 'live', sizeMatched: '0' }]);
  });

  interface Case {
    readonly rule: string;
    readonly resizes?: true;
    readonly side: 'BUY' | 'SELL';
    readonly happens: (harness: VenueHarness) => Promise<void>;
    readonly filled: readonly LevelText[];
  }
  // Each order has 10 shares at 0.50 with 20 shares of others before it.
  const all: readonly Case[] = [
    {
      rule: 'a trade at our price is for those who were there first',
      side: 'BUY',
      happens: (harness) => harness.trade('SELL', '0.5', '20'),
      filled: [],
    },
    {
      rule: 'a trade at our price that goes beyond the queue fills us with the excess',
      side: 'BUY',
      happens: (harness) => harness.trade('SELL', '0.5', '24'),
      filled: [['0.5', '4']],
    },
    {
      rule: 'a trade through our price fills us at our price',
      side: 'BUY',
      happens: (harness) => harness.trade('SELL', '0.48', '30'),
      filled: [['0.5', '10']],
    },
    {
      rule: 'a trade through our price fills us for no more than was traded',
      side: 'SELL',
      happens: (harness) => harness.trade('BUY', '0.55', '7'),
      filled: [['0.5', '7']],
    },
    {
      rule: 'a trade with the taker on our side is not ours',
      side: 'BUY',
      happens: (harness) => harness.trade('BUY', '0.5', '100'),
      filled: [],
    },
    {
      rule: 'when the level shrinks, those ahead of us have gone',
      resizes: true,
      side: 'SELL',
      happens: async (harness) => {
        await harness.setBook([['0.4', '20']], [['0.5', '3']]);
        await harness.advance(1);
        await harness.trade('BUY', '0.5', '9');
      },
      filled: [['0.5', '6']],
    },
    {
      rule: 'when the level grows, the new shares are behind us',
      resizes: true,
      side: 'BUY',
      happens: async (harness) => {
        await harness.setBook([['0.5', '90']], [['0.6', '20']]);
        await harness.advance(1);
        await harness.trade('SELL', '0.5', '25');
      },
      filled: [['0.5', '5']],
    },
    {
      rule: 'an opposite level that reaches our price fills us for what it shows',
      side: 'BUY',
      happens: (harness) => harness.setBook([['0.45', '20']], [['0.49', '6']]),
      filled: [['0.5', '6']],
    },
  ];
  const cases = all.filter(({ resizes }) => can.levelsResizeInPlace || resizes === undefined);
  test.each(cases)('$rule', async ({ side, happens, filled }) => {
    const harness = await open();
    if (side === 'SELL') await hold(harness, '10');
    const ours: LevelText = ['0.5', '20'];
    await harness.setBook(
      side === 'BUY' ? [ours] : [['0.4', '20']],
      side === 'BUY' ? [['0.6', '20']] : [ours],
    );
    const { id } = await send(harness, { side });
    await harness.advance(1);
    await happens(harness);
    await harness.advance(1);
    expectFills(harness, id, filled);
    for (const leg of legsOf(harness, id)) expect(leg).toMatchObject({ role: 'maker', side });
    expect(legsOf(harness, id).every((leg) => feeOf(harness, leg) === '0')).toBe(true);
  });

  test.runIf(can.levelsResizeInPlace)(
    'a level that shrinks by a trade and the trade itself count once',
    async () => {
      const harness = await open();
      await harness.setBook([['0.5', '20']], [['0.6', '20']]);
      const { id } = await send(harness);
      await harness.advance(5);
      // The same moment: the level lost 15 because 15 were traded. 5 are still ahead of us.
      await harness.setBook([['0.5', '5']], [['0.6', '20']]);
      await harness.trade('SELL', '0.5', '15');
      await harness.advance(1);
      expectFills(harness, id, []);
      await harness.trade('SELL', '0.5', '6');
      await harness.advance(1);
      expectFills(harness, id, [['0.5', '1']]);
    },
  );

  test.runIf(can.makersPay)('a maker pays the fee where the schedule says so', async () => {
    const harness = await open({ makersPay: true });
    await harness.setBook([['0.5', '0.01']], [['0.6', '20']]);
    const { id } = await send(harness);
    await harness.trade('SELL', '0.4', '10');
    await harness.advance(1);
    expect(legsOf(harness, id)).toMatchObject([{ role: 'maker', feeUsd: '0.125' }]);
  });

  test('GTD rests until its time and is expired then', async () => {
    const harness = await open();
    await harness.setBook([], [['0.6', '20']]);
    const expiresAtMs = harness.now() + 200_000;
    const { id } = await send(harness, { timeInForce: 'GTD', expiresAtMs });
    await harness.advance(199_000);
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ status: 'live' });
    await harness.advance(1_000);
    const status = can.tellsExpiry ? 'expired' : 'cancelled';
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ status });
    await harness.trade('SELL', '0.3', '100');
    await harness.advance(1);
    expectFills(harness, id, []);
  });
}
