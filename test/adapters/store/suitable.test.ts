/** What a database must be like, and what the store sees to itself. */

import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrations } from '../../../migrations/index.ts';
import { openDatabase } from '../../../src/adapters/store/connection.ts';
import { createPostgresStore } from '../../../src/adapters/store/postgres-store.ts';
import { databaseUrl } from '../../support/database.ts';

let admin: pg.Client;
let name: string;
beforeEach(async () => {
  name = `test_${randomBytes(6).toString('hex')}`;
  admin = new pg.Client({ connectionString: databaseUrl() });
  await admin.connect();
});
afterEach(async () => {
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`drop role if exists ${name}`);
  await admin.end();
  // It waits for a checkpoint of all that the other suites have written.
}, 300_000);

/** The URL of `database` on this server, with settings for its connections. */
function urlOf(database: string | undefined, options: string): string {
  const url = new URL(databaseUrl());
  if (database !== undefined) url.pathname = `/${database}`;
  url.searchParams.set('options', options);
  return url.href;
}

/** Migrates a store at `url` and closes it. */
async function migrated(url: string): Promise<readonly string[]> {
  const store = createPostgresStore({ url, schema: 'suitable' });
  try {
    return await store.migrate();
  } finally {
    await store.close();
  }
}

test('a user without temporary tables is refused at the start, with the remedy', async () => {
  await admin.query(`create database ${name}`);
  await admin.query(`create role ${name}`);
  await admin.query(`grant create on database ${name} to ${name}`);
  await admin.query(`revoke temporary on database ${name} from public`);
  const url = urlOf(name, `-c role=${name}`);
  const remedy = `grant temporary on database "${name}" to "${name}"`;
  await expect(migrated(url)).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining(remedy),
  });
  await admin.query(remedy);
  expect(await migrated(url)).toEqual(Object.keys(migrations));
});

test('a database that keeps no Unicode is refused before anything is made', async () => {
  await admin.query(
    `create database ${name} encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`,
  );
  await expect(migrated(urlOf(name, ''))).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringMatching(/keeps text as LATIN1, expected UTF8/),
  });
});

test.each([
  ['off', 'on'],
  ['local', 'local'],
  ['on', 'on'],
])('a server that acknowledges with %s is asked for %s', async (server, expected) => {
  const url = urlOf(undefined, `-c synchronous_commit=${server}`);
  const db = openDatabase({ address: { url }, schema: 'public' }, 1);
  try {
    const shown = await sql<object>`show synchronous_commit`.execute(db);
    expect(shown.rows).toEqual([{ synchronous_commit: expected }]);
  } finally {
    await db.destroy();
  }
});
