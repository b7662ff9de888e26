/** Writing what follows from the log: whole pages of rows, one transaction, every row repeatable. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Projection } from '../../actors/store-port.ts';
import { InvalidValue } from '../../domain/faults.ts';
import { codeOf } from './fault.ts';
import * as tables from './tables.ts';

/** Key of the metadata row that says how far the read tables have come. */
export const PROJECTED_THROUGH = 'projected_through';

/**
 * Rows in one statement. Building and sending so many takes about a millisecond; between two
 * statements the process does its other work.
 */
const CHUNK_ROWS = 500;

/** A statement that is built only when its turn has come. */
interface Write {
  readonly table: string;
  readonly rows: readonly object[];
  build(): RawBuilder<unknown>;
}

/**
 * Writes all of `projection` or nothing, last of all how far it goes. Rows that are there are
 * replaced or, where they never change, left; an actor's row never by an older revision. Of rows
 * with one key the last stands.
 * @throws {InvalidValue} when a text holds what PostgreSQL cannot store; driver errors otherwise.
 */
export async function writeProjection(db: Kysely<unknown>, projection: Projection): Promise<void> {
  const facts = { ...projection.metadata, [PROJECTED_THROUGH]: String(projection.throughSeq) };
  const metadata = Object.entries(facts).map(([key, value]) => ({ key, value }));
  await writeAll(db, [
    ...writesOf(tables.actors, projection.actors),
    ...writesOf(tables.orders, projection.orders),
    ...writesOf(tables.orderEvents, projection.orderEvents),
    ...writesOf(tables.legs, projection.legs),
    ...writesOf(tables.positions, projection.positions),
    ...writesOf(tables.ledger, projection.ledger),
    ...writesOf(tables.outbox, projection.outbox),
    ...writesOf(tables.exits, projection.exits),
    ...writesOf(tables.metadata, metadata),
  ]);
}

/** Pages of `rows` for one table; none for no rows. */
export function writesOf<Row extends object>(
  table: tables.Table<Row>,
  rows: readonly Row[],
): Write[] {
  const writes: Write[] = [];
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    const page = rows.slice(start, start + CHUNK_ROWS);
    writes.push({ table: table.name, rows: page, build: () => table.insert(page) });
  }
  return writes;
}

/**
 * Runs all of `writes` or none. A few rows go as one statement, which is a transaction by itself
 * and one round trip; more go page by page, so that the process can work between two pages.
 */
export async function writeAll(db: Kysely<unknown>, writes: readonly Write[]): Promise<void> {
  const count = writes.reduce((sum, write) => sum + write.rows.length, 0);
  if (count === 0) return;
  // Two pages have more rows than one statement may, so here every table comes once.
  if (count <= CHUNK_ROWS) return run(db, writes);
  await db.transaction().execute(async (transaction) => {
    for (const write of writes) await run(transaction, [write]);
  });
}

async function run(db: Kysely<unknown>, writes: readonly Write[]): Promise<void> {
  try {
    await oneStatement(writes.map((write) => write.build())).execute(db);
  } catch (error) {
    for (const write of writes) assertStorable(write.table, write.rows, error);
    throw error;
  }
}

/** `with w0 as (insert …), w1 as (insert …) insert …`: done together, whatever reads them. */
function oneStatement(inserts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  const last = inserts.at(-1) ?? sql`select`;
  if (inserts.length < 2) return last;
  const parts = inserts.slice(0, -1).map((insert, i) => sql`${sql.raw(`w${i}`)} as (${insert})`);
  return sql`with ${sql.join(parts)} ${last}`;
}

/** Codes of text that PostgreSQL refuses: bad byte, bad escape, bad surrogate pair. */
const REFUSED_TEXT = new Set(['22021', '22P02', '22P05']);

/**
 * Names the text that made the server refuse a page: half a character or a NUL inside a value.
 * @throws {InvalidValue} when there is one.
 */
export function assertStorable(table: string, rows: readonly object[], error: unknown): void {
  if (!REFUSED_TEXT.has(codeOf(error) ?? '')) return;
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'string' && !isStorable(value)) {
        throw new InvalidValue(`${table}.${name}`, value, 'text without NUL or half characters');
      }
    }
  }
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && Buffer.from(text).toString() === text;
}
