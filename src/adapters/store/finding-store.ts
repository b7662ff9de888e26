/** Findings and reconciliation documents: reads for people, and the document's own write. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type {
  FindingFilter,
  FindingRow,
  LegRow,
  ReconciliationRow,
} from '../../actors/store-port.ts';
import * as tables from './tables.ts';

/** A week of passes each minute; some hundred bytes each where nothing is found. */
export const MAX_RECONCILIATIONS = 10_000;
/** What a page of findings holds unless asked otherwise. */
const DEFAULT_FINDINGS = 100;
/** The most rows that one read for people answers. */
const MAX_ROWS = 10_000;
/** Each is a finding that a person must look at: more than this nobody does. */
const MAX_CONFLICTS = 1_000;

type Database = Kysely<unknown>;

export async function conflictedLegs(db: Database): Promise<readonly LegRow[]> {
  const found = await sql<LegRow>`select ${tables.legs.columns} from fill_legs
    where conflicted order by matched_at_ms desc, leg_key desc limit ${MAX_CONFLICTS}`.execute(db);
  return found.rows;
}

export async function findings(
  db: Database,
  filter: FindingFilter = {},
): Promise<readonly FindingRow[]> {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (filter.open === true) conditions.push(sql`state = 'open'`);
  if (filter.id !== undefined) {
    conditions.push(sql`finding_id like ${`${filter.id.replace(/[\\%_]/g, '\\$&')}%`}`);
  }
  const found = await sql<FindingRow>`select ${tables.findings.columns} from findings
    where ${sql.join(conditions, sql` and `)}
    order by opened_at_ms desc, finding_id
    limit ${bounded(filter.limit ?? DEFAULT_FINDINGS)}`.execute(db);
  return found.rows;
}

export async function reconciliations(
  db: Database,
  limit: number,
): Promise<readonly ReconciliationRow[]> {
  const found = await sql<ReconciliationRow>`select ${tables.reconciliations.columns}
    from reconciliations order by id desc limit ${bounded(limit)}`.execute(db);
  return found.rows;
}

/** Ids only grow, so those beyond the newest numbers are beyond the newest rows too. */
export async function keepReconciliation(db: Database, row: ReconciliationRow): Promise<void> {
  await tables.reconciliations.insert([row]).execute(db);
  await sql`delete from reconciliations
    where id <= (select max(id) from reconciliations) - ${MAX_RECONCILIATIONS}`.execute(db);
}

function bounded(limit: number): number {
  return Math.max(0, Math.min(MAX_ROWS, Math.trunc(limit)));
}
