/** Commands for a running engine in the table `commands`: who asks, and who takes and answers. */
import { type Kysely, sql } from 'kysely';
import type {
  CommandInbox,
  CommandRow,
  CommandSender,
  CommandState,
} from '../../actors/command-port.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import type { Tracked } from './restore.ts';
import type { StoreLease } from './writer-lease.ts';

/** No person asks for more before an engine comes; a script that does has lost its way. */
export const MAX_PENDING_COMMANDS = 1_000;

/**
 * The sender needs the right to read, and to insert into `commands`; the inbox is the engine's. Every
 * method throws `store_unavailable` where it cannot say.
 */
export function createCommandStore(
  db: Kysely<unknown>,
  tracked: Tracked,
  lease: Pick<StoreLease, 'guarded'>,
): CommandInbox & CommandSender {
  return {
    ask: ({ askedAtMs, by, body }) =>
      tracked('commands.ask', async () => {
        const { rows } = await sql<{ id: number }>`
          insert into commands (asked_at_ms, "by", body)
          select ${askedAtMs}, ${by}, ${body}::json
          where (select count(*) from commands where state = 'pending') < ${MAX_PENDING_COMMANDS}
          returning id`.execute(db);
        if (rows[0] !== undefined) return rows[0].id;
        throw new FillwrightFault(
          'overloaded',
          `${MAX_PENDING_COMMANDS} commands wait for an engine already; this one was not kept.`,
        );
      }),

    find: (id) =>
      tracked('commands.find', async () => {
        const { rows } = await sql<CommandState>`
          select id, state, answer, done_at_ms as "doneAtMs" from commands where id = ${id}`.execute(
          db,
        );
        return rows[0];
      }),

    engineRuns: () =>
      tracked('commands.engineRuns', async () => {
        const { rows } = await sql`
          select from writer_lease
          where released_at is null and expires_at > clock_timestamp()`.execute(db);
        return rows.length > 0;
      }),

    pending: (limit) =>
      tracked('commands.pending', async () => {
        const { rows } = await sql<CommandRow>`
          select id, asked_at_ms as "askedAtMs", "by", body from commands
          where state = 'pending' order by id limit ${limit}`.execute(db);
        return rows;
      }),

    answer: (id, { state, answer, doneAtMs }) =>
      tracked('commands.answer', async () => {
        const update = sql`
          update commands set state = ${state}, answer = ${answer}::json, done_at_ms = ${doneAtMs}
          where id = ${id} and state = 'pending'`;
        // An engine that another has replaced knows no more what it speaks of.
        await lease.guarded((guard) =>
          (guard === undefined ? update : sql`with done as (${update}) select ${guard}`).execute(
            db,
          ),
        );
      }),
  };
}
