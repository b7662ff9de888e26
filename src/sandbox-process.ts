/**
 * A sandbox in a process of its own. It ends by itself, with its state saved, when this process is
 * gone, however that came about: the engine can be killed while its exchange lives on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Log } from './actors/execution.ts';
import { FillwrightFault } from './domain/faults.ts';

/** Seen from `dist/src` and from `src`. */
const COMMAND = ['../../bin/fillwright.js', '../bin/fillwright.js'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
/** It reads its state and opens a port: well under a second. */
const START_LIMIT_MS = 20_000;
/** It writes its state at the end. */
const STOP_LIMIT_MS = 10_000;

const Opened = z.object({
  /** `http://host:port` */
  rest: z.string(),
  /** `ws://host:port/ws` */
  ws: z.string(),
  chainId: z.number(),
  accounts: z.array(
    z.object({
      name: z.string(),
      privateKey: z.string(),
      funder: z.string(),
      signatureType: z.number(),
      apiKey: z.string(),
      secret: z.string(),
      passphrase: z.string(),
    }),
  ),
  markets: z.array(z.object({ conditionId: z.string(), slug: z.string() })),
});

const Fault = z.object({ error: z.object({ message: z.string() }) });

/** What a sandbox says of itself in its first line. */
export type OpenedSandbox = z.infer<typeof Opened>;

export interface SandboxProcess {
  readonly opened: OpenedSandbox;
  /** Lets it save and end. */
  close(): Promise<void>;
}

export interface SandboxProcessOptions {
  readonly seed: string;
  readonly scenario: string | undefined;
  readonly stateFile: string;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/** @throws {FillwrightFault} `not_running` with what it said when it does not start. */
export async function startSandboxProcess(options: SandboxProcessOptions): Promise<SandboxProcess> {
  const { seed, scenario, stateFile, log } = options;
  const command = COMMAND.find((path) => existsSync(path)) ?? COMMAND.join(', ');
  // With a database elsewhere, nobody else makes this folder.
  await mkdir(dirname(stateFile), { recursive: true });
  const wishes = scenario === undefined ? [] : ['--scenario', scenario];
  const child = spawn(
    process.execPath,
    [
      ...[command, 'sandbox', '--json', '--end-with-input'],
      ...['--seed', seed, '--state', stateFile, ...wishes],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const ended = endOf(child);
  let said = '';
  let isClosing = false;
  createInterface({ input: child.stderr }).on('line', (line) => {
    said = line;
    log.warn({ line }, 'The sandbox says:');
  });
  try {
    const opened = await firstLine(child, ended);
    void ended.then((code) => {
      if (!isClosing) log.error({ code }, 'The sandbox has ended. Start again to go on.');
    });
    return {
      opened,
      async close() {
        isClosing = true;
        child.stdin.end();
        await Promise.race([ended, after(STOP_LIMIT_MS)]);
        child.kill('SIGKILL');
      },
    };
  } catch (cause) {
    child.kill('SIGKILL');
    const message = `The sandbox did not start${said === '' ? '.' : `: ${messageIn(said)}`}`;
    throw new FillwrightFault('not_running', message, {}, { cause });
  }
}

async function firstLine(child: ChildProcess, ended: Promise<unknown>): Promise<OpenedSandbox> {
  if (child.stdout === null) throw new Error('There is no output to read.');
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, 'line').then(([text]: unknown[]) => String(text)),
    ended.then(() => undefined),
    after(START_LIMIT_MS),
  ]);
  if (line === undefined) throw new Error('It said nothing.');
  return Opened.parse(JSON.parse(line));
}

/** A fault of a command with `--json` is one object; anything else is taken as it is. */
function messageIn(line: string): string {
  try {
    return Fault.parse(JSON.parse(line)).error.message;
  } catch {
    return line;
  }
}

/** Resolves with the exit code, or with what kept the process from starting. */
function endOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => {
    // Later than its exit: by now all that it said has been read.
    child.once('close', (code, signal) => resolve(code ?? signal));
    child.once('error', resolve);
  });
}

function after(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds).unref();
  });
}
