/** The sandbox's state on disk: always a whole one, the old or the new. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../actors/ports.ts';
import { FillwrightFault, InvalidValue } from '../domain/faults.ts';

/** Raised when the shape changes: a file of another shape is refused, not guessed at. */
const VERSION = 1;

const savedState = z.object({
  version: z.literal(VERSION),
  seed: z.string(),
  /** See `Exchange.save`. */
  exchange: z.string(),
  /** Address and nonce of each API key. */
  keys: z.array(z.tuple([z.string(), z.string()])),
  /** Wallets that were opened over HTTP. */
  foreign: z.array(z.tuple([z.string(), z.literal([0, 1, 2, 3])])),
  /** Orders posted so far. */
  posted: z.number(),
  /** When each resolved market was, by condition id. */
  resolvedAtMs: z.record(z.string(), z.number()),
  /** State of the price processes, by slug. */
  makers: z.record(z.string(), z.unknown()),
});

export type SavedState = Omit<z.infer<typeof savedState>, 'version'>;

/** A sandbox whose parent has just died is still writing: the state of hours takes seconds. */
const LOCK_WAIT_MS = 15_000;
const LOCK_LOOK_MS = 100;

/**
 * Takes a state file for this process, and waits for one that is about to give it up. Answers how to
 * give it back.
 * @throws {FillwrightFault} `store_busy` while another process that runs holds it.
 */
export async function lockState(path: string, clock: Clock): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const untilMs = clock.now() + LOCK_WAIT_MS;
  for (;;) {
    if (await tryLock(lock)) return () => rm(lock, { force: true });
    const holder = await readFile(lock, 'utf8').catch(() => '');
    // Nothing in it: somebody has made it just now.
    if (holder !== '' && !isRunning(Number(holder))) {
      await rm(lock, { force: true });
    } else if (clock.now() >= untilMs) {
      const message = `Another sandbox (process ${holder}) uses ${path}. End it, or take another state file.`;
      throw new FillwrightFault('store_busy', message, { path, holder });
    } else {
      await new Promise<void>((resolve) => clock.at(clock.now() + LOCK_LOOK_MS, resolve));
    }
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', 0o600);
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new InvalidValue('stateFile', lock, 'a place where files can be written');
  }
}

/** Whoever was killed holds nothing. */
function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Undefined where there is no file yet. @throws {InvalidValue} for a file that is no such state. */
export async function readState(path: string): Promise<SavedState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new InvalidValue('stateFile', path, 'a file that can be read');
  }
  const parsed = savedState.safeParse(parse(text));
  if (!parsed.success) throw new InvalidValue('stateFile', path, 'a state that the sandbox saved');
  return parsed.data;
}

/** Writes beside it, then takes its place: a crash leaves the old one. */
export async function writeState(path: string, state: SavedState): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify({ version: VERSION, ...state }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
