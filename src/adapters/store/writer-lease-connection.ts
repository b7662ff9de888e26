/** A connection of the lease's own: its renewals never wait behind what the engine writes. */
import pg from 'pg';
import { clientConfig, type StorePlace } from './connection.ts';
import { messageOf } from './fault.ts';

/** The server gives a statement of the lease up before we give the server up. */
const STATEMENT_LIMIT_MS = 8_000;
/** A taking waits this long for the writers of the one before, who need milliseconds to end. */
const UNBLOCK_AFTER_MS = 1_000;

export interface LeaseConnection {
  /**
   * Runs `work` on the connection, which is made where there is none. After a failure, or no answer
   * within `limitMs`, the next call makes another. One call at a time.
   */
  ask<T>(work: (client: pg.Client) => Promise<T>, limitMs: number): Promise<T>;
  /** As `ask`; whose transactions still keep `work` waiting after a second is ended by the server. */
  askInsisting<T>(work: (client: pg.Client) => Promise<T>, limitMs: number): Promise<T>;
  close(): Promise<void>;
}

export function openLeaseConnection(place: StorePlace): LeaseConnection {
  let current: Promise<Connected> | undefined;

  function connected(): Promise<Connected> {
    if (current !== undefined) return current;
    const connecting = connect(place, () => {
      if (current === connecting) current = undefined;
    });
    current = connecting;
    return connecting;
  }

  async function ask<T>(work: (connected: Connected) => Promise<T>, limitMs: number): Promise<T> {
    const connecting = connected();
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      limit = setTimeout(() => reject(new Error('Query read timeout')), limitMs);
    });
    try {
      return await Promise.race([connecting.then(work), late]);
    } catch (error) {
      if (current === connecting) current = undefined;
      void connecting.then(({ client }) => client.end()).catch(() => undefined);
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  return {
    ask: (work, limitMs) => ask(({ client }) => work(client), limitMs),
    askInsisting: (work, limitMs) =>
      ask(async ({ client, backend }) => {
        const timer = setTimeout(() => void unblock(place, backend), UNBLOCK_AFTER_MS);
        try {
          return await work(client);
        } finally {
          clearTimeout(timer);
        }
      }, limitMs),
    async close() {
      const open = current;
      current = undefined;
      await open?.then(({ client }) => client.end()).catch(() => undefined);
    },
  };
}

interface Connected {
  readonly client: pg.Client;
  /** The server's process. */
  readonly backend: number;
}

async function connect(place: StorePlace, onEnd: () => void): Promise<Connected> {
  const client = new pg.Client({
    ...clientConfig(place),
    statement_timeout: STATEMENT_LIMIT_MS,
  });
  client.on('error', onEnd);
  client.on('end', onEnd);
  try {
    await client.connect();
    const { rows } = await client.query<{ backend: number }>('select pg_backend_pid() as backend');
    return { client, backend: rows[0]?.backend ?? 0 };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/**
 * Ends the server's side of connections that keep a taking waiting: of a process that was stopped,
 * or cut off, in the middle of a transaction. What they had under way is taken back.
 */
async function unblock(place: StorePlace, backend: number): Promise<void> {
  const client = new pg.Client(clientConfig(place));
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(
      'select pid, pg_terminate_backend(pid) from unnest(pg_blocking_pids($1)) as pid',
      [backend],
    );
    const backends = rows.map(({ pid }) => pid);
    place.log?.warn({ backends }, 'A take-over ended the transactions that kept it waiting.');
  } catch (error) {
    const reason = messageOf(error);
    place.log?.warn({ reason }, 'A take-over waits for transactions that it may not end.');
  } finally {
    await client.end().catch(() => undefined);
  }
}
