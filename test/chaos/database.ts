/** A PostgreSQL of the chaos run alone, which can be killed, stopped and started again, and run out of disk. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { hasPostmaster, readPidFile } from '../../src/adapters/store/embedded-process.ts';
import {
  type EmbeddedServer,
  startEmbeddedServer,
} from '../../src/adapters/store/embedded-server.ts';

/** A whole run needs some hundred megabytes. Only what is written takes memory. */
const DISK_BYTES = 3 * 1024 ** 3;
/** What is left on a disk that is called full: the next pages of the log still fit, then none. */
const LEFT_BYTES = 256 * 1024;
/** The log must not fill the disk by itself. */
const SETTINGS = [
  `alter system set max_wal_size = '256MB'`,
  `alter system set min_wal_size = '64MB'`,
  'select pg_reload_conf()::text as reloaded',
];
const START_LIMIT_MS = 60_000;
/** Its own recovery takes less than a second here. */
const HUNG_AFTER_MS = 15_000;

export interface ChaosDatabase {
  /** Where it listens. */
  readonly socketPath: string;
  /** True: `fillDisk` works here. */
  readonly hasOwnDisk: boolean;
  /** Answers rows, over a connection that no fault of the network meets. */
  rows(sql: string): Promise<readonly Row[]>;
  /** SIGKILL for the server and every process of it, as if the machine had lost its power. */
  kill(): void;
  /** Starts it unless it runs. */
  start(): Promise<void>;
  /** SIGSTOP for every process of it. */
  pause(): void;
  resume(): void;
  fillDisk(): void;
  makeRoom(): void;
  /** Ends it and gives its disk back. */
  close(): Promise<void>;
  /** The same at once and without asking. */
  abandon(): void;
}

export type Row = Readonly<Record<string, string | null>>;

/** Opens it below `folder`, on a disk of its own where that can be mounted. */
export async function openDatabase(folder: string): Promise<ChaosDatabase> {
  const dataFolder = join(folder, 'database');
  mkdirSync(dataFolder, { mode: 0o755 });
  const hasOwnDisk = mountDisk(dataFolder);
  const unmount = () => {
    if (hasOwnDisk) execFileSync('/bin/umount', ['-l', dataFolder]);
  };
  try {
    return await openOn(dataFolder, hasOwnDisk, unmount);
  } catch (error) {
    unmount();
    throw error;
  }
}

async function openOn(
  dataFolder: string,
  hasOwnDisk: boolean,
  unmount: () => void,
): Promise<ChaosDatabase> {
  let server = await startEmbeddedServer({ dataFolder });
  const { host, port } = server.connection;
  const cluster = join(dataFolder, 'postgres', 'cluster');
  for (const setting of SETTINGS) await rowsOf(server, setting);
  let paused: readonly number[] = [];

  function signal(name: NodeJS.Signals, pids: readonly number[]): void {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch {
        // It ended in the meantime.
      }
    }
  }

  return {
    socketPath: join(String(host), `.s.PGSQL.${port}`),
    hasOwnDisk,
    rows: (sql) => rowsOf(server, sql),
    kill: () => signal('SIGKILL', processesOf(cluster)),
    async start() {
      const startedAtMs = Date.now();
      let isHung = false;
      // One that runs is left alone: each joining of it would hold one more connection.
      for (const deadlineMs = startedAtMs + START_LIMIT_MS; ; await sleep(200)) {
        if (hasPostmaster(cluster) && readPidFile(cluster)?.ready === true) {
          if (await answers(server)) return;
          // PostgreSQL 18 whose recovery met a full disk ends no more, and never answers: a person kills it.
          if (Date.now() > deadlineMs) throw new Error('The database server does not answer.');
          if (isHung || Date.now() < startedAtMs + HUNG_AFTER_MS) continue;
          isHung = true;
          signal('SIGKILL', processesOf(cluster));
        }
        try {
          server = await startEmbeddedServer({ dataFolder });
          return;
        } catch (error) {
          // What was killed a moment ago is still ending, or replays its log.
          if (Date.now() > deadlineMs) throw error;
        }
      }
    },
    pause() {
      paused = processesOf(cluster);
      signal('SIGSTOP', paused);
    },
    resume() {
      signal('SIGCONT', paused);
      paused = [];
    },
    fillDisk: () => setDiskSize(dataFolder, usedBytes(dataFolder) + LEFT_BYTES),
    makeRoom: () => setDiskSize(dataFolder, DISK_BYTES),
    abandon() {
      signal('SIGKILL', processesOf(cluster));
      unmount();
    },
    async close() {
      signal('SIGCONT', paused);
      await server.stop().catch(() => signal('SIGKILL', processesOf(cluster)));
      unmount();
    },
  };
}

async function answers(server: EmbeddedServer): Promise<boolean> {
  return rowsOf(server, 'select 1').then(
    () => true,
    () => false,
  );
}

async function rowsOf({ connection }: EmbeddedServer, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ ...connection, application_name: 'chaos' });
  // Its server may be killed under it; then the query fails, and the event is only an echo.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Row>(sql);
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The postmaster and its children, the postmaster first: it must not start what we end. */
function processesOf(cluster: string): readonly number[] {
  const pid = readPidFile(cluster)?.pid;
  if (pid === undefined) return [];
  const children = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && parentOf(name) === pid,
  );
  return [pid, ...children.map(Number)];
}

function parentOf(pid: string): number | undefined {
  try {
    // The name of a program may hold blanks and brackets: what comes after it does not.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function mountDisk(path: string): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    const options = `size=${DISK_BYTES},mode=0755`;
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function setDiskSize(path: string, bytes: number): void {
  execFileSync('/bin/mount', ['-o', `remount,size=${bytes}`, path], { stdio: 'ignore' });
}

function usedBytes(path: string): number {
  const { bsize, blocks, bfree } = statfsSync(path);
  return (blocks - bfree) * bsize;
}
