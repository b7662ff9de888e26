/** What a replay leaves behind, on an embedded server of its own. */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { openStore } from '../src/open-store.ts';
import { replay } from '../src/replay.ts';
import { climbingGame } from './cli/recording.ts';

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-replay-'));
  // Root's server runs as another user, who must get in.
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

test('a replay that cannot drop its schema stops the embedded server all the same', async () => {
  const config = parseConfig(`dataFolder: "${join(folder, 'data')}"`, 'replay.yaml');
  const recording = join(folder, 'game.jsonl');
  await writeFile(recording, climbingGame());
  const opened = await openStore(config);
  if (!('connection' in opened.address)) throw new Error('expected the embedded server');
  const client = new pg.Client(opened.address.connection);
  await client.connect();
  await client.query(`
    create function refuse() returns event_trigger language plpgsql
      as $$ begin raise exception 'schemas stay'; end $$;
    create event trigger keep on ddl_command_start when tag in ('DROP SCHEMA')
      execute function refuse()`);
  await client.end();
  await opened.close();

  await expect(replay(config, recording, { log, strategies: [] })).rejects.toThrow('schemas stay');
  const pidFile = join(config.dataFolder, 'postgres', 'cluster', 'postmaster.pid');
  expect(existsSync(pidFile)).toBe(false);
});
