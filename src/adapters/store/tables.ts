/**
 * Tables as data: each row type of the port with the SQL type of every field. From this follow the
 * column lists of reads and the inserts of whole pages of rows, so that a field cannot be forgotten
 * in one place: the type checker asks for every key of the row.
 */
import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import type {
  ActorRow,
  ExitEventRow,
  IntentRow,
  LedgerRow,
  LegRow,
  OrderEventRow,
  OrderRow,
  OutboxRow,
  PaperBalanceRow,
  PaperOrderRow,
  PaperTradeRow,
  PositionRow,
  PreparedRow,
  Rows,
} from '../../actors/store-port.ts';
import { InvalidValue } from '../../domain/faults.ts';
import { CopyInput, copyText } from './copy.ts';

type SqlType = 'text' | 'numeric' | 'bigint' | 'integer' | 'boolean' | 'json';
type Fields<Row> = Readonly<Record<keyof Row & string, SqlType>>;

/** What an insert does with a row that is there already. */
type Conflict<Row> =
  | { readonly do: 'nothing' }
  | {
      readonly do: 'update';
      readonly key: readonly (keyof Row & string)[];
      /** Only these change; absent: all but the key. */
      readonly only?: readonly (keyof Row & string)[];
      /** SQL condition over `excluded` and the table. */
      readonly when?: string;
    };

/** One table: how its rows are read and written. */
export interface Table<Row> {
  readonly name: string;
  /** Select list that names columns as the row type does. */
  readonly columns: RawBuilder<unknown>;
  /** Writes all rows in one statement with one parameter. */
  insert(rows: Rows<Row>): RawBuilder<unknown>;
  /**
   * The same for many rows, in one transaction: COPY to a table of the session, from there as
   * `insert` does it. Text is made of `pageRows` rows at a time.
   */
  load(rows: Rows<Row>, pageRows: number): readonly CompiledQuery[];
}

/** `averageFillPrice` to `average_fill_price`. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Column definitions for `json_to_recordset`: fields by their own names. JSON goes in as text: the
 * server would take its escapes apart, and refuse some that it keeps well enough.
 */
export function recordColumns<Row>(fields: Fields<Row>): string {
  const types = Object.entries<SqlType>(fields);
  return types.map(([name, type]) => `"${name}" ${type === 'json' ? 'text' : type}`).join(', ');
}

function onConflict<Row>(fields: Fields<Row>, conflict: Conflict<Row>): string {
  if (conflict.do === 'nothing') return 'on conflict do nothing';
  const key: readonly string[] = conflict.key;
  const sets = (conflict.only ?? Object.keys(fields))
    .filter((field) => !key.includes(field))
    .map((field) => `${snake(field)} = excluded.${snake(field)}`);
  const when = conflict.when === undefined ? '' : ` where ${conflict.when}`;
  return `on conflict (${key.map(snake).join(', ')}) do update set ${sets.join(', ')}${when}`;
}

/** One statement may replace a row once; so of several rows with one key the last stands. */
function newest<Row>(rows: Rows<Row>, key: readonly (keyof Row & string)[]): Rows<Row> {
  if (!Array.isArray(rows)) return rows;
  const byKey = new Map<string, Row>(
    rows.map((row: Row) => [JSON.stringify(key.map((field) => row[field])), row]),
  );
  return byKey.size === rows.length ? rows : [...byKey.values()];
}

function table<Row extends object>(
  name: string,
  fields: Fields<Row>,
  conflict: Conflict<Row>,
): Table<Row> {
  const types = Object.entries<SqlType>(fields);
  const names = Object.keys(fields) as (keyof Row & string)[];
  const columns = names.map(snake).join(', ');
  const values = types.map(([field, type]) => `"${field}"${type === 'json' ? '::json' : ''}`);
  const into = `insert into ${name} (${columns}) select`;
  const before = sql.raw(`${into} ${values.join(', ')} from json_to_recordset(`);
  const after = sql.raw(`::json) as r (${recordColumns(fields)}) ${onConflict(fields, conflict)}`);
  const staged = `pg_temp.staged_${name}`;
  const stage = CompiledQuery.raw(
    // As in the tables themselves: values are kept beside their row, or compressed, only when large.
    `create temp table if not exists staged_${name} with (toast_tuple_target = 8160)
      on commit delete rows as select ${columns} from ${name} with no data`,
  );
  const move = CompiledQuery.raw(
    `${into} ${columns} from ${staged} ${onConflict(fields, conflict)}`,
  );
  const distinct = (rows: Rows<Row>) =>
    conflict.do === 'update' ? newest(rows, conflict.key) : rows;

  return {
    name,
    columns: sql.raw(names.map((field) => `${snake(field)} as "${field}"`).join(', ')),
    insert: (rows) => sql`${before}${JSON.stringify(allOf(distinct(rows)))}${after}`,
    load(rows, pageRows) {
      const input = new CopyInput(pagesOf(name, distinct(rows), names, pageRows));
      return [stage, CompiledQuery.raw(`copy ${staged} (${columns}) from stdin`, [input]), move];
    },
  };
}

function allOf<Row>(rows: Rows<Row>): readonly Row[] {
  return rows.slice(0, rows.length);
}

function* pagesOf<Row extends object>(
  table: string,
  rows: Rows<Row>,
  names: readonly (keyof Row & string)[],
  pageRows: number,
): Generator<string> {
  for (let start = 0; start < rows.length; start += pageRows) {
    const page = rows.slice(start, start + pageRows);
    const text = copyText(page, names);
    // Half a character would go out as another one.
    if (!text.isWellFormed()) throw unstorable(table, page);
    yield text;
  }
}

/** The first text of `rows` that PostgreSQL cannot keep: half a character, or a NUL inside. */
export function unstorable(table: string, rows: Rows<object>): InvalidValue | undefined {
  for (const row of allOf(rows)) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))) continue;
      return new InvalidValue(`${table}.${name}`, value, 'text without NUL or half characters');
    }
  }
  return undefined;
}

export const INTENT_FIELDS: Fields<IntentRow> = {
  key: 'text',
  clientOrderId: 'text',
  body: 'text',
  atMs: 'bigint',
};
export const PREPARED_FIELDS: Fields<PreparedRow> = {
  clientOrderId: 'text',
  venue: 'text',
  venueOrderId: 'text',
  body: 'text',
  atMs: 'bigint',
};

export const actors = table<ActorRow>(
  'actor_snapshots',
  {
    actorId: 'text',
    kind: 'text',
    version: 'integer',
    revision: 'bigint',
    live: 'boolean',
    snapshot: 'json',
  },
  {
    do: 'update',
    key: ['actorId'],
    when: 'excluded.revision >= actor_snapshots.revision',
  },
);

export const orders = table<OrderRow>(
  'orders',
  {
    clientOrderId: 'text',
    venue: 'text',
    venueOrderId: 'text',
    intentKey: 'text',
    strategy: 'text',
    instrumentId: 'text',
    marketId: 'text',
    outcome: 'text',
    side: 'text',
    type: 'text',
    price: 'numeric',
    size: 'numeric',
    amountUsd: 'numeric',
    timeInForce: 'text',
    expiresAtMs: 'bigint',
    status: 'text',
    execution: 'text',
    settlement: 'text',
    filledSize: 'numeric',
    averageFillPrice: 'numeric',
    feesUsd: 'numeric',
    reservedUsd: 'numeric',
    reservedShares: 'numeric',
    reason: 'text',
    closed: 'boolean',
    createdAtMs: 'bigint',
    updatedAtMs: 'bigint',
  },
  { do: 'update', key: ['clientOrderId'] },
);

export const orderEvents = table<OrderEventRow>(
  'order_events',
  {
    clientOrderId: 'text',
    number: 'integer',
    seq: 'bigint',
    atMs: 'bigint',
    type: 'text',
    fromState: 'text',
    toState: 'text',
    status: 'text',
    note: 'text',
    event: 'json',
  },
  { do: 'nothing' },
);

export const legs = table<LegRow>(
  'fill_legs',
  {
    legKey: 'text',
    venue: 'text',
    tradeId: 'text',
    venueOrderId: 'text',
    role: 'text',
    clientOrderId: 'text',
    instrumentId: 'text',
    side: 'text',
    price: 'numeric',
    size: 'numeric',
    feeUsd: 'numeric',
    settlement: 'text',
    conflicted: 'boolean',
    matchedAtMs: 'bigint',
    transactionHash: 'text',
  },
  { do: 'update', key: ['legKey'] },
);

export const positions = table<PositionRow>(
  'positions',
  {
    accountId: 'text',
    instrumentId: 'text',
    size: 'numeric',
    sellableSize: 'numeric',
    reservedShares: 'numeric',
    averageEntry: 'numeric',
    costBasis: 'numeric',
    realizedPnl: 'numeric',
    feesUsd: 'numeric',
    updatedAtMs: 'bigint',
  },
  { do: 'update', key: ['accountId', 'instrumentId'] },
);

export const ledger = table<LedgerRow>(
  'ledger_entries',
  {
    entryId: 'text',
    accountId: 'text',
    kind: 'text',
    amountUsd: 'numeric',
    legKey: 'text',
    clientOrderId: 'text',
    seq: 'bigint',
    atMs: 'bigint',
  },
  { do: 'nothing' },
);

export const outbox = table<OutboxRow>(
  'outbox',
  { outboxId: 'bigint', type: 'text', body: 'json', atMs: 'bigint' },
  { do: 'nothing' },
);

export const exits = table<ExitEventRow>(
  'exit_events',
  {
    exitId: 'text',
    accountId: 'text',
    instrumentId: 'text',
    clientOrderId: 'text',
    legKey: 'text',
    size: 'numeric',
    exitPrice: 'numeric',
    realizedPnl: 'numeric',
    reason: 'text',
    voided: 'boolean',
    atMs: 'bigint',
  },
  { do: 'update', key: ['exitId'], only: ['voided'] },
);

/** Key of the metadata row that says how far the read tables have come. It only grows. */
export const PROJECTED_THROUGH = 'projected_through';

export const metadata = table<{ readonly key: string; readonly value: string }>(
  'system_metadata',
  { key: 'text', value: 'text' },
  {
    do: 'update',
    key: ['key'],
    // `case`: of two conditions joined by `or` the server may evaluate either one first.
    when: `case when excluded.key = '${PROJECTED_THROUGH}'
      then excluded.value::bigint >= system_metadata.value::bigint else true end`,
  },
);

export const intents = table<IntentRow>('intents', INTENT_FIELDS, { do: 'nothing' });
export const prepared = table<PreparedRow>('prepared_submissions', PREPARED_FIELDS, {
  do: 'nothing',
});

export const paperOrders = table<PaperOrderRow>(
  'paper_orders',
  { id: 'text', open: 'boolean', body: 'text' },
  { do: 'update', key: ['id'] },
);
export const paperTrades = table<PaperTradeRow>(
  'paper_trades',
  { id: 'text', final: 'boolean', changedAtMs: 'bigint', body: 'text' },
  { do: 'update', key: ['id'] },
);
export const paperBalances = table<PaperBalanceRow>(
  'paper_balances',
  { asset: 'text', amount: 'numeric' },
  { do: 'update', key: ['asset'] },
);
