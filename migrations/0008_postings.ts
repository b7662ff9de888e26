/** Double entry: what each turn moved between the accounts of the ledger. */
import { type Kysely, sql } from 'kysely';

const POSTINGS = `
create table postings (
  seq bigint primary key,
  account_id text collate "C" not null,
  kind text not null check (kind in ('opening', 'turn')),
  cash_usd numeric not null,
  reserved_usd numeric not null,
  shares_usd numeric not null,
  fees_usd numeric not null,
  pnl_usd numeric not null,
  external_usd numeric not null,
  at_ms bigint not null,
  check (cash_usd + reserved_usd + shares_usd + fees_usd + pnl_usd + external_usd = 0)
);
comment on table postings is 'Double entry: one balanced row for each turn that moved money. Rows are never changed. Follows from the log.';
comment on column postings.seq is 'The journal input of the turn.';
comment on column postings.kind is 'opening: what older programs left, at the first start of one that keeps postings.';
comment on column postings.cash_usd is 'Free cash. Increases are positive, as in every asset and expense.';
comment on column postings.reserved_usd is 'Cash held back for working BUY orders.';
comment on column postings.shares_usd is 'Shares at what they cost.';
comment on column postings.fees_usd is 'Fees paid.';
comment on column postings.pnl_usd is 'Result of what was closed, before fees. A profit is negative, as every income.';
comment on column postings.external_usd is 'Deposits, negative: they came from outside.';
`;

/** Creates the table in the first schema of the search path. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(POSTINGS).execute(db);
}

/** Drops the table. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table postings`.execute(db);
}
