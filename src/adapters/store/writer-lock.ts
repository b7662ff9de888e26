/**
 * The right to write: a session advisory lock on a connection of its own. The server gives it back
 * by itself when that connection ends, however this process ends.
 */
import pg from 'pg';
import { FillwrightFault } from '../../domain/faults.ts';
import { clientConfig, type ServerAddress, type StoreLog } from './connection.ts';
import { messageOf, oneLine, storeFault } from './fault.ts';

export interface WriterLock {
  /** @throws {FillwrightFault} `store_busy` when another engine holds it; `store_unavailable`. */
  acquire(): Promise<void>;
  /**
   * Takes a lock that was lost once more; nothing where it is held or was never asked for.
   * @throws {FillwrightFault} `store_unavailable` while it cannot be had.
   */
  ensure(): Promise<void>;
  /** Calls `callback` each time that the lock is lost without a release. Answers its removal. */
  onLost(callback: () => void): () => void;
  release(): Promise<void>;
}

/** The lock of one schema of one database; the server keeps the locks of databases apart. */
const KEY = `hashtextextended('fillwright writer ' || current_database() || '.' || $1, 0)`;

const HOLDER = `
  select activity.pid::text as backend, activity.application_name as name
  from pg_locks as lock left join pg_stat_activity as activity on activity.pid = lock.pid
  where lock.locktype = 'advisory' and lock.objsubid = 1 and lock.granted
    and lock.database = (select oid from pg_database where datname = current_database())
    and ((lock.classid::bigint << 32) | lock.objid::bigint) = ${KEY}`;

export function createWriterLock(
  address: ServerAddress,
  schema: string,
  log?: StoreLog,
): WriterLock {
  const listeners = new Set<() => void>();
  let held: pg.Client | undefined;
  let wanted = false;
  let acquiring: Promise<void> | undefined;

  function lost(client: pg.Client): void {
    if (held !== client) return;
    held = undefined;
    log?.warn({ schema }, 'The writer lock was lost with its connection.');
    for (const callback of listeners) callback();
  }

  async function take(): Promise<void> {
    const client = new pg.Client(clientConfig(address, schema));
    client.on('error', () => lost(client));
    client.on('end', () => lost(client));
    try {
      await client.connect();
      await lock(client, schema);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw storeFault(error, 'acquireWriter');
    }
    held = client;
  }

  async function acquire(): Promise<void> {
    if (held !== undefined) return;
    acquiring ??= take().finally(() => {
      acquiring = undefined;
    });
    await acquiring;
    wanted = true;
  }

  return {
    acquire,
    async ensure() {
      if (held !== undefined || !wanted) return;
      try {
        await acquire();
        log?.info({ schema }, 'The writer lock is held again.');
      } catch (error) {
        const reason = oneLine(messageOf(error));
        throw new FillwrightFault(
          'store_unavailable',
          `The writer lock was lost and is not to be had again: ${reason}.`,
          { schema },
          { cause: error },
        );
      }
    },
    onLost(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    async release() {
      wanted = false;
      await acquiring?.catch(() => undefined);
      const client = held;
      held = undefined;
      await client?.end().catch(() => undefined);
    },
  };
}

async function lock(client: pg.Client, schema: string): Promise<void> {
  const taken = await client.query<{ taken: boolean }>(
    `select pg_try_advisory_lock(${KEY}) as taken`,
    [schema],
  );
  if (taken.rows[0]?.taken === true) return;
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
