/** The one row of `writer_lease`: each change is one statement, timed by the server's clock. */
import type pg from 'pg';
import { FillwrightFault } from '../../domain/faults.ts';
import type { LeaseHolder } from './writer-lease-holder.ts';

/** Which taking: the number may come again after a backup or a failover, both together do not. */
export interface LeaseClaim {
  readonly epoch: number;
  readonly token: string;
}

export interface LeaseRow extends LeaseClaim, LeaseHolder {
  /** ISO times in UTC. */
  readonly since: string;
  readonly until: string;
  /** Milliseconds until it runs out; 0 for one that has. */
  readonly leftMs: number;
  readonly released: boolean;
}

const iso = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const msUntil = (column: string) =>
  `greatest(0, ceil(extract(epoch from ${column} - clock_timestamp()) * 1000))::bigint`;

const READ = `
  select epoch, token, host, pid, machine, process_start as "processStart",
    ${iso('acquired_at')} as since, ${iso('expires_at')} as until,
    ${msUntil('expires_at')} as "leftMs", released_at is not null as released
  from writer_lease`;

/** @throws {FillwrightFault} `corrupt_row` when somebody has removed the row. */
export async function readLease(client: pg.Client): Promise<LeaseRow> {
  const { rows } = await client.query<LeaseRow>(READ);
  if (rows[0] !== undefined) return rows[0];
  throw new FillwrightFault(
    'corrupt_row',
    'writer_lease: got no row, expected one. Restore a backup of the whole database.',
  );
}

export interface Taken extends LeaseClaim {
  /** For so long one before may still act, whoever has had it since. */
  readonly waitMs: number;
}

export interface Taking {
  readonly holder: LeaseHolder;
  readonly token: string;
  readonly leaseMs: number;
  /** Only from this one, be it over or not. Absent: from anybody whose time is over. */
  readonly from?: LeaseClaim;
  /** `from` may act for as long as it could count on it. */
  readonly byForce?: boolean;
}

/**
 * Takes the lease with the next epoch. Waits for the transactions that have asserted it: what they
 * write is there when this returns, and every later one of theirs fails.
 * @returns undefined when there is nothing to take: it runs, or is another's by now.
 */
export async function takeLease(client: pg.Client, taking: Taking): Promise<Taken | undefined> {
  const { holder, token, leaseMs, from, byForce = false } = taking;
  const seen = from === undefined ? [] : [from.epoch, from.token];
  const { rows } = await client.query<Taken>({
    text: `
      with before as (
        select epoch, case when $7::boolean then greatest(not_before, expires_at) else not_before end
          as not_before
        from writer_lease
        where ${from === undefined ? 'expires_at <= clock_timestamp()' : 'epoch = $8 and token = $9'}
        for update
      )
      update writer_lease set epoch = before.epoch + 1, token = $1, host = $2, pid = $3,
        machine = $4, process_start = $5, acquired_at = clock_timestamp(),
        renewed_at = clock_timestamp(), released_at = null, not_before = before.not_before,
        expires_at = clock_timestamp() + $6::double precision * interval '1 millisecond'
      from before where writer_lease.epoch = before.epoch
      returning writer_lease.epoch, token, ${msUntil('before.not_before')} as "waitMs"`,
    values: [
      ...[token, holder.host, holder.pid, holder.machine, holder.processStart, leaseMs, byForce],
      ...seen,
    ],
  });
  return rows[0];
}

/** False: it is another's. One that has run out and was not taken meanwhile goes on. */
export async function renewLease(
  client: pg.Client,
  { epoch, token }: LeaseClaim,
  leaseMs: number,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update writer_lease set renewed_at = clock_timestamp(),
       expires_at = clock_timestamp() + $3::double precision * interval '1 millisecond'
     where epoch = $1 and token = $2`,
    [epoch, token, leaseMs],
  );
  return rowCount === 1;
}

/** From now on anybody may take it. */
export async function releaseLease(client: pg.Client, claim: LeaseClaim): Promise<void> {
  await client.query(
    `update writer_lease set expires_at = clock_timestamp(), released_at = clock_timestamp()
     where epoch = $1 and token = $2`,
    [claim.epoch, claim.token],
  );
}
