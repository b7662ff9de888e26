/** What a table is made of: from the fields of its rows follow its reads and its writes. */
import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import type { Rows } from '../../actors/store-port.ts';
import { InvalidValue } from '../../domain/faults.ts';
import { CopyInput, copyText } from './copy.ts';

type SqlType = 'text' | 'numeric' | 'bigint' | 'integer' | 'boolean' | 'json';
export type Fields<Row> = Readonly<Record<keyof Row & string, SqlType>>;

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
  /** The columns that its rows have, as the table names them. */
  readonly columnNames: readonly string[];
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

export function table<Row extends object>(
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
    columnNames: names.map(snake),
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
