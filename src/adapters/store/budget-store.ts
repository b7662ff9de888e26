/** Reads of budgets for people, and for a key that was used before. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { BudgetFilter, BudgetRow } from '../../actors/store-port.ts';
import * as tables from './tables.ts';

const DEFAULT_BUDGETS = 100;
const MAX_ROWS = 10_000;

export async function budgets(
  db: Kysely<unknown>,
  filter: BudgetFilter = {},
): Promise<readonly BudgetRow[]> {
  const { open, owner, id, key, limit = DEFAULT_BUDGETS } = filter;
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (open === true) conditions.push(sql`state = 'open'`);
  if (owner !== undefined) conditions.push(sql`owner = ${owner}`);
  if (key !== undefined) conditions.push(sql`key = ${key}`);
  if (id !== undefined) {
    conditions.push(sql`budget_id like ${`${id.replace(/[\\%_]/g, '\\$&')}%`}`);
  }
  const found = await sql<BudgetRow>`select ${tables.budgets.columns} from budgets
    where ${sql.join(conditions, sql` and `)}
    order by opened_at_ms desc, budget_id desc
    limit ${Math.max(0, Math.min(MAX_ROWS, Math.trunc(limit)))}`.execute(db);
  return found.rows;
}
