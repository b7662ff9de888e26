/** Writes raw frames to a `.jsonl.gz` file that `openRecording` reads back. */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { FillwrightFault } from '../../domain/faults.ts';
import type { FeedLog } from './counts.ts';

/** Frames waiting for the disk, in bytes; beyond it frames are dropped and counted. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export interface FrameRecorder {
  /** Adds one frame as one line. @returns False when it had to be dropped. */
  write(frame: string): boolean;
  /** Makes what was written so far readable, should the process die. */
  flush(): void;
  close(): Promise<void>;
}

/**
 * Opens a file to append to. Every opening adds a gzip member, and a member after a broken one is
 * lost to readers: so the file must be whole.
 *
 * A disk that fails later stops the recording with a log line and never the feed.
 *
 * @throws {FillwrightFault} `corrupt_recording` when the file exists and breaks off.
 */
export async function openFrameRecorder(path: string, log: FeedLog): Promise<FrameRecorder> {
  await checkWhole(path);
  const gzip = createGzip();
  let failed = false;
  const written = pipeline(gzip, createWriteStream(path, { flags: 'a' })).catch(
    (error: unknown) => {
      failed = true;
      const reason = error instanceof Error ? error.message : String(error);
      log('warn', 'Recording stopped: the file cannot be written.', { path, reason });
    },
  );
  return {
    write: (frame) => {
      if (failed || gzip.writableEnded || gzip.writableLength > MAX_WAITING_BYTES) return false;
      gzip.write(`${frame.replace(/[\r\n]+/g, ' ').trim()}\n`);
      return true;
    },
    flush: () => {
      if (!failed && !gzip.writableEnded) gzip.flush();
    },
    close: async () => {
      if (!gzip.writableEnded) gzip.end();
      await written;
    },
  };
}

async function checkWhole(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) return;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), createGunzip(), nowhere);
  } catch (cause) {
    throw new FillwrightFault(
      'corrupt_recording',
      `${path} breaks off: move it away before recording to this name again.`,
      { path },
      { cause },
    );
  }
}
