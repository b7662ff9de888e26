/** The server's processes: making a cluster, starting the postmaster, telling a live one from a dead. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ServerBinaries } from './embedded-binaries.ts';
import { type Account, type ServerFolder, unusable } from './embedded-folder.ts';
import { codeOf, messageOf, oneLine } from './fault.ts';

/** The server's own superuser and database: it belongs to us alone. */
export const SERVER_USER = 'fillwright';

/** Settings that a start always gives; a file in the cluster cannot weaken them. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '128MB',
  max_connections: '40',
  wal_compression: 'off',
  // A commit must not wait while a new segment is filled with zeroes, nor for room in a small buffer.
  wal_init_zero: 'off',
  wal_buffers: '16MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

const NEW_CLUSTER = 'cluster.new-';
/** The log starts over beyond this size. */
const MAX_LOG_BYTES = 10_000_000;
/** A pid that no system gives: the kernel's limit is far below. */
const NO_PID = 2_147_483_646;
/** A postmaster writes its pid file at once; one that stays empty was lost with the machine. */
const EMPTY_PID_FILE_MS = 2_000;

export interface Postmaster {
  /** Undefined while it runs; else how it ended. */
  ended(): string | undefined;
}

/** What a running server says of itself in its pid file. */
export interface PidFile {
  readonly pid: number;
  readonly dataFolder: string;
  readonly socketFolder: string;
  /** False: it starts or stops. */
  readonly ready: boolean;
}

/**
 * Makes the cluster unless it is there. It is made under another name and renamed when complete,
 * so that a killed attempt leaves nothing that looks like a cluster, and of two attempts at once
 * one wins and the other's is removed.
 */
export async function ensureCluster(folder: ServerFolder, binaries: ServerBinaries): Promise<void> {
  removeLeftovers(folder.root);
  if (existsSync(folder.cluster)) return;
  const fresh = join(folder.root, `${NEW_CLUSTER}${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(fresh, { mode: 0o700 });
  if (folder.account !== undefined) chownSync(fresh, folder.account.uid, folder.account.gid);
  try {
    await runInitdb(fresh, binaries.initdb, folder.account);
    renameSync(fresh, folder.cluster);
    syncFolder(folder.root);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    const lost = ['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '');
    if (!lost) throw error;
  }
}

/** Attempts whose process is gone. A live one is at work now. */
function removeLeftovers(root: string): void {
  for (const name of readdirSync(root)) {
    const pid = name.startsWith(NEW_CLUSTER)
      ? Number.parseInt(name.slice(NEW_CLUSTER.length), 10)
      : 0;
    if (pid > 0 && !isAlive(pid)) tryRemove(join(root, name));
  }
}

/** Its initdb may still be writing after its parent was killed; then the next start removes it. */
function tryRemove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Only disk space is lost until then.
  }
}

function runInitdb(cluster: string, initdb: string, account?: Account): Promise<void> {
  const flags = ['--encoding=UTF8', '--locale=C', '--auth=trust', '--no-instructions'];
  const child = spawn(initdb, ['-D', cluster, '-U', SERVER_USER, ...flags], {
    ...account,
    cwd: '/',
    env: serverEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  return new Promise((done, fail) => {
    const failed = (reason: string, cause?: unknown) =>
      fail(unusable(`initdb could not fill ${cluster} (${reason})`, cluster, cause));
    child.on('error', (error) => failed(messageOf(error), error));
    child.on('close', (status, signal) => {
      if (status === 0) done();
      else failed(complaintOf(errors.join('')) ?? `it ended with ${signal ?? status}`);
    });
  });
}

/**
 * Starts the postmaster and does not wait. It has a session of its own and logs to a file: Ctrl-C
 * in a terminal must reach only us, so that a clean stop can still write.
 */
export function startPostmaster(
  folder: ServerFolder,
  binaries: ServerBinaries,
  sockets: string,
): Postmaster {
  clearStalePidFile(folder.cluster);
  const log = openSync(folder.log, 'a', 0o600);
  if (folder.account !== undefined) fchownSync(log, folder.account.uid, folder.account.gid);
  if (fstatSync(log).size > MAX_LOG_BYTES) ftruncateSync(log);
  const start = fstatSync(log).size;
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: sockets });
  let end: string | undefined;
  const child = spawn(
    binaries.postgres,
    ['-D', folder.cluster, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...folder.account,
      cwd: '/',
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', log, log],
    },
  );
  closeSync(log);
  child.on('error', (error) => {
    end = messageOf(error);
  });
  child.on('exit', (status, signal) => {
    end = `it ended with ${signal ?? status}`;
  });
  child.unref();
  return {
    ended() {
      if (end === undefined) return undefined;
      return complaintOf(readFileSync(folder.log).subarray(start).toString()) ?? end;
    },
  };
}

/** Ours would carry PGDATA, PGPORT or LD_PRELOAD into the server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };
}

/** The line that says why it failed: the cause where it is named, else the last of the complaints. */
function complaintOf(output: string): string | undefined {
  const lines = output
    .split('\n')
    .filter((line) => /FATAL|PANIC|error:|could not/.test(line))
    .filter((line) => !/the database system is/.test(line));
  const cause = lines.find((line) => /No space left|Permission denied/.test(line)) ?? lines.at(-1);
  return cause === undefined ? undefined : oneLine(cause.replace(/^.*?(FATAL|PANIC|error): */, ''));
}

/** The pid file of a cluster; undefined when there is none or it is not complete. */
export function readPidFile(cluster: string): PidFile | undefined {
  const [pid, dataFolder, , , sockets, , , status] = pidFileText(cluster)?.split('\n') ?? [];
  if (pid === undefined || dataFolder === undefined || !sockets) return undefined;
  const ready = status?.trim() === 'ready';
  return { pid: Number(pid), dataFolder, socketFolder: sockets, ready };
}

function pidFileText(cluster: string): string | undefined {
  try {
    return readFileSync(pidFilePath(cluster), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unusable(`cannot read ${pidFilePath(cluster)} (${messageOf(error)})`, cluster, error);
  }
}

export function pidFilePath(cluster: string): string {
  return join(cluster, 'postmaster.pid');
}

/** True while the postmaster of `cluster` lives: starting, working or stopping. */
export function hasPostmaster(cluster: string): boolean {
  const pid = Number.parseInt(pidFileText(cluster) ?? '', 10);
  return pid > 0 && isPostmaster(pid, cluster);
}

/** A pid outlives its process: after a restart of the machine it may be anybody's. */
export function isPostmaster(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') {
    try {
      const name = execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
      return name.includes('postgres');
    } catch {
      return false;
    }
  }
  try {
    // A postmaster works in its cluster. A process that has ended but is not reaped is nowhere.
    return readlinkSync(`/proc/${pid}/cwd`) === cluster;
  } catch (error) {
    return codeOf(error) !== 'ENOENT';
  }
}

/** A process of another user is alive, but not our server: that runs as we do, or we are root. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes PostgreSQL see that the last postmaster is dead. It would take any live process with that
 * pid for it. Only the pid is replaced: the rest of the file lets PostgreSQL find children of the
 * dead server that still hold its memory.
 */
function clearStalePidFile(cluster: string): void {
  const path = pidFilePath(cluster);
  const text = pidFileText(cluster);
  if (text === undefined || hasPostmaster(cluster)) return;
  if (text.trim() !== '') {
    writeFileSync(path, text.replace(/^.*/, String(NO_PID)));
  } else if (Date.now() - statSync(path).mtimeMs > EMPTY_PID_FILE_MS) {
    rmSync(path, { force: true });
  }
}

function syncFolder(path: string): void {
  const handle = openSync(path, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
