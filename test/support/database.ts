/** Stores for suites: each in a schema of its own on the server that the whole run shares. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import {
  createPostgresStore,
  type PostgresStore,
  type PostgresStoreOptions,
} from '../../src/adapters/store/postgres-store.ts';

type FreshOptions = Pick<PostgresStoreOptions, 'poolSize' | 'log' | 'leaseMs' | 'leaseTime'>;

export interface FreshStore {
  /** Migrated and empty. */
  readonly store: PostgresStore;
  readonly url: string;
  readonly schema: string;
  /** One more store on the same schema, as another process would have. */
  open(options?: FreshOptions): PostgresStore;
  /** Closes every store and drops the schema. */
  dispose(): Promise<void>;
}

/** URL of the server of this run: DATABASE_URL, or the embedded one. */
export function databaseUrl(): string {
  const url: string | undefined = inject('databaseUrl');
  if (url !== undefined) return url;
  throw new Error('No database: vitest.config.ts must name test/support/global-database.ts.');
}

/**
 * A store in a new schema with a random name. Dispose of it when the test is over. `fill` puts what an
 * older program left there into the schema, which does not exist yet.
 */
export async function freshStore(
  options: FreshOptions = {},
  fill?: (place: Pick<FreshStore, 'url' | 'schema'>) => Promise<void>,
): Promise<FreshStore> {
  const url = databaseUrl();
  const schema = `test_${randomBytes(6).toString('hex')}`;
  const opened: PostgresStore[] = [];
  const open: FreshStore['open'] = (more = {}) => {
    const store = createPostgresStore({ url, schema, ...more });
    opened.push(store);
    return store;
  };
  const store = open(options);
  await fill?.({ url, schema });
  await store.migrate();
  return {
    store,
    url,
    schema,
    open,
    async dispose() {
      await Promise.all(opened.map((one) => one.close()));
      const last = createPostgresStore({ url, schema, poolSize: 1 });
      await last.dropSchema();
      await last.close();
    },
  };
}

/** Runs `work` with a plain connection to the schema, to look or to interfere from outside. */
export async function withClient<T>(
  { url, schema }: Pick<FreshStore, 'url' | 'schema'>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'outsider' });
  await client.connect();
  try {
    await client.query(`set search_path = ${schema}`);
    return await work(client);
  } finally {
    await client.end();
  }
}
