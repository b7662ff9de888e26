/** Commands: what people ask of an engine that runs elsewhere, and what it answered. */
import { type Kysely, sql } from 'kysely';

const COMMANDS = `
create table commands (
  id bigint generated always as identity primary key,
  asked_at_ms bigint not null,
  by text not null,
  body json not null,
  state text not null default 'pending' check (state in ('pending', 'done', 'refused')),
  answer json,
  done_at_ms bigint,
  check ((state = 'pending') = (answer is null) and (answer is null) = (done_at_ms is null))
);
create index commands_pending on commands (id) where state = 'pending';
comment on table commands is 'What people ask of the engine: inserted by the command line, answered by the engine once what it did is durable. Never removed.';
comment on column commands.id is 'The order in which they are run. Has gaps.';
comment on column commands.by is 'The name of the person who asks, as they gave it.';
comment on column commands.body is 'The command: its type and what belongs to it.';
comment on column commands.state is 'pending: kept until an engine takes it. A command may be run twice, but is answered once.';
`;

/** Creates the table in the first schema of the search path. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(COMMANDS).execute(db);
}

/** Drops the table, with commands that were not taken yet. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table commands`.execute(db);
}
