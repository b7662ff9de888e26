/**
 * What released versions left in databases, as `scripts/golden.ts` wrote it with their own code. A new
 * release adds its folder and its name here.
 */
import { readFileSync } from 'node:fs';
import { Migrator, sql } from 'kysely';
import { migrations } from '../../migrations/index.ts';
import type { ActorRow } from '../../src/actors/store-port.ts';
import { openDatabase } from '../../src/adapters/store/connection.ts';
import { type FreshStore, freshStore, withClient } from '../support/database.ts';

export const RELEASES = ['0.1.0', '0.2.0'] as const;
export type Release = (typeof RELEASES)[number];

/** Columns that came later, as their migration leaves them in old rows. */
const EMPTY = { eventHash: null, events: 0 };

/** Rows of `actor_snapshots`: every kind of actor, every state of an order. Of one engine. */
export function goldenActors(release: Release): readonly ActorRow[] {
  return linesOf<ActorRow>(release, 'actors').map((row) => ({ ...EMPTY, ...row }));
}

interface GoldenRow {
  readonly table: string;
  /** Every value as PostgreSQL wrote it. */
  readonly row: Readonly<Record<string, string | null>>;
}

/** The names are those of the server's columns. */
export function goldenRows(release: Release, table: string): readonly GoldenRow['row'][] {
  const rows = linesOf<GoldenRow>(release, 'database');
  return rows.filter((one) => one.table === table).map(({ row }) => row);
}

/** A whole database of a release, brought up to this version's tables as a start does it. */
export function goldenStore(release: Release): Promise<FreshStore> {
  return freshStore({}, async (place) => {
    await migrateAsThen(release, place);
    await withClient(place, async (client) => {
      for (const { table, row } of linesOf<GoldenRow>(release, 'database')) {
        if (table === 'kysely_migration') continue;
        const names = Object.keys(row);
        await client.query(
          `insert into ${table} (${names.join(', ')}) overriding system value
           values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
          Object.values(row),
        );
      }
      // As a restored dump: the next row gets the next number.
      await client.query(
        `select setval(pg_get_serial_sequence('actor_snapshots', 'created_order'),
           (select max(created_order) from actor_snapshots))`,
      );
    });
  });
}

async function migrateAsThen(
  release: Release,
  { url, schema }: Pick<FreshStore, 'url' | 'schema'>,
): Promise<void> {
  const names = goldenRows(release, 'kysely_migration').map(({ name }) => String(name));
  const then = Object.fromEntries(
    names.map((name) => {
      const migration = migrations[name];
      if (migration === undefined) throw new Error(`The migration ${name} is gone.`);
      return [name, migration];
    }),
  );
  const db = openDatabase(
    { address: { url }, schema, answerTimeoutMs: undefined, log: undefined },
    1,
  );
  try {
    await sql`select 1`.execute(db);
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => then },
      migrationTableSchema: schema,
    });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}

function linesOf<Row>(release: Release, name: 'actors' | 'database'): readonly Row[] {
  const url = new URL(`${release}/${name}.jsonl`, import.meta.url);
  return readFileSync(url, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
