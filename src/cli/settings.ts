/** The configuration of a command, and the store of the commands that only read. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../actors/execution.ts';
import { createLog, type LogOptions } from '../adapters/log.ts';
import type { PostgresStore } from '../adapters/store/postgres-store.ts';
import { type Config, readConfig } from '../config.ts';
import { FillwrightFault } from '../domain/faults.ts';
import { openStore } from '../open-store.ts';
import type { GlobalOptions } from './io.ts';

/** Where the configurations of this package lie, seen from `dist/src/cli`. */
const OWN_FOLDER = new URL('../../../config/', import.meta.url);

/** The configuration that was named, or else the package's own. */
export function loadConfig(
  options: Pick<GlobalOptions, 'config'>,
  otherwise: 'start.yaml' | 'replay.yaml' = 'start.yaml',
): Promise<Config> {
  return readConfig(options.config ?? fileURLToPath(new URL(otherwise, OWN_FOLDER)));
}

/** The log of a command. `write` takes the lines in place of standard error. */
export function commandLog(
  config: Pick<Config, 'log'>,
  options: Pick<GlobalOptions, 'quiet' | 'debug'>,
  write?: LogOptions['write'],
): Log {
  const level = options.debug ? 'debug' : options.quiet ? 'error' : config.log.level;
  return createLog({ ...config.log, level, ...(write === undefined ? {} : { write }) });
}

/**
 * Gives `work` the store to read, whether an engine runs on it or not: the right to write is not
 * taken. An embedded server is started for it when none runs, and stopped again.
 *
 * @throws {FillwrightFault} `store_unavailable`, also when there is no database yet, or no tables in
 * it.
 */
export async function withStore<T>(
  config: Config,
  options: GlobalOptions,
  work: (store: PostgresStore) => Promise<T>,
): Promise<T> {
  const folder = join(config.dataFolder, 'postgres');
  if (config.database.url === undefined && !existsSync(folder)) {
    throw new FillwrightFault(
      'store_unavailable',
      `There is no database in ${config.dataFolder} yet: start with "fillwright run", or name another one with --config or DATABASE_URL.`,
      { dataFolder: config.dataFolder },
    );
  }
  const log = commandLog({ log: { ...config.log, level: 'error' } }, options);
  const opened = await openStore(config, log);
  try {
    return await work(opened.store);
  } catch (error) {
    throw isWithoutTables(error) ? withoutTables(config, error) : error;
  } finally {
    await opened.close();
  }
}

/** PostgreSQL's code of a table that is not there. */
const UNDEFINED_TABLE = '42P01';

function isWithoutTables(error: unknown): boolean {
  return error instanceof FillwrightFault && error.facts.code === UNDEFINED_TABLE;
}

function withoutTables({ database, dataFolder }: Config, cause: unknown): FillwrightFault {
  const { url, schema } = database;
  const place = url === undefined ? `the database of ${dataFolder}` : 'the database';
  return new FillwrightFault(
    'store_unavailable',
    `There are no tables, or not all of them, in schema ${schema} of ${place} yet: start with "fillwright run" or "fillwright migrate", or name another one with --config or DATABASE_URL.`,
    { schema },
    { cause },
  );
}
