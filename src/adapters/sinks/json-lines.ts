/**
 * Events as lines of JSON at the end of a file. A batch is on the disk before it counts as taken; half
 * a line that a crash has left is cut off, and its event comes again.
 */
import { type FileHandle, mkdir, open, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type EventSink, SinkFault } from '../../actors/event-port.ts';
import type { CatalogueEvent } from '../../domain/events/catalogue.ts';
import { messageOf } from '../../domain/faults.ts';

/** Lines that are written with one flush of the disk. */
const BATCH_EVENTS = 200;
/** Looked through at once for the end of the last whole line. */
const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;

export interface JsonLinesOptions {
  readonly name: string;
  readonly path: string;
  /** A file that would grow beyond it is put aside first, as `path.1`, `path.2` and so on. */
  readonly maxBytes: number;
}

interface OpenFile {
  readonly handle: FileHandle;
  bytes: number;
}

export function createJsonLinesSink({ name, path, maxBytes }: JsonLinesOptions): EventSink {
  let file: OpenFile | undefined;

  async function append(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    file ??= await openWhole(path);
    if (file.bytes > 0 && file.bytes + bytes > maxBytes) {
      await close();
      await putAside(path);
      file = await openWhole(path);
    }
    await file.handle.writeFile(text);
    await file.handle.datasync();
    file.bytes += bytes;
  }

  async function close(): Promise<void> {
    const open = file;
    file = undefined;
    await open?.handle.close();
  }

  return {
    name,
    batch: BATCH_EVENTS,
    wants: () => true,
    async take(events) {
      try {
        await append(events.map(lineOf).join(''));
      } catch (error) {
        // It may hold half a line now: the next try opens it anew.
        await close().catch(() => undefined);
        const message = `The file ${path} could not be written: ${messageOf(error)}`;
        throw new SinkFault(message, { path }, { cause: error });
      }
    },
    close,
  };
}

function lineOf(event: CatalogueEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** The file with whole lines only; made where there is none. */
async function openWhole(path: string): Promise<OpenFile> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'a+');
  try {
    const { size } = await handle.stat();
    const bytes = await endOfLastLine(handle, size);
    if (bytes < size) {
      await handle.truncate(bytes);
      await handle.sync();
    }
    // A new name is safe once its folder is.
    if (size === 0) await syncFolder(dirname(path));
    return { handle, bytes };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return 0;
}

/** The newest of those put aside has the highest number. */
async function putAside(path: string): Promise<void> {
  const [folder, prefix] = [dirname(path), `${basename(path)}.`];
  const numbers = (await readdir(folder))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
  const next = Math.max(0, ...numbers) + 1;
  await rename(path, join(folder, `${prefix}${next}`));
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
