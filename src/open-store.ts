/** Opens the database of a configuration: an outside server, or the embedded one of its data folder. */
import type { Log } from './actors/execution.ts';
import type { ServerAddress } from './adapters/store/connection.ts';
import { startEmbeddedServer } from './adapters/store/embedded-server.ts';
import {
  createPostgresStore,
  type PostgresStore,
  type PostgresStoreOptions,
} from './adapters/store/postgres-store.ts';
import type { Config } from './config.ts';

export interface OpenStore {
  readonly store: PostgresStore;
  readonly address: ServerAddress;
  /** One more store in another schema of the same server. */
  inSchema(
    schema: string,
    options?: Pick<PostgresStoreOptions, 'poolSize' | 'unshared'>,
  ): PostgresStore;
  /** Closes the store, and the embedded server unless another process uses it. */
  close(): Promise<void>;
}

/** @throws {FillwrightFault} `store_unavailable` with the place and the remedy. */
export async function openStore(
  config: Pick<Config, 'database' | 'dataFolder'>,
  log?: Pick<Log, 'info' | 'warn'>,
): Promise<OpenStore> {
  const { url, schema, leaseSeconds } = config.database;
  const server =
    url === undefined
      ? await startEmbeddedServer({
          dataFolder: config.dataFolder,
          ...(log === undefined ? {} : { log }),
        })
      : undefined;
  const address: ServerAddress =
    server === undefined ? { url: url ?? '' } : { connection: server.connection };
  const opened: PostgresStore[] = [];
  const inSchema: OpenStore['inSchema'] = (name, options = {}) => {
    const store = createPostgresStore({
      ...address,
      schema: name,
      ...(leaseSeconds === undefined ? {} : { leaseMs: leaseSeconds * 1_000 }),
      ...options,
      ...(log === undefined ? {} : { log }),
    });
    opened.push(store);
    return store;
  };
  return {
    store: inSchema(schema),
    address,
    inSchema,
    async close() {
      for (const store of opened) await store.close();
      await server?.stop();
    },
  };
}
