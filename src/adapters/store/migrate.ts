/** Making the tables, after a look at whether this database can keep them as they are meant. */
import { type Kysely, Migrator, sql } from 'kysely';
import { migrations } from '../../../migrations/index.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import { quoteIdentifier } from './connection.ts';

/**
 * Applies missing migrations in one transaction; several processes may do so at once.
 * @throws {FillwrightFault} `invalid_config`, before anything is made, when the database keeps no
 * Unicode or when this user may make no temporary tables there.
 */
export async function migrate(db: Kysely<unknown>, schema: string): Promise<readonly string[]> {
  await assertSuitable(db);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableSchema: schema,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return (results ?? []).map((result) => result.migrationName);
}

interface Suitability {
  readonly database: string;
  readonly user: string;
  readonly encoding: string;
  readonly temporary: boolean;
}

/** Here, and not at the first text or the first large projection, which may come much later. */
async function assertSuitable(db: Kysely<unknown>): Promise<void> {
  const found = await sql<Suitability>`
    select current_database()::text as database, current_user::text as "user",
      current_setting('server_encoding') as encoding,
      has_database_privilege(current_database(), 'TEMPORARY') as temporary`.execute(db);
  const [first] = found.rows;
  if (first === undefined) return;
  const { database, user, encoding, temporary } = first;
  const name = quoteIdentifier(database);
  if (encoding !== 'UTF8') {
    throw new FillwrightFault(
      'invalid_config',
      `The database ${name} keeps text as ${encoding}, expected UTF8: make one with "create database … encoding 'UTF8' template template0".`,
      { database, encoding },
    );
  }
  if (temporary) return;
  throw new FillwrightFault(
    'invalid_config',
    `The user ${quoteIdentifier(user)} may make no temporary tables, which large writes go through: run "grant temporary on database ${name} to ${quoteIdentifier(user)}".`,
    { database, user },
  );
}
