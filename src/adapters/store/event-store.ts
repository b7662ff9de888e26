/** Events for their sinks in the tables `events` and `event_cursors`. */
import { type Kysely, sql } from 'kysely';
import type { EventRow, EventStore } from '../../actors/event-port.ts';
import { metadata, type Tracked } from './restore.ts';
import * as tables from './tables.ts';
import type { StoreLease } from './writer-lease.ts';

/** Metadata: the last event that was removed. A verification misses none up to it. */
export const EVENTS_PRUNED_THROUGH = 'events_pruned_through';

/** How far a sink is behind. */
export interface SinkLag {
  readonly sink: string;
  /** Events that it has not taken; counted up to a bound. */
  readonly waiting: number;
  /** When it took the last one, milliseconds since 1970 UTC. */
  readonly movedAtMs: number;
}

export interface EventTables extends EventStore {
  /** Of each sink that has taken anything; nothing is counted beyond `most`. */
  lags(most: number): Promise<readonly SinkLag[]>;
}

/** Every method throws `store_unavailable` where it cannot say; writes assert the lease. */
export function createEventStore(
  db: Kysely<unknown>,
  tracked: Tracked,
  lease: Pick<StoreLease, 'guarded'>,
): EventTables {
  return {
    after: (eventId, limit) =>
      tracked('events.after', async () => {
        const { rows } = await sql<EventRow>`
          select ${tables.events.columns} from events
          where event_id > ${eventId} order by event_id limit ${limit}`.execute(db);
        return rows;
      }),

    cursor: (sink) =>
      tracked('events.cursor', async () => {
        const { rows } = await sql<{ eventId: number }>`
          select event_id as "eventId" from event_cursors where sink = ${sink}`.execute(db);
        return rows[0]?.eventId;
      }),

    lags: (most) =>
      tracked('events.lags', async () => {
        const { rows } = await sql<SinkLag>`
          select c.sink, c.moved_at_ms as "movedAtMs", (
            select count(*)::int from (
              select 1 from events e where e.event_id > c.event_id limit ${most}
            ) as later
          ) as waiting
          from event_cursors c order by c.sink`.execute(db);
        return rows;
      }),

    moveCursor: (sink, eventId, atMs) =>
      tracked('events.moveCursor', async () => {
        const move = sql`
          insert into event_cursors (sink, event_id, moved_at_ms)
          values (${sink}, ${eventId}, ${atMs})
          on conflict (sink) do update
            set event_id = excluded.event_id, moved_at_ms = excluded.moved_at_ms
            where excluded.event_id >= event_cursors.event_id`;
        // A cursor that a crash of the server takes back costs a repeat; a flush of its disk for each
        // would cost the log's commits.
        const quickly = sql`set_config('synchronous_commit', 'off', true)`;
        await lease.guarded((guard) =>
          sql`with moved as (${move}) select ${quickly}${guard === undefined ? sql`` : sql`, ${guard}`}`.execute(
            db,
          ),
        );
      }),

    prunedThrough: () =>
      tracked('events.prunedThrough', async () =>
        Number((await metadata(db, EVENTS_PRUNED_THROUGH)) ?? '0'),
      ),

    prune: (beforeMs, through, limit) =>
      tracked('events.prune', async () => {
        // A prefix: everything up to the last one that goes.
        const gone = sql`
          with oldest as (
            select event_id, at_ms from events order by event_id limit ${limit}
          ), kept as (
            select min(event_id) as first from oldest
            where at_ms >= ${beforeMs} or event_id > ${through}
          ), gone as (
            delete from events e using oldest o, kept k
            where e.event_id = o.event_id and (k.first is null or e.event_id < k.first)
            returning e.event_id
          ), noted as (
            insert into system_metadata (key, value)
            select ${EVENTS_PRUNED_THROUGH}, max(event_id)::text from gone having count(*) > 0
            on conflict (key) do update set value = excluded.value
              where excluded.value::bigint > system_metadata.value::bigint
          )
          select count(*)::int as count`;
        const { rows } = await lease.guarded((guard) => {
          const asserted = guard === undefined ? sql`` : sql`, ${guard}`;
          return sql<{ count: number }>`${gone}${asserted} from gone`.execute(db);
        });
        return rows[0]?.count ?? 0;
      }),
  };
}
