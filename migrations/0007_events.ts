/**
 * Events of the catalogue, and how far each sink has come. None are made of what is in the log
 * already: a start says from which input on there are any. The outbox stays as it is.
 */
import { type Kysely, sql } from 'kysely';

const EVENTS = `
create table events (
  event_id bigint primary key,
  type text not null,
  priority integer not null,
  stream text collate "C" not null,
  number bigint not null check (number > 0),
  account_id text collate "C" not null,
  correlation_id text collate "C" not null,
  causation_id text collate "C" not null,
  at_ms bigint not null,
  payload json not null,
  unique (stream, number)
);
comment on table events is 'Events of the catalogue (docs/events.md), in order. Follows from the log. The oldest are removed.';
comment on column events.event_id is 'Follows from the input and its place in the turn: ordered, the same when said again.';
comment on column events.number is 'Counts from 1 without gaps in its stream.';
comment on column events.causation_id is 'input_<number of the input>, or evt_<event_id> of another event.';

create table event_cursors (
  sink text collate "C" primary key,
  event_id bigint not null,
  moved_at_ms bigint not null
);
comment on table event_cursors is 'The last event that each sink has taken. Written after it has taken it.';

alter table actor_snapshots add column events bigint not null default 0;
comment on column actor_snapshots.events is 'How many events the stream of this actor has.';
`;

/** Creates the tables in the first schema of the search path. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(EVENTS).execute(db);
}

/** Drops them, with events that were not delivered yet. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`drop table events, event_cursors; alter table actor_snapshots drop column events`)
    .execute(db);
}
