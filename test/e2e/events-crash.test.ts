/** Kill -9 between a sink's taking of an event and the note of it: it comes again, and none is missing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CatalogueEvent } from '../../src/domain/events/catalogue.ts';
import { webhookName } from '../../src/event-sinks.ts';
import { openWebhookServer, type WebhookServer } from '../adapters/sinks/webhook-server.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { allEvents, problemsOf } from '../support/events.ts';
import { verified } from '../verify/busy-desk.ts';

const CHILD = fileURLToPath(new URL('crash-child.js', import.meta.url));
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** After so many events of a life it is killed, with the last one on its way. */
const KILLED_AT = [1, 7, 40, 90, 150];
/** Orderly lives that a backlog may take. */
const MAX_LAST_LIVES = 20;

let fresh: FreshStore;
let server: WebhookServer;
let folder: string;
beforeAll(async () => {
  fresh = await freshStore();
  server = await openWebhookServer();
  folder = await mkdtemp(join(tmpdir(), 'fillwright-events-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
  await fresh.dispose();
});

function start(run: string): {
  child: ChildProcess;
  ended: Promise<number | null>;
  said: string[];
} {
  const events = {
    jsonLines: { path: join(folder, 'events.jsonl'), maxBytes: 100_000 },
    webhooks: [{ url: server.url, secretEnv: 'WEBHOOK_SECRET' }],
  };
  const args = [CHILD, fresh.url, fresh.schema, run, `events: ${JSON.stringify(events)}`];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, WEBHOOK_SECRET: SECRET },
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  return { child, ended: new Promise((resolve) => child.on('close', resolve)), said };
}

const posted = () => server.requests.map(({ body }): CatalogueEvent => JSON.parse(body).data);

async function written(): Promise<readonly CatalogueEvent[]> {
  const number = (name: string) => Number(name.slice('events.jsonl.'.length) || Infinity);
  const names = (await readdir(folder)).sort((a, b) => number(a) - number(b));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => {
    expect(text.endsWith('\n')).toBe(true);
    return text
      .split('\n')
      .slice(0, -1)
      .map((line): CatalogueEvent => JSON.parse(line));
  });
}

/** Each event once, where it came first. */
function firstOf(events: readonly CatalogueEvent[]): readonly CatalogueEvent[] {
  const known = new Set<string>();
  return events.filter(({ eventId }) => !known.has(eventId) && known.add(eventId));
}

test('every event arrives at every sink, in order, the interrupted ones again', async () => {
  const interrupted: string[] = [];
  for (const [index, killedAt] of KILLED_AT.entries()) {
    const { child, ended, said } = start(String(index));
    const before = server.requests.length;
    server.onRequest = ({ headers }, count) => {
      if (count - before < killedAt) return 204;
      if (count - before === killedAt) interrupted.push(String(headers['webhook-id']));
      child.kill('SIGKILL');
      return 'silence';
    };
    expect(await ended, said.join('')).toBeNull();
  }
  server.onRequest = () => 204;
  for (let life = 0; life < MAX_LAST_LIVES; life += 1) {
    const { ended, said } = start('last');
    expect(await ended, said.join('')).toBe(0);
    expect(said.join('')).not.toContain(SECRET.slice('whsec_'.length));
    const cursors = await cursorsOf();
    const newest = (await allEvents(fresh.store.events)).at(-1)?.eventId;
    if (cursors.every((cursor) => `evt_${cursor}` === newest)) break;
  }
  const all = await allEvents(fresh.store.events);
  expect(problemsOf(all)).toEqual([]);
  expect(all.length).toBeGreaterThan(300);
  expect(firstOf(posted())).toEqual(all);
  expect(firstOf(await written())).toEqual(all);
  // They had arrived, and came again as they were.
  expect(interrupted).toHaveLength(KILLED_AT.length);
  for (const id of interrupted) {
    const bodies = server.requests.filter(({ headers }) => headers['webhook-id'] === id);
    expect(bodies.length).toBeGreaterThan(1);
    expect(new Set(bodies.map(({ body }) => body)).size).toBe(1);
  }
  expect((await verified(fresh)).differences).toEqual([]);
}, 240_000);

async function cursorsOf(): Promise<readonly (number | undefined)[]> {
  const names = ['jsonLines', webhookName(server.url)];
  return Promise.all(names.map((name) => fresh.store.events.cursor(name)));
}
