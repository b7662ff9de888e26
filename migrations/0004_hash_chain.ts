/**
 * Hash chains: each batch of the log, and each step of an order, carries the hash of what it says and
 * of the one before it. What was written before has none: a hash made now would prove nothing of it.
 */
import { type Kysely, sql } from 'kysely';

const CHAIN = `
alter table journal add column hash text;
comment on column journal.hash is 'SHA-256, hex, over the hash before and this batch with its intents and prepared orders. Null: written before there were hashes.';

alter table order_events add column hash text;
comment on column order_events.hash is 'SHA-256, hex, over the hash of the step before and this row. Null: written before there were hashes.';

alter table actor_snapshots add column event_hash text;
comment on column actor_snapshots.event_hash is 'Of an order: the hash of its step number revision.';
`;

/** Adds the hashes; no row is rewritten. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(CHAIN).execute(db);
}

/** Drops the hashes. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `alter table journal drop column hash;
       alter table order_events drop column hash;
       alter table actor_snapshots drop column event_hash`,
    )
    .execute(db);
}
