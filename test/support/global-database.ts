/**
 * One database server for the whole test run: the one that DATABASE_URL names, or else an embedded
 * one in a temporary folder, started before the first suite and stopped after the last.
 */
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import {
  type EmbeddedServer,
  startEmbeddedServer,
} from '../../src/adapters/store/embedded-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server that the suites share. */
    databaseUrl: string;
  }
}

/**
 * A file system in memory: thousands of schemas come and go, and a checkpoint would wait for the disk of every
 * one of their files. Suites about durability start servers of their own, on the disk.
 */
const MEMORY = '/dev/shm';
const ROOM_BYTES = 4_000_000_000;

let server: EmbeddedServer | undefined;
let folder: string | undefined;

export async function setup(project: TestProject): Promise<void> {
  const outside = process.env.DATABASE_URL;
  if (outside !== undefined && outside !== '') {
    project.provide('databaseUrl', outside);
    return;
  }
  folder = mkdtempSync(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), 'fillwright-test-'));
  // Under root the server runs as another user, who must be able to get in.
  chmodSync(folder, 0o755);
  server = await startEmbeddedServer({ dataFolder: folder });
  project.provide('databaseUrl', server.url);
}

export async function teardown(): Promise<void> {
  await server?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize > ROOM_BYTES;
  } catch {
    return false;
  }
}
