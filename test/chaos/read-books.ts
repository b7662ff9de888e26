/** Reads the engine's tables as text, and waits until nothing moves any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineBooks } from './compare.ts';
import type { ChaosDatabase, Row } from './database.ts';
import type { ChaosSandbox, VenueLedger } from './sandbox.ts';

export async function readBooks(database: ChaosDatabase): Promise<EngineBooks> {
  const { rows } = database;
  const [cash] = await rows('select coalesce(sum(amount_usd), 0)::text as usd from ledger_entries');
  const [account] = await rows(
    `select snapshot->'context'->>'reservedUsd' as usd from actor_snapshots where kind = 'account'`,
  );
  return {
    intents: await rows('select key, client_order_id from intents'),
    prepared: await rows('select client_order_id, venue_order_id from prepared_submissions'),
    orders: await rows(
      `select client_order_id, venue_order_id, intent_key, status, execution, settlement, side,
         price::text, size::text, time_in_force, filled_size::text, reserved_usd::text,
         reserved_shares::text, reason, closed::text
       from orders order by created_at_ms`,
    ),
    legs: await rows(
      `select leg_key, trade_id, venue_order_id, role, client_order_id, side, price::text,
         size::text, fee_usd::text, settlement, conflicted::text
       from fill_legs`,
    ),
    positions: await rows('select instrument_id, size::text, reserved_shares::text from positions'),
    cashUsd: cash?.usd ?? '0',
    accountReservedUsd: account?.usd ?? '0',
  };
}

/** What keeps the world from being quiet; undefined when nothing does. */
export async function stillMoving(
  database: ChaosDatabase,
  sandbox: ChaosSandbox,
): Promise<string | undefined> {
  const [state] = await database.rows(
    `select (select count(*) from orders where not closed)::text as open,
       (select count(*) from orders where status = 'UNKNOWN')::text as unknown,
       (select coalesce(max(last_seq), 0) from journal)::text as written,
       (select value from system_metadata where key = 'projected_through') as projected`,
  );
  if (state === undefined) return 'the tables cannot be read';
  if (state.open !== '0') return `${state.open} orders are open, ${state.unknown} of them unknown`;
  const { orders, trades } = await sandbox.ledger();
  const live = orders.filter(({ status }) => status === 'LIVE').length;
  if (live > 0) return `${live} orders are live at the venue`;
  const unsettled = trades.filter(({ status }) => !isFinal(status)).length;
  if (unsettled > 0) return `${unsettled} trades are not settled`;
  return undefined;
}

function isFinal(status: string): boolean {
  return status === 'CONFIRMED' || status === 'FAILED';
}

/** Waits until nothing has moved for a while. Answers what still moved at the end of the limit. */
export async function untilQuiet(
  look: () => Promise<string | undefined>,
  limitMs: number,
): Promise<string | undefined> {
  const deadlineMs = Date.now() + limitMs;
  for (let quiet = 0; ; ) {
    // A database that is being started again answers soon.
    const moving = await look().catch((error: unknown) => String(error));
    quiet = moving === undefined ? quiet + 1 : 0;
    // A leg may come after its order has ended.
    if (quiet >= 8) return undefined;
    if (Date.now() > deadlineMs && moving !== undefined) return moving;
    await sleep(250);
  }
}

/** Until then the same bytes may be sent again; longer, and only evidence or a person ends it. */
export const SETTLE_AGE_MS = 75_000;

/** Unknown orders that the exchange does not have, older than `ageMs`: a person may say so. */
export async function unknownAndAbsent(
  database: ChaosDatabase,
  ledger: VenueLedger,
  ageMs: number,
): Promise<readonly Row[]> {
  const theirs = new Set(ledger.orders.map(({ id }) => id));
  const unknown = await database.rows(
    `select client_order_id, venue_order_id, time_in_force, side, reason,
       (select string_agg(type || ': ' || note, ' | ' order by number) from order_events
        where order_events.client_order_id = orders.client_order_id) as story
     from orders where status = 'UNKNOWN' and created_at_ms < ${Date.now() - ageMs}`,
  );
  return unknown.filter(({ venue_order_id }) => !theirs.has(venue_order_id ?? ''));
}
