/** Budgets: dollars kept back for the work of one owner; and their account in the double entry. */
import { type Kysely, sql } from 'kysely';

const BUDGETS = `
create table budgets (
  budget_id text collate "C" primary key,
  account_id text collate "C" not null,
  key text collate "C" not null unique,
  owner text collate "C" not null,
  amount_usd numeric not null,
  reason text not null,
  by text not null,
  state text not null check (state in ('open', 'committed', 'released', 'expired')),
  spent_usd numeric not null,
  committed_usd numeric not null,
  held_usd numeric not null,
  remaining_usd numeric not null check (remaining_usd >= 0),
  commits json not null,
  opened_at_ms bigint not null,
  expires_at_ms bigint not null,
  ended_at_ms bigint,
  ended_by text
);
create index budgets_newest on budgets (opened_at_ms);
create index budgets_open on budgets (opened_at_ms) where state = 'open';
comment on table budgets is 'Dollars of the account that only orders of one owner may use. Follows from the log.';
comment on column budgets.key is 'Names the request for ever: the same key is the same budget.';
comment on column budgets.owner is 'The strategy whose intents may use it.';
comment on column budgets.spent_usd is 'What fills of its orders have cost, fees included.';
comment on column budgets.committed_usd is 'spent_usd and what was committed by word.';
comment on column budgets.held_usd is 'Reserved by its orders that work; part of the reserved cash.';
comment on column budgets.remaining_usd is 'amount less committed less held, at least 0; 0 once it has ended.';
comment on column budgets.commits is 'What was committed by word: how much, by whom, why.';
comment on column budgets.ended_by is 'Who committed or released it; engine: its time was over.';
`;

const POSTINGS = `
alter table postings add column budgets_usd numeric not null default 0;
alter table postings drop constraint postings_check;
alter table postings add constraint postings_check check
  (cash_usd + reserved_usd + budgets_usd + shares_usd + fees_usd + pnl_usd + external_usd = 0);
comment on column postings.budgets_usd is 'What remains of open budgets: cash that only their owners may use.';
`;

/** Creates the table in the first schema of the search path, and the ledger's column. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(BUDGETS).execute(db);
  await sql.raw(POSTINGS).execute(db);
}

/** Drops both. What was in budgets is free cash in the postings again. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table postings drop constraint postings_check;
update postings set cash_usd = cash_usd + budgets_usd where budgets_usd <> 0;
alter table postings drop column budgets_usd;
alter table postings add constraint postings_check check
  (cash_usd + reserved_usd + shares_usd + fees_usd + pnl_usd + external_usd = 0);
drop table budgets;
`)
    .execute(db);
}
