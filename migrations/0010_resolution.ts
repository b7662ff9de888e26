/** The end of markets: what positions are paid, and what of it is still owed. */
import { type Kysely, sql } from 'kysely';

const POSITIONS = `
alter table positions
  add column state text not null default 'flat',
  add column payout numeric,
  add column resolved_at_ms bigint,
  add column redeemable_usd numeric not null default 0,
  add column redeemed_size numeric not null default 0,
  add column redeemed_usd numeric not null default 0;
update positions set state = case when size = 0 then 'flat' else 'open' end;
comment on column positions.state is 'flat, open, redeemable, redeemed or closed. From redeemable on its market is resolved.';
comment on column positions.size is 'Signed: positive is LONG. Of a resolved market those that wait to be redeemed.';
comment on column positions.payout is 'Dollars that a share pays; null while its market is traded.';
comment on column positions.redeemable_usd is 'What a redemption would pay now. Not cash.';
comment on column positions.redeemed_usd is 'Collateral that came for redeemed_size shares.';
`;

const LEDGER = `
alter table ledger_entries drop constraint ledger_entries_kind_check;
alter table ledger_entries add constraint ledger_entries_kind_check
  check (kind in ('deposit', 'fill', 'fee', 'fillVoided', 'feeVoided', 'redemption'));
`;

const POSTINGS = `
alter table postings add column redeemable_usd numeric not null default 0;
alter table postings drop constraint postings_check;
alter table postings add constraint postings_check check
  (cash_usd + reserved_usd + budgets_usd + shares_usd + fees_usd + pnl_usd + external_usd + redeemable_usd = 0);
comment on column postings.redeemable_usd is 'What resolved markets owe: shares at their payout, until they are redeemed.';
`;

/** Changes the tables in the first schema of the search path. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const part of [POSITIONS, LEDGER, POSTINGS]) await sql.raw(part).execute(db);
}

/** Takes it back; fails where something has been redeemed, which the older tables cannot say. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table postings drop constraint postings_check;
alter table postings drop column redeemable_usd;
alter table postings add constraint postings_check check
  (cash_usd + reserved_usd + budgets_usd + shares_usd + fees_usd + pnl_usd + external_usd = 0);
alter table ledger_entries drop constraint ledger_entries_kind_check;
alter table ledger_entries add constraint ledger_entries_kind_check
  check (kind in ('deposit', 'fill', 'fee', 'fillVoided', 'feeVoided'));
alter table positions drop column state, drop column payout, drop column resolved_at_ms,
  drop column redeemable_usd, drop column redeemed_size, drop column redeemed_usd;
`)
    .execute(db);
}
