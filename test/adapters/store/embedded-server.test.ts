import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedServer } from '../../../src/adapters/store/embedded-server.ts';
import { createPostgresStore } from '../../../src/adapters/store/postgres-store.ts';
import {
  type Child,
  compileChild,
  isRoot,
  isRunning,
  pidFile,
  postmasterPid,
  removeTemporary,
  startChild,
  temporaryFolder,
  type User,
  users,
} from './embedded-harness.ts';

let script = '';
beforeAll(() => {
  script = compileChild();
});
afterAll(removeTemporary);

const running: Child[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) await child.kill('SIGKILL');
});

function start(dataFolder: string, user: User): Child {
  const child = startChild(script, dataFolder, user);
  running.push(child);
  return child;
}

/** Waits until it can work; whether it has started the server itself. */
async function ready(child: Child): Promise<boolean> {
  const answer = await child.answer();
  if (answer.kind !== 'ready') throw new Error(JSON.stringify(answer));
  return answer.started;
}

function pidOf(dataFolder: string): number {
  const pid = postmasterPid(dataFolder);
  if (pid === undefined) throw new Error(`No server runs in ${dataFolder}.`);
  return pid;
}

describe.each(users)('as $name', (user) => {
  /** One cluster for the tests that do not ask for an empty folder: making one takes longest. */
  let folder = '';
  beforeAll(async () => {
    folder = temporaryFolder(user);
    const child = start(folder, user);
    expect(await ready(child)).toBe(true);
    await child.send({ sql: 'create table kept (value text)' });
    await child.send({ sql: `insert into kept values ('from the first start')` });
    await child.stop();
  });

  const KEPT = { kind: 'rows', rows: [{ value: 'from the first start' }] };
  const readKept = (child: Child) => child.send({ sql: 'select value from kept' });

  test('a stop leaves no process, and a restart finds the data', async () => {
    expect(postmasterPid(folder)).toBeUndefined();
    const child = start(folder, user);
    expect(await ready(child)).toBe(true);
    expect(await readKept(child)).toEqual(KEPT);
    const pid = pidOf(folder);
    expect(isRunning(pid)).toBe(true);
    await child.stop();
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(pidFile(folder))).toBe(false);
  });

  test('writes are durable, and nobody can reach the server by network', async () => {
    const child = start(folder, user);
    await ready(child);
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses'];
    const settings = await child.send({
      sql: `select string_agg(name || '=' || setting, ' ' order by name) as all from pg_settings
        where name in ('${names.join("','")}')`,
    });
    const all = 'fsync=on full_page_writes=on listen_addresses= synchronous_commit=on';
    expect(settings).toEqual({ kind: 'rows', rows: [{ all }] });
    await child.stop();
  });

  test('the server of a killed process is joined, and stopped by who joined it', async () => {
    const killed = start(folder, user);
    await ready(killed);
    const pid = pidOf(folder);
    await killed.kill('SIGKILL');
    expect(isRunning(pid)).toBe(true);
    const next = start(folder, user);
    expect(await ready(next)).toBe(false);
    expect(await readKept(next)).toEqual(KEPT);
    expect(pidOf(folder)).toBe(pid);
    await next.stop();
    expect(isRunning(pid)).toBe(false);
  });

  test('a server that was killed leaves its pid file; the next start recovers the data', async () => {
    const child = start(folder, user);
    await ready(child);
    process.kill(pidOf(folder), 'SIGKILL');
    await child.kill('SIGKILL');
    const next = start(folder, user);
    expect(await ready(next)).toBe(true);
    expect(await readKept(next)).toEqual(KEPT);
    await next.stop();
  });

  test('a pid file that names a process of somebody else is not believed', async () => {
    const stranger = start(temporaryFolder(user), user);
    await ready(stranger);
    const child = start(folder, user);
    await ready(child);
    const text = readFileSync(pidFile(folder), 'utf8');
    process.kill(pidOf(folder), 'SIGKILL');
    await child.kill('SIGKILL');
    writeFileSync(pidFile(folder), text.replace(/^\d+/, String(stranger.pid)));
    const next = start(folder, user);
    expect(await ready(next)).toBe(true);
    expect(await readKept(next)).toEqual(KEPT);
    await next.stop();
    await stranger.stop();
  });

  test('of two processes the first to leave does not take the server with it', async () => {
    const first = start(folder, user);
    await ready(first);
    const second = start(folder, user);
    expect(await ready(second)).toBe(false);
    const pid = pidOf(folder);
    await first.stop();
    expect(isRunning(pid)).toBe(true);
    expect(await readKept(second)).toEqual(KEPT);
    await second.stop();
    expect(isRunning(pid)).toBe(false);
  });

  test('a process whose server died leaves the one that another has started', async () => {
    const first = start(folder, user);
    await ready(first);
    process.kill(pidOf(folder), 'SIGKILL');
    const second = start(folder, user);
    expect(await ready(second)).toBe(true);
    expect(await first.send('stop')).toEqual({ kind: 'stopped' });
    expect(await readKept(second)).toEqual(KEPT);
    const pid = pidOf(folder);
    await second.stop();
    expect(isRunning(pid)).toBe(false);
  });

  test('processes that start at once in an empty folder share one server', async () => {
    const empty = temporaryFolder(user);
    const children = [1, 2, 3].map(() => start(empty, user));
    const answers = await Promise.all(children.map((child) => child.answer()));
    expect(answers.map((answer) => answer.kind)).toEqual(['ready', 'ready', 'ready']);
    const pid = pidOf(empty);
    await children[0]?.send({ sql: 'create table shared ()' });
    for (const child of children) {
      expect(await child.send({ sql: 'select from shared' })).toMatchObject({ kind: 'rows' });
    }
    await Promise.all(children.map((child) => child.stop()));
    expect(isRunning(pid)).toBe(false);
    expect(readdirSync(join(empty, 'postgres')).sort()).toEqual([
      'cluster',
      'server.log',
      'socket',
    ]);
  });

  test('starts and stops at once never leave a process without its server', async () => {
    for (let round = 0; round < 3; round += 1) {
      const leaving = start(folder, user);
      await ready(leaving);
      const coming = start(folder, user);
      const left = leaving.stop();
      await ready(coming);
      expect(await readKept(coming)).toEqual(KEPT);
      await left;
      expect(await readKept(coming)).toEqual(KEPT);
      await coming.stop();
      expect(postmasterPid(folder)).toBeUndefined();
    }
  });

  test('a folder whose first start was killed is made anew', async () => {
    const empty = temporaryFolder(user);
    const killed = start(empty, user);
    const root = join(empty, 'postgres');
    const isAtWork = () =>
      existsSync(root) && readdirSync(root).some((name) => name.startsWith('cluster.new-'));
    while (!isAtWork()) await sleep(1);
    await killed.kill('SIGKILL');
    expect(existsSync(join(root, 'cluster'))).toBe(false);
    const next = start(empty, user);
    expect(await ready(next)).toBe(true);
    await next.stop();
    const again = start(empty, user);
    await ready(again);
    await again.stop();
    expect(readdirSync(root).filter((name) => name.startsWith('cluster'))).toEqual(['cluster']);
  });

  test('Ctrl-C reaches our process, which can still write and then stops the server', async () => {
    const child = start(folder, user);
    await ready(child);
    const pid = pidOf(folder);
    child.pressCtrlC();
    expect(await child.answer()).toEqual({ kind: 'rows', rows: [{ written: 1 }] });
    expect(await child.answer()).toEqual({ kind: 'stopped' });
    expect(isRunning(pid)).toBe(false);
  });

  test('a path too long for a socket gets a short one', async () => {
    const long = join(temporaryFolder(user), 'x'.repeat(120));
    mkdirSync(long);
    if (user.id !== undefined) chownSync(long, user.id, user.id);
    const child = start(long, user);
    const answer = await child.answer();
    if (answer.kind !== 'ready') throw new Error(JSON.stringify(answer));
    const sockets = new URL(answer.url).searchParams.get('host') ?? '';
    expect(sockets).not.toContain('xxx');
    const second = start(long, user);
    expect(await ready(second)).toBe(false);
    await second.stop();
    await child.stop();
    expect(readdirSync(sockets)).toEqual([]);
    rmdirSync(sockets);
  });

  test('a folder that cannot be entered or made is named, with the remedy', async () => {
    const closed = temporaryFolder();
    chmodSync(closed, 0o700);
    const child = start(join(closed, 'data'), user);
    expect(await child.answer()).toMatchObject({
      kind: 'failed',
      code: 'store_unavailable',
      message: expect.stringContaining(closed),
    });
  });
});

test('a store goes on by itself when its server has been away', async () => {
  const dataFolder = temporaryFolder();
  const first = await startEmbeddedServer({ dataFolder });
  const store = createPostgresStore({ url: first.url });
  await store.migrate();
  await store.acquireWriter();
  await first.stop();
  await expect(store.commit(EMPTY_BATCH)).rejects.toMatchObject({ code: 'store_unavailable' });
  const second = await startEmbeddedServer({ dataFolder });
  await store.commit(EMPTY_BATCH);
  expect(await store.lastSeq()).toBe(1);
  await store.close();
  await second.stop();
});

const EMPTY_BATCH = {
  batchId: 'b',
  firstSeq: 1,
  lastSeq: 1,
  inputs: '[]',
  intents: [],
  prepared: [],
  hash: null,
};

test.runIf(isRoot)('root runs the server as the owner of the cluster that is there', async () => {
  const user = { name: 'a normal user', id: 65_534 };
  const dataFolder = temporaryFolder(user);
  const own = start(dataFolder, user);
  await ready(own);
  await own.stop();
  const server = await startEmbeddedServer({ dataFolder });
  await server.stop();
  const again = start(dataFolder, user);
  expect(await ready(again)).toBe(true);
  await again.stop();
});
