/**
 * A private PostgreSQL in the data folder: real, durable, reachable only through a Unix socket.
 *
 * The server outlives a killed process of ours; the next start joins it. Several processes may use
 * one folder. Each holds a guard: a connection with a shared advisory lock. The server is stopped
 * by whoever gets that lock alone; who comes while it is held waits for the end and starts anew.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { FillwrightFault } from '../../domain/faults.ts';
import type { ServerConnection, StoreLog } from './connection.ts';
import { locateBinaries, type ServerBinaries } from './embedded-binaries.ts';
import {
  prepareFolder,
  type ServerFolder,
  SOCKET_PORT,
  socketFolder,
  unusable,
} from './embedded-folder.ts';
import {
  ensureCluster,
  hasPostmaster,
  isPostmaster,
  type Postmaster,
  pidFilePath,
  readPidFile,
  SERVER_USER,
  startPostmaster,
} from './embedded-process.ts';
import { codeOf, messageOf } from './fault.ts';

const DATABASE = 'fillwright';
/** Key of the guards' advisory lock: any number that nothing else in this server uses. */
const GUARD_KEY = 7_245_190_133;
/** A server that was killed replays its log first; that may take a while, but it is progress. */
const START_LIMIT_MS = 120_000;
/** A fast stop writes a checkpoint. */
const STOP_LIMIT_MS = 60_000;
const POLL_MS = 5;
/** Connections that we have just closed leave the server's list a moment later. */
const GOODBYE_LIMIT_MS = 500;
/** Starts that met another's start, or what a killed server left: about ten seconds of them. */
const MAX_ATTEMPTS = 100;
const ATTEMPT_PAUSE_MS = 100;

export interface EmbeddedServerOptions {
  /** The server lives in `postgres/` below it. */
  readonly dataFolder: string;
  readonly log?: StoreLog;
}

export interface EmbeddedServer {
  readonly connection: ServerConnection;
  /** The same as a URL. */
  readonly url: string;
  /** True: started by this call; false: it was running. */
  readonly started: boolean;
  /**
   * Stops the server, or only leaves it when another process uses it. Close every store first.
   * @throws {FillwrightFault} `store_unavailable` when it does not end in time.
   */
  stop(): Promise<void>;
}

/**
 * Starts the server of a data folder, or joins the one that runs there.
 * @throws {FillwrightFault} `store_unavailable`, with the path and the remedy.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { dataFolder, log } = options;
  const binaries = locateBinaries();
  const folder = prepareFolder(dataFolder, binaries);
  await ensureCluster(folder, binaries);
  const { guard, started } = await startOrJoin(folder, binaries);
  // Its loss is no fault by itself: the store notices on its own connections. The stop must know.
  let lost = false;
  const onLost = (): void => {
    lost = true;
  };
  guard.on('error', onLost);
  guard.on('end', onLost);
  const host = guard.host;
  log?.info({ folder: folder.root, started }, 'The embedded database server is ready.');
  let stopping: Promise<void> | undefined;
  return {
    connection: connectionAt(host),
    url: `postgres://${SERVER_USER}@localhost/${DATABASE}?host=${encodeURIComponent(host)}&port=${SOCKET_PORT}`,
    started,
    stop() {
      stopping ??= stopOrLeave(folder, { guard, isLost: () => lost }, log);
      return stopping;
    },
  };
}

function connectionAt(host: string, database = DATABASE): ServerConnection {
  return { host, port: SOCKET_PORT, user: SERVER_USER, database };
}

async function startOrJoin(
  folder: ServerFolder,
  binaries: ServerBinaries,
): Promise<{ guard: pg.Client; started: boolean }> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  let postmaster: Postmaster | undefined;
  for (let attempts = 1; Date.now() < deadlineMs; await sleep(POLL_MS)) {
    const found = await join(folder);
    if (found instanceof pg.Client) {
      return {
        guard: found,
        started: postmaster?.ended() === undefined && postmaster !== undefined,
      };
    }
    const ended = postmaster?.ended();
    if (found === 'wait' || (postmaster !== undefined && ended === undefined)) continue;
    if (ended !== undefined) {
      if (!mayPass(ended) || attempts >= MAX_ATTEMPTS) {
        throw unusable(`${ended}; its log is ${folder.log}`, folder.log);
      }
      attempts += 1;
      await sleep(ATTEMPT_PAUSE_MS);
    }
    postmaster = startPostmaster(folder, binaries, socketFolder(folder));
  }
  throw unusable(`no answer in ${START_LIMIT_MS / 1000} s; its log is ${folder.log}`, folder.log);
}

/**
 * Two starts at once: the server lets one through by its lock file. Or the children of a killed
 * server are still ending, and it waits for nobody.
 */
function mayPass(complaint: string): boolean {
  return /lock file .* (?:already exists|is empty)|pre-existing shared memory block/.test(
    complaint,
  );
}

/**
 * Connects to the server that the pid file names and takes a share of the guard.
 * `away`: there is none. `wait`: it is starting or stopping.
 */
async function join(folder: ServerFolder): Promise<pg.Client | 'away' | 'wait'> {
  const file = readPidFile(folder.cluster);
  const absent = () => (hasPostmaster(folder.cluster) ? 'wait' : 'away');
  // A copied folder brings the pid file of the original, whose server must not be joined.
  if (file === undefined || file.dataFolder !== folder.cluster) return absent();
  if (!file.ready) return absent();
  const guard = guardAt(file.socketFolder, DATABASE);
  try {
    await guard.connect();
    if (await locked(guard, 'pg_try_advisory_lock_shared')) return guard;
    await guard.end();
    return 'wait';
  } catch (error) {
    await guard.end().catch(() => undefined);
    const code = codeOf(error);
    if (code === '3D000') {
      await createDatabase(file.socketFolder);
      return 'wait';
    }
    if (isRefusal(code)) {
      throw unusable(
        `cannot use the one in ${folder.root} (${messageOf(error)})`,
        folder.root,
        error,
      );
    }
    return absent();
  }
}

/** Waiting would not help: no permission, or an answer other than that it starts or stops. */
function isRefusal(code: string | undefined): boolean {
  if (code === undefined) return false;
  const isServerCode = /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
  return code === 'EACCES' || (isServerCode && !code.startsWith('57'));
}

function guardAt(host: string, database: string): pg.Client {
  const guard = new pg.Client({
    ...connectionAt(host, database),
    application_name: applicationName(),
    connectionTimeoutMillis: 5_000,
  });
  guard.on('error', () => undefined);
  return guard;
}

function applicationName(): string {
  return `fillwright/${process.pid}`;
}

/** After the first start only. Another process may be faster; then it exists. */
async function createDatabase(host: string): Promise<void> {
  const client = guardAt(host, 'postgres');
  try {
    await client.connect();
    await client.query(`create database ${DATABASE}`);
  } catch (error) {
    if (!['42P04', '23505', '55006'].includes(codeOf(error) ?? '')) {
      throw unusable(`cannot create its database (${messageOf(error)})`, host, error);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function locked(
  guard: pg.Client,
  attempt: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared',
): Promise<boolean> {
  const answer = await guard.query<{ taken: boolean }>(`select ${attempt}($1::bigint) as taken`, [
    GUARD_KEY,
  ]);
  return answer.rows[0]?.taken === true;
}

interface Held {
  readonly guard: pg.Client;
  /** True when the server has ended its connection. */
  isLost(): boolean;
}

/**
 * When the guard is lost, the server has died. Another process may have started it again, and only
 * a new guard can tell whether somebody uses that one.
 */
async function stopOrLeave(folder: ServerFolder, held: Held, log?: StoreLog): Promise<void> {
  const isNew = held.isLost();
  const guard = isNew ? await join(folder) : held.guard;
  // It is away, or somebody starts or stops it: not ours to end.
  if (!(guard instanceof pg.Client)) return;
  try {
    if (await isAlone(guard)) {
      await stopPostmaster(folder);
      log?.info({ folder: folder.root }, 'The embedded database server has stopped.');
    } else {
      const message = 'The embedded database server is left to its other users.';
      log?.info({ folder: folder.root }, message);
    }
  } catch (error) {
    // Somebody else has stopped it; that it is gone is all that was wanted.
    if (!hasPostmaster(folder.cluster)) return;
    // That the guard is lost may become known only by asking; a fault is ours, of the stop itself.
    if (isNew || !held.isLost() || error instanceof FillwrightFault) throw error;
    await stopOrLeave(folder, held, log);
  } finally {
    await guard.end().catch(() => undefined);
  }
}

/** Gives the guard's share back, then asks for all of it. */
async function isAlone(guard: pg.Client): Promise<boolean> {
  await guard.query('select pg_advisory_unlock_shared($1::bigint)', [GUARD_KEY]);
  return (await locked(guard, 'pg_try_advisory_lock')) && !(await hasOthers(guard));
}

/** Programs that hold no guard, for example psql. Connections of this process do not count. */
async function hasOthers(guard: pg.Client): Promise<boolean> {
  const deadlineMs = Date.now() + GOODBYE_LIMIT_MS;
  for (;;) {
    const answer = await guard.query(
      `select from pg_stat_activity where backend_type = 'client backend'
         and pid <> pg_backend_pid() and application_name <> $1 limit 1`,
      [applicationName()],
    );
    if (answer.rowCount === 0) return false;
    if (Date.now() > deadlineMs) return true;
    await sleep(POLL_MS);
  }
}

async function stopPostmaster(folder: ServerFolder): Promise<void> {
  const file = readPidFile(folder.cluster);
  if (file === undefined || !isPostmaster(file.pid, folder.cluster)) return;
  process.kill(file.pid, 'SIGINT');
  const deadlineMs = Date.now() + STOP_LIMIT_MS;
  while (existsSync(pidFilePath(folder.cluster)) || isPostmaster(file.pid, folder.cluster)) {
    if (Date.now() > deadlineMs) {
      throw unusable(`process ${file.pid} does not stop; its log is ${folder.log}`, folder.log);
    }
    await sleep(POLL_MS);
  }
}
