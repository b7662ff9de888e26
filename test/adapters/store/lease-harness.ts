/** Lease time that a test moves by hand, and a view of the lease's row from outside. */
import type { LeaseTime } from '../../../src/adapters/store/writer-lease-time.ts';
import { type FreshStore, withClient } from '../../support/database.ts';

export interface ManualTime extends LeaseTime {
  /** Fires what falls due on the way, in its order. */
  pass(forMs: number): void;
  /** Moves on and fires nothing: a process that was stopped has just woken up. */
  skip(forMs: number): void;
}

/** Time that stands still: nothing is renewed by itself, as in a process that is stopped. */
export function createManualTime(): ManualTime {
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  return {
    now: () => nowMs,
    after(waitMs, callback) {
      const timer = { atMs: nowMs + waitMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass(forMs) {
      const untilMs = nowMs + forMs;
      for (;;) {
        const [next] = timers.toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined || next.atMs > untilMs) break;
        timers = timers.filter((other) => other !== next);
        nowMs = Math.max(nowMs, next.atMs);
        next.callback();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    skip(forMs) {
      nowMs += forMs;
    },
  };
}

export interface SeenLease {
  readonly epoch: number;
  readonly pid: number;
  readonly host: string;
  readonly acquiredAtMs: number;
  readonly renewedAtMs: number;
  readonly expiresAtMs: number;
  readonly isReleased: boolean;
}

/** The row as it is now; times by the server's clock. */
export function leaseOf(fresh: Pick<FreshStore, 'url' | 'schema'>): Promise<SeenLease> {
  return withClient(fresh, async (client) => {
    const ms = (column: string) => `extract(epoch from ${column})::float8 * 1000`;
    const { rows } = await client.query<SeenLease>(`
      select epoch::int as epoch, pid::int as pid, host, ${ms('acquired_at')} as "acquiredAtMs",
        ${ms('renewed_at')} as "renewedAtMs", ${ms('expires_at')} as "expiresAtMs",
        released_at is not null as "isReleased" from writer_lease`);
    if (rows[0] === undefined) throw new Error('There is no lease.');
    return rows[0];
  });
}

/** Lets the lease of whoever has it run out, as time would. */
export async function runOut(fresh: Pick<FreshStore, 'url' | 'schema'>): Promise<void> {
  await withClient(fresh, (client) =>
    client.query('update writer_lease set expires_at = clock_timestamp()'),
  );
}
