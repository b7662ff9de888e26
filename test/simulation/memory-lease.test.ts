import { describe, expect, test } from 'vitest';
import { batch } from '../adapters/store/rows.ts';
import { createMemoryDatabase } from './memory-database.ts';
import { newLeaseRow } from './memory-lease.ts';
import { createMemoryStore } from './memory-store.ts';
import { createTimeline } from './timeline.ts';

function shared() {
  const timeline = createTimeline(1_000, () => undefined);
  const database = createMemoryDatabase();
  const row = newLeaseRow();
  const open = () =>
    createMemoryStore({
      database,
      lease: { row, holder: 1, serverNow: timeline.now, time: timeline },
    });
  return { timeline, row, open };
}

describe('the simulated lease', () => {
  test('is had by one: another is refused until it has run out', async () => {
    const { timeline, row, open } = shared();
    const [first, second] = [open(), open()];
    await first.acquireWriter();
    await expect(second.acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    await timeline.pass(60_000);
    expect(first.lease.mayAct()).toBe(true);
    await expect(second.acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    row.isHolderDead = true;
    await second.acquireWriter();
    expect(row.epoch).toBe(2);
  });

  test('that was taken by force is waited out, and the one before writes nothing more', async () => {
    const { timeline, open } = shared();
    const [first, second] = [open(), open()];
    await first.acquireWriter();
    let isTaken = false;
    const taking = second.acquireWriter({ whenBusy: 'takeOver' }).then(() => {
      isTaken = true;
    });
    await timeline.pass(1);
    await expect(first.commit(batch(1))).rejects.toMatchObject({ code: 'lease_lost' });
    expect([first.lease.mayAct(), second.lease.mayAct(), isTaken]).toEqual([false, false, false]);
    await timeline.pass(6_000);
    await taking;
    expect(second.lease.mayAct()).toBe(true);
    await second.commit(batch(1));
    await expect(first.lease.untilActive()).rejects.toMatchObject({ code: 'lease_lost' });
  });
});
