/** Findings and reconciliation documents in the database, and what is external there. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReconciliationRow } from '../../../src/actors/store-port.ts';
import { MAX_RECONCILIATIONS } from '../../../src/adapters/store/finding-store.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { findingRow, legRow, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
  await fresh.store.acquireWriter();
});
afterEach(() => fresh.dispose());

const document = (startedAtMs: number): ReconciliationRow => ({
  startedAtMs,
  durationMs: 12,
  reason: 'interval',
  complete: true,
  applied: 1,
  openFindings: 2,
  criticalFindings: 1,
  body: '{"counts":{}}',
});

test('a finding comes back as it went in, and is replaced while it is the same', async () => {
  const first = findingRow('f_1', { summary: 'quote " and \\ and ä', openedAtMs: 5 });
  const closed = findingRow('f_1', {
    ...{ openedAtMs: 5, state: 'applied', closedAtMs: 9, closedBy: 'reconciler' },
    ...{ why: 'gone', goneAtMs: 9 },
  });
  const again = findingRow('f_1', { openedAtMs: 20 });
  await fresh.store.project(projection(1, { findings: [first] }));
  expect(await fresh.store.findings()).toEqual([first]);
  await fresh.store.project(projection(2, { findings: [closed, again] }));
  expect(await fresh.store.findings()).toEqual([again, closed]);
  expect(await fresh.store.findings({ open: true })).toEqual([again]);
});

test('findings are found by the beginning of their id, literally, and up to a limit', async () => {
  const rows = ['f_1a', 'f_1b', 'f_2'].map((id, n) => findingRow(id, { openedAtMs: n }));
  await fresh.store.project(projection(1, { findings: rows }));
  const ids = async (filter: object) =>
    (await fresh.store.findings(filter)).map(({ findingId }) => findingId);
  expect(await ids({ id: 'f_1' })).toEqual(['f_1b', 'f_1a']);
  expect(await ids({ id: 'f%' })).toEqual([]);
  expect(await ids({ limit: 1 })).toEqual(['f_2']);
});

test('documents come newest first, and the oldest go beyond the bound', async () => {
  for (const atMs of [1, 2]) await fresh.store.keepReconciliation(document(atMs));
  expect(await fresh.store.reconciliations(10)).toEqual([document(2), document(1)]);
  await withClient(fresh, (client) =>
    client.query(
      `alter table reconciliations alter column id restart with ${MAX_RECONCILIATIONS + 2}`,
    ),
  );
  await fresh.store.keepReconciliation(document(3));
  expect(await fresh.store.reconciliations(10)).toEqual([document(3)]);
  expect(await fresh.store.reconciliations(0)).toEqual([]);
});

test('conflicted legs, external trades and external orders are seen as such', async () => {
  const theirs = '{"side":"BUY","price":"0.4","size":"7","status":"LIVE","sizeMatched":"0"}';
  await fresh.store.project(
    projection(1, {
      legs: [
        legRow('fine', { clientOrderId: 'o' }),
        legRow('both', { clientOrderId: 'o', conflicted: true }),
        legRow('foreign', { clientOrderId: null }),
      ],
      findings: [
        findingRow('f_1', { kind: 'order.external', subject: '0xforeign', theirs }),
        findingRow('f_2'),
      ],
    }),
  );
  expect((await fresh.store.conflictedLegs()).map(({ legKey }) => legKey)).toEqual([
    legRow('both').legKey,
  ]);
  const found = await withClient(fresh, async (client) => ({
    trades: (await client.query('select leg_key from external_trades')).rows,
    orders: (await client.query('select venue_order_id, price::text from external_orders')).rows,
  }));
  expect(found.trades).toEqual([{ leg_key: legRow('foreign').legKey }]);
  expect(found.orders).toEqual([{ venue_order_id: '0xforeign', price: '0.4' }]);
});
