/** Connections to the server: one way to make them, so that every one reads values alike. */
import {
  type DatabaseIntrospector,
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  type SchemaMetadata,
  sql,
  type TableMetadata,
} from 'kysely';
import pg from 'pg';
import { FillwrightFault } from '../../domain/faults.ts';
import { CopyInput, copyIn, endNow, isSilence } from './copy.ts';

/** The part of a logger that the store uses. */
export interface StoreLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** A server by its parts. `host` may be the folder of a Unix socket. */
export interface ServerConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
}

/** A server as a URL, or by its parts. */
export type ServerAddress = { readonly url: string } | { readonly connection: ServerConnection };

/** Where a store lives, and how its connections behave. */
export interface StorePlace {
  readonly address: ServerAddress;
  readonly schema: string;
  /** A server that has not answered a statement by then has gone silent. Default 70,000. */
  readonly answerTimeoutMs?: number | undefined;
  readonly log?: StoreLog | undefined;
}

/** A server that has not answered by then is treated as gone. */
const CONNECT_TIMEOUT_MS = 5_000;
/** No statement of ours takes seconds; one that takes this long hangs on a lock or a dead disk. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** Later than the server's own limit: only a server that has gone silent runs into it. */
const ANSWER_TIMEOUT_MS = 70_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

const INT8 = 20;
const INT4 = 23;
const BOOL = 16;
const NUMERIC = 1700;

/** Column values by type: exact or refused, never rounded. All other types stay text. */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number) {
    if (oid === NUMERIC) return plainDecimal;
    if (oid === INT8) return safeInteger;
    if (oid === INT4) return Number;
    if (oid === BOOL) return (text: string) => text === 't';
    return (text: string) => text;
  },
};

/** `numeric` keeps the zeros it was given; at rest there is one text for one value. */
function plainDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new FillwrightFault('corrupt_row', `The store holds ${text}, which is no safe integer.`, {
    value: text,
  });
}

/** Settings of one connection that works in the schema of `place`. */
export function clientConfig(place: StorePlace): pg.ClientConfig {
  return {
    ...withSearchPath(place.address, place.schema),
    types: columnTypes,
    application_name: `fillwright/${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: place.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  };
}

/** A URL's own `options` win over ours in the driver; so both go into one. */
function withSearchPath(address: ServerAddress, schema: string): pg.ClientConfig {
  const searchPath = `-c search_path=${quoteIdentifier(schema).replace(/[\\ ]/g, '\\$&')}`;
  if ('connection' in address) return { ...address.connection, options: searchPath };
  const [base = '', query = ''] = address.url.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const options = [parameters.get('options'), searchPath].filter((part) => part !== null);
  parameters.delete('options');
  const rest = parameters.toString();
  return {
    connectionString: rest === '' ? base : `${base}?${rest}`,
    options: options.join(' '),
  };
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A pool whose connect timeout is per connection: the driver would also apply it to the wait for
 * a free connection, and a long queue is no reason to fail.
 */
function createPool(place: StorePlace, size: number): pg.Pool {
  const config = clientConfig(place);
  class StoreClient extends pg.Client {
    constructor() {
      super(config);
    }
  }
  const pool = new pg.Pool({ max: size, idleTimeoutMillis: 0, Client: StoreClient });
  // Without a listener the loss of a connection would end the process. The next call reconnects.
  pool.on('error', (error) =>
    place.log?.warn({ reason: error.message }, 'The store lost an idle connection.'),
  );
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * A server, a database or a role may be set to acknowledge what is not on disk yet. Only `off` is
 * raised: a stricter setting, or a weaker kind of replication, is the owner's choice.
 */
const MAKE_DURABLE = `select set_config('synchronous_commit', 'on', false)
  where current_setting('synchronous_commit') = 'off'`;

/** Hands connections to Kysely and throws away those whose server has gone silent. */
function poolForKysely(pool: pg.Pool): PostgresPool {
  const durable = new WeakSet<pg.PoolClient>();
  return {
    async connect() {
      const client = await pool.connect();
      if (durable.has(client)) return clientForKysely(client);
      try {
        await client.query(MAKE_DURABLE);
      } catch (error) {
        client.release(true);
        throw error;
      }
      durable.add(client);
      return clientForKysely(client);
    },
    end: () => pool.end(),
  };
}

function clientForKysely(client: pg.PoolClient): PostgresPoolClient {
  let silent = false;
  async function ask(text: string, values: readonly unknown[]): Promise<unknown> {
    const [first] = values;
    try {
      if (first instanceof CopyInput) {
        await copyIn(client, text, first.chunks);
        return { command: 'COPY', rowCount: 0, rows: [] };
      }
      return await client.query(text, [...values]);
    } catch (error) {
      // The answer may still come; it must not be taken for that of the next query.
      // Ended at once, a ROLLBACK after it fails without waiting for that server again.
      if (isSilence(error)) {
        silent = true;
        endNow(client);
      }
      throw error;
    }
  }
  function query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  function query(query: unknown, values: readonly unknown[] = []): unknown {
    if (typeof query === 'string') return ask(query, values);
    throw new TypeError('The store reads in pages, never through a cursor.');
  }
  return { query, release: () => client.release(silent) };
}

/**
 * The migrator asks what exists. Kysely's own answer describes every table of every schema, which
 * is slow in a full database and fails when another schema is dropped meanwhile.
 */
class SchemaIntrospector implements DatabaseIntrospector {
  readonly #db: Kysely<unknown>;

  constructor(db: Kysely<unknown>) {
    this.#db = db;
  }

  async getSchemas(): Promise<SchemaMetadata[]> {
    const found = await sql<SchemaMetadata>`select nspname as name from pg_namespace`.execute(
      this.#db,
    );
    return found.rows;
  }

  async getTables(): Promise<TableMetadata[]> {
    const found = await sql<{ name: string; schema: string }>`
      select tablename as name, schemaname as schema from pg_tables
      where schemaname = current_schema()`.execute(this.#db);
    return found.rows.map((table) => ({ ...table, isView: false, columns: [] }));
  }

  async getMetadata(): Promise<{ tables: TableMetadata[] }> {
    return { tables: await this.getTables() };
  }
}

class StoreDialect extends PostgresDialect {
  override createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SchemaIntrospector(db);
  }
}

/** A Kysely over `size` connections to `place`. Connects when first used. */
export function openDatabase(place: StorePlace, size: number): Kysely<unknown> {
  const pool = poolForKysely(createPool(place, size));
  return new Kysely<unknown>({ dialect: new StoreDialect({ pool }) });
}
