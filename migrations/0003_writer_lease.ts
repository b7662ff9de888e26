/** The writer lease: which engine may write to this schema, and act on what is in it. */
import { type Kysely, sql } from 'kysely';
import { FillwrightFault } from '../src/domain/faults.ts';

/**
 * A write locks the row `for key share` until its transaction is over. Whoever takes the lease locks it
 * `for update`, which waits for that; a renewal changes no key, so the two do not wait for each other.
 */
const LEASE = `
create table writer_lease (
  only_row boolean primary key default true check (only_row),
  epoch bigint not null,
  token text not null,
  host text not null,
  pid bigint not null,
  machine text not null,
  process_start text not null,
  acquired_at timestamptz not null default clock_timestamp(),
  renewed_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null default clock_timestamp(),
  not_before timestamptz not null default clock_timestamp(),
  released_at timestamptz
);
insert into writer_lease (epoch, token, host, pid, machine, process_start, released_at)
values (0, '', '', 0, '', '', clock_timestamp());
comment on table writer_lease is 'One row: which engine may write here. All times are of the server''s clock.';
comment on column writer_lease.epoch is 'Grows by one with every taking.';
comment on column writer_lease.token is 'Another with every taking: an epoch can come twice after a backup or a failover.';
comment on column writer_lease.machine is 'Boot and namespaces in which pid means something; empty where unknown.';
comment on column writer_lease.process_start is 'Ticks since boot at which pid was started; empty where unknown.';
comment on column writer_lease.expires_at is 'From then on anybody may take it.';
comment on column writer_lease.not_before is 'Until then one that it was taken from by force may still act: nobody who takes it does so earlier.';
comment on column writer_lease.released_at is 'When its holder gave it back; null while it is held.';

create function assert_writer(claimed_epoch bigint, claimed_token text) returns void
language plpgsql as $$
begin
  perform from writer_lease where epoch = claimed_epoch and token = claimed_token for key share;
  if not found then
    raise exception 'the writer lease of epoch % is held no more', claimed_epoch using errcode = 'WL001';
  end if;
end
$$;
comment on function assert_writer is 'Fails the transaction of a writer whose lease is gone, and keeps it from going before the end.';
`;

/** What engines before this migration hold while they run. */
const OLD_LOCK = `hashtextextended(
  'fillwright writer ' || current_database() || '.' || current_schema(), 0)`;

/**
 * Creates the lease in the first schema of the search path.
 * @throws {FillwrightFault} `store_busy` while an engine runs there that knows nothing of it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(${sql.raw(OLD_LOCK)}) as taken`.execute(db);
  if (rows[0]?.taken !== true) {
    throw new FillwrightFault(
      'store_busy',
      'An engine of an older version writes to this store: stop it first. Nothing was changed.',
    );
  }
  await sql.raw(LEASE).execute(db);
}

/** Drops the lease. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql.raw('drop function assert_writer; drop table writer_lease').execute(db);
}
