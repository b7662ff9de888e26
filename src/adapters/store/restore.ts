/** Reads of a start: how far things came, the live actors and the journal's tail, in pages. */
import { type Kysely, sql } from 'kysely';
import type { ActorRow, IntentRow, JournalBatch, PreparedRow } from '../../actors/store-port.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import * as tables from './tables.ts';

/** About 2 MB of snapshots: one round trip costs little beside it, and memory stays flat. */
const ACTOR_PAGE = 5_000;
/** A batch may hold thousands of inputs; so a page is small. */
const BATCH_PAGE = 200;

/** Runs one read of the store: counts it and turns its errors into faults. */
export type Tracked = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

type Keyed<Row> = Row & { readonly pageKey: number };

export async function projectedThrough(db: Kysely<unknown>): Promise<number> {
  const value = await metadata(db, tables.PROJECTED_THROUGH);
  const seq = Number(value ?? '0');
  if (Number.isSafeInteger(seq)) return seq;
  const key = tables.PROJECTED_THROUGH;
  throw new FillwrightFault('corrupt_row', `${key} holds ${value}, no number.`, { key, value });
}

export async function lastSeq(db: Kysely<unknown>): Promise<number> {
  const found = await sql<{ seq: number }>`
    select last_seq as seq from journal order by first_seq desc limit 1`.execute(db);
  return found.rows[0]?.seq ?? 0;
}

export async function lastHash(db: Kysely<unknown>): Promise<string | null> {
  const found = await sql<{ hash: string | null }>`
    select hash from journal order by first_seq desc limit 1`.execute(db);
  return found.rows[0]?.hash ?? null;
}

export async function metadata(db: Kysely<unknown>, key: string): Promise<string | undefined> {
  const found = await sql<{ value: string }>`
    select value from system_metadata where key = ${key}`.execute(db);
  return found.rows[0]?.value;
}

/** Live actors by their first write. Pages follow the key, so that a page costs what it holds. */
export async function* liveActors(
  db: Kysely<unknown>,
  tracked: Tracked,
): AsyncGenerator<readonly ActorRow[]> {
  let after = 0;
  for (;;) {
    const page = await tracked('liveActors', () =>
      sql<Keyed<ActorRow>>`
        select ${tables.actors.columns}, created_order as "pageKey" from actor_snapshots
        where live and created_order > ${after} order by created_order limit ${ACTOR_PAGE}`.execute(
        db,
      ),
    );
    if (page.rows.length > 0) yield page.rows.map(({ pageKey: _, ...actor }) => actor);
    if (page.rows.length < ACTOR_PAGE) return;
    after = page.rows.at(-1)?.pageKey ?? after;
  }
}

export async function actor(db: Kysely<unknown>, actorId: string): Promise<ActorRow | undefined> {
  const found = await sql<ActorRow>`
    select ${tables.actors.columns} from actor_snapshots where actor_id = ${actorId}`.execute(db);
  return found.rows[0];
}

/** Whole batches that hold inputs above `afterSeq`, with the intents and orders they carried. */
export async function* journalAfter(
  db: Kysely<unknown>,
  tracked: Tracked,
  afterSeq: number,
): AsyncGenerator<JournalBatch> {
  let after = afterSeq;
  for (;;) {
    const page = await tracked('journalAfter', () => journalPage(db, after));
    yield* page;
    if (page.length < BATCH_PAGE) return;
    after = page.at(-1)?.lastSeq ?? after;
  }
}

async function journalPage(db: Kysely<unknown>, after: number): Promise<readonly JournalBatch[]> {
  const found = await sql<Omit<JournalBatch, 'intents' | 'prepared'>>`
    select batch_id as "batchId", first_seq as "firstSeq", last_seq as "lastSeq", inputs, hash
    from journal where last_seq > ${after} order by last_seq limit ${BATCH_PAGE}`.execute(db);
  const [first, last] = [found.rows[0], found.rows.at(-1)];
  if (first === undefined || last === undefined) return [];
  const intents = await sql<Keyed<IntentRow>>`
    select ${tables.intents.columns}, batch_seq as "pageKey" from intents
    where batch_seq between ${first.firstSeq} and ${last.firstSeq}
    order by batch_seq, batch_position`.execute(db);
  const prepared = await sql<Keyed<PreparedRow>>`
    select ${tables.prepared.columns}, batch_seq as "pageKey" from prepared_submissions
    where batch_seq between ${first.firstSeq} and ${last.firstSeq}
    order by batch_seq, batch_position`.execute(db);
  const intentsOf = grouped(intents.rows);
  const preparedOf = grouped(prepared.rows);
  return found.rows.map((batch) => ({
    ...batch,
    intents: intentsOf.get(batch.firstSeq) ?? [],
    prepared: preparedOf.get(batch.firstSeq) ?? [],
  }));
}

function grouped<Row extends object>(
  rows: readonly Keyed<Row>[],
): Map<number, Omit<Keyed<Row>, 'pageKey'>[]> {
  const groups = new Map<number, Omit<Keyed<Row>, 'pageKey'>[]>();
  for (const { pageKey, ...row } of rows) {
    const group = groups.get(pageKey);
    if (group === undefined) groups.set(pageKey, [row]);
    else group.push(row);
  }
  return groups;
}
