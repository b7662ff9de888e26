/** What a report is read from: which legs count, with whom, in which order, and of which moment. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LEG_PAGE, type PerformanceReads } from '../../../src/adapters/store/performance-store.ts';
import type { PerformanceLeg } from '../../../src/domain/performance/holding.ts';
import type { Deposit } from '../../../src/domain/performance/performance.ts';
import { type FreshStore, freshStore } from '../../support/database.ts';
import { AWKWARD_TEXT, exitRow, ledgerRow, legRow, orderRow, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
  await fresh.store.acquireWriter();
});
afterEach(() => fresh.dispose());

async function all<Row>(pages: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

const readLegs = (reads: PerformanceReads): Promise<PerformanceLeg[]> => all(reads.legs());
const readDeposits = (reads: PerformanceReads): Promise<Deposit[]> => all(reads.deposits());

test('a leg comes with what is known of its order; voided ones and orphans do not come', async () => {
  const sold = legRow('t3', { clientOrderId: 'o2', side: 'SELL', matchedAtMs: 1, price: '0.620' });
  await fresh.store.project(
    projection(1, {
      orders: [
        orderRow('o1', { strategy: AWKWARD_TEXT, marketId: 'rain' }),
        orderRow('o2', { strategy: 'beta', marketId: 'rain' }),
      ],
      legs: [
        legRow('t1', { clientOrderId: 'o1', matchedAtMs: 2, feeUsd: '0.01', settlement: 'mined' }),
        legRow('t2', { clientOrderId: 'o1', matchedAtMs: 2, settlement: 'failed' }),
        legRow('t4', { clientOrderId: null, matchedAtMs: 2 }),
        legRow('t0', { clientOrderId: 'o1', matchedAtMs: 2, settlement: 'confirmed' }),
        sold,
      ],
      exits: [exitRow(sold.legKey, { reason: 'the target' })],
    }),
  );
  const of = (tradeId: string) => ({ key: legRow(tradeId).legKey });
  expect(await fresh.store.performance(readLegs)).toEqual([
    {
      ...of('t3'),
      ...{ clientOrderId: 'o2', strategy: 'beta', marketId: 'rain', side: 'SELL', price: '0.62' },
      ...{ instrumentId: 'paper:market:YES', size: '1', feeUsd: '0', matchedAtMs: 1 },
      reason: 'the target',
    },
    expect.objectContaining({ ...of('t0'), strategy: AWKWARD_TEXT, reason: null }),
    expect.objectContaining({ ...of('t1'), feeUsd: '0.01', matchedAtMs: 2 }),
  ]);
});

test('pages join without a gap and without a repeat where thousands have one time', async () => {
  const count = 2 * LEG_PAGE + 3;
  const legs = Array.from({ length: count }, (_, n) =>
    legRow(`t${String(count - n).padStart(6, '0')}`, { matchedAtMs: n % 7 === 0 ? 5 : 7 }),
  );
  await fresh.store.project(projection(1, { orders: [orderRow('order')], legs }));
  const expected = legs
    .map(({ legKey, matchedAtMs }) => [matchedAtMs, legKey] as const)
    .sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  const sizes: number[] = [];
  const read = await fresh.store.performance(async (reads) => {
    const rows: PerformanceLeg[] = [];
    for await (const page of reads.legs()) {
      sizes.push(page.length);
      rows.push(...page);
    }
    return rows;
  });
  expect(sizes).toEqual([LEG_PAGE, LEG_PAGE, 3]);
  expect(read.map(({ matchedAtMs, key }) => [matchedAtMs, key])).toEqual(expected);
});

test('deposits come in order of time, withdrawals too; cash is the whole ledger', async () => {
  await fresh.store.project(
    projection(3, {
      ledger: [
        ledgerRow('d2', { kind: 'deposit', amountUsd: '-4.5', atMs: 9 }),
        ledgerRow('d1', { kind: 'deposit', amountUsd: '100', atMs: 8 }),
        ledgerRow('f1', { kind: 'fill', amountUsd: '-5', atMs: 8, legKey: 'l' }),
        ledgerRow('f2', { kind: 'fillVoided', amountUsd: '5', atMs: 9, legKey: 'l' }),
      ],
    }),
  );
  expect(await fresh.store.performance(readDeposits)).toEqual([
    { atMs: 8, amountUsd: '100' },
    { atMs: 9, amountUsd: '-4.5' },
  ]);
  expect(await fresh.store.performance((reads) => reads.cashUsd())).toBe('95.5');
});

test('what is written meanwhile is not in it: all of one report is of one moment', async () => {
  const write = (n: number) =>
    fresh.store.project(
      projection(n, {
        orders: [orderRow('order')],
        legs: [legRow(`t${n}`, { matchedAtMs: n })],
        ledger: [ledgerRow(`e${n}`, { kind: 'deposit', amountUsd: '1', atMs: n })],
      }),
    );
  await write(1);
  const first = await fresh.store.performance(async (reads) => {
    const cash = await reads.cashUsd();
    await write(2);
    return [cash, (await readLegs(reads)).length, (await readDeposits(reads)).length];
  });
  expect(first).toEqual(['1', 1, 1]);
  expect(await fresh.store.performance((reads) => reads.cashUsd())).toBe('2');
});

test('a leg whose order has no row is named', async () => {
  await fresh.store.project(projection(1, { legs: [legRow('t1', { clientOrderId: 'gone' })] }));
  await expect(fresh.store.performance(readLegs)).rejects.toMatchObject({
    code: 'corrupt_row',
    message: expect.stringContaining('is of order gone, which has no row'),
  });
});

test('a mistake of the work is no fault of the store, and the connection comes back', async () => {
  const mistake = new TypeError('a bug');
  for (let times = 0; times < 6; times += 1) {
    await expect(
      fresh.store.performance(() => {
        throw mistake;
      }),
    ).rejects.toBe(mistake);
  }
  expect(await fresh.store.performance((reads) => reads.lastSeq())).toBe(0);
});
