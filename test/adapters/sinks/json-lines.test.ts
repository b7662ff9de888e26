import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventSink } from '../../../src/actors/event-port.ts';
import { createJsonLinesSink } from '../../../src/adapters/sinks/json-lines.ts';
import type { CatalogueEvent } from '../../../src/domain/events/catalogue.ts';
import { sinkContract } from '../../contracts/event-sink.contract.ts';
import { event } from '../../support/events.ts';

const NEVER = new AbortController().signal;

function linesOf(text: string): readonly CatalogueEvent[] {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

sinkContract('a file of JSON lines', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fillwright-lines-'));
  const path = join(folder, 'made', 'events.jsonl');
  const open = () => createJsonLinesSink({ name: 'jsonLines', path, maxBytes: 1_000_000 });
  let current: EventSink | undefined;
  return {
    open: () => {
      current = open();
      return current;
    },
    received: async () => linesOf(await readFile(path, 'utf8')),
    async breakIt() {
      // A folder stands where the file was: as a file that is there and cannot be opened.
      await current?.close();
      await rename(path, `${path}.kept`);
      await mkdir(path);
    },
    async mend() {
      await rm(path, { recursive: true });
      await rename(`${path}.kept`, path);
    },
    dispose: () => rm(folder, { recursive: true }),
  };
});

describe('a file of JSON lines', () => {
  let folder: string;
  let path: string;
  const open: EventSink[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fillwright-lines-'));
    path = join(folder, 'events.jsonl');
  });
  afterEach(async () => {
    for (const sink of open.splice(0)) await sink.close();
    await chmod(folder, 0o755);
    await rm(folder, { recursive: true });
  });

  function sinkOf(maxBytes = 1_000_000): EventSink {
    const sink = createJsonLinesSink({ name: 'jsonLines', path, maxBytes });
    open.push(sink);
    return sink;
  }

  const whole = () => readFile(path, 'utf8').then(linesOf);

  test('half a line that a crash left is cut off, and what came before stays', async () => {
    const [first, second] = [event(), event()];
    await sinkOf().take([first], NEVER);
    // Longer than what is looked through at once.
    await appendFile(path, `{"eventId":"evt_9","payload":"${'x'.repeat(200_000)}`);
    await sinkOf().take([second], NEVER);
    expect(await whole()).toEqual([first, second]);
  });

  test('a file that holds nothing but half a line begins anew', async () => {
    const first = event();
    await writeFile(path, '{"eventId":');
    await sinkOf().take([first], NEVER);
    expect(await whole()).toEqual([first]);
  });

  test('a file that would grow beyond its size is put aside, the newest with the highest number', async () => {
    const events = Array.from({ length: 6 }, () => event());
    const bytes = JSON.stringify(events[0]).length + 20;
    let sink = sinkOf(2 * bytes);
    for (const one of events.slice(0, 3)) await sink.take([one], NEVER);
    // A start in between counts what is there.
    sink = sinkOf(2 * bytes);
    for (const one of events.slice(3)) await sink.take([one], NEVER);
    expect((await readdir(folder)).sort()).toEqual([
      'events.jsonl',
      'events.jsonl.1',
      'events.jsonl.2',
    ]);
    const texts = await Promise.all(
      ['.1', '.2', ''].map((end) => readFile(`${path}${end}`, 'utf8').then(linesOf)),
    );
    expect(texts.map((lines) => lines.length)).toEqual([2, 2, 2]);
    expect(texts.flat()).toEqual(events);
  });

  test('a batch that is larger than a file may be is written whole', async () => {
    const events = Array.from({ length: 50 }, () => event());
    await sinkOf(100).take(events, NEVER);
    expect(await whole()).toEqual(events);
  });
});
