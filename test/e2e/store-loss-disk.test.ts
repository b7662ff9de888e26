/** A disk that is really full: a small file system of its own under the embedded server. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startEmbeddedServer } from '../../src/adapters/store/embedded-server.ts';
import { createPostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { isRoot, removeTemporary, temporaryFolder } from '../adapters/store/embedded-harness.ts';
import type { FreshStore } from '../support/database.ts';
import { asked, openDesk, until } from '../support/desk.ts';
import { foldJournal, storedStates } from '../support/fold.ts';
import { createScriptedVenue } from '../support/scripted-venue.ts';

/** A new cluster takes about 60 MB, one segment of the log 16. */
const DISK = 'size=128m,mode=0755';

function mountSmallDisk(): string {
  const folder = temporaryFolder();
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', folder], { stdio: 'ignore' });
  return folder;
}

function unmount(folder: string): void {
  execFileSync('/bin/umount', ['-l', folder]);
  removeTemporary();
}

function canMount(): boolean {
  if (!isRoot) return false;
  try {
    unmount(mountSmallDisk());
    return true;
  } catch {
    return false;
  }
}

/** Fills what is left of the disk. Answers how to make room again. */
function fill(folder: string): () => void {
  const path = join(folder, 'filler');
  const file = openSync(path, 'w');
  for (const size of [1_048_576, 4_096]) {
    const chunk = Buffer.alloc(size);
    try {
      for (;;) writeSync(file, chunk);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }
  closeSync(file);
  return () => rmSync(path);
}

describe.runIf(canMount())('a full disk (needs root, to mount a small one)', () => {
  test('a clear error, nothing sent, and all goes on when there is room', async () => {
    const folder = mountSmallDisk();
    const server = await startEmbeddedServer({ dataFolder: folder });
    const open = () => createPostgresStore({ url: server.url, schema: 'public' });
    const fresh: FreshStore = {
      store: open(),
      url: server.url,
      schema: 'public',
      open,
      dispose: () => Promise.resolve(),
    };
    const venue = createScriptedVenue({ now: () => Date.now() });
    const account = { id: 'main', depositUsd: '1000000', minimumReserveUsd: '0' };
    const parts = { venue: () => venue.connect(), account, checkIdentities: false };
    const desk = await openDesk(fresh, parts);
    const { trading } = desk;
    try {
      const first = await desk.submit();
      await trading.settled();
      const makeRoom = fill(folder);
      const intents: Record<string, unknown>[] = [];
      let refused: unknown;
      // Pages that have room take some more; then the disk is really full.
      while (refused === undefined) {
        const intent = asked({ reason: 'x'.repeat(400) });
        intents.push(intent);
        trading.submit(intent).catch((error: unknown) => {
          refused = error;
        });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(refused).toMatchObject({
        code: 'store_unavailable',
        message: expect.stringMatching(/No space left on device.*the disk of the server is full/),
      });
      expect(trading.health()).toMatchObject({ running: false, store: 'lost', failure: null });
      const sent = venue.submits.length;
      await expect(desk.submit()).rejects.toMatchObject({ code: 'store_unavailable' });
      makeRoom();
      await until(() => trading.health().running, 'the store to be back');
      const answers = await Promise.all(intents.map((intent) => trading.submit(intent)));
      expect(new Set(answers.map(({ orderId }) => orderId)).size).toBe(intents.length);
      await until(() => trading.workingOrders().every(({ status }) => status === 'PLACED'));
      expect(venue.submits.length).toBeGreaterThan(sent);
      expect(venue.submits).toHaveLength(1 + intents.length);
      expect(await trading.order(first.orderId)).toMatchObject({ status: 'PLACED' });
      await trading.settled();
      expect((await foldJournal(fresh)).states).toEqual(await storedStates(fresh));
    } finally {
      await desk.crash();
      await fresh.store.close();
      await server.stop();
      unmount(folder);
    }
  });
});
