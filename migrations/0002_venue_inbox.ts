/** The inbox: what a live venue's stream said, word for word, kept before it is believed. */
import { type Kysely, sql } from 'kysely';

const INBOX = `
create table venue_inbox (
  id bigint generated always as identity primary key,
  venue text not null,
  channel text not null,
  connection bigint not null,
  received_at_ms bigint not null,
  frame text not null
);
create index venue_inbox_received on venue_inbox (received_at_ms);
comment on table venue_inbox is 'Raw frames of live venues, written before they are applied. Evidence: nothing is read from here.';
comment on column venue_inbox.id is 'In the order of receipt. Has gaps.';
comment on column venue_inbox.connection is 'Counts from 1 in each run of a stream; a new number: frames may be missing before it.';
comment on column venue_inbox.frame is 'As received, but U+FFFD for NUL and for half of a character.';
`;

/** Creates the inbox in the first schema of the search path. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(INBOX).execute(db);
}

/** Drops the inbox. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table venue_inbox`.execute(db);
}
