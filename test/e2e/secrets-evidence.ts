/** Everything that a process wrote, said or kept, to be searched for what must not be in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Client } from 'pg';
import { WebSocket } from 'ws';
import { startEmbeddedServer } from '../../src/adapters/store/embedded-server.ts';
import type { RunningCli } from '../cli/cli-process.ts';
import { withClient } from '../support/database.ts';

export interface Evidence {
  keep(place: string, text: string): void;
  /** Where a text is, in any spelling. */
  placesOf(text: string): readonly string[];
  /** Keeps what a command said, when it has ended; answers its exit code. */
  keepOutput(name: string, running: RunningCli): Promise<number | null>;
  /** Keeps every message of a run's inspector, from the moment that its address is said. */
  watchInspector(running: RunningCli): Promise<void>;
  /** Keeps every file of a data folder and every row of its database; not what the sandbox remembers. */
  keepFolder(dataFolder: string): Promise<void>;
}

export function createEvidence(): Evidence {
  // Lower case: a key is a key in any spelling.
  const kept = new Map<string, string[]>();

  function keep(place: string, text: string): void {
    const texts = kept.get(place) ?? [];
    texts.push(text.toLowerCase());
    kept.set(place, texts);
  }

  return {
    keep,
    placesOf(text) {
      const wanted = text.toLowerCase();
      const isIn = (texts: readonly string[]) => texts.some((one) => one.includes(wanted));
      return [...kept].filter(([, texts]) => isIn(texts)).map(([place]) => place);
    },
    async keepOutput(name, running) {
      const { code, stdout, stderr } = await running.ended;
      keep(`${name}: standard output`, stdout);
      keep(`${name}: standard error`, stderr);
      return code;
    },
    async watchInspector(running) {
      const socket = new WebSocket(await inspectorOf(running));
      socket.on('error', () => undefined);
      socket.on('message', (data) => keep('inspector', String(data)));
      await new Promise((resolve) => socket.once('open', resolve));
    },
    async keepFolder(dataFolder) {
      await withTables(dataFolder, async (client) => {
        const tables = await client.query<{ name: string }>(
          `select table_name as name from information_schema.tables where table_schema = 'public'`,
        );
        for (const { name } of tables.rows) {
          // A row as text has every column in it, whatever its type.
          const { rows } = await client.query<{ row: string }>(`select t::text row from ${name} t`);
          keep(`table ${name}`, rows.map(({ row }) => row).join('\n'));
        }
      });
      for (const entry of readdirSync(dataFolder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.name === 'sandbox.json') continue;
        const path = join(entry.parentPath, entry.name);
        keep(
          `file ${basename(dataFolder)}${path.slice(dataFolder.length)}`,
          readFileSync(path, 'latin1'),
        );
      }
    },
  };
}

/** The websocket address that a run says. */
function inspectorOf({ child, ended }: RunningCli): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', function look(text: string) {
      said += text;
      const address = /The inspector is at http:(\S+)\.\n/.exec(said)?.[1];
      if (address === undefined) return;
      child.stderr?.off('data', look);
      resolve(`ws:${address}`);
    });
    void ended.then(() => reject(new Error(`It ended without an inspector: ${said}`)));
  });
}

/** Looks into the embedded database of a data folder, which is started for it. */
export async function withTables<T>(
  dataFolder: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const server = await startEmbeddedServer({ dataFolder });
  try {
    return await withClient({ url: server.url, schema: 'public' }, work);
  } finally {
    await server.stop();
  }
}
