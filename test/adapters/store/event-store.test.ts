/** Events in the database: read in order, cursors that only go forward, and a bounded end of the old ones. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { AWKWARD_JSON, AWKWARD_TEXT, eventRow, projection } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
  await fresh.store.acquireWriter();
});
afterEach(() => fresh.dispose());

const store = () => fresh.store.events;
const ids = async () => (await store().after(0, 1_000_000)).map(({ eventId }) => eventId);

async function keep(...rows: readonly ReturnType<typeof eventRow>[]): Promise<void> {
  await fresh.store.project(projection(1, { events: rows }));
}

describe('events', () => {
  test('come back as they went in, in order, a few or hundreds at a time', async () => {
    const awkward = eventRow(3, { payload: AWKWARD_JSON, correlationId: AWKWARD_TEXT });
    const crowd = Array.from({ length: 1_200 }, (_, index) => eventRow(10 + index));
    await keep(awkward, eventRow(1));
    await keep(...crowd.toReversed());
    expect(await store().after(0, 10_000)).toEqual([eventRow(1), awkward, ...crowd]);
    expect(await store().after(3, 2)).toEqual(crowd.slice(0, 2));
    expect(await store().after(5_000, 10)).toEqual([]);
  });

  test('said again, an event stays as it is', async () => {
    await keep(eventRow(1));
    await keep(eventRow(1, { payload: '{"by":"eve"}' }), eventRow(2));
    expect(await store().after(0, 10)).toEqual([eventRow(1), eventRow(2)]);
  });
});

describe('cursors', () => {
  test('belong to their sinks, and never go back', async () => {
    expect(await store().cursor('a')).toBeUndefined();
    await store().moveCursor('a', 5, 1);
    await store().moveCursor('b', 2, 1);
    await store().moveCursor('a', 4, 2);
    expect(await store().cursor('a')).toBe(5);
    expect(await store().cursor('b')).toBe(2);
    await store().moveCursor('a', 9_007_199_254_740_991, 3);
    expect(await store().cursor('a')).toBe(9_007_199_254_740_991);
  });

  test('say how far each sink is behind, counted up to a bound', async () => {
    expect(await store().lags(10)).toEqual([]);
    await keep(...[1, 2, 3, 4].map((id) => eventRow(id)));
    await store().moveCursor('b', 4, 8);
    await store().moveCursor('a', 1, 7);
    expect(await store().lags(10)).toEqual([
      { sink: 'a', waiting: 3, movedAtMs: 7 },
      { sink: 'b', waiting: 0, movedAtMs: 8 },
    ]);
    expect((await store().lags(2))[0]?.waiting).toBe(2);
  });

  test('another engine has the lease: neither a cursor moves nor an event goes', async () => {
    await keep(eventRow(1, { atMs: 1 }));
    const other = fresh.open();
    await other.acquireWriter({ whenBusy: 'takeOver' });
    await expect(store().moveCursor('a', 5, 1)).rejects.toMatchObject({ code: 'lease_lost' });
    await expect(store().prune(10, 10, 10)).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await other.events.cursor('a')).toBeUndefined();
    expect(await other.events.after(0, 10)).toHaveLength(1);
  });
});

describe('the end of old events', () => {
  const OLD = 100;
  const YOUNG = 200;

  test('goes up to the first that is young or that somebody has not taken, and is noted', async () => {
    await keep(
      ...[1, 2, 3, 4].map((id) => eventRow(id, { atMs: OLD })),
      eventRow(5, { atMs: YOUNG }),
      // By a clock that went back: it waits for the one before it.
      eventRow(6, { atMs: OLD }),
    );
    expect(await store().prunedThrough()).toBe(0);
    expect(await store().prune(OLD, 10, 100)).toBe(0);
    expect(await store().prune(YOUNG, 2, 100)).toBe(2);
    expect(await store().prunedThrough()).toBe(2);
    expect(await ids()).toEqual([3, 4, 5, 6]);
    expect(await store().prune(YOUNG, 10, 1)).toBe(1);
    expect(await store().prune(YOUNG, 10, 100)).toBe(1);
    expect(await ids()).toEqual([5, 6]);
    expect(await store().prune(YOUNG, 10, 100)).toBe(0);
    expect(await store().prunedThrough()).toBe(4);
    expect(await store().prune(YOUNG + 1, 10, 100)).toBe(2);
    expect(await ids()).toEqual([]);
    expect(await store().prunedThrough()).toBe(6);
  });

  test('what was noted stays when older events are told again and go once more', async () => {
    await keep(...[1, 2, 3].map((id) => eventRow(id, { atMs: OLD })));
    await store().prune(YOUNG, 10, 100);
    await keep(eventRow(1, { atMs: OLD }));
    expect(await store().prune(YOUNG, 10, 100)).toBe(1);
    expect(await store().prunedThrough()).toBe(3);
    const rows = await withClient(fresh, (client) =>
      client.query(`select value from system_metadata where key = 'events_pruned_through'`),
    );
    expect(rows.rows).toEqual([{ value: '3' }]);
  });
});
