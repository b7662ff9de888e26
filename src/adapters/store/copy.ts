/** COPY: many rows as text, which the server reads several times faster than parameters. */
import { setImmediate as nextTick } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** The only parameter of a statement `copy … from stdin`: what is to be copied. */
export class CopyInput {
  readonly chunks: Iterable<string>;

  constructor(chunks: Iterable<string>) {
    this.chunks = chunks;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};
const TO_ESCAPE = /[\\\n\r\t]/;
const ALL_TO_ESCAPE = /[\\\n\r\t]/g;

/** `rows` in COPY's text format: a line each, `names` in this order, separated by tabs. */
export function copyText<Row>(rows: readonly Row[], names: readonly (keyof Row)[]): string {
  let text = '';
  for (const row of rows) {
    let separator = '';
    for (const name of names) {
      text += separator + fieldText(row[name]);
      separator = '\t';
    }
    text += '\n';
  }
  return text;
}

function fieldText(value: unknown): string {
  if (value === null || value === undefined) return '\\N';
  const text = String(value);
  return TO_ESCAPE.test(text) ? text.replace(ALL_TO_ESCAPE, (found) => ESCAPES[found] ?? '') : text;
}

/**
 * Runs the COPY `statement` with `chunks` as its input. Chunks are made when their turn has come;
 * in between the process does its other work.
 * @throws the driver's error when the server refuses a row or goes away; what `chunks` throws.
 */
export async function copyIn(
  client: pg.ClientBase,
  statement: string,
  chunks: Iterable<string>,
): Promise<void> {
  const stream = client.query(copyFrom(statement));
  // Once it has failed the stream bears no call: it has let go of its connection.
  let failed = false;
  const ended = new Promise<void>((resolve, reject) => {
    stream.once('finish', resolve);
    // Not once: after its own timeout the driver tells of the lost connection again.
    stream.on('error', (error) => {
      failed = true;
      // At once: an answer that comes now would meet a stream that has let go of its connection.
      if (isSilence(error)) endNow(client);
      reject(error);
    });
  });
  // Seen below; it may come while a chunk is being made.
  ended.catch(() => undefined);
  try {
    for (const chunk of chunks) {
      // One at a time: the stream would send a second one even after it has let go of its connection.
      await Promise.race([written(stream, chunk), ended]);
      await nextTick();
      if (failed) await ended;
    }
  } catch (error) {
    // Takes the whole COPY back.
    if (!failed) stream.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
  stream.end();
  await ended;
}

/** True for the driver's complaint that no answer came in time. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** Ends a connection whose server has gone silent: whatever is asked next fails without a wait. */
export function endNow(client: pg.ClientBase): void {
  // A pool lends whole clients; only their type hides `end`.
  if (client instanceof pg.Client) client.end().catch(() => undefined);
}

function written(stream: NodeJS.WritableStream, chunk: string): Promise<void> {
  return new Promise((resolve) => stream.write(chunk, () => resolve()));
}
