/**
 * Reconciliation: what differs between our books and the venue's, and the document of each
 * comparison. External orders and trades are shown as such and are in nobody's books.
 */
import { type Kysely, sql } from 'kysely';

const FINDINGS = `
create table findings (
  finding_id text collate "C" not null,
  kind text not null,
  subject text collate "C" not null,
  instrument_id text collate "C",
  severity text not null,
  state text not null,
  summary text not null,
  ours json not null,
  theirs json not null,
  evidence json not null,
  action json not null,
  opened_at_ms bigint not null,
  seen_at_ms bigint not null,
  closed_at_ms bigint,
  closed_by text,
  why text,
  gone_at_ms bigint,
  primary key (finding_id, opened_at_ms)
);
create index findings_newest on findings (opened_at_ms);
create index findings_open on findings (opened_at_ms) where state = 'open';
comment on table findings is 'Differences between our books and the venue''s that have lasted. Follows from the log.';
comment on column findings.finding_id is 'Follows from kind and subject: the same difference has the same id.';
comment on column findings.state is 'open, applied (it is gone), approved or dismissed (a person''s word).';
comment on column findings.seen_at_ms is 'When what was found last changed.';
comment on column findings.gone_at_ms is 'When the difference was no longer there; null while it is.';
`;

const RECONCILIATIONS = `
create table reconciliations (
  id bigint generated always as identity primary key,
  started_at_ms bigint not null,
  duration_ms bigint not null,
  reason text not null,
  complete boolean not null,
  applied integer not null,
  open_findings integer not null,
  critical_findings integer not null,
  body json not null
);
comment on table reconciliations is 'One document for each comparison with the venue. Evidence: nothing is read from here. The oldest go.';
comment on column reconciliations.reason is 'start, reconnect, interval or asked.';
comment on column reconciliations.complete is 'False: something was not answered; nothing was concluded from that part.';
comment on column reconciliations.applied is 'Legs and reports that were taken in.';
`;

const POSITIONS = `
alter table positions add column reconciliation_required boolean not null default false;
comment on column positions.reconciliation_required is 'An open finding says that this may not be what is held.';
create index fill_legs_conflicted on fill_legs (matched_at_ms, leg_key) where conflicted;
`;

const EXTERNAL = `
create view external_orders as
  select subject as venue_order_id, instrument_id, theirs->>'side' as side,
    (theirs->>'price')::numeric as price, (theirs->>'size')::numeric as size,
    theirs->>'status' as status, (theirs->>'sizeMatched')::numeric as size_matched,
    opened_at_ms, seen_at_ms, gone_at_ms, finding_id, state
  from findings where kind = 'order.external';
comment on view external_orders is 'Open orders of this account at the venue that were not made here.';

create view external_trades as
  select leg_key, venue, trade_id, venue_order_id, role, instrument_id, side, price, size, fee_usd,
    settlement, matched_at_ms, transaction_hash
  from fill_legs where client_order_id is null;
comment on view external_trades is 'Legs of this account by orders that were not made here. In nobody''s books.';
`;

/** Creates the tables and views in the first schema of the search path. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const part of [FINDINGS, RECONCILIATIONS, POSITIONS, EXTERNAL]) {
    await sql.raw(part).execute(db);
  }
}

/** Drops them. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view external_orders, external_trades`.execute(db);
  await sql`drop index fill_legs_conflicted`.execute(db);
  await sql`alter table positions drop column reconciliation_required`.execute(db);
  await sql`drop table findings, reconciliations`.execute(db);
}
