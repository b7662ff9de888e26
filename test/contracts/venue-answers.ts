/** Contract cases: what a venue refuses, cancels and answers. */
import { expect, test } from 'vitest';
import type { VenueOrder } from '../../src/actors/ports.ts';
import { decimal } from '../../src/domain/decimal.ts';
import {
  expectFills,
  legsOf,
  never,
  type OpenHarness,
  order,
  SETTLED_MS,
  send,
  type VenueCapabilities,
} from './venue-harness.ts';

export function refusing(open: OpenHarness): void {
  interface Case {
    readonly rule: string;
    readonly wish: Partial<VenueOrder>;
    readonly reason: RegExp;
  }
  const cases: readonly Case[] = [
    { rule: 'a price off the tick', wish: { price: '0.505' }, reason: /0\.505.*0\.01/ },
    {
      rule: 'a price of one',
      wish: { price: '1' },
      reason: /got "?1"?,.*(?:0\.99|between 0 and 1)/,
    },
    {
      rule: 'a price of zero',
      wish: { price: '0' },
      reason: /got "?0"?,.*(?:0\.01|between 0 and 1)/,
    },
    { rule: 'a size below the minimum', wish: { size: '4.99' }, reason: /4\.99.*5/ },
    { rule: 'a size finer than the grid', wish: { size: '10.001' }, reason: /10\.001.*2 decimals/ },
    { rule: 'a BUY above the balance', wish: { size: '99999' }, reason: /not enough balance/ },
    {
      rule: 'a SELL of shares that are not there',
      wish: { side: 'SELL' },
      reason: /not enough balance.*0.*10/,
    },
    {
      rule: 'a market BUY below a dollar',
      wish: { type: 'market', price: '0.6', amountUsd: '0.99', timeInForce: 'FAK' },
      reason: /0\.99.*1/,
    },
    {
      rule: 'a post-only order that crosses',
      wish: { price: '0.6', postOnly: true },
      reason: /crosses/,
    },
    {
      rule: 'a post-only order that cannot rest',
      wish: { timeInForce: 'FAK', postOnly: true },
      reason: /GTC (?:or|and) GTD/,
    },
    {
      rule: 'GTD with a time that has passed',
      wish: { timeInForce: 'GTD', expiresAtMs: 1_000 },
      reason: /1000|expiration/,
    },
    {
      rule: 'an instrument that is not traded here',
      wish: {},
      reason: /nowhere/,
    },
  ];
  test.each(cases)('refused with the value and the rule: $rule', async ({ rule, wish, reason }) => {
    const harness = await open();
    await harness.setBook([['0.4', '20']], [['0.6', '20']]);
    const elsewhere = { ...harness.instrument, id: 'paper:nowhere:YES', tokenId: 'nowhere' };
    const changes = rule.startsWith('an instrument') ? { instrument: elsewhere } : wish;
    const { id, outcome } = await send(harness, changes);
    expect(outcome).toMatchObject({ kind: 'rejected', reason: expect.stringMatching(reason) });
    expect(await harness.venue.fetchOpenOrders()).toEqual([]);
    await harness.trade('SELL', '0.01', '100000');
    await harness.advance(SETTLED_MS);
    expectFills(harness, id, []);
    expect(await harness.venue.fetchBalances()).toEqual({ cashUsd: harness.startCashUsd });
  });

  test('open orders reserve what they may use', async () => {
    const harness = await open();
    await harness.setBook([], [['0.6', '20']]);
    const most = decimal(harness.startCashUsd).times('1.5').toFixed(2);
    expect((await send(harness, { size: most, postOnly: true })).outcome.kind).toBe('acknowledged');
    expect((await send(harness, { size: most, postOnly: true })).outcome.kind).toBe('rejected');
  });

  test('shares can be sold once their purchase is settled, and only once', async () => {
    const harness = await open();
    await harness.setBook([], [['0.4', '10']]);
    await send(harness, { price: '0.4', timeInForce: 'FOK' });
    const early = await send(harness, { side: 'SELL', price: '0.7' });
    expect(early.outcome.kind).toBe('rejected');
    await harness.advance(SETTLED_MS);
    const first = await send(harness, { side: 'SELL', price: '0.7' });
    expect(first.outcome).toMatchObject({ kind: 'acknowledged' });
    const second = await send(harness, { side: 'SELL', price: '0.7' });
    expect(second.outcome).toMatchObject({ kind: 'rejected' });
  });
}

export function cancelling(open: OpenHarness, can: VenueCapabilities): void {
  test('a live order is cancelled, keeps its fills, and is filled no more', async () => {
    const harness = await open();
    await harness.setBook([], [['0.5', '6']]);
    const { id } = await send(harness);
    expect(await harness.venue.cancel(id, never)).toEqual({ kind: 'cancelled' });
    await harness.trade('SELL', '0.3', '100');
    await harness.advance(1);
    expectFills(harness, id, [['0.5', '6']]);
    const report = await harness.venue.fetchOrder(id);
    expect(report).toMatchObject({ status: 'cancelled', sizeMatched: '6' });
    expect(await harness.venue.fetchOpenOrders()).toEqual([]);
  });

  test('cancelling an order that is over is refused and changes nothing', async () => {
    const harness = await open();
    await harness.setBook([], [['0.5', '10']]);
    const { id } = await send(harness);
    const outcome = await harness.venue.cancel(id, never);
    expect(outcome).toMatchObject({ kind: 'rejected', reason: expect.stringMatching(/matched/) });
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ status: 'matched' });
  });

  test('cancelling an order that nobody knows is refused', async () => {
    const harness = await open();
    const outcome = await harness.venue.cancel(`0x${'0'.repeat(64)}`, never);
    expect(outcome).toMatchObject({
      kind: 'rejected',
      reason: expect.stringMatching(/not found|can't be found/),
    });
  });

  test.runIf(can.splitFills)(
    'an order that must fill whole is not cancelled between its parts',
    async () => {
      const harness = await open({ splitFills: true });
      await harness.setBook([], [['0.4', '10']]);
      const { id } = await send(harness, { timeInForce: 'FOK' });
      expect(await harness.venue.cancel(id, never)).toMatchObject({ kind: 'rejected' });
      await harness.advance(1_000);
      expect(await harness.venue.fetchOrder(id)).toMatchObject({ sizeMatched: '10' });
    },
  );
}

export function asking(open: OpenHarness): void {
  test('an order that nobody sent is unknown', async () => {
    const harness = await open();
    const prepared = await harness.venue.prepare(order(harness));
    expect(await harness.venue.fetchOrder(prepared.venueOrderId)).toBeUndefined();
  });

  test('trades since a time are told again as they stand, oldest change first', async () => {
    const harness = await open();
    await harness.setBook([], [['0.4', '6']]);
    const first = await send(harness, { size: '6' });
    await harness.advance(SETTLED_MS);
    const laterMs = harness.now();
    await harness.setBook([], [['0.45', '7']]);
    const second = await send(harness, { size: '7' });
    await harness.advance(1);
    const told = [...legsOf(harness, first.id), ...legsOf(harness, second.id)];
    expect(told).toHaveLength(2);
    expect(await harness.venue.fetchTrades(0)).toEqual(told);
    expect(await harness.venue.fetchTrades(laterMs)).toEqual(legsOf(harness, second.id));
    await harness.advance(SETTLED_MS);
    expect(await harness.venue.fetchTrades(harness.now() + 1_000)).toEqual([]);
  });

  test('the answer to a submit names the state that can be fetched at once', async () => {
    const harness = await open();
    await harness.setBook([], [['0.6', '6']]);
    const { id } = await send(harness);
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ venueOrderId: id, status: 'live' });
  });
}
