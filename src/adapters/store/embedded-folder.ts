/**
 * The files of an embedded server: `<data folder>/postgres/` with the cluster, the socket and the
 * log. PostgreSQL refuses to run as root, so there its files and its processes belong to another
 * account, which must be able to reach them.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FillwrightFault } from '../../domain/faults.ts';
import type { ServerBinaries } from './embedded-binaries.ts';
import { messageOf } from './fault.ts';

/** The name under which the server's socket is found in its folder. */
export const SOCKET_PORT = 5432;
/** The kernel's limit is 104 to 108 bytes, by system. */
const MAX_SOCKET_PATH_BYTES = 100;
/** Accounts that exist for such work, best first. */
const ACCOUNTS = ['postgres', '_postgres', 'nobody'];

/** Who runs the server where we are root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ServerFolder {
  readonly root: string;
  /** PGDATA. Exists only when it is complete: it is made beside and renamed. */
  readonly cluster: string;
  readonly log: string;
  /** Absent: the server runs as we do. */
  readonly account?: Account;
}

/**
 * Makes `<dataFolder>/postgres` and checks that the server's account can work there.
 * @throws {FillwrightFault} `store_unavailable` with the path and the remedy.
 */
export function prepareFolder(dataFolder: string, binaries: ServerBinaries): ServerFolder {
  const wanted = join(resolve(dataFolder), 'postgres');
  try {
    mkdirSync(wanted, { recursive: true });
  } catch (error) {
    throw unusable(`cannot make the folder ${wanted} (${messageOf(error)})`, wanted, error);
  }
  const root = realpathSync(wanted);
  const folder = { root, cluster: join(root, 'cluster'), log: join(root, 'server.log') };
  if (process.getuid?.() !== 0) {
    assertOwn(root);
    return folder;
  }
  const account = existsSync(folder.cluster) ? ownerOf(folder.cluster) : freeAccount();
  assertReachable(dirname(root), account, 'choose another data folder');
  assertReachable(dirname(binaries.postgres), account, 'install in another folder');
  chownSync(root, account.uid, account.gid);
  return { ...folder, account };
}

/** Where the socket goes: in the folder, or under a short name where the path would be too long. */
export function socketFolder(folder: ServerFolder): string {
  const inside = join(folder.root, 'socket');
  if (Buffer.byteLength(join(inside, `.s.PGSQL.${SOCKET_PORT}`)) <= MAX_SOCKET_PATH_BYTES) {
    return makePrivate(inside, folder.account);
  }
  const name = createHash('sha256').update(folder.root).digest('hex').slice(0, 16);
  return makePrivate(join(tmpdir(), `fillwright-${name}`), folder.account);
}

/** Only the server's account, and root, can enter: the server itself asks for no password. */
function makePrivate(path: string, account?: Account): string {
  const uid = account?.uid ?? process.getuid?.();
  if (!existsSync(path)) {
    mkdirSync(path, { mode: 0o700, recursive: true });
    if (account !== undefined) chownSync(path, account.uid, account.gid);
    chmodSync(path, 0o700);
  }
  const found = lstatSync(path);
  const ours = found.uid === uid || (account !== undefined && found.uid === 0);
  if (!found.isDirectory() || !ours || (found.mode & 0o077) !== 0) {
    throw unusable(`${path} must be a folder of user ${uid} with mode 700; remove it`, path);
  }
  if (account !== undefined) chownSync(path, account.uid, account.gid);
  return path;
}

function assertOwn(root: string): void {
  const owner = statSync(root).uid;
  if (owner === process.getuid?.()) return;
  throw unusable(
    `${root} belongs to user ${owner}; run as that user or as root, or choose another data folder`,
    root,
  );
}

function ownerOf(cluster: string): Account {
  const { uid, gid } = lstatSync(cluster);
  if (uid !== 0) return { uid, gid };
  throw unusable(
    `${cluster} belongs to root, as which PostgreSQL refuses to run; chown it to another user`,
    cluster,
  );
}

function freeAccount(): Account {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ACCOUNTS) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    const [uid, gid] = [Number(fields[2]), Number(fields[3])];
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw unusable(
    `PostgreSQL refuses to run as root and none of the users ${ACCOUNTS.join(', ')} exists`,
    '/etc/passwd',
  );
}

/** Every folder on the way must let the account through. */
function assertReachable(path: string, account: Account, remedy: string): void {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      throw unusable(
        `user ${account.uid}, which runs PostgreSQL in root's place, cannot enter ${folder} ` +
          `(mode ${(mode & 0o777).toString(8)}); chmod o+x ${folder}, ${remedy}, or run as a normal user`,
        folder,
      );
    }
    if (folder === dirname(folder)) return;
  }
}

/** The fault of an embedded server that cannot be had; `problem` names the path and the remedy. */
export function unusable(problem: string, path: string, cause?: unknown): FillwrightFault {
  return new FillwrightFault(
    'store_unavailable',
    `The embedded database server cannot be used: ${problem}.`,
    { path },
    { cause },
  );
}
