/** Processes that use an embedded server, as the user who runs the suite or as a normal one. */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChildAnswer, ChildCommand } from './embedded-child.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../..');

export interface User {
  readonly name: string;
  /** Absent: as the suite runs. */
  readonly id?: number;
}

export const isRoot = process.getuid?.() === 0;

/** Under root every rule is held twice: as root, and as the user `nobody`. */
export const users: readonly User[] = isRoot
  ? [{ name: 'root' }, { name: 'a normal user', id: 65_534 }]
  : [{ name: 'this user' }];

/** Compiles a process of these suites: Node 20 runs no TypeScript. Answers its file. */
export function compileChild(name = 'embedded-child'): string {
  const out = temporaryFolder();
  writeFileSync(
    join(out, 'tsconfig.json'),
    JSON.stringify({
      extends: join(REPOSITORY, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        noCheck: true,
        rootDir: REPOSITORY,
        outDir: join(out, 'js'),
        typeRoots: [join(REPOSITORY, 'node_modules/@types')],
      },
      include: [],
      files: [join(import.meta.dirname, `${name}.ts`)],
    }),
  );
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  symlinkSync(join(REPOSITORY, 'node_modules'), join(out, 'node_modules'));
  execFileSync(join(REPOSITORY, 'node_modules/.bin/tsc'), ['-p', join(out, 'tsconfig.json')]);
  return join(out, `js/test/adapters/store/${name}.js`);
}

const temporary: string[] = [];

/** A new folder that `user` owns and everybody can enter. Removed by `removeTemporary`. */
export function temporaryFolder(user?: User): string {
  const folder = mkdtempSync(join(tmpdir(), 'fw-'));
  chmodSync(folder, 0o755);
  if (user?.id !== undefined) chownSync(folder, user.id, user.id);
  temporary.push(folder);
  return folder;
}

/** Ends every server that a test left behind, and removes the folders. */
export function removeTemporary(): void {
  for (const folder of temporary.splice(0)) {
    const pid = postmasterPid(folder);
    if (pid !== undefined && isRunning(pid)) process.kill(pid, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function postmasterPid(dataFolder: string): number | undefined {
  const file = pidFile(dataFolder);
  if (!existsSync(file)) return undefined;
  return Number.parseInt(readFileSync(file, 'utf8'), 10);
}

export function pidFile(dataFolder: string): string {
  return join(dataFolder, 'postgres/cluster/postmaster.pid');
}

/** A process that has ended but that nobody has waited for does not run. */
export function isRunning(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    return !state.startsWith('Z');
  } catch {
    return false;
  }
}

export interface Child {
  readonly pid: number;
  /** The next thing it says. */
  answer(): Promise<ChildAnswer>;
  send(command: ChildCommand): Promise<ChildAnswer>;
  kill(signal: 'SIGKILL'): Promise<void>;
  /** What a terminal sends when Ctrl-C is pressed: to the whole process group. */
  pressCtrlC(): void;
  /** Stops its server and waits for its end. */
  stop(): Promise<void>;
}

export function startChild(script: string, dataFolder: string, user: User): Child {
  const ids = user.id === undefined ? {} : { uid: user.id, gid: user.id };
  const child = spawn(process.execPath, [script, dataFolder], {
    ...ids,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { pid, stdin } = child;
  if (pid === undefined) throw new Error(`The process did not start as ${user.name}.`);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  async function answer(): Promise<ChildAnswer> {
    const line = await lines.next();
    if (line.done === true) throw new Error('The process ended without an answer.');
    return JSON.parse(line.value);
  }
  return {
    pid,
    answer,
    send(command) {
      stdin.write(`${JSON.stringify(command)}\n`);
      return answer();
    },
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
    pressCtrlC() {
      process.kill(-pid, 'SIGINT');
    },
    async stop() {
      stdin.write('"stop"\n');
      await ended;
    },
  };
}
