/** Changes to a database as somebody makes them who writes where only the engine should. */
import type pg from 'pg';
import { COMPARED_TABLES } from '../../src/adapters/store/frozen-store.ts';
import { type FreshStore, withClient } from '../support/database.ts';

/** Every table that a verification speaks of. */
export const TABLES: readonly string[] = ['journal', ...COMPARED_TABLES, 'system_metadata'];

export interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly isKey: boolean;
}

/** Runs statements in order; the rows of the last one. */
export async function run(
  fresh: FreshStore,
  ...statements: readonly string[]
): Promise<pg.QueryResult['rows']> {
  return withClient(fresh, async (client) => {
    let rows: pg.QueryResult['rows'] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  });
}

/** Every column of every table, as the database itself says. */
export async function columnsOf(fresh: FreshStore): Promise<readonly Column[]> {
  const rows = await run(
    fresh,
    `select c.table_name as table, c.column_name as column, c.data_type as type,
       exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid
         and a.attnum = any(i.indkey) where i.indrelid = c.table_name::regclass and i.indisprimary
         and a.attname = c.column_name) as "isKey"
     from information_schema.columns c where c.table_schema = current_schema()
       and c.table_name = any('{${TABLES.join(',')}}')
     order by c.table_name, c.ordinal_position`,
  );
  return rows as Column[];
}

/** Keeps every table as it is now; `restore` brings it back. Who forges a row lifts its checks, too. */
export async function keep(fresh: FreshStore): Promise<void> {
  await run(fresh, 'alter table postings drop constraint if exists postings_check');
  await run(fresh, TABLES.map((table) => `create table kept_${table} as table ${table}`).join(';'));
}

export async function restore(fresh: FreshStore): Promise<void> {
  const back = TABLES.map(
    (table) => `insert into ${table} overriding system value table kept_${table}`,
  );
  await run(fresh, [`truncate ${TABLES.join(', ')}`, ...back].join(';'));
}

/** Words of columns that take only some. */
const OTHER_WORD: Readonly<Record<string, string>> = {
  outcome: `case outcome when 'YES' then 'NO' else 'YES' end`,
  side: `case side when 'BUY' then 'SELL' else 'BUY' end`,
  'orders.type': `case type when 'limit' then 'market' else 'limit' end`,
  role: `case role when 'taker' then 'maker' else 'taker' end`,
  'fill_legs.settlement': `case settlement when 'mined' then 'matched' else 'mined' end`,
  'budgets.commits': `(commits::jsonb || '[1]'::jsonb)::json`,
  'budgets.state': `case state when 'open' then 'expired' else 'open' end`,
  'postings.kind': `case kind when 'turn' then 'opening' else 'turn' end`,
  'ledger_entries.kind': `case kind when 'deposit' then 'fill' else 'deposit' end`,
  'actor_snapshots.kind': `case kind when 'order' then 'position' else 'order' end`,
};

/** Another value for a column, as SQL. */
export function otherValue({ table, column, type }: Column): string {
  const word = OTHER_WORD[`${table}.${column}`] ?? OTHER_WORD[column];
  if (word !== undefined) return word;
  if (type === 'text') return `coalesce(${column}, '') || '!'`;
  if (type === 'json') return `(jsonb_set(${column}::jsonb, '{added}', '1'))::json`;
  if (type === 'boolean') return `not ${column}`;
  if (type === 'numeric') return `coalesce(${column}, 0) + 0.000001`;
  if (type === 'integer' || type === 'bigint') return `coalesce(${column}, 0) + 500`;
  throw new Error(`No other value is known for ${table}.${column}, which is ${type}.`);
}

/** The primary key of each table, for naming a row as a verification does. */
export const KEY: Readonly<Record<string, string>> = {
  journal: 'first_seq::text',
  intents: 'key',
  prepared_submissions: 'client_order_id',
  actor_snapshots: 'actor_id',
  orders: 'client_order_id',
  order_events: `client_order_id || '/' || number`,
  fill_legs: 'leg_key',
  positions: `account_id || '/' || instrument_id`,
  ledger_entries: 'entry_id',
  postings: 'seq::text',
  exit_events: 'exit_id',
  findings: `finding_id || '/' || opened_at_ms`,
  budgets: 'budget_id',
  outbox: 'outbox_id::text',
  events: 'event_id::text',
  system_metadata: 'key',
};
