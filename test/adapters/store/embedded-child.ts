/**
 * A process that uses an embedded server, for suites that kill it. Compiled by them and run with
 * the data folder as argument; says and hears one JSON value per line.
 */
import { createInterface } from 'node:readline';
import pg from 'pg';
import { startEmbeddedServer } from '../../../src/adapters/store/embedded-server.ts';

/** What the process says: after its start, then one for each line it hears. */
export type ChildAnswer =
  | { readonly kind: 'ready'; readonly started: boolean; readonly url: string }
  | { readonly kind: 'rows'; readonly rows: readonly object[] }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** What it hears: SQL to run, or the word to stop the server and end. */
export type ChildCommand = { readonly sql: string } | 'stop';

function say(answer: ChildAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function query(url: string, text: string): Promise<readonly object[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `fillwright/${process.pid}`,
  });
  await client.connect();
  try {
    return (await client.query<object>(text)).rows;
  } finally {
    await client.end();
  }
}

async function main(dataFolder: string): Promise<void> {
  const server = await startEmbeddedServer({ dataFolder });
  const stop = async () => {
    await server.stop();
    say({ kind: 'stopped' });
    process.exit(0);
  };
  process.on('SIGINT', async () => {
    say({ kind: 'rows', rows: await query(server.url, 'select 1 as written') });
    await stop();
  });
  say({ kind: 'ready', started: server.started, url: server.url });
  for await (const line of createInterface({ input: process.stdin })) {
    const command: ChildCommand = JSON.parse(line);
    if (command === 'stop') await stop();
    else say({ kind: 'rows', rows: await query(server.url, command.sql) });
  }
}

const [, , dataFolder = ''] = process.argv;
main(dataFolder).catch((error: unknown) => {
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const message = error instanceof Error ? error.message : String(error);
  say({ kind: 'failed', code: String(code), message });
  process.exit(1);
});
