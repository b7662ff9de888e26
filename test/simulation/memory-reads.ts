/** Reads of the simulated database, in the orders and with the bounds of the real one. */
import type {
  BudgetFilter,
  BudgetRow,
  FindingFilter,
  FindingRow,
  LegRow,
  OrderFilter,
  OrderRow,
  PreparedRow,
  Store,
} from '../../src/actors/store-port.ts';
import { PROJECTED_THROUGH } from '../../src/adapters/store/tables.ts';
import { plus } from '../../src/domain/exact.ts';
import type { SettlementCounts } from '../../src/domain/settlement-rate.ts';
import type { MemoryDatabase } from './memory-database.ts';

const DEFAULT_ORDERS = 100;
const MAX_ROWS = 10_000;
const MAX_FOUND = 10;
const DEFAULT_FINDINGS = 100;
const MAX_CONFLICTS = 1_000;

type Reader<Method> = Method extends (...args: infer Args) => Promise<infer Answer>
  ? (...args: Args) => Answer
  : never;

/** The reads of the port that answer once. */
export type ReadName =
  | 'projectedThrough'
  | 'lastSeq'
  | 'actor'
  | 'intentsByKeys'
  | 'preparedByVenueOrderIds'
  | 'preparedByClientOrderIds'
  | 'order'
  | 'findOrders'
  | 'orders'
  | 'orderCounts'
  | 'orderEvents'
  | 'legsOfOrder'
  | 'legs'
  | 'legCount'
  | 'orphans'
  | 'positions'
  | 'ledgerTotal'
  | 'metadata'
  | 'lastHash'
  | 'conflictedLegs'
  | 'findings'
  | 'budgets'
  | 'reconciliations'
  | 'settlementCounts';

export type MemoryReads = { readonly [Name in ReadName]: Reader<Store[Name]> };

export function memoryReads(database: MemoryDatabase): MemoryReads {
  const t = () => database.tables;
  return {
    projectedThrough: () => Number(t().metadata.get(PROJECTED_THROUGH) ?? '0'),
    lastSeq: () => t().journal.at(-1)?.lastSeq ?? 0,
    actor: (actorId) => t().actors.get(actorId)?.row,
    intentsByKeys: (keys) =>
      chosen(t().intents.values(), ({ key }) => keys.includes(key)).sort(by(({ key }) => key)),
    preparedByVenueOrderIds: (ids) => {
      const key = ({ venueOrderId, venue }: PreparedRow) => `${venueOrderId}\n${venue}`;
      return chosen(t().prepared.values(), (row) => ids.includes(row.venueOrderId)).sort(by(key));
    },
    preparedByClientOrderIds: (ids) =>
      [...new Set(ids)].sort().flatMap((id) => t().prepared.get(id) ?? []),
    order: (id) => t().orders.get(id),
    findOrders: (text) => findOrders([...t().orders.values()], text),
    orders: (filter) => listOrders([...t().orders.values()], filter),
    orderCounts() {
      const counts: Record<string, number> = {};
      for (const { status } of t().orders.values()) counts[status] = (counts[status] ?? 0) + 1;
      return Object.fromEntries(Object.entries(counts).sort());
    },
    orderEvents: (id) =>
      chosen(t().orderEvents.values(), ({ clientOrderId }) => clientOrderId === id).sort(
        (a, b) => a.number - b.number,
      ),
    legsOfOrder: (id) =>
      chosen(t().legs.values(), ({ clientOrderId }) => clientOrderId === id).sort(oldestLeg),
    legs: (limit) => [...t().legs.values()].sort(oldestLeg).reverse().slice(0, bounded(limit)),
    legCount: () => t().legs.size,
    orphans: () =>
      chosen(t().legs.values(), ({ clientOrderId }) => clientOrderId === null)
        .sort(oldestLeg)
        .slice(0, MAX_ROWS),
    positions: () =>
      [...t().positions.values()].sort(
        by(({ accountId, instrumentId }) => `${accountId}\n${instrumentId}`),
      ),
    ledgerTotal(accountId) {
      let total = '0';
      for (const row of t().ledger.values()) {
        if (row.accountId === accountId) total = plus(total, row.amountUsd);
      }
      return total;
    },
    metadata: (key) => t().metadata.get(key),
    lastHash: () => t().journal.at(-1)?.hash ?? null,
    conflictedLegs: () =>
      chosen(t().legs.values(), ({ conflicted }) => conflicted)
        .sort(oldestLeg)
        .reverse()
        .slice(0, MAX_CONFLICTS),
    findings: (filter = {}) => listFindings([...t().findings.values()], filter),
    budgets: (filter = {}) => listBudgets([...t().budgets.values()], filter),
    reconciliations: (limit) => t().reconciliations.slice(-bounded(limit)).reverse(),
    settlementCounts: () => countSettlements(database),
  };
}

function listBudgets(rows: readonly BudgetRow[], filter: BudgetFilter): readonly BudgetRow[] {
  const { open, owner, id, key, limit = 100 } = filter;
  return rows
    .filter((row) => open !== true || row.state === 'open')
    .filter((row) => row.owner === (owner ?? row.owner) && row.key === (key ?? row.key))
    .filter(({ budgetId }) => budgetId.startsWith(id ?? ''))
    .sort((a, b) => b.openedAtMs - a.openedAtMs || by<BudgetRow>((row) => row.budgetId)(b, a))
    .slice(0, bounded(limit));
}

function chosen<Row>(rows: Iterable<Row>, holds: (row: Row) => boolean): Row[] {
  return [...rows].filter(holds);
}

/** Byte by byte, as the keys of the real tables compare; ids here are ASCII. */
function by<Row>(keyOf: (row: Row) => string): (a: Row, b: Row) => number {
  return (a, b) => {
    const [first, second] = [keyOf(a), keyOf(b)];
    return first < second ? -1 : first > second ? 1 : 0;
  };
}

function oldestLeg(a: LegRow, b: LegRow): number {
  return a.matchedAtMs - b.matchedAtMs || by<LegRow>(({ legKey }) => legKey)(a, b);
}

function newestOrder(a: OrderRow, b: OrderRow): number {
  return b.createdAtMs - a.createdAtMs || by<OrderRow>((row) => row.clientOrderId)(b, a);
}

function findOrders(rows: OrderRow[], text: string): readonly OrderRow[] {
  if (text === '') return [];
  const names = (row: OrderRow) => [row.clientOrderId, row.venueOrderId ?? '', row.intentKey];
  const sorted = rows.sort(newestOrder);
  const exact = sorted.filter((row) => names(row).includes(text));
  const alike = sorted.filter((row) => names(row).some((name) => name.startsWith(text)));
  return [...new Set([...exact.slice(0, MAX_FOUND), ...alike])].slice(0, MAX_FOUND);
}

function listOrders(rows: OrderRow[], filter: OrderFilter): readonly OrderRow[] {
  const { closed, strategy, marketId, instrumentId, limit = DEFAULT_ORDERS } = filter;
  return rows
    .filter(
      (row) =>
        (closed === undefined || row.closed === closed) &&
        (strategy === undefined || row.strategy === strategy) &&
        (marketId === undefined || row.marketId === marketId) &&
        (instrumentId === undefined || row.instrumentId === instrumentId),
    )
    .sort(newestOrder)
    .slice(0, bounded(limit));
}

function listFindings(rows: FindingRow[], filter: FindingFilter): readonly FindingRow[] {
  const { open = false, id = '', limit = DEFAULT_FINDINGS } = filter;
  return rows
    .filter(({ state, findingId }) => (!open || state === 'open') && findingId.startsWith(id))
    .sort((a, b) => b.openedAtMs - a.openedAtMs || by<FindingRow>((row) => row.findingId)(a, b))
    .slice(0, bounded(limit));
}

function countSettlements({ tables }: MemoryDatabase): readonly SettlementCounts[] {
  const counts = new Map<string, { confirmed: number; failed: number; unsettled: number }>();
  for (const { clientOrderId, settlement } of tables.legs.values()) {
    const order = clientOrderId === null ? undefined : tables.orders.get(clientOrderId);
    if (order === undefined) continue;
    const count = counts.get(order.marketId) ?? { confirmed: 0, failed: 0, unsettled: 0 };
    counts.set(order.marketId, count);
    if (settlement === 'confirmed' || settlement === 'failed') count[settlement] += 1;
    else count.unsettled += 1;
  }
  return [...counts]
    .map(([marketId, count]) => ({ marketId, ...count }))
    .sort(by(({ marketId }) => marketId));
}

function bounded(limit: number): number {
  return Math.max(0, Math.min(MAX_ROWS, Math.trunc(limit)));
}
