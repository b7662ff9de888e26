/** Since when a market waits for its order, read off the order's steps. */
import { expect, test } from 'vitest';
import type { OrderEventRow, OrderRow } from '../../src/actors/store-port.ts';
import { quarantineOf } from '../../src/cli/quarantine.ts';

const order = { clientOrderId: 'ord_1', venueOrderId: '0x1', marketId: 'rain', status: 'UNKNOWN' };

const since = async (statuses: readonly string[]) => {
  const events = statuses.map((status, atMs) => ({ status, atMs, note: `step ${atMs}` }));
  const store = { orderEvents: async () => events as unknown as OrderEventRow[] };
  const [listed] = await quarantineOf(store, [order as OrderRow]);
  return listed?.sinceMs;
};

test.each([
  ['its first doubt', ['PENDING', 'PENDING', 'UNKNOWN', 'UNKNOWN'], 2],
  ['the first of several sends', ['PENDING', 'UNKNOWN', 'PENDING', 'UNKNOWN'], 1],
  ['the newest, when one before had ended', ['UNKNOWN', 'PLACED', 'UNKNOWN'], 2],
])('it is %s', async (_what, statuses, expected) => {
  expect(await since(statuses)).toBe(expected);
});
