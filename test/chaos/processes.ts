/** Child processes of the chaos run, and where the built program lies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Seen from `dist/test/chaos`, and from `test/chaos` when a test runner compiles it. */
const ROOT = ['../../../', '../../']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(`${path}package.json`));

/** A file of the project, by its path from the root. */
export function projectFile(path: string): string {
  return `${ROOT ?? ''}${path}`;
}

const COMMAND = projectFile('bin/fillwright.js');
export const isBuilt =
  existsSync(strategyFile('load-strategy')) && existsSync(projectFile('dist/src/cli/main.js'));

/** A strategy of ours as the engine's process loads it. */
export function strategyFile(name: string): string {
  return projectFile(`dist/test/chaos/${name}.js`);
}

/** As `npm start` starts it: thousands of orders are restored with half as much collecting. */
const YOUNG_SPACE = '--max-semi-space-size=48';

/** The newest lines are the ones that tell why. */
const MOST_LINES = 2_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atMs: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly ended: Promise<Ended>;
  /** Undefined while it runs. */
  readonly end: Ended | undefined;
  readonly stdout: string;
  /** Lines of standard error. */
  readonly lines: readonly string[];
  kill(signal: NodeJS.Signals): void;
}

/** Starts `fillwright ...args` in a process of its own. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const { DATABASE_URL: _, ...inherited } = process.env;
  const startedAtMs = Date.now();
  const child = spawn(process.execPath, [YOUNG_SPACE, COMMAND, ...args], {
    env: { ...inherited, NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let rest = '';
  const lines: string[] = [];
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    lines.splice(0, lines.length - MOST_LINES);
  });
  let end: Ended | undefined;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (rest !== '') lines.push(rest);
      end = { code, signal, atMs: Date.now() };
      resolve(end);
    });
  });
  return {
    child,
    pid: child.pid ?? 0,
    startedAtMs,
    ended,
    get end() {
      return end;
    },
    get stdout() {
      return stdout;
    },
    lines,
    kill: (signal) => void child.kill(signal),
  };
}

/** The kernel counts in hundredths of a second. */
const TICK_MS = 10;

/** Time of a processor that a process has used so far; undefined where the system does not tell. */
export function cpuMsOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}
