/**
 * A whole database that a released version left when it was killed while trading on the paper venue:
 * this version brings the tables up to date, restores it, tells the tail again and trades on.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { plus } from '../../src/domain/exact.ts';
import { type FreshStore, withClient } from '../support/database.ts';
import { openDesk, type TestDesk, until, untilState } from '../support/desk.ts';
import { foldJournal, storedStates } from '../support/fold.ts';
import { rain } from '../support/orders.ts';
import { createPaperMarket } from '../support/paper-desk.ts';
import { goldenRows, goldenStore, RELEASES } from './releases.ts';

const ACCOUNT = { id: 'golden', depositUsd: '1000', minimumReserveUsd: '5' };
/** The first order of every golden database. */
const FIRST = { key: 'golden-1', instrument: rain.id, side: 'BUY', price: '0.52', size: '10' };

describe.each(RELEASES)('the database of %s', (release) => {
  let fresh: FreshStore;
  const open: TestDesk[] = [];
  beforeEach(async () => {
    fresh = await goldenStore(release);
  });
  afterEach(async () => {
    for (const desk of open.splice(0)) await desk.crash();
    await fresh.dispose();
  });

  async function start() {
    const market = createPaperMarket();
    const desk = await openDesk(fresh, { venue: market.venue, account: ACCOUNT });
    open.push(desk);
    return { ...desk, market };
  }

  test('is restored whole, its tail told again, and every open order comes to an end', async () => {
    const before = goldenRows(release, 'orders');
    const { trading } = await start();
    expect(trading.execution.restored.replayed).toBeGreaterThanOrEqual(5);
    expect(trading.health()).toMatchObject({ running: true, venue: 'live', actorFaults: 0 });
    const known = await trading.orders({ limit: 1_000 });
    expect(new Set(known.map((order) => order.clientOrderId))).toEqual(
      new Set(before.map((row) => row.client_order_id)),
    );
    for (const row of before.filter(({ closed }) => closed === 'true')) {
      const order = known.find(({ clientOrderId }) => clientOrderId === row.client_order_id);
      expect(order).toMatchObject({ status: row.status, filledSize: row.filled_size });
    }
    await trading.cancelAll();
    await until(() => trading.workingOrders().length === 0, 'all orders to end');
    await until(
      async () => (await trading.orders({ closed: false })).length === 0,
      'all to settle',
    );
    expect(await trading.account()).toMatchObject({ reservedUsd: '0' });
    await sameAsTheVenue(fresh);
  });

  test('knows the keys of its intents', async () => {
    const { trading } = await start();
    const [first] = goldenRows(release, 'intents').filter(({ key }) => key === FIRST.key);
    const again = await trading.submit(FIRST);
    expect(again).toMatchObject({ deduplicated: true, orderId: first?.client_order_id });
    const other = trading.submit({ ...FIRST, size: '11' });
    await expect(other).rejects.toMatchObject({ code: 'key_conflict' });
  });

  test('is brought forward to double entry, and balances from then on', async () => {
    const { trading, market, submit } = await start();
    await until(() => trading.health().quarantine.length === 0, 'no doubt to be left');
    market.show([['0.48', '100']], [['0.5', '5000']]);
    const { orderId } = await submit({ price: '0.5', size: '7' });
    await untilState(trading, orderId, 'matched');
    await trading.settled();
    const rows = await withClient(fresh, async (client) => {
      const answer = await client.query<{ kind: string }>('select kind from postings order by seq');
      return answer.rows.map(({ kind }) => kind);
    });
    expect(rows[0]).toBe('opening');
    expect(rows.length).toBeGreaterThan(2);
    expect(new Set(rows.slice(1))).toEqual(new Set(['turn']));
    const differences = await fresh.open().frozen((frozen) => frozen.bookDifferences());
    expect(differences.filter(({ table }) => table === 'postings')).toEqual([]);
  });

  test('is traded on, and killed once more', async () => {
    const first = await start();
    const held = first.trading.position(rain.id)?.size ?? '0';
    // One that was being sent is looked for until it cannot arrive any more.
    await until(() => first.trading.health().quarantine.length === 0, 'no doubt to be left');
    // An order that was filled in part is still there, and takes its rest first.
    first.market.show([['0.48', '100']], [['0.5', '5000']]);
    const bought = await first.submit({ price: '0.5', size: '7' });
    await untilState(first.trading, bought.orderId, 'matched');
    const sold = await first.submit({ side: 'SELL', price: '0.48', size: '5' });
    await untilState(first.trading, sold.orderId, 'matched');
    await first.crash();
    const second = await start();
    expect(second.trading.position(rain.id)?.size).not.toBe(held);
    expect(second.trading.health()).toMatchObject({ actorFaults: 0, orphans: 0, refusedLegs: 0 });
    await second.trading.cancelAll();
    await until(async () => (await second.trading.orders({ closed: false })).length === 0);
    await sameAsTheVenue(fresh);
  });

  test('says the same when its log is told from the first input', async () => {
    const desk = await start();
    await desk.trading.cancelAll();
    await until(async () => (await desk.trading.orders({ closed: false })).length === 0);
    await desk.trading.settled();
    await desk.stop();
    const folded = await foldJournal(fresh);
    expect(folded.faults).toEqual([]);
    const stored = await storedStates(fresh);
    // Rows of orders that were closed then are as that version wrote them.
    const rewritten = Object.keys(stored).filter((id) => !closedThen().has(id));
    for (const id of rewritten) expect({ id, ...folded.states[id] }).toEqual({ id, ...stored[id] });
    expect(rewritten.length).toBeGreaterThan(5);
  });

  function closedThen(): ReadonlySet<string> {
    const rows = goldenRows(release, 'actor_snapshots').filter(({ live }) => live === 'false');
    return new Set(rows.map((row) => String(row.actor_id)));
  }
});

/** Our legs are the venue's trades, each once; our positions and cash are what it says we have. */
async function sameAsTheVenue(fresh: FreshStore): Promise<void> {
  await withClient(fresh, async (client) => {
    const rows = async (sql: string) => (await client.query<Record<string, string>>(sql)).rows;
    const trades = await rows('select id from paper_trades order by id');
    const legs = await rows('select trade_id as id from fill_legs order by trade_id');
    expect(legs).toEqual(trades);
    const balances = new Map(
      (await rows('select asset, amount::text from paper_balances')).map((row) => [
        row.asset,
        plus(row.amount ?? '0', '0'),
      ]),
    );
    for (const row of await rows('select instrument_id, size::text from positions')) {
      expect(plus(row.size ?? '0', '0')).toBe(balances.get(row.instrument_id) ?? '0');
    }
    const [cash] = await rows('select sum(amount_usd)::text as total from ledger_entries');
    expect(plus(cash?.total ?? '0', '0')).toBe(balances.get('cash'));
  });
}
