/**
 * The right to write: a session advisory lock on a connection of its own. The server gives it back
 * by itself when that connection ends, however this process ends.
 */
import { type RawBuilder, sql } from 'kysely';
import pg from 'pg';
import { FillwrightFault } from '../../domain/faults.ts';
import { clientConfig, type StorePlace } from './connection.ts';
import { messageOf, oneLine, storeFault } from './fault.ts';

export interface WriterLock {
  /** @throws {FillwrightFault} `store_busy` when another engine holds it; `store_unavailable`. */
  acquire(): Promise<void>;
  /**
   * Takes a lock that was lost once more. Answers how to find it on the server, for a write to look
   * at again when it is done; undefined where the lock was never asked for.
   * @throws {FillwrightFault} `store_unavailable` while it cannot be had.
   */
  ensure(): Promise<HeldLock | undefined>;
  release(): Promise<void>;
}

/** SQL after `from`: one row while the lock is held by the connection that took it, else none. */
export type HeldLock = RawBuilder<unknown>;

/** The lock of one schema of one database; the server keeps the locks of databases apart. */
const KEY = `hashtextextended('fillwright writer ' || current_database() || '.' || $1, 0)`;

const IS_HELD = `lock.locktype = 'advisory' and lock.objsubid = 1 and lock.granted
    and lock.database = (select oid from pg_database where datname = current_database())
    and ((lock.classid::bigint << 32) | lock.objid::bigint) = `;

const HOLDER = `
  select activity.pid::text as backend, activity.application_name as name
  from pg_locks as lock left join pg_stat_activity as activity on activity.pid = lock.pid
  where ${IS_HELD}${KEY}`;

function heldBy(backend: number, schema: string): HeldLock {
  const [before, after] = KEY.split('$1');
  const key = sql`${sql.raw(before ?? '')}${schema}::text${sql.raw(after ?? '')}`;
  return sql`pg_locks as lock where ${sql.raw(IS_HELD)}${key} and lock.pid = ${backend}::integer`;
}

/** The writer lock of the schema of `place`, on a connection of its own. */
export function createWriterLock(place: StorePlace): WriterLock {
  const { schema, log } = place;
  let held: pg.Client | undefined;
  let proof: HeldLock | undefined;
  let wanted = false;
  let acquiring: Promise<void> | undefined;

  function lost(client: pg.Client): void {
    if (held !== client) return;
    held = undefined;
    log?.warn({ schema }, 'The writer lock was lost with its connection.');
  }

  async function take(): Promise<void> {
    const client = new pg.Client(clientConfig(place));
    let backend: number;
    client.on('error', () => lost(client));
    client.on('end', () => lost(client));
    try {
      await client.connect();
      backend = await lock(client, schema);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw storeFault(error, 'acquireWriter');
    }
    held = client;
    proof = heldBy(backend, schema);
    wanted = true;
  }

  async function acquire(): Promise<void> {
    if (held !== undefined) return;
    acquiring ??= take().finally(() => {
      acquiring = undefined;
    });
    await acquiring;
  }

  return {
    acquire,
    async ensure() {
      if (!wanted) return undefined;
      if (held !== undefined) return proof;
      try {
        await acquire();
        log?.info({ schema }, 'The writer lock is held again.');
        return proof;
      } catch (error) {
        const reason = oneLine(messageOf(error));
        throw new FillwrightFault(
          'store_unavailable',
          `The writer lock was lost and cannot be taken yet: ${reason}.`,
          { schema },
          { cause: error },
        );
      }
    },
    async release() {
      await acquiring?.catch(() => undefined);
      // After the wait: one that was under way has just said that it is wanted.
      wanted = false;
      const client = held;
      held = undefined;
      await client?.end().catch(() => undefined);
    },
  };
}

/** Answers the number of the server's process that holds the lock now. */
async function lock(client: pg.Client, schema: string): Promise<number> {
  const answer = await client.query<{ taken: boolean; pid: number }>(
    `select pg_try_advisory_lock(${KEY}) as taken, pg_backend_pid() as pid`,
    [schema],
  );
  const [first] = answer.rows;
  if (first?.taken === true) return first.pid;
  const holders = await client.query<{ backend: string | null; name: string | null }>(HOLDER, [
    schema,
  ]);
  const { backend, name } = holders.rows[0] ?? { backend: null, name: null };
  const pid = /^fillwright\/(\d+)$/.exec(name ?? '')?.[1];
  const who = pid === undefined ? (name ?? 'a program without a name') : `process ${pid}`;
  throw new FillwrightFault(
    'store_busy',
    `Another engine writes to this store: ${who} (server process ${backend ?? 'unknown'}).`,
    { schema, pid: pid === undefined ? undefined : Number(pid), application: name, backend },
  );
}
