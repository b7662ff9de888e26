/** Two tables of one shape held against each other, column by column, as text. */
import { type Kysely, sql } from 'kysely';

/** Rows that are fetched at once: some megabytes, should all of them be snapshots. */
const PAGE_ROWS = 1_000;

/** Columns of a row as the server writes them; null: SQL's null. */
export type RowText = Readonly<Record<string, string | null>>;

export interface RowDifference {
  /** The columns of the key, in order. */
  readonly key: readonly string[];
  /** Undefined: the row is not there. */
  readonly have: RowText | undefined;
  /** Undefined: there should be none. */
  readonly made: RowText | undefined;
}

export interface ComparedTables {
  /** As SQL names them, with their schema. */
  readonly have: string;
  readonly made: string;
  readonly key: readonly string[];
  /** Key columns included. */
  readonly columns: readonly string[];
  /** Metadata: rows of `made` up to this key may be missing in `have`. */
  readonly goneThrough?: string;
}

/** What is in only one of the tables, or is not the same text in both; in the order of the key. */
export async function* differences(
  db: Kysely<unknown>,
  compared: ComparedTables,
): AsyncGenerator<RowDifference> {
  const { have, made, key, columns, goneThrough } = compared;
  // A table that was just made has no statistics yet.
  await sql.raw(`analyze ${made}`).execute(db);
  const texts = columns.flatMap((column) => [
    `h.${column}::text as "have ${column}"`,
    `m.${column}::text as "made ${column}"`,
  ]);
  const joined = key.map((column) => `h.${column} = m.${column}`).join(' and ');
  const differs = columns.map((column) => `h.${column}::text is distinct from m.${column}::text`);
  const order = key.map((column) => `coalesce(h.${column}, m.${column})`).join(', ');
  const [first] = key;
  const isThere =
    goneThrough === undefined
      ? ''
      : ` and not (h.${first} is null and m.${first} <= coalesce(
           (select value::bigint from system_metadata where key = '${goneThrough}'), 0))`;
  await sql
    .raw(
      `declare differing no scroll cursor for select ${texts.join(', ')}
       from ${have} h full join ${made} m on ${joined}
       where (${differs.join(' or ')})${isThere} order by ${order}`,
    )
    .execute(db);
  for (;;) {
    const { rows } = await sql
      .raw<Readonly<Record<string, string | null>>>(`fetch ${PAGE_ROWS} from differing`)
      .execute(db);
    for (const row of rows) yield differenceOf(row, key, columns);
    if (rows.length < PAGE_ROWS) break;
  }
  await sql`close differing`.execute(db);
}

export async function countRows(db: Kysely<unknown>, table: string): Promise<number> {
  const found = await sql
    .raw<{ rows: number }>(`select count(*) as rows from ${table}`)
    .execute(db);
  return found.rows[0]?.rows ?? 0;
}

function differenceOf(
  row: Readonly<Record<string, string | null>>,
  key: readonly string[],
  columns: readonly string[],
): RowDifference {
  const side = (name: string): RowText | undefined => {
    const isThere = key.every((column) => row[`${name} ${column}`] !== null);
    if (!isThere) return undefined;
    return Object.fromEntries(columns.map((column) => [column, row[`${name} ${column}`] ?? null]));
  };
  const [have, made] = [side('have'), side('made')];
  return { key: key.map((column) => (have ?? made)?.[column] ?? ''), have, made };
}
