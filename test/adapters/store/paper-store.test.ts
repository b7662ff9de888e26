import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PaperState } from '../../../src/actors/venue-store-port.ts';
import { type FreshStore, freshStore } from '../../support/database.ts';
import { AWKWARD_JSON } from './rows.ts';

let fresh: FreshStore;
beforeAll(async () => {
  fresh = await freshStore();
});
afterAll(async () => {
  await fresh.dispose();
});

const STATE: PaperState = {
  orders: [
    { id: '0x1', open: true, body: AWKWARD_JSON },
    { id: '0x2', open: false, body: '{}' },
  ],
  trades: [
    { id: 't1', final: true, changedAtMs: 20, body: '{}' },
    { id: 't3', final: false, changedAtMs: 10, body: AWKWARD_JSON },
    { id: 't2', final: false, changedAtMs: 20, body: '{}' },
  ],
  balances: [
    { asset: 'cash', amount: '-0.000001' },
    { asset: 'paper:m:YES', amount: '1000000000000' },
  ],
};

test('books that were never used are empty', async () => {
  expect(await fresh.store.paper.load()).toEqual({ orders: [], trades: [], balances: [] });
});

test('a restart loads every balance and what is still open', async () => {
  const { paper } = fresh.store;
  await paper.save(STATE);
  const { orders, trades, balances } = STATE;
  const open = { orders: [orders[0]], trades: [trades[2], trades[1]], balances };
  expect(await fresh.open().paper.load()).toEqual(open);
});

test('closed orders and final trades are still found', async () => {
  const { paper } = fresh.store;
  await paper.save(STATE);
  expect(await paper.findOrder('0x2')).toEqual(STATE.orders[1]);
  expect(await paper.findOrder('0x3')).toBeUndefined();
  const [t1, t3, t2] = STATE.trades;
  expect(await paper.tradesSince(10)).toEqual([t3, t1, t2]);
  expect(await paper.tradesSince(11)).toEqual([t1, t2]);
  expect(await paper.tradesSince(21)).toEqual([]);
});

test('a change replaces its rows and leaves the others; nothing is no change', async () => {
  const { paper } = fresh.store;
  await paper.save(STATE);
  const order = { id: '0x1', open: false, body: '{"b":2}' };
  const balance = { asset: 'cash', amount: '5' };
  await paper.save({ orders: [order], trades: [], balances: [balance] });
  await paper.save({ orders: [], trades: [], balances: [] });
  expect(await paper.findOrder('0x1')).toEqual(order);
  const loaded = await paper.load();
  expect(loaded.orders).toEqual([]);
  expect(loaded.balances).toEqual([balance, STATE.balances[1]]);
});

test('a change is saved whole or not at all', async () => {
  const { paper } = fresh.store;
  await paper.save(STATE);
  const change: PaperState = {
    orders: [{ id: '0x1', open: false, body: 'lost' }],
    trades: [],
    balances: [{ asset: 'cash', amount: 'no number' }],
  };
  await expect(paper.save(change)).rejects.toMatchObject({ code: 'broken_invariant' });
  expect(await paper.findOrder('0x1')).toEqual(STATE.orders[0]);
});
