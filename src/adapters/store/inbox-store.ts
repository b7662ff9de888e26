/** Raw frames of a live venue in the table `venue_inbox`. */
import { type Kysely, sql } from 'kysely';
import type { FrameInbox, InboxFrame } from '../../actors/venue-store-port.ts';
import type { Tracked } from './restore.ts';

/** Some weeks of a busy account, about 1 GB: what is older has been settled or shown long ago. */
export const MAX_INBOX_ROWS = 1_000_000;
/** Rows that one statement removes: far below the time that a statement may take. */
const PRUNE_PAGE = 10_000;

/**
 * The inbox of `venue`. Not behind the writer lease: a frame that two engines received is evidence
 * twice, and nothing is ever read back into the books. Every method throws `store_unavailable`
 * where it cannot say.
 */
export function createInboxStore(
  db: Kysely<unknown>,
  tracked: Tracked,
  venue: string,
  maxRows = MAX_INBOX_ROWS,
): FrameInbox {
  return {
    keep: (frames) =>
      tracked('inbox.keep', async () => {
        if (frames.length === 0) return;
        await sql`
          insert into venue_inbox (venue, channel, connection, received_at_ms, frame)
          select ${storable(venue)}, r.channel, r.connection, r."receivedAtMs", r.text
          from rows from (json_to_recordset(${JSON.stringify(frames.map(kept))}::json) as (
            channel text, connection bigint, "receivedAtMs" bigint, text text
          )) with ordinality as r (channel, connection, "receivedAtMs", text, position)
          order by r.position`.execute(db);
      }),

    async prune(beforeMs) {
      let removed = 0;
      for (;;) {
        const page = await tracked('inbox.prune', () => prunePage(db, beforeMs, maxRows));
        removed += page;
        if (page < PRUNE_PAGE) return removed;
      }
    },
  };
}

/** Ids only grow, so those beyond the newest `maxRows` numbers are beyond the newest rows too. */
async function prunePage(db: Kysely<unknown>, beforeMs: number, maxRows: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from venue_inbox where id in (
      select id from venue_inbox
      where received_at_ms < ${beforeMs} or id <= (select max(id) from venue_inbox) - ${maxRows}
      limit ${PRUNE_PAGE}
    )`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

function kept({ channel, connection, receivedAtMs, text }: InboxFrame): InboxFrame {
  return { channel: storable(channel), connection, receivedAtMs, text: storable(text) };
}

/** No database keeps NUL or half of a character; neither can be part of a frame that means anything. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
