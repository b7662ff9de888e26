/** One comparison by itself: its bounds, what it concludes from no answer, and what is on its way. */
import { describe, expect, test } from 'vitest';
import { decodeSnapshot } from '../../src/actors/codec.ts';
import { lookOnly } from '../../src/actors/reconcile-look.ts';
import { type OurBooks, type OurOrder, onTheWay } from '../../src/actors/reconcile-ours.ts';
import { ASKED_AT_ONCE, MAX_ASKED, runPass } from '../../src/actors/reconcile-pass.ts';
import { NO_BUDGETS } from '../../src/domain/budgets.ts';
import { DEFAULT_RECONCILE } from '../../src/domain/reconcile.ts';
import { NOTHING_ON_THE_WAY } from '../../src/domain/reconcile-books.ts';
import { NO_ANSWERS } from '../../src/domain/risk/rule.ts';
import type { OrderContext } from '../../src/machines/order.context.ts';
import { takeLeg } from '../../src/machines/order.reducers.ts';
import type { ExecutionState } from '../../src/machines/order.status.ts';
import { ticks, until } from '../support/desk.ts';
import { AT_MS, intent, leg, orderContext, rain } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

function order(
  n: number,
  over: Partial<OrderContext> = {},
  execution: ExecutionState = 'working.open',
): OurOrder {
  const ids = { clientOrderId: `ord_${n}`, venueOrderId: `0x${n}`, acknowledged: true };
  return {
    clientOrderId: `ord_${n}`,
    execution,
    context: orderContext({ ...ids, ...over }),
  };
}

function booksOf(orders: readonly OurOrder[]): OurBooks {
  return {
    orders: () => orders,
    find: async (id) => orders.find(({ context }) => context.venueOrderId === id),
    now: (one) => one,
    positions: () => [],
    account: () => ({
      ...{ accountId: 'main', minimumReserveUsd: '0', depositsUsd: '1000', cashUsd: '1000' },
      ...{
        feesUsd: '0',
        reservedUsd: '0',
        ...NO_BUDGETS,
        day: null,
        equity: null,
        updatedAtMs: AT_MS,
      },
    }),
    system: () => ({
      ...{ holds: {}, overrides: [], limits: null, exitPlan: null, answers: NO_ANSWERS },
      ...{
        maxOpenOrders: 10,
        orphans: {},
        orphanCount: 0,
        findings: {},
        limitLevels: {},
        bootProblem: null,
      },
      catalogue: 1,
    }),
  };
}

async function compare(
  venue: ScriptedVenue,
  orders: readonly OurOrder[] = [],
  shownById = new Set<string>(),
) {
  const books = booksOf(orders);
  const { take, refused } = lookOnly(books, 'paper');
  return runPass({
    ...{ venue: venue.connect(), clock: { now: () => AT_MS }, books, take, refused },
    ...{ tolerances: DEFAULT_RECONCILE, sinceMs: 0, conflicted: async () => [] },
    ...{ shownById, goOn: () => undefined },
  });
}

const scripted = () => createScriptedVenue({ now: () => AT_MS });
const kindsOf = ({ compared }: Awaited<ReturnType<typeof compare>>) =>
  compared.map(({ difference }) => difference.kind);

describe('bounds', () => {
  test('orders that are not listed are asked about up to a bound; of the others nothing is said', async () => {
    const venue = scripted();
    const orders = Array.from({ length: MAX_ASKED + 3 }, (_, n) => order(n));
    const result = await compare(venue, orders);
    expect(venue.lookups).toHaveLength(MAX_ASKED);
    expect(result.counts).toMatchObject({ askedOrders: MAX_ASKED, leftOrders: 3 });
    expect(kindsOf(result).filter((kind) => kind === 'order.missing')).toHaveLength(MAX_ASKED);
    expect(result.covered.has('order.missing')).toBe(false);
  });

  test('what a list leaves out and the venue shows by id is not asked about again before the rest', async () => {
    const venue = scripted();
    const orders = Array.from({ length: MAX_ASKED + 3 }, (_, n) => order(n));
    for (const { context } of orders) venue.report(String(context.venueOrderId), {});
    venue.onOpenOrders = () => [];
    const shownById = new Set<string>();
    const first = await compare(venue, orders, shownById);
    expect(first.counts).toMatchObject({ askedOrders: MAX_ASKED, leftOrders: 3 });
    const second = await compare(venue, orders, shownById);
    expect(second.counts).toMatchObject({ askedOrders: 3, leftOrders: 0 });
    expect(new Set(venue.lookups).size).toBe(orders.length);
    // All were asked about: the next round begins anew.
    const third = await compare(venue, orders, shownById);
    expect(third.counts).toMatchObject({ askedOrders: MAX_ASKED, leftOrders: 3 });
    expect([first, second, third].flatMap(kindsOf)).not.toContain('order.missing');
  });

  test('orders are asked about some at a time: thousands must not hold up a start', async () => {
    const venue = scripted();
    let waiting: (() => void)[] = [];
    let most = 0;
    venue.onLookup = () =>
      new Promise((resolve) => {
        waiting.push(() => resolve(undefined));
        most = Math.max(most, waiting.length);
      });
    const comparing = compare(
      venue,
      Array.from({ length: 100 }, (_, n) => order(n)),
    );
    await until(() => waiting.length === ASKED_AT_ONCE, 'several questions to be under way');
    const answering = (async () => {
      while (venue.lookups.length < 100 || waiting.length > 0) {
        for (const answer of waiting.splice(0)) answer();
        await ticks(1);
      }
    })();
    await answering;
    waiting = [];
    expect((await comparing).counts.askedOrders).toBe(100);
    expect(most).toBe(ASKED_AT_ONCE);
  });

  test('once one of them is not answered, no more are asked about', async () => {
    const venue = scripted();
    venue.onLookup = () => Promise.reject(new Error('503'));
    const orders = Array.from({ length: 100 }, (_, n) => order(n));
    await expect(compare(venue, orders)).rejects.toThrow('503');
    await ticks();
    expect(venue.lookups).toHaveLength(ASKED_AT_ONCE);
  });

  test('listed orders of nobody are compared up to a bound, and what is left is said', async () => {
    const venue = scripted();
    for (let n = 0; n < 502; n += 1) venue.report(`0xforeign${n}`, { status: 'live' });
    const result = await compare(venue);
    expect(kindsOf(result).filter((kind) => kind === 'order.external')).toHaveLength(500);
    expect(result.covered.has('order.external')).toBe(false);
    expect(result.errors).toEqual([
      { part: 'orders', message: '2 listed orders were not compared' },
    ]);
  });
});

describe('no answer', () => {
  test.each([
    ['onPositions', 'position.size', 'positions'],
    ['onBalances', 'collateral', 'collateral'],
    ['onAverages', 'position.price', 'average prices'],
  ] as const)('of %s proves nothing of %s, and the rest is compared', async (ask, kind, part) => {
    const venue = Object.assign(scripted(), { [ask]: () => Promise.reject(new Error('503')) });
    const result = await compare(venue);
    expect(result.covered.has(kind)).toBe(false);
    expect(result.covered.size).toBeGreaterThan(4);
    expect(result.errors).toEqual([{ part, message: '503' }]);
  });

  test('of trades ends the comparison', async () => {
    const venue = scripted();
    venue.onTrades = () => Promise.reject(new Error('502'));
    await expect(compare(venue)).rejects.toThrow('502');
  });
});

describe('an order that is alive here and not listed', () => {
  test('is asked about by itself, and the word on it counts', async () => {
    const venue = scripted();
    venue.report('0x1', { status: 'cancelled' });
    const result = await compare(venue, [order(1)]);
    expect(kindsOf(result)).not.toContain('order.missing');
    expect(result.applied).toMatchObject([{ what: 'order', id: 'ord_1' }]);
  });

  test('is not in question where it was sent only after the list was asked for', async () => {
    const venue = scripted();
    const result = await compare(venue, [order(1, { sentAtMs: AT_MS + 1 })]);
    expect(venue.lookups).toEqual([]);
    expect(kindsOf(result)).not.toContain('order.missing');
    expect(result.counts).toMatchObject({ liveOrders: 1, leftOrders: 0 });
  });

  test('is not asked about again while it is being looked for', async () => {
    const venue = scripted();
    const result = await compare(venue, [order(1, {}, 'unknown.waiting')]);
    expect(venue.lookups).toEqual([]);
    expect(kindsOf(result)).toContain('order.missing');
  });

  test.each<[ExecutionState, boolean]>([
    ['cancelled', true],
    ['expired', true],
    ['rejected', true],
    ['denied', true],
    // Nothing of it is left to fill, whatever dust is listed.
    ['matched', false],
    ['working.open', false],
    ['unknown.waiting', false],
  ])('listed as open while it is %s here: a difference %s', async (execution, isOne) => {
    const venue = scripted();
    venue.report('0x1', { status: 'live' });
    const result = await compare(venue, [order(1, {}, execution)]);
    expect(kindsOf(result).includes('order.open')).toBe(isOne);
    expect(kindsOf(result)).not.toContain('order.external');
  });
});

describe('on its way', () => {
  const none = NOTHING_ON_THE_WAY;
  const withLeg = (over: Parameters<typeof leg>[0], side: 'BUY' | 'SELL' = 'BUY') =>
    takeLeg(orderContext({ intent: intent({ side }) }), leg({ side, ...over }), AT_MS).next;

  test('a BUY that is not final: shares may be missing there, its money may be there', () => {
    for (const settlement of ['matched', 'retrying', 'mined'] as const) {
      const context = withLeg({ size: '4', feeUsd: '0.01', settlement });
      const { cash, shares } = onTheWay([{ ...order(1), context }]);
      expect(shares.get(rain.id)).toEqual({ ...none, notYetThere: '4' });
      expect(cash).toEqual({ ...none, stillThere: '2.01' });
    }
  });

  test('a SELL that is not final: shares may be there, its money may be missing there', () => {
    const { cash, shares } = onTheWay([
      { ...order(1), context: withLeg({ size: '4', feeUsd: '0.01' }, 'SELL') },
    ]);
    expect(shares.get(rain.id)).toEqual({ ...none, stillThere: '4' });
    expect(cash).toEqual({ ...none, notYetThere: '1.99' });
  });

  test('nothing of a leg that is final', () => {
    for (const settlement of ['confirmed', 'failed'] as const) {
      const { cash, shares } = onTheWay([{ ...order(1), context: withLeg({ settlement }) }]);
      expect([...shares]).toEqual([]);
      expect(cash).toEqual(none);
    }
  });

  test.each<[ExecutionState, Partial<OrderContext>, boolean]>([
    ['working.open', {}, false],
    ['cancelling.waiting', {}, false],
    ['submitting', {}, true],
    ['unknown.waiting', {}, true],
    ['unknown.resolving', {}, true],
    ['holding', {}, false],
    ['holding', { doubted: true }, true],
    // The venue has told of more than we have legs for.
    ['working.open', { reportedSize: '3' }, true],
    ['cancelled', { reportedSize: '3' }, true],
  ])('an order that is %s with %o may have filled: %s', (execution, over, mayHave) => {
    const { cash, shares } = onTheWay([order(1, over, execution)]);
    expect(shares.get(rain.id)).toEqual(mayHave ? { ...none, notYetHere: '10' } : undefined);
    expect(cash).toEqual(mayHave ? { ...none, stillHere: '5.125' } : none);
  });

  test.each([
    [{ side: 'SELL' as const }, { stillHere: '10' }],
    // At better prices than its limit, the dollars of an immediate order bring more shares.
    [{ timeInForce: 'FAK' as const }, { notYetHere: '500' }],
  ])('in doubt, %o', (over, expected) => {
    const context = { intent: intent(over) };
    const { shares } = onTheWay([order(1, context, 'unknown.waiting')]);
    expect(shares.get(rain.id)).toEqual({ ...none, ...expected });
  });
});

describe('rows of the first versions', () => {
  const row = (kind: 'system' | 'position', context: object) => ({
    ...{
      actorId: `${kind}:x`,
      kind,
      version: 1,
      revision: 1,
      live: true,
      eventHash: null,
      events: 0,
    },
    snapshot: JSON.stringify({ status: 'active', value: 'flat', context, children: {} }),
  });

  test('know of no finding', () => {
    const system = { pauseReason: null, orphans: {}, orphanCount: 0, maxOpenOrders: 5 };
    expect(decodeSnapshot(row('system', system))).toMatchObject({
      context: { orphans: {}, maxOpenOrders: 5, findings: {}, holds: {}, limits: null },
    });
    const position = { instrumentId: rain.id, fold: {}, reservedShares: '0' };
    expect(decodeSnapshot(row('position', position))).toMatchObject({
      context: { ...position, openFindings: 0 },
    });
  });
});
