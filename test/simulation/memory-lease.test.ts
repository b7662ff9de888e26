import { describe, expect, test } from 'vitest';
import { batch } from '../adapters/store/rows.ts';
import { until } from '../support/until.ts';
import { createMemoryDatabase } from './memory-database.ts';
import { newLeaseRow, seeDead } from './memory-lease.ts';
import { createMemoryStore } from './memory-store.ts';
import { createTimeline } from './timeline.ts';

function shared() {
  const timeline = createTimeline(1_000, () => undefined);
  const database = createMemoryDatabase();
  const row = newLeaseRow();
  const open = (holder: number) =>
    createMemoryStore({
      database,
      lease: { row, holder, serverNow: timeline.now, time: timeline },
    });
  return { timeline, row, open };
}

describe('the simulated lease', () => {
  test('is had by one: another is refused until it has run out', async () => {
    const { timeline, row, open } = shared();
    const [first, second] = [open(1), open(2)];
    await first.acquireWriter();
    await expect(second.acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    await timeline.pass(60_000);
    expect(first.lease.mayAct()).toBe(true);
    await expect(second.acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    seeDead(row, 1);
    await second.acquireWriter();
    expect(row.epoch).toBe(2);
  });

  test('is not freed by the death of one who never had it', async () => {
    const { row, open } = shared();
    await open(1).acquireWriter();
    await expect(open(2).acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    seeDead(row, 2);
    await expect(open(3).acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
  });

  test('that was taken by force is waited out, and the one before writes nothing more', async () => {
    const { timeline, open } = shared();
    const [first, second] = [open(1), open(2)];
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

  test('a taking by force whose taker dies is waited out by the next one', async () => {
    const { timeline, row, open } = shared();
    const [first, second, third] = [open(1), open(2), open(3)];
    await first.acquireWriter();
    void second.acquireWriter({ whenBusy: 'takeOver' });
    await until(() => row.epoch === 2);
    seeDead(row, 2);
    const taking = third.acquireWriter();
    await until(() => row.epoch === 3);
    expect(third.lease.mayAct()).toBe(false);
    await timeline.pass(6_000);
    await taking;
    expect(third.lease.mayAct()).toBe(true);
  });
});
