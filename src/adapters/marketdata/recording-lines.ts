/** Lines of a recording, streamed: plain or gzip text, told apart by the first bytes. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FillwrightFault, InvalidValue } from '../../domain/faults.ts';

/** A book of 20,000 levels is under 1 MB; a longer line is not a recording. */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

export interface RecordingLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Reads a file line by line. Ends of line may be LF or CRLF; the last one may be missing.
 *
 * @throws {InvalidValue} when the file cannot be opened.
 * @throws {FillwrightFault} `corrupt_recording` at the line where reading fails: a truncated or
 *   damaged gzip file, or a line without end.
 */
export async function* readLines(path: string): AsyncGenerator<RecordingLine> {
  const gzip = await startsLikeGzip(path);
  const file = createReadStream(path);
  const source: Readable = gzip ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => source.destroy(error));
  source.setEncoding('utf8');
  let number = 1;
  let rest = '';
  try {
    for await (const chunk of source as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        yield { number, text };
        number += 1;
      }
      if (rest.length > MAX_LINE_CHARACTERS) {
        throw new Error(`the line is longer than ${MAX_LINE_CHARACTERS} characters`);
      }
    }
  } catch (cause) {
    throw corruptRecording(path, number, cause);
  } finally {
    source.destroy();
    file.destroy();
  }
  if (rest !== '') yield { number, text: rest };
}

/** The fault for a line that cannot be used; names the file and the line. */
export function corruptRecording(path: string, line: number, cause: unknown): FillwrightFault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FillwrightFault(
    'corrupt_recording',
    `${path}, line ${line}: ${reason}`,
    { path, line },
    { cause },
  );
}

async function startsLikeGzip(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'r');
    try {
      const head = Buffer.alloc(2);
      await handle.read(head, 0, 2, 0);
      return head[0] === 0x1f && head[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidValue('recording.path', path, `a readable file (${reason})`);
  }
}
