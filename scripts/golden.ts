/**
 * Writes the golden rows of this release: what its code leaves in a database, for later releases to
 * restore. Run once, when a release is made, and never again for that release:
 *
 *     npm run build && node dist/scripts/golden.js test/golden/0.3.0
 *
 * `actors.jsonl` has a row of `actor_snapshots` on each line, one for every kind of actor and every
 * state of an order; `database.jsonl` all rows of one database that was killed while it traded.
 * Then add the release to `test/golden/releases.ts`. Golden rows are never edited: where a test of
 * them fails, the upcasters in src/actors/codec.ts are what has to change.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goldenActors } from './golden-actors.ts';
import { goldenDatabase } from './golden-database.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node dist/scripts/golden.js FOLDER\n');
  process.exit(2);
}
await mkdir(folder, { recursive: true });
await writeLines(join(folder, 'actors.jsonl'), goldenActors());
await writeLines(join(folder, 'database.jsonl'), await goldenDatabase());

async function writeLines(path: string, rows: readonly object[]): Promise<void> {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  // A golden file is written once: what was released cannot be released again.
  await writeFile(path, text, { flag: 'wx' });
  process.stderr.write(`${path}: ${rows.length} rows\n`);
}
