/** Where the paper venue keeps its books: an outside system that happens to live in our database. */
import { type Kysely, sql } from 'kysely';
import type {
  PaperBalanceRow,
  PaperOrderRow,
  PaperStore,
  PaperTradeRow,
} from '../../actors/venue-store-port.ts';
import { writeAll, writesOf } from './project.ts';
import type { Tracked } from './restore.ts';
import * as tables from './tables.ts';
import type { StoreLease } from './writer-lease.ts';

/**
 * Books over the tables `paper_*`, written only by who holds the writer lease. Every method throws
 * `store_unavailable` where it cannot say.
 */
export function createPaperStore(
  db: Kysely<unknown>,
  tracked: Tracked,
  lease: Pick<StoreLease, 'guarded'>,
): PaperStore {
  return {
    load: () =>
      tracked('paper.load', async () => {
        const orders = await sql<PaperOrderRow>`
          select ${tables.paperOrders.columns} from paper_orders
          where open order by id`.execute(db);
        const trades = await sql<PaperTradeRow>`
          select ${tables.paperTrades.columns} from paper_trades
          where not final order by id`.execute(db);
        const balances = await sql<PaperBalanceRow>`
          select ${tables.paperBalances.columns} from paper_balances order by asset`.execute(db);
        return { orders: orders.rows, trades: trades.rows, balances: balances.rows };
      }),

    save: (change) =>
      tracked('paper.save', async () => {
        const writes = [
          ...writesOf(tables.paperOrders, change.orders),
          ...writesOf(tables.paperTrades, change.trades),
          ...writesOf(tables.paperBalances, change.balances),
        ];
        await lease.guarded((guard) => writeAll(db, writes, guard));
      }),

    findOrder: (id) =>
      tracked('paper.findOrder', async () => {
        const found = await sql<PaperOrderRow>`
          select ${tables.paperOrders.columns} from paper_orders where id = ${id}`.execute(db);
        return found.rows[0];
      }),

    tradesSince: (sinceMs) =>
      tracked('paper.tradesSince', async () => {
        const found = await sql<PaperTradeRow>`
          select ${tables.paperTrades.columns} from paper_trades
          where changed_at_ms >= ${sinceMs} order by changed_at_ms, id`.execute(db);
        return found.rows;
      }),
  };
}
