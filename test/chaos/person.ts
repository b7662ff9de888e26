/** The named person of a run: settles what no evidence can end, with the exchange's ledger in hand. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './database.ts';
import { unknownAndAbsent } from './read-books.ts';
import type { World } from './world.ts';

export interface Person {
  /** The file by which the strategies are told. */
  readonly path: string;
  readonly settled: readonly Row[];
  /** Looks for orders that are unknown, older than this and absent at the exchange. */
  look(ageMs: number): Promise<void>;
}

export function createPerson({ folder, database, sandbox }: World): Person {
  const path = join(folder, 'settle.txt');
  const settled = new Map<string, Row>();
  return {
    path,
    get settled() {
      return [...settled.values()];
    },
    async look(ageMs) {
      for (const row of await unknownAndAbsent(database, await sandbox.ledger(), ageMs)) {
        const id = row.client_order_id ?? '';
        if (settled.has(id)) continue;
        settled.set(id, row);
        appendFileSync(path, `${id}\n`);
      }
    },
  };
}
