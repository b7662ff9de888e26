/** Reads by key and reads for people. All of them answer rows as they were written. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type {
  IntentRow,
  LegRow,
  OrderEventRow,
  OrderFilter,
  OrderRow,
  PositionRow,
  PreparedRow,
} from '../../actors/store-port.ts';
import type { DecimalText } from '../../domain/decimal.ts';
import type { SettlementCounts } from '../../domain/settlement-rate.ts';
import * as tables from './tables.ts';

/** What a page of orders holds unless asked otherwise. */
const DEFAULT_ORDERS = 100;
/** The most rows that one read for people answers: some megabytes. */
const MAX_ROWS = 10_000;
/** A search shows a handful; more means that the text was too short. */
const MAX_FOUND = 10;

type Database = Kysely<unknown>;

export async function intentsByKeys(
  db: Database,
  keys: readonly string[],
): Promise<readonly IntentRow[]> {
  if (keys.length === 0) return [];
  return rows(
    db,
    sql<IntentRow>`select ${tables.intents.columns} from intents
      where key = any(${textArray(keys)}) order by key`,
  );
}

export async function preparedByVenueOrderIds(
  db: Database,
  ids: readonly string[],
): Promise<readonly PreparedRow[]> {
  if (ids.length === 0) return [];
  return rows(
    db,
    sql<PreparedRow>`select ${tables.prepared.columns} from prepared_submissions
      where venue_order_id = any(${textArray(ids)}) order by venue_order_id, venue`,
  );
}

export async function preparedByClientOrderIds(
  db: Database,
  ids: readonly string[],
): Promise<readonly PreparedRow[]> {
  if (ids.length === 0) return [];
  return rows(
    db,
    sql<PreparedRow>`select ${tables.prepared.columns} from prepared_submissions
      where client_order_id = any(${textArray(ids)}) order by client_order_id`,
  );
}

export async function order(db: Database, clientOrderId: string): Promise<OrderRow | undefined> {
  const found = await rows(
    db,
    sql<OrderRow>`select ${tables.orders.columns} from orders
      where client_order_id = ${clientOrderId}`,
  );
  return found[0];
}

/** An id met in full comes first, however many newer ones begin alike. Empty text finds nothing. */
export async function findOrders(db: Database, text: string): Promise<readonly OrderRow[]> {
  if (text === '') return [];
  const exact = await rows(
    db,
    sql<OrderRow>`select ${tables.orders.columns} from orders
      where client_order_id = ${text} or venue_order_id = ${text} or intent_key = ${text}
      order by created_at_ms desc, client_order_id desc limit ${MAX_FOUND}`,
  );
  const prefix = `${text.replace(/[\\%_]/g, '\\$&')}%`;
  const alike = await rows(
    db,
    sql<OrderRow>`select ${tables.orders.columns} from orders
      where client_order_id like ${prefix} or venue_order_id like ${prefix}
        or intent_key like ${prefix}
      order by created_at_ms desc, client_order_id desc limit ${MAX_FOUND}`,
  );
  const found = new Map([...exact, ...alike].map((row) => [row.clientOrderId, row]));
  return [...found.values()].slice(0, MAX_FOUND);
}

export function orders(db: Database, filter: OrderFilter): Promise<readonly OrderRow[]> {
  const { closed, strategy, marketId, instrumentId } = filter;
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (closed !== undefined) conditions.push(closed ? sql`closed` : sql`not closed`);
  if (strategy !== undefined) conditions.push(sql`strategy = ${strategy}`);
  if (marketId !== undefined) conditions.push(sql`market_id = ${marketId}`);
  if (instrumentId !== undefined) conditions.push(sql`instrument_id = ${instrumentId}`);
  return rows(
    db,
    sql<OrderRow>`select ${tables.orders.columns} from orders
      where ${sql.join(conditions, sql` and `)}
      order by created_at_ms desc, client_order_id desc
      limit ${bounded(filter.limit ?? DEFAULT_ORDERS)}`,
  );
}

export async function orderCounts(db: Database): Promise<Readonly<Record<string, number>>> {
  const found = await rows(
    db,
    sql<{ status: string; count: number }>`
      select status, count(*) as count from orders group by status order by status`,
  );
  return Object.fromEntries(found.map(({ status, count }) => [status, count]));
}

export function orderEvents(
  db: Database,
  clientOrderId: string,
): Promise<readonly OrderEventRow[]> {
  return rows(
    db,
    sql<OrderEventRow>`select ${tables.orderEvents.columns} from order_events
      where client_order_id = ${clientOrderId} order by number`,
  );
}

export function legsOfOrder(db: Database, clientOrderId: string): Promise<readonly LegRow[]> {
  return rows(
    db,
    sql<LegRow>`select ${tables.legs.columns} from fill_legs
      where client_order_id = ${clientOrderId} order by matched_at_ms, leg_key`,
  );
}

export function legs(db: Database, limit: number): Promise<readonly LegRow[]> {
  return rows(
    db,
    sql<LegRow>`select ${tables.legs.columns} from fill_legs
      order by matched_at_ms desc, leg_key desc limit ${bounded(limit)}`,
  );
}

export async function legCount(db: Database): Promise<number> {
  const found = await rows(db, sql<{ count: number }>`select count(*) as count from fill_legs`);
  return found[0]?.count ?? 0;
}

/** By the markets of the orders; a leg whose order is not known counts nowhere. */
export function settlementCounts(db: Database): Promise<readonly SettlementCounts[]> {
  return rows(
    db,
    sql<SettlementCounts>`
      select o.market_id as "marketId",
        count(*) filter (where l.settlement = 'confirmed') as confirmed,
        count(*) filter (where l.settlement = 'failed') as failed,
        count(*) filter (where l.settlement not in ('confirmed', 'failed')) as unsettled
      from fill_legs l join orders o on o.client_order_id = l.client_order_id
      group by o.market_id order by o.market_id limit ${MAX_ROWS}`,
  );
}

/** Oldest first: the one that has waited longest needs a person most. */
export function orphans(db: Database): Promise<readonly LegRow[]> {
  return rows(
    db,
    sql<LegRow>`select ${tables.legs.columns} from fill_legs
      where client_order_id is null order by matched_at_ms, leg_key limit ${MAX_ROWS}`,
  );
}

export function positions(db: Database): Promise<readonly PositionRow[]> {
  return rows(
    db,
    sql<PositionRow>`select ${tables.positions.columns} from positions
      order by account_id, instrument_id`,
  );
}

export async function ledgerTotal(db: Database, accountId: string): Promise<DecimalText> {
  const found = await rows(
    db,
    sql<{ total: DecimalText }>`select coalesce(sum(amount_usd), 0) as total
      from ledger_entries where account_id = ${accountId}`,
  );
  return found[0]?.total ?? '0';
}

async function rows<Row>(db: Database, query: RawBuilder<Row>): Promise<Row[]> {
  return (await query.execute(db)).rows;
}

/** The driver writes a list as an array literal, quoting what needs it. */
function textArray(values: readonly string[]): RawBuilder<unknown> {
  return sql`${[...values]}::text[]`;
}

function bounded(limit: number): number {
  return Math.max(0, Math.min(MAX_ROWS, Math.trunc(limit)));
}
