/** Writing what follows from the log: whole pages of rows, one transaction, every row repeatable. */
import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Projection, Rows } from '../../actors/store-port.ts';
import { codeOf } from './fault.ts';
import { type Table, unstorable } from './table.ts';
import * as tables from './tables.ts';
import type { WriterGuard } from './writer-lease.ts';

/** More rows than this in one projection are not written as one statement. */
const STATEMENT_ROWS = 500;
/** Rows in one piece of COPY text: about a millisecond of making them. */
const PAGE_ROWS = 50;
/** More rows of one table than this go by COPY: two more round trips, a third of the work. */
const FEW_ROWS = 100;

/** Rows for one table, made into statements when their turn has come. */
export interface Write {
  readonly table: string;
  readonly rows: Rows<object>;
  insert(): RawBuilder<unknown>;
  /** `insert` of the rows from `start` up to `end`. */
  insertPart(start: number, end: number): RawBuilder<unknown>;
  load(): readonly CompiledQuery[];
}

/**
 * Writes all of `projection` or nothing, last of all how far it goes. Rows that are there are
 * replaced or, where they never change, left; an actor's row never by an older revision. Of rows
 * with one key the last stands. `guard`: as for `writeAll`.
 * @throws {InvalidValue} when a text holds what PostgreSQL cannot store; driver errors otherwise.
 */
export async function writeProjection(
  db: Kysely<unknown>,
  projection: Projection,
  guard?: WriterGuard,
): Promise<void> {
  const facts = {
    ...projection.metadata,
    [tables.PROJECTED_THROUGH]: String(projection.throughSeq),
  };
  const metadata = Object.entries(facts).map(([key, value]) => ({ key, value }));
  const writes = [...writesOfRows(projection), ...writesOf(tables.metadata, metadata)];
  await writeAll(db, writes, guard);
}

/** The writes of `projection`, without how far it goes. */
export function writesOfRows(projection: Projection): readonly Write[] {
  return [
    // First: an order's snapshot holds the hash of its newest step.
    ...writesOf(tables.orderEvents, projection.orderEvents),
    ...writesOf(tables.actors, projection.actors),
    ...writesOf(tables.orders, projection.orders),
    ...writesOf(tables.legs, projection.legs),
    ...writesOf(tables.positions, projection.positions),
    ...writesOf(tables.ledger, projection.ledger),
    ...writesOf(tables.postings, projection.postings),
    ...writesOf(tables.outbox, projection.outbox),
    ...writesOf(tables.events, projection.events),
    ...writesOf(tables.exits, projection.exits),
    ...writesOf(tables.findings, projection.findings),
    ...writesOf(tables.budgets, projection.budgets),
  ];
}

/** A write of `rows`; none for no rows. */
export function writesOf<Row extends object>(table: Table<Row>, rows: Rows<Row>): Write[] {
  if (rows.length === 0) return [];
  return [
    {
      table: table.name,
      rows,
      insert: () => table.insert(rows),
      insertPart: (start, end) => table.insert(rows.slice(start, end)),
      load: () => table.load(rows, PAGE_ROWS),
    },
  ];
}

/**
 * Runs all of `writes` or none. A few rows go as one statement; more go table by table, and the
 * process works in between.
 *
 * `guard` asserts the lease last of all, in the same transaction: what was under way when it went to
 * another engine may arrive after that one has written, and must not be laid over that.
 */
export async function writeAll(
  db: Kysely<unknown>,
  writes: readonly Write[],
  guard?: WriterGuard,
): Promise<void> {
  const count = writes.reduce((sum, write) => sum + write.rows.length, 0);
  if (count === 0) return;
  const areFew = count <= STATEMENT_ROWS;
  if (areFew) return insertAll(db, writes, guard);
  await db.transaction().execute(async (transaction) => {
    await insertInParts(transaction, writes);
    if (guard !== undefined) await sql`select ${guard}`.execute(transaction);
  });
}

async function insertInParts(db: Kysely<unknown>, writes: readonly Write[]): Promise<void> {
  for (const write of writes) {
    if (write.rows.length <= FEW_ROWS) await insertAll(db, [write]);
    else await naming([write], () => loadAll(db, write));
  }
}

function insertAll(
  db: Kysely<unknown>,
  writes: readonly Write[],
  guard?: WriterGuard,
): Promise<void> {
  return naming(writes, async () => {
    const inserts = writes.map((write) => write.insert());
    const last = guard === undefined ? [] : [sql`select ${guard}`];
    await oneStatement([...inserts, ...last]).execute(db);
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
function oneStatement(statements: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  const last = statements.at(-1) ?? sql`select`;
  if (statements.length < 2) return last;
  const parts = statements.slice(0, -1).map((insert, i) => sql`${sql.raw(`w${i}`)} as (${insert})`);
  return sql`with ${sql.join(parts)} ${last}`;
}

/** Codes of text that PostgreSQL refuses: bad byte, bad escape, bad surrogate pair. */
const REFUSED_TEXT = new Set(['22021', '22P02', '22P05']);

/**
 * Names the text that made the server refuse rows: half a character or a NUL inside a value.
 * @throws {InvalidValue} when there is one.
 */
export function assertStorable(table: string, rows: Rows<object>, error: unknown): void {
  if (!REFUSED_TEXT.has(codeOf(error) ?? '')) return;
  const found = unstorable(table, rows);
  if (found !== undefined) throw found;
}
