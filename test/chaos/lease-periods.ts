/** Which engine could write when, by the database, and which one did, by what passed to the venue. */
import type { Violation } from './compare.ts';
import type { ChaosDatabase } from './database.ts';
import type { VenueRequest } from './request-log.ts';
import type { VenueLedger } from './sandbox.ts';

/** One taking of the lease, over all its renewals. Times of the server, which is on this machine. */
export interface Lease {
  readonly epoch: number;
  readonly pid: number;
  readonly acquiredAtMs: number;
  /** The latest end that it was ever given. */
  readonly expiresAtMs: number;
}

/** A trigger of the harness: each state of the one row of the lease is kept. */
const RECORD = `
  create table chaos_leases (epoch bigint, pid bigint, acquired_at timestamptz, expires_at timestamptz);
  insert into chaos_leases select epoch, pid, acquired_at, expires_at from writer_lease;
  create function keep_lease() returns trigger language plpgsql as $$
  begin
    insert into chaos_leases values (new.epoch, new.pid, new.acquired_at, new.expires_at);
    return new;
  end
  $$;
  create trigger keep_lease after update on writer_lease for each row execute function keep_lease()`;

const READ = `
  select epoch::text, pid::text,
    (extract(epoch from min(acquired_at)) * 1000)::text as acquired,
    (extract(epoch from max(expires_at)) * 1000)::text as expires
  from chaos_leases group by epoch, pid order by epoch`;

export async function recordLeases(database: ChaosDatabase): Promise<void> {
  await database.rows(RECORD);
}

export async function readLeases(database: ChaosDatabase): Promise<readonly Lease[]> {
  return (await database.rows(READ)).map(({ epoch, pid, acquired, expires }) => ({
    epoch: Number(epoch),
    pid: Number(pid),
    acquiredAtMs: Number(acquired),
    expiresAtMs: Number(expires),
  }));
}

/** The process behind the name under which its requests are filed. */
export type WriterOf = (by: string) => number | undefined;

export interface LeaseProof {
  readonly requests: readonly VenueRequest[];
  readonly leases: readonly Lease[];
  readonly writerOf: WriterOf;
  /** How late a request may have been seen to pass. */
  readonly slackMs: number;
  readonly ledger: VenueLedger;
}

/** Orders, cancels and heartbeats. Signing in changes nothing. */
function isWrite({ method, path }: VenueRequest): boolean {
  return method !== 'GET' && !path.startsWith('/auth/');
}

export function leaseViolations(proof: LeaseProof): {
  readonly writes: number;
  readonly violations: readonly Violation[];
} {
  const violations: Violation[] = [];
  const writes = proof.requests.filter(isWrite);
  let reached = 0;
  for (const write of writes) {
    const lease = leaseOf(proof, write);
    if (lease === undefined) {
      violations.push({ rule: 'who writes has a lease', evidence: JSON.stringify(write) });
      continue;
    }
    // In the order in which the requests passed, whatever the clocks say.
    if (lease.epoch < reached) {
      const evidence = JSON.stringify({ write, lease, reached });
      violations.push({ rule: 'nobody writes after the next one has', evidence });
    }
    reached = Math.max(reached, lease.epoch);
    if (write.atMs < lease.acquiredAtMs || write.atMs > lease.expiresAtMs + proof.slackMs) {
      const evidence = JSON.stringify({ write, lease, slackMs: proof.slackMs });
      violations.push({ rule: 'nobody writes outside its lease', evidence });
    }
  }
  violations.push(...strangers(writes, proof.ledger));
  return { writes: writes.length, violations };
}

function leaseOf({ leases, writerOf }: LeaseProof, { by, atMs }: VenueRequest): Lease | undefined {
  const pid = writerOf(by);
  // A process may have held it more than once: the last time that began before the request.
  const held = leases.filter((lease) => lease.pid === pid);
  return held.findLast(({ acquiredAtMs }) => acquiredAtMs <= atMs) ?? held[0];
}

/** The answer to an order that is killed at once is a refusal without its id. */
function isKilled({ order_type, size_matched }: VenueLedger['orders'][number]): boolean {
  return (order_type === 'FOK' || order_type === 'FAK') && Number(size_matched) === 0;
}

/** What one request may post. */
const MOST_ORDERS_A_REQUEST = 15;

/**
 * The log is complete: each order of the exchange was taken by a request in it. The answer that would
 * name it may have been lost with its engine.
 */
function strangers(writes: readonly VenueRequest[], { orders }: VenueLedger): readonly Violation[] {
  const logged = new Set(writes.flatMap(({ orderIds }) => orderIds));
  const unnamed = orders.filter((order) => !logged.has(order.id) && !isKilled(order));
  const unanswered = writes.filter(({ answeredAtMs }) => answeredAtMs === undefined).length;
  if (unnamed.length <= unanswered * MOST_ORDERS_A_REQUEST) return [];
  const evidence = JSON.stringify({ unanswered, orders: unnamed.slice(0, 5) });
  return [{ rule: 'an order of the exchange came by a request that was seen', evidence }];
}
