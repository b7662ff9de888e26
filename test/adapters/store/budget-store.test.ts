/** Budgets in the database: as they went in, found by what people and keys ask for, and no key twice. */
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { down, up } from '../../../migrations/0009_budgets.ts';
import { down as resolutionDown, up as resolutionUp } from '../../../migrations/0010_resolution.ts';
import { openDatabase } from '../../../src/adapters/store/connection.ts';
import { databaseUrl, type FreshStore, freshStore } from '../../support/database.ts';
import { budgetRow, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
  await fresh.store.acquireWriter();
});
afterEach(() => fresh.dispose());

test('a budget comes back as it went in, and its newest row stands', async () => {
  const open = budgetRow('bud_1');
  await fresh.store.project(projection(1, { budgets: [open] }));
  expect(await fresh.store.budgets()).toEqual([open]);
  const ended = budgetRow('bud_1', {
    ...{ state: 'released', heldUsd: '0', remainingUsd: '0' },
    ...{ endedAtMs: 1_780_000_000_500, endedBy: 'Ann' },
  });
  await fresh.store.project(projection(2, { budgets: [ended] }));
  expect(await fresh.store.budgets()).toEqual([ended]);
  expect(await fresh.store.budgets({ open: true })).toEqual([]);
});

test('they are found by owner, key and the beginning of their id, literally, newest first', async () => {
  const rows = [
    budgetRow('bud_1', { openedAtMs: 1 }),
    budgetRow('bud_2', { openedAtMs: 2, owner: 'news', state: 'expired' }),
    budgetRow('budX3', { openedAtMs: 3 }),
  ];
  await fresh.store.project(projection(1, { budgets: rows }));
  const ids = async (filter: Parameters<typeof fresh.store.budgets>[0]) =>
    (await fresh.store.budgets(filter)).map(({ budgetId }) => budgetId);
  expect(await ids({})).toEqual(['budX3', 'bud_2', 'bud_1']);
  expect(await ids({ id: 'bud_' })).toEqual(['bud_2', 'bud_1']);
  expect(await ids({ owner: 'news' })).toEqual(['bud_2']);
  expect(await ids({ key: 'key-of-bud_1' })).toEqual(['bud_1']);
  expect(await ids({ key: 'key-of-bud' })).toEqual([]);
  expect(await ids({ open: true, limit: 1 })).toEqual(['budX3']);
});

test('no two have the same key, and none is below zero', async () => {
  await fresh.store.project(projection(1, { budgets: [budgetRow('bud_1', { key: 'k' })] }));
  for (const bad of [budgetRow('bud_2', { key: 'k' }), budgetRow('b', { remainingUsd: '-0.1' })]) {
    await expect(fresh.store.project(projection(2, { budgets: [bad] }))).rejects.toThrow();
  }
});

test('the migration goes back: what was in budgets is free cash in the postings again', async () => {
  const { store, schema } = fresh;
  const posted = {
    ...{ seq: 1, accountId: 'main', cashUsd: '-10', reservedUsd: '0' },
    kind: 'turn',
    ...{ budgetsUsd: '10', sharesUsd: '0', feesUsd: '0', pnlUsd: '0', externalUsd: '0' },
    ...{ redeemableUsd: '0', atMs: 1 },
  } as const;
  await store.project(projection(1, { budgets: [budgetRow('bud_1')], postings: [posted] }));
  const db = openDatabase({ address: { url: databaseUrl() }, schema }, 1);
  try {
    await resolutionDown(db);
    await down(db);
    const { rows } = await sql`select cash_usd::text as cash from postings`.execute(db);
    expect(rows).toEqual([{ cash: '0' }]);
    await up(db);
    await resolutionUp(db);
  } finally {
    await db.destroy();
  }
  expect(await store.budgets()).toEqual([]);
  await store.project(projection(2, { postings: [{ ...posted, seq: 2 }] }));
});
