/** Who comes after another: by waiting, because the other is dead, or by force. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PostgresStore } from '../../../src/adapters/store/postgres-store.ts';
import {
  isProvablyDead,
  type LeaseHolder,
  thisProcess,
} from '../../../src/adapters/store/writer-lease-holder.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { compileChild, removeTemporary } from './embedded-harness.ts';
import type { ChildAnswer } from './lease-child.ts';
import { createManualTime, leaseOf, runOut } from './lease-harness.ts';
import { batch } from './rows.ts';

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  await fresh.dispose();
});

/** The process that has the lease is one of this machine that runs no more. */
async function seemDead(place: FreshStore): Promise<void> {
  await withClient(place, (client) => client.query(`update writer_lease set pid = ${NOBODYS_PID}`));
}

/** Above what Linux gives away. */
const NOBODYS_PID = 2 ** 22 + 1;

function listLog() {
  const messages: string[] = [];
  const say = (_facts: object, message: string) => void messages.push(message);
  return { messages, log: { info: say, warn: say } };
}

describe('one who waits', () => {
  test('gets it when it is given back', async () => {
    await fresh.store.acquireWriter();
    const { messages, log } = listLog();
    const second = fresh.open({ log });
    const taking = second.acquireWriter({ whenBusy: 'wait' });
    await until(() => messages.length > 0);
    expect(messages).toEqual([
      expect.stringMatching(/^Waiting: Another engine writes to this store: process \d+ on /),
    ]);
    expect(second.lease.mayAct()).toBe(false);
    await fresh.store.close();
    await taking;
    expect(second.lease.mayAct()).toBe(true);
  });

  test('of one that stands still waits out its time, by the clock of the server', async () => {
    const still = fresh.open({ leaseTime: createManualTime(), leaseMs: 1_500 });
    await still.acquireWriter();
    const before = await leaseOf(fresh);
    const second = fresh.open();
    await second.acquireWriter({ whenBusy: 'wait' });
    const after = await leaseOf(fresh);
    expect(after.epoch).toBe(2);
    expect(after.acquiredAtMs).toBeGreaterThanOrEqual(before.expiresAtMs);
    await expect(still.commit(batch(1))).rejects.toMatchObject({ code: 'lease_lost' });
  });

  test('ends its waiting when it is told to, or closed', async () => {
    await fresh.store.acquireWriter();
    const abort = new AbortController();
    const { messages, log } = listLog();
    const second = fresh.open({ log });
    const refused = expect(
      second.acquireWriter({ whenBusy: 'wait', signal: abort.signal }),
    ).rejects.toMatchObject({ code: 'store_busy' });
    await until(() => messages.length > 0);
    abort.abort();
    await refused;
    const third = fresh.open();
    const closed = expect(third.acquireWriter({ whenBusy: 'wait' })).rejects.toMatchObject({
      code: 'store_busy',
    });
    await third.close();
    await closed;
  });
});

describe('a take-over by force', () => {
  test('has the next epoch at once, and sends nothing while the other may still send', async () => {
    const otherTime = createManualTime();
    const other = fresh.open({ leaseTime: otherTime, leaseMs: 6_000 });
    await other.acquireWriter();
    const leaseTime = createManualTime();
    const { messages, log } = listLog();
    const second = fresh.open({ leaseTime, leaseMs: 60_000, log });
    let isTaken = false;
    const taking = second.acquireWriter({ whenBusy: 'takeOver' }).then(() => {
      isTaken = true;
    });
    await until(async () => (await leaseOf(fresh)).epoch === 2);
    await until(() => messages.length > 0);
    expect(messages).toEqual([
      expect.stringMatching(
        /^The writer lease is taken from process \d+ on .* by force: nothing is sent for the \d+ ms that one before may still act\.$/,
      ),
    ]);
    // The other writes nothing more, from the first moment on.
    await expect(other.commit(batch(1))).rejects.toMatchObject({ code: 'lease_lost' });
    const waitMs = Number(/the (\d+) ms/.exec(messages[0] ?? '')?.[1]);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(6_000);
    leaseTime.pass(waitMs - 1);
    expect([isTaken, second.lease.mayAct()]).toEqual([false, false]);
    leaseTime.pass(1);
    await taking;
    expect(second.lease.mayAct()).toBe(true);
    await second.commit(batch(1));
  });

  test.each([
    ['is given up', (second: PostgresStore) => second.close()],
    ['dies in its wait', () => seemDead(fresh)],
  ])('that %s leaves the time of the other to be waited out by the next', async (_how, end) => {
    const other = fresh.open({ leaseTime: createManualTime() });
    await other.acquireWriter();
    const second = fresh.open({ leaseTime: createManualTime() });
    second.acquireWriter({ whenBusy: 'takeOver' }).catch(() => undefined);
    await until(async () => (await leaseOf(fresh)).epoch === 2);
    await end(second);
    const leaseTime = createManualTime();
    const { messages, log } = listLog();
    const third = fresh.open({ leaseTime, log });
    const taking = third.acquireWriter();
    await until(() => messages.length > 0);
    // Cut off from the database, the first has not heard of anybody.
    expect([other.lease.mayAct(), third.lease.mayAct()]).toEqual([true, false]);
    expect(messages[0]).toMatch(
      /: nothing is sent for the \d+ ms that one before may still act\.$/,
    );
    leaseTime.pass(6_000);
    await taking;
  });

  test('of nobody is an ordinary taking', async () => {
    const { messages, log } = listLog();
    await fresh.open({ log }).acquireWriter({ whenBusy: 'takeOver' });
    expect(messages).toEqual(['The writer lease is taken.']);
  });

  test('loses to another one', async () => {
    await fresh.store.acquireWriter();
    const leaseTime = createManualTime();
    const second = fresh.open({ leaseTime });
    const first = expect(second.acquireWriter({ whenBusy: 'takeOver' })).rejects.toMatchObject({
      code: 'lease_lost',
    });
    await until(async () => (await leaseOf(fresh)).epoch === 2);
    const third = fresh.open({ leaseTime: createManualTime() });
    void third.acquireWriter({ whenBusy: 'takeOver' }).catch(() => undefined);
    await until(async () => (await leaseOf(fresh)).epoch === 3);
    leaseTime.pass(2_000);
    await until(() => !second.lease.mayAct());
    await first;
  });
});

interface Child {
  readonly process: ChildProcess;
  readonly lines: Interface;
  /** Its answer to a line. */
  ask(): Promise<ChildAnswer>;
}

describe('a process that is killed or stopped', () => {
  let file: string;
  const children: ChildProcess[] = [];
  beforeAll(() => {
    file = compileChild('lease-child');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });
  afterAll(() => removeTemporary());

  /** A process that has the lease. */
  async function hold(leaseMs: number): Promise<Child> {
    const child = spawn(process.execPath, [file, fresh.url, fresh.schema, String(leaseMs)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout });
    const nextLine = async () => String((await once(lines, 'line'))[0]) as ChildAnswer;
    expect(await nextLine()).toBe('held');
    return {
      ...{ process: child, lines },
      ask() {
        const answer = nextLine();
        child.stdin.write('?\n');
        return answer;
      },
    };
  }

  test('kill -9: the next one takes its lease at once, long before its time is over', async () => {
    const child = await hold(60_000);
    await expect(fresh.store.acquireWriter()).rejects.toMatchObject({
      code: 'store_busy',
      facts: { pid: child.process.pid },
    });
    const held = await leaseOf(fresh);
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    const { messages, log } = listLog();
    await fresh.open({ log }).acquireWriter();
    const taken = await leaseOf(fresh);
    expect(taken).toMatchObject({ epoch: 2, pid: process.pid });
    expect(taken.acquiredAtMs).toBeLessThan(held.expiresAtMs);
    expect(messages[0]).toContain(`taken from process ${child.process.pid} on `);
    expect(messages[0]).toContain('which runs no more');
  });

  test('SIGSTOP for longer than its lease: what wakes up neither acts nor writes', async () => {
    const child = await hold(1_500);
    expect(await child.ask()).toBe('true written');
    child.process.kill('SIGSTOP');
    await fresh.store.acquireWriter({ whenBusy: 'wait' });
    child.process.kill('SIGCONT');
    // Asked before or after its own renewal has told it.
    expect(await child.ask()).toBe('false lease_lost');
  });

  test('one that lives is not dead, and is not taken from', async () => {
    await hold(60_000);
    await expect(fresh.store.acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    expect((await leaseOf(fresh)).epoch).toBe(1);
  });

  test('on another machine, boot or container nothing is proven: its time is waited out', async () => {
    const child = await hold(60_000);
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    await withClient(fresh, (client) =>
      client.query("update writer_lease set machine = 'another boot'"),
    );
    await expect(fresh.store.acquireWriter()).rejects.toMatchObject({ code: 'store_busy' });
    await runOut(fresh);
    await fresh.store.acquireWriter();
  });
});

describe('a holder is dead only where that is certain', () => {
  const self = thisProcess();
  const isLinux = process.platform === 'linux';
  const cases: { what: string; holder: LeaseHolder; dead: boolean }[] = [
    { what: 'this process', holder: self, dead: false },
    { what: 'a pid that nobody has', holder: { ...self, pid: NOBODYS_PID }, dead: isLinux },
    { what: 'a pid that was given again', holder: { ...self, processStart: '1' }, dead: isLinux },
    { what: 'another boot', holder: { ...self, pid: NOBODYS_PID, machine: 'other' }, dead: false },
    { what: 'an unknown machine', holder: { ...self, pid: NOBODYS_PID, machine: '' }, dead: false },
    {
      what: 'an unknown start',
      holder: { ...self, pid: NOBODYS_PID, processStart: '' },
      dead: false,
    },
    { what: 'no pid', holder: { ...self, pid: 0 }, dead: false },
  ];
  test.each(cases)('$what: $dead', ({ holder, dead }) => {
    expect(isProvablyDead(holder)).toBe(dead);
  });
});
