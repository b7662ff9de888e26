/** Writing what follows from the log: whole pages of rows, one transaction, every row repeatable. */
import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Projection } from '../../actors/store-port.ts';
import { codeOf } from './fault.ts';
import * as tables from './tables.ts';

/** Key of the metadata row that says how far the read tables have come. */
export const PROJECTED_THROUGH = 'projected_through';

/** Rows in one statement, and in one piece of COPY text: about a millisecond of making it. */
const PAGE_ROWS = 500;
/** More rows of one table than this go by COPY: two more round trips, a third of the work. */
const FEW_ROWS = 100;

/** Rows for one table, made into statements when their turn has come. */
interface Write {
  readonly table: string;
  readonly rows: readonly object[];
  insert(): RawBuilder<unknown>;
  load(): readonly CompiledQuery[];
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

/** A write of `rows`; none for no rows. */
export function writesOf<Row extends object>(
  table: tables.Table<Row>,
  rows: readonly Row[],
): Write[] {
  if (rows.length === 0) return [];
  const insert = () => table.insert(rows);
  return [{ table: table.name, rows, insert, load: () => table.load(rows, PAGE_ROWS) }];
}

/**
 * Runs all of `writes` or none. A few rows go as one statement, which is a transaction by itself
 * and one round trip; more go table by table, and the process works in between.
 */
export async function writeAll(db: Kysely<unknown>, writes: readonly Write[]): Promise<void> {
  const count = writes.reduce((sum, write) => sum + write.rows.length, 0);
  if (count === 0) return;
  if (count <= PAGE_ROWS) return insertAll(db, writes);
  await db.transaction().execute(async (transaction) => {
    for (const write of writes) {
      if (write.rows.length <= FEW_ROWS) await insertAll(transaction, [write]);
      else await naming([write], () => loadAll(transaction, write));
    }
  });
}

function insertAll(db: Kysely<unknown>, writes: readonly Write[]): Promise<void> {
  return naming(writes, async () => {
    await oneStatement(writes.map((write) => write.insert())).execute(db);
  });
}

async function loadAll(transaction: Kysely<unknown>, write: Write): Promise<void> {
  for (const query of write.load()) await transaction.executeQuery(query);
}

/** Names the text that the server refused, where that was why. */
async function naming(writes: readonly Write[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
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
 * Names the text that made the server refuse rows: half a character or a NUL inside a value.
 * @throws {InvalidValue} when there is one.
 */
export function assertStorable(table: string, rows: readonly object[], error: unknown): void {
  if (!REFUSED_TEXT.has(codeOf(error) ?? '')) return;
  const found = tables.unstorable(table, rows);
  if (found !== undefined) throw found;
}
