/** Checks of this machine: the database and the disk. */
import { mkdir, statfs } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { openStore } from '../open-store.ts';
import { type Check, fail, ok, warn } from './checks.ts';

const MEGABYTE = 1_048_576;
/** A busy day writes some hundred megabytes of log and evidence. */
const ENOUGH_MB = 2_048;
/** The database's own log takes up to a gigabyte at a time. */
const LEAST_MB = 512;

export function databaseCheck(config: Config): Check {
  const { url, schema } = config.database;
  const place = url === undefined ? `embedded in ${config.dataFolder}` : 'DATABASE_URL';
  return {
    name: 'database',
    fix:
      url === undefined
        ? 'see what the message names; docs/persistence.md, "Trouble"'
        : 'start the server, or correct DATABASE_URL',
    async run() {
      const opened = await openStore(config);
      try {
        const applied = await opened.store.migrate();
        const done = applied.length === 0 ? 'up to date' : `migrated: ${applied.join(', ')}`;
        return ok(`${place}, schema ${schema}, ${done}`);
      } finally {
        await opened.close();
      }
    },
  };
}

export function diskCheck({ dataFolder }: Config): Check {
  return {
    name: 'disk',
    fix: `make ${dataFolder} a folder that can be written`,
    async run() {
      await mkdir(dataFolder, { recursive: true });
      const { bavail, bsize } = await statfs(dataFolder);
      const freeMb = Math.floor((bavail * bsize) / MEGABYTE);
      const detail = `${freeMb} MB free for ${dataFolder}`;
      const remedy = 'free some space, or move dataFolder to a larger disk';
      if (freeMb < LEAST_MB) return fail(detail, remedy);
      return freeMb < ENOUGH_MB ? warn(detail, remedy) : ok(detail);
    },
  };
}
