/** The paper venue's store in memory, with a switch that makes it fail. */
import type {
  PaperBalanceRow,
  PaperOrderRow,
  PaperState,
  PaperStore,
  PaperTradeRow,
} from '../../src/actors/venue-store-port.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';

export interface MemoryPaperStore extends PaperStore {
  /** True: every call rejects and nothing is written. */
  failing: boolean;
  /** Every change that was saved, oldest first. */
  readonly saved: readonly PaperState[];
  /** Calls of `findOrder` and `tradesSince`. */
  readonly reads: number;
  /** Waited for before each save is written: lets a test stop between change and commit. */
  beforeSave: () => Promise<void>;
}

export function createMemoryPaperStore(): MemoryPaperStore {
  const orders = new Map<string, PaperOrderRow>();
  const trades = new Map<string, PaperTradeRow>();
  const balances = new Map<string, PaperBalanceRow>();
  const saved: PaperState[] = [];
  let reads = 0;

  // Awaited, so that every call takes a macrotask as a real one would.
  async function reach(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    if (store.failing) throw new FillwrightFault('store_unavailable', 'The store is switched off.');
  }

  const store: MemoryPaperStore = {
    failing: false,
    saved,
    get reads() {
      return reads;
    },
    beforeSave: () => Promise.resolve(),
    async load() {
      await reach();
      return {
        orders: [...orders.values()].filter((row) => row.open),
        trades: [...trades.values()].filter((row) => !row.final),
        balances: [...balances.values()],
      };
    },
    async save(change) {
      await store.beforeSave();
      await reach();
      for (const row of change.orders) orders.set(row.id, row);
      for (const row of change.trades) trades.set(row.id, row);
      for (const row of change.balances) balances.set(row.asset, row);
      saved.push(change);
    },
    async findOrder(id) {
      reads += 1;
      await reach();
      return orders.get(id);
    },
    async tradesSince(sinceMs) {
      reads += 1;
      await reach();
      return [...trades.values()]
        .filter((row) => row.changedAtMs >= sinceMs)
        .sort((a, b) => a.changedAtMs - b.changedAtMs || (a.id < b.id ? -1 : 1));
    },
  };
  return store;
}
