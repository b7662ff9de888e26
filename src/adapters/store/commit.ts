/**
 * Writing the log: one batch, one statement, one round trip.
 *
 * The statement is atomic by itself: the journal row, the intents and the prepared orders appear
 * together or not at all. It is also safe to repeat after a lost answer: the row is written only
 * where the journal ends, intents follow only a row that was written now, and a batch that wrote
 * nothing is compared with what stands at its place.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { JournalBatch } from '../../actors/store-port.ts';
import { BrokenInvariant } from '../../domain/faults.ts';
import { recordColumns } from './table.ts';
import { INTENT_FIELDS, PREPARED_FIELDS } from './tables.ts';
import type { WriterGuard } from './writer-lease.ts';

const INTENT_COLUMNS = sql.raw(recordColumns(INTENT_FIELDS));
const PREPARED_COLUMNS = sql.raw(recordColumns(PREPARED_FIELDS));

/**
 * Writes `batch`, or finds that an earlier attempt has. The lease that `guard` asserts is held until
 * the transaction of the statement is over.
 * @throws {BrokenInvariant} when other inputs stand at these numbers, or there is a gap before.
 * A key that exists ends in the server's unique violation, with nothing written.
 */
export async function commitBatch(
  db: Kysely<unknown>,
  batch: JournalBatch,
  guard?: WriterGuard,
): Promise<void> {
  const written = await commitStatement(batch, guard).execute(db);
  if (written.rows[0]?.seq == null) await assertSameBatch(db, batch);
}

interface Written {
  /** Null: the batch was not written now. */
  readonly seq: number | null;
}

function commitStatement(batch: JournalBatch, guard?: WriterGuard): RawBuilder<Written> {
  const isBare = batch.intents.length === 0 && batch.prepared.length === 0;
  const asserted = guard === undefined ? sql`` : sql`, ${guard}`;
  return sql<Written>`
    with batch as (${insertJournal(batch)})${isBare ? sql`` : sql`, ${insertRows(batch)}`}
    select (select first_seq from batch) as seq${asserted}`;
}

/** Follows only a journal row that was written now. */
function insertRows(batch: JournalBatch): RawBuilder<unknown> {
  return sql`
    new_intents as (
      insert into intents (key, client_order_id, body, at_ms, batch_seq, batch_position)
      select r.key, r."clientOrderId", r.body, r."atMs", batch.first_seq, r.position
      from batch, rows from (
        json_to_recordset(${JSON.stringify(batch.intents)}::json) as (${INTENT_COLUMNS})
      ) with ordinality as r (key, "clientOrderId", body, "atMs", position)
    ),
    new_prepared as (
      insert into prepared_submissions
        (client_order_id, venue, venue_order_id, body, at_ms, batch_seq, batch_position)
      select r."clientOrderId", r.venue, r."venueOrderId", r.body, r."atMs",
        batch.first_seq, r.position
      from batch, rows from (
        json_to_recordset(${JSON.stringify(batch.prepared)}::json) as (${PREPARED_COLUMNS})
      ) with ordinality as r ("clientOrderId", venue, "venueOrderId", body, "atMs", position)
    )`;
}

/**
 * The row goes in only where the journal ends, so that it never has a gap; an empty journal may
 * begin anywhere. Two writers at once meet at the unique keys: the second waits, then does nothing.
 */
function insertJournal(batch: JournalBatch): RawBuilder<unknown> {
  return sql`
    insert into journal (batch_id, first_seq, last_seq, inputs, hash)
    select ${batch.batchId}, ${batch.firstSeq}::bigint, ${batch.lastSeq}::bigint, ${batch.inputs},
      ${batch.hash}
    where coalesce(
      (select last_seq + 1 from journal order by first_seq desc limit 1), ${batch.firstSeq}::bigint
    ) = ${batch.firstSeq}::bigint
    on conflict do nothing
    returning first_seq`;
}

interface Place {
  readonly batchId: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

async function assertSameBatch(db: Kysely<unknown>, batch: JournalBatch): Promise<void> {
  const columns = sql`batch_id as "batchId", first_seq as "firstSeq", last_seq as "lastSeq"`;
  const found = await sql<Place>`select ${columns} from journal
    where last_seq >= ${batch.firstSeq} order by last_seq limit 1`.execute(db);
  const there = found.rows[0];
  const same =
    there?.batchId === batch.batchId &&
    there.firstSeq === batch.firstSeq &&
    there.lastSeq === batch.lastSeq;
  if (same) return;
  const place = `inputs ${batch.firstSeq} to ${batch.lastSeq}`;
  throw new BrokenInvariant(
    there === undefined
      ? `The journal ends before ${place}: they would leave a gap.`
      : `The journal holds other inputs where ${place} belong: another writer has been here.`,
    { batchId: batch.batchId, firstSeq: batch.firstSeq, lastSeq: batch.lastSeq, found: there },
  );
}
