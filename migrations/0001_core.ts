/**
 * The first schema: the journal, what follows from it, and the paper venue's own books.
 *
 * - Keys are `collate "C"`: compared byte by byte, so that the order is the same on every server
 *   and a search by prefix can use the key's own index.
 * - Amounts are `numeric` without a scale: any decimal text comes back as it went in.
 * - Times are milliseconds since 1970 UTC. JSON is `json`, which keeps the text as written.
 * - No foreign keys: the journal decides what is true, and a leg may arrive before its order.
 */
import { type Kysely, sql } from 'kysely';

const JOURNAL = `
create table journal (
  batch_id text not null,
  first_seq bigint primary key,
  last_seq bigint not null unique,
  inputs text not null,
  committed_at timestamptz not null default now(),
  check (first_seq > 0 and last_seq >= first_seq)
);
-- Batches are written once and read once: compressing them would only cost time.
alter table journal alter column inputs set storage external;
comment on table journal is 'The log: one row per group commit. Everything else follows from it.';
comment on column journal.batch_id is 'The same on every attempt, so that a retry is recognised.';
comment on column journal.inputs is 'JSON array text of the inputs first_seq..last_seq.';

create table intents (
  key text collate "C" primary key,
  client_order_id text collate "C" not null,
  body text not null,
  at_ms bigint not null,
  batch_seq bigint not null,
  batch_position integer not null
);
create index intents_batch on intents (batch_seq);
comment on table intents is 'Idempotency keys that were ever used, each with its whole intent.';
comment on column intents.batch_seq is 'first_seq of the journal row that it was committed with.';
comment on column intents.batch_position is 'Place in that batch, from 1.';

create table prepared_submissions (
  client_order_id text collate "C" primary key,
  venue text collate "C" not null,
  venue_order_id text collate "C" not null,
  body text not null,
  at_ms bigint not null,
  batch_seq bigint not null,
  batch_position integer not null,
  unique (venue_order_id, venue)
);
create index prepared_submissions_batch on prepared_submissions (batch_seq);
comment on table prepared_submissions is 'The exact bytes of each order, committed before they are sent.';
comment on column prepared_submissions.body is 'Sent as it is, however often it is sent.';
comment on column prepared_submissions.batch_seq is 'first_seq of the journal row that it was committed with.';
comment on column prepared_submissions.batch_position is 'Place in that batch, from 1.';
`;

const ACTORS = `
create table actor_snapshots (
  actor_id text collate "C" primary key,
  kind text not null,
  version integer not null,
  revision bigint not null,
  live boolean not null,
  snapshot json not null,
  created_order bigint generated always as identity
) with (fillfactor = 70);
-- A snapshot is replaced often: compressing it, or keeping it beside its row, costs more than space.
alter table actor_snapshots alter column snapshot set storage external;
alter table actor_snapshots set (toast_tuple_target = 8160);
create index actor_snapshots_live on actor_snapshots (created_order) where live;
comment on table actor_snapshots is 'The newest projected state of every actor.';
comment on column actor_snapshots.revision is 'Events handled. A row is never replaced by an older one.';
comment on column actor_snapshots.live is 'False: restored only when something arrives for it.';
comment on column actor_snapshots.created_order is 'Restore goes in the order of the first writes.';

create table system_metadata (
  key text collate "C" primary key,
  value text not null
);
comment on table system_metadata is 'Small facts. projected_through: the last input that the read tables know.';
`;

const ORDERS = `
create table orders (
  client_order_id text collate "C" primary key,
  venue text not null,
  venue_order_id text collate "C",
  intent_key text collate "C" not null,
  strategy text not null,
  instrument_id text collate "C" not null,
  market_id text collate "C" not null,
  outcome text not null check (outcome in ('YES', 'NO')),
  side text not null check (side in ('BUY', 'SELL')),
  type text not null check (type in ('limit', 'market')),
  price numeric not null,
  size numeric,
  amount_usd numeric,
  time_in_force text not null,
  expires_at_ms bigint,
  status text not null,
  execution text not null,
  settlement text not null,
  filled_size numeric not null check (filled_size >= 0),
  average_fill_price numeric,
  fees_usd numeric not null,
  reserved_usd numeric not null,
  reserved_shares numeric not null,
  reason text,
  closed boolean not null,
  created_at_ms bigint not null,
  updated_at_ms bigint not null
) with (fillfactor = 70);
create index orders_created on orders (created_at_ms);
create index orders_open on orders (created_at_ms) where not closed;
create index orders_intent_key on orders (intent_key);
create index orders_venue_order_id on orders (venue_order_id) where venue_order_id is not null;
comment on table orders is 'One row per order, as people read it.';
comment on column orders.amount_usd is 'Market BUY by money: dollars to spend. Otherwise size holds.';
comment on column orders.execution is 'First axis: the state of the order at the venue.';
comment on column orders.settlement is 'Second axis: what the chain did with its fills.';
comment on column orders.closed is 'Both axes are over: nothing more is expected.';

create table order_events (
  client_order_id text collate "C" not null,
  number integer not null check (number > 0),
  seq bigint not null,
  at_ms bigint not null,
  type text not null,
  from_state text not null,
  to_state text not null,
  status text not null,
  note text not null,
  event json not null,
  primary key (client_order_id, number)
);
comment on table order_events is 'Each step of each order. Rows are never changed.';
comment on column order_events.number is 'Counts from 1 without gaps in each order.';
comment on column order_events.seq is 'The journal input that caused it.';
`;

const FILLS = `
create table fill_legs (
  leg_key text collate "C" primary key,
  venue text collate "C" not null,
  trade_id text collate "C" not null,
  venue_order_id text collate "C" not null,
  role text collate "C" not null check (role in ('taker', 'maker')),
  client_order_id text collate "C",
  instrument_id text collate "C" not null,
  side text not null check (side in ('BUY', 'SELL')),
  price numeric not null check (price > 0 and price < 1),
  size numeric not null check (size > 0),
  fee_usd numeric not null,
  settlement text not null
    check (settlement in ('matched', 'retrying', 'mined', 'confirmed', 'failed')),
  conflicted boolean not null,
  matched_at_ms bigint not null,
  transaction_hash text
) with (fillfactor = 80);
create index fill_legs_order on fill_legs (client_order_id) where client_order_id is not null;
create index fill_legs_orphans on fill_legs (matched_at_ms) where client_order_id is null;
create index fill_legs_matched on fill_legs (matched_at_ms);
comment on table fill_legs is 'One execution of one of our orders in one trade.';
comment on column fill_legs.leg_key is 'venue/trade/venue order/role: the same leg has the same key.';
comment on column fill_legs.client_order_id is 'Null: an orphan, a leg of an order that nobody here knows.';
comment on column fill_legs.conflicted is 'Both final statuses were reported; confirmed was kept.';

create table positions (
  account_id text collate "C" not null,
  instrument_id text collate "C" not null,
  size numeric not null,
  sellable_size numeric not null,
  reserved_shares numeric not null,
  average_entry numeric not null,
  cost_basis numeric not null,
  realized_pnl numeric not null,
  fees_usd numeric not null,
  updated_at_ms bigint not null,
  primary key (account_id, instrument_id)
) with (fillfactor = 50);
comment on table positions is 'Holdings: the fold of the fill legs of each instrument.';
comment on column positions.size is 'Signed: positive is LONG.';

create table ledger_entries (
  entry_id text collate "C" primary key,
  account_id text collate "C" not null,
  kind text not null check (kind in ('deposit', 'fill', 'fee', 'fillVoided', 'feeVoided')),
  amount_usd numeric not null,
  leg_key text collate "C",
  client_order_id text collate "C",
  seq bigint not null,
  at_ms bigint not null
);
comment on table ledger_entries is 'Movements of cash. Rows are never changed; their sum is the cash.';
comment on column ledger_entries.entry_id is 'Derived from what it books: said again, it is the same row.';

create table exit_events (
  exit_id text collate "C" primary key,
  account_id text collate "C" not null,
  instrument_id text collate "C" not null,
  client_order_id text collate "C" not null,
  leg_key text collate "C" not null,
  size numeric not null check (size > 0),
  exit_price numeric not null,
  realized_pnl numeric not null,
  reason text not null,
  voided boolean not null,
  at_ms bigint not null
);
comment on table exit_events is 'Fills that reduced a position, with what they realised.';
comment on column exit_events.voided is 'The leg failed on chain: the exit did not happen.';

create table outbox (
  outbox_id bigint primary key,
  type text not null,
  body json not null,
  at_ms bigint not null
);
comment on table outbox is 'Published events, for consumers that read the database.';
comment on column outbox.outbox_id is 'Follows from the input and its place in the turn: ordered, the same when said again.';
`;

const PAPER = `
create table paper_orders (
  id text collate "C" primary key,
  open boolean not null,
  body text not null
) with (fillfactor = 70);
create index paper_orders_open on paper_orders (id) where open;
comment on table paper_orders is 'Books of the paper venue, which is an outside system that lives here.';
comment on column paper_orders.body is 'JSON text that only the paper venue reads.';

create table paper_trades (
  id text collate "C" primary key,
  final boolean not null,
  changed_at_ms bigint not null,
  body text not null
) with (fillfactor = 70);
create index paper_trades_open on paper_trades (id) where not final;
create index paper_trades_changed on paper_trades (changed_at_ms, id);
comment on table paper_trades is 'Trades of the paper venue.';
comment on column paper_trades.final is 'Confirmed or failed: nothing more will happen to it.';

create table paper_balances (
  asset text collate "C" primary key,
  amount numeric not null
) with (fillfactor = 50);
comment on table paper_balances is 'What the paper account holds. No row at all: never used.';
comment on column paper_balances.asset is 'cash, or the id of the instrument that is held.';
comment on column paper_balances.amount is 'Dollars or shares, signed.';
`;

/** Creates every table in the first schema of the search path. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // One round trip: without parameters the server takes several statements at once.
  await sql.raw([JOURNAL, ACTORS, ORDERS, FILLS, PAPER].join('\n')).execute(db);
}

/** Drops every table, newest first. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `drop table paper_balances, paper_trades, paper_orders, outbox, exit_events, ledger_entries, positions,
         fill_legs, order_events, orders, system_metadata, actor_snapshots,
         prepared_submissions, intents, journal`,
    )
    .execute(db);
}
