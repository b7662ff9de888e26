/**
 * What the engine has promised, written down by the strategy in the engine's own process: a line of
 * JSON each, appended to one file over all lives of the engine. The harness holds it against the books.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { z } from 'zod';

const Asked = z.object({
  key: z.string(),
  instrument: z.string(),
  side: z.enum(['BUY', 'SELL']),
  price: z.string(),
  size: z.string(),
  timeInForce: z.enum(['GTC', 'GTD', 'FOK', 'FAK']),
  postOnly: z.boolean().optional(),
  expiresAtMs: z.number().optional(),
});
/** An intent as the strategy submits it: the same again for the same key. */
export type Asked = z.infer<typeof Asked>;

const Line = z.discriminatedUnion('type', [
  /** A life begins: the strategy runs. */
  z.object({ type: z.literal('started'), run: z.string(), atMs: z.number() }),
  /** About to be submitted for the first time. */
  z.object({ type: z.literal('asked'), asked: Asked }),
  /** The engine has answered: durable, it says. */
  z.object({
    type: z.literal('answered'),
    key: z.string(),
    orderId: z.string(),
    repeated: z.boolean(),
  }),
  /** The engine has refused; `code` says why. */
  z.object({ type: z.literal('refused'), key: z.string(), code: z.string(), message: z.string() }),
  /** The venue has acknowledged the first new order of this life. */
  z.object({ type: z.literal('trading'), run: z.string(), atMs: z.number() }),
  /** A fill that the engine has told, so it is durable. */
  z.object({ type: z.literal('filled'), legKey: z.string() }),
]);
export type PromiseLine = z.infer<typeof Line>;

/** The status of an order that the venue has taken, whatever became of it. */
export function isTaken(status: string): boolean {
  return /^(?:PLACED|PARTIAL_FILL|MATCHED|MINED|CONFIRMED)$/.test(status);
}

export interface PromiseFile {
  append(line: PromiseLine): void;
  /** Waits until all of it is on the disk. */
  sync(): void;
  close(): void;
}

export function openPromises(path: string): PromiseFile {
  // A life that was killed may have left half a line.
  const isBroken = existsSync(path) && !/\n$/.test(readFileSync(path, 'utf8') || '\n');
  const file = openSync(path, 'a');
  if (isBroken) writeSync(file, '\n');
  return {
    append: (line) => void writeSync(file, `${JSON.stringify(line)}\n`),
    sync: () => fsyncSync(file),
    close: () => closeSync(file),
  };
}

/** Reads on from where the last reading ended. A last line without its end is not read yet. */
export function promiseReader(path: string): () => readonly PromiseLine[] {
  let taken = 0;
  return () => {
    // It is looked at many times a second, and grows for an hour.
    const text = textFrom(path, taken);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    taken += Buffer.byteLength(whole);
    return whole.split('\n').flatMap((line) => {
      const parsed = Line.safeParse(jsonOf(line));
      return parsed.success ? [parsed.data] : [];
    });
  };
}

function textFrom(path: string, from: number): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= from) return '';
  const news = Buffer.alloc(size - from);
  const file = openSync(path, 'r');
  try {
    return news.toString('utf8', 0, readSync(file, news, 0, news.length, from));
  } finally {
    closeSync(file);
  }
}

/** Half a line is no promise: the engine had not been asked, or its answer was not written down. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export interface Promises {
  readonly asked: ReadonlyMap<string, Asked>;
  /** Order ids by key: more than one would be an intent that became two orders. */
  readonly answered: ReadonlyMap<string, ReadonlySet<string>>;
  readonly refused: readonly Extract<PromiseLine, { type: 'refused' }>[];
  readonly filled: ReadonlySet<string>;
  /** Answers to a key that had been answered before. */
  readonly repeats: number;
}

export function foldPromises(lines: readonly PromiseLine[]): Promises {
  const asked = new Map<string, Asked>();
  const answered = new Map<string, Set<string>>();
  const refused: Extract<PromiseLine, { type: 'refused' }>[] = [];
  const filled = new Set<string>();
  let repeats = 0;
  for (const line of lines) {
    if (line.type === 'asked') asked.set(line.asked.key, line.asked);
    else if (line.type === 'answered') {
      const known = answered.get(line.key);
      if (known === undefined) answered.set(line.key, new Set([line.orderId]));
      else known.add(line.orderId);
      if (line.repeated) repeats += 1;
    } else if (line.type === 'refused') refused.push(line);
    else if (line.type === 'filled') filled.add(line.legKey);
  }
  return { asked, answered, refused, filled, repeats };
}
