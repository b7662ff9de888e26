/** Pages of the venue: a cursor is the base64 of an offset, the last one that of -1. */
import { type Answer, ok, refusal } from './answer.ts';

export const FIRST_CURSOR = 'MA==';
export const LAST_CURSOR = 'LTE=';
/** Source: Polymarket docs, `GET /data/orders`: `"limit": 100`. */
export const PAGE_SIZE = 100;

/** The page that a cursor names, as `{limit, next_cursor, count, data}`. */
export function page<Row>(
  rows: readonly Row[],
  cursor: string | null,
  show: (row: Row) => unknown,
): Answer {
  const offset = offsetOf(cursor ?? FIRST_CURSOR);
  if (offset === undefined) return refusal(400, 'invalid next_cursor');
  const data = offset < 0 ? [] : rows.slice(offset, offset + PAGE_SIZE).map(show);
  const next = offset + PAGE_SIZE;
  return ok({
    limit: PAGE_SIZE,
    next_cursor: offset < 0 || next >= rows.length ? LAST_CURSOR : cursorOf(next),
    count: data.length,
    data,
  });
}

function cursorOf(offset: number): string {
  return Buffer.from(String(offset)).toString('base64');
}

function offsetOf(cursor: string): number | undefined {
  if (cursor === '') return 0;
  const text = Buffer.from(cursor, 'base64').toString('latin1');
  return /^(?:-1|\d{1,12})$/.test(text) ? Number(text) : undefined;
}
