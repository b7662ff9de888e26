/** Contract cases: what is still true after settlements, restarts and any mixture of both. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import { isFinalSettlement, joinSettlement, type LegReport } from '../../src/domain/fill-leg.ts';
import {
  expectFills,
  feeOf,
  legsOf,
  type MakeHarness,
  never,
  type OpenHarness,
  order,
  SETTLED_MS,
  send,
  type VenueCapabilities,
  type VenueHarness,
} from './venue-harness.ts';

export function settling(open: OpenHarness, can: VenueCapabilities): void {
  const paths = [
    { rule: 'is confirmed', options: {}, path: ['matched', 'mined', 'confirmed'] },
    {
      rule: 'fails and is undone',
      options: { failLegs: true },
      path: ['matched', 'failed'],
    },
    {
      rule: 'is retried and then confirmed',
      options: { retryLegs: true },
      path: ['matched', 'retrying', 'mined', 'confirmed'],
    },
  ];
  const possible = paths.filter(({ path }) => can.failLegs || path.length === 3);
  test.each(possible)('a leg goes its way in order: it $rule', async ({ options, path }) => {
    const harness = await open(options);
    await harness.setBook([], [['0.4', '10']]);
    const { id } = await send(harness);
    await harness.advance(SETTLED_MS);
    const told = harness.events.flatMap((event) => (event.type === 'leg' ? event.leg : []));
    expect(told.map((leg) => leg.settlement)).toEqual(path);
    expect(new Set(told.map((leg) => `${leg.tradeId} ${leg.matchedAtMs}`)).size).toBe(1);
    const [leg] = legsOf(harness, id);
    const isVoid = leg?.settlement === 'failed';
    const { cashUsd } = await harness.venue.fetchBalances();
    const cost = decimal('4').plus(leg === undefined ? ZERO : feeOf(harness, leg));
    expect(cashUsd).toBe(toText(decimal(harness.startCashUsd).minus(isVoid ? ZERO : cost)));
    expect(await harness.venue.fetchPositions()).toEqual(
      isVoid ? [] : [{ instrumentId: harness.instrument.id, size: '10' }],
    );
  });

  test.runIf(can.failLegs)('a failed settlement reopens no order', async () => {
    const harness = await open({ failLegs: true });
    await harness.setBook([], [['0.4', '10']]);
    const { id } = await send(harness);
    await harness.advance(SETTLED_MS);
    const report = await harness.venue.fetchOrder(id);
    expect(report).toMatchObject({ status: 'matched', sizeMatched: '10' });
  });
}

export function restarting(open: OpenHarness, can: VenueCapabilities): void {
  describe.each(['stop', 'kill'] as const)('after a restart by %s', (how) => {
    test('resting orders keep their place in the queue', async () => {
      const harness = await open();
      await harness.setBook([['0.5', '20']], [['0.6', '20']]);
      const { id } = await send(harness);
      await harness.trade('SELL', '0.5', '12');
      await harness.advance(5_000);
      await harness.restart(how);
      expect(await harness.venue.fetchOpenOrders()).toMatchObject([{ venueOrderId: id }]);
      // Books that only we were shown are shown again.
      if (can.levelsResizeInPlace) await harness.setBook([['0.5', '20']], [['0.6', '20']]);
      await harness.trade('SELL', '0.5', '9');
      await harness.advance(1);
      expectFills(harness, id, [['0.5', '1']]);
    });

    test('legs that were under way are settled', async () => {
      const harness = await open();
      await harness.setBook([], [['0.4', '10']]);
      const { id } = await send(harness);
      await harness.restart(how);
      expect(await harness.venue.fetchTrades(0)).toMatchObject([{ settlement: 'matched' }]);
      await harness.advance(SETTLED_MS);
      expect(legsOf(harness, id)).toMatchObject([{ settlement: 'confirmed', size: '10' }]);
      expect((await send(harness, { side: 'SELL', price: '0.9' })).outcome.kind).toBe(
        'acknowledged',
      );
    });

    test('orders that are over can still be asked for, and their bytes make no new order', async () => {
      const harness = await open();
      await harness.setBook([], [['0.4', '10']]);
      const prepared = await harness.venue.prepare(order(harness));
      await harness.venue.submit(prepared, never);
      await harness.advance(SETTLED_MS);
      const cash = await harness.venue.fetchBalances();
      await harness.restart(how);
      await harness.setBook([], [['0.4', '10']]);
      const status = 'matched';
      expect(await harness.venue.fetchOrder(prepared.venueOrderId)).toMatchObject({ status });
      const again = await harness.venue.submit(prepared, never);
      expect(again).toEqual({
        kind: 'acknowledged',
        venueOrderId: prepared.venueOrderId,
        status,
      });
      expect(await harness.venue.fetchTrades(0)).toHaveLength(1);
      expect(await harness.venue.fetchBalances()).toEqual(cash);
    });

    test('an order that expired meanwhile is expired', async () => {
      const harness = await open();
      await harness.setBook([], [['0.6', '20']]);
      const expiresAtMs = harness.now() + 200_000;
      const { id } = await send(harness, { timeInForce: 'GTD', expiresAtMs });
      await harness.restart(how);
      await harness.advance(200_000);
      const status = can.tellsExpiry ? 'expired' : 'cancelled';
      expect(await harness.venue.fetchOrder(id)).toMatchObject({ status });
    });
  });
}

export function conserving(makeHarness: MakeHarness): void {
  const price = fc
    .integer({ min: 30, max: 70 })
    .map((cents) => toText(decimal(String(cents)).div(100)));
  const size = fc
    .integer({ min: 500, max: 3_000 })
    .map((units) => toText(decimal(String(units)).div(100)));
  const side = fc.constantFrom('BUY' as const, 'SELL' as const);
  const step = fc.oneof(
    fc.record({ does: fc.constant('send' as const), side, price, size, rests: fc.boolean() }),
    fc.record({ does: fc.constant('show' as const), price, size }),
    fc.record({ does: fc.constant('trade' as const), side, price, size }),
    fc.record({ does: fc.constant('cancel' as const), which: fc.nat(30) }),
    fc.record({ does: fc.constant('wait' as const), forMs: fc.nat(8_000) }),
    fc.record({ does: fc.constant('restart' as const), how: fc.constantFrom('stop', 'kill') }),
  );
  type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

  async function apply(harness: VenueHarness, ids: string[], one: Step): Promise<void> {
    if (one.does === 'send') {
      const timeInForce = one.rests ? 'GTC' : 'FAK';
      const { side: wished, price: limit, size: shares } = one;
      ids.push((await send(harness, { side: wished, price: limit, size: shares, timeInForce })).id);
    } else if (one.does === 'show') {
      const ask = decimal(one.price);
      await harness.setBook(
        [[toText(ask.minus('0.02')), one.size]],
        [
          [one.price, one.size],
          [toText(ask.plus('0.01')), one.size],
        ],
      );
    } else if (one.does === 'trade') {
      await harness.trade(one.side, one.price, one.size);
    } else if (one.does === 'cancel') {
      const id = ids[one.which % Math.max(1, ids.length)];
      if (id !== undefined) await harness.venue.cancel(id, never);
    } else if (one.does === 'wait') {
      await harness.advance(one.forMs);
    } else {
      await harness.restart(one.how === 'stop' ? 'stop' : 'kill');
    }
  }

  test('cash and shares are what the legs say, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, failLegs) => {
        const harness = await makeHarness(failLegs ? { failLegs } : {});
        try {
          const ids: string[] = [];
          for (const one of steps) await apply(harness, ids, one);
          await harness.advance(SETTLED_MS);
          await expectConservation(harness, ids);
        } finally {
          await harness.close();
        }
      }),
      { numRuns: 40 },
    );
  });
}

/** Every leg is final, and the venue's books are the sum of those that stand. */
async function expectConservation(harness: VenueHarness, ids: readonly string[]): Promise<void> {
  const legs = await harness.venue.fetchTrades(0);
  expect(legs.every((leg) => isFinalSettlement(leg.settlement))).toBe(true);
  const standing = legs.filter((leg) => leg.settlement !== 'failed');
  const { cashUsd } = await harness.venue.fetchBalances();
  const offBy = decimal(cashUsd).minus(cashAfter(harness, standing)).abs();
  // A venue that tells average prices rounds what it books for each match to its 6 decimals.
  const most = harness.can.legForEachLevel ? '0' : decimal('0.000001').times(standing.length);
  expect(offBy.lte(most)).toBe(true);
  const held = sum(standing, (leg) => decimal(leg.side === 'BUY' ? leg.size : `-${leg.size}`));
  const [position] = await harness.venue.fetchPositions();
  expect(position?.size ?? '0').toBe(toText(held));
  for (const id of ids) {
    const report = await harness.venue.fetchOrder(id);
    const ours = legs.filter((leg) => leg.venueOrderId === id);
    expect(report?.sizeMatched ?? '0').toBe(toText(sum(ours, (leg) => decimal(leg.size))));
  }
  expectSettlementsToAdvance(harness);
}

/** To the venue's 6 decimals: an average price has more. */
function cashAfter(harness: VenueHarness, legs: readonly LegReport[]): ReturnType<typeof decimal> {
  return sum(legs, (leg) => {
    const value = decimal(leg.price).times(leg.size);
    return (leg.side === 'BUY' ? value.neg() : value).minus(feeOf(harness, leg));
  })
    .plus(harness.startCashUsd)
    .toDecimalPlaces(6);
}

function sum(
  legs: readonly LegReport[],
  of: (leg: LegReport) => ReturnType<typeof decimal>,
): ReturnType<typeof decimal> {
  return legs.reduce((total, leg) => total.plus(of(leg)), ZERO);
}

/** A later report of a leg never takes an earlier one back. */
function expectSettlementsToAdvance(harness: VenueHarness): void {
  const known = new Map<string, LegReport['settlement']>();
  for (const event of harness.events) {
    if (event.type !== 'leg') continue;
    const { tradeId, settlement } = event.leg;
    const before = known.get(tradeId) ?? settlement;
    expect(joinSettlement(before, settlement)).toBe(settlement);
    known.set(tradeId, settlement);
  }
}
