/** The sandbox's state on disk: always a whole one, the old or the new. */
import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { InvalidValue } from '../domain/faults.ts';

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
