/** The engine as its users start and stop it, on a real database and real recordings. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  createEngine,
  decimal,
  type EngineParts,
  parseConfig,
  quantisePrice,
  quantiseSize,
  type Strategy,
} from '../src/engine.ts';
import { climbingGame } from './cli/recording.ts';
import { type FreshStore, freshStore } from './support/database.ts';

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

let folder: string;
let fresh: FreshStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-engine-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(() => fresh.dispose());

function engine(more = '', parts: Partial<EngineParts> = {}) {
  const database = `database: { url: "${fresh.url}", schema: ${fresh.schema} }`;
  const config = parseConfig(`${database}\n${more}`, 'engine.yaml');
  return createEngine(config, { log, strategies: [], ...parts });
}

/** A promise that a callback resolves. */
function signal() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = () => done();
  });
  return { promise, resolve: () => resolve() };
}

async function recordingOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return `marketData: { source: recording, path: "${path}", speed: 0 }`;
}

test('market data that breaks before anybody waits for its end does not end the process', async () => {
  const lines = climbingGame().split('\n');
  const broken = [...lines.slice(0, 20), '{"event_type":"book"', ...lines.slice(20)].join('\n');
  const ended = signal();
  const one = engine(await recordingOf('broken.jsonl', broken), {
    log: { ...log, error: () => ended.resolve() },
  });
  await one.start();
  await ended.promise;
  // Node looks for rejections that nobody handles before the next turn; Vitest fails the run for one.
  await nextTurn();
  await expect(one.finished()).rejects.toMatchObject({
    code: 'corrupt_recording',
    message: expect.stringContaining('21'),
  });
  await one.stop();
});

test('a stop during the start waits for it, and then stops', async () => {
  const one = engine();
  const started = one.start();
  const stopped = one.stop();
  await started;
  expect(await stopped).toMatchObject({ cash: '1000' });
  expect(() => one.health()).toThrow('The engine has not been started, or has stopped.');
  // The right to write is free again.
  await one.start();
  await one.stop();
});

test('a second start is refused while one is under way, runs, or is being stopped', async () => {
  const one = engine();
  const started = one.start();
  const refused = (message: string) =>
    expect(one.start()).rejects.toMatchObject({ code: 'not_running', message });
  await refused('The engine is being started already.');
  await started;
  await refused('The engine has been started already.');
  const stopped = one.stop();
  await refused('The engine is being stopped: it can be started again afterwards.');
  await stopped;
});

test('a start that fails is told to its caller, and a stop has nothing to do', async () => {
  const first = engine();
  await first.start();
  const second = engine();
  const started = second.start();
  const stopped = second.stop();
  await expect(started).rejects.toMatchObject({ code: 'store_busy' });
  expect(await stopped).toBeUndefined();
  await first.stop();
  await second.start();
  await second.stop();
});

test('the summary of a stop holds what was still under way when it began', async () => {
  const placed = signal();
  const buyer: Strategy = {
    name: 'buyer',
    onBook(book, context) {
      const ask = book.asks[0];
      if (ask === undefined || context.position(book.instrumentId) !== undefined) return undefined;
      // The market moves while it is under way: it is filled all the same.
      const above = decimal(ask.price).plus('0.1');
      const price = quantisePrice(above.gt('0.95') ? decimal('0.95') : above, book.tickSize, 'BUY');
      const size = quantiseSize(decimal('5.001'));
      return [{ instrument: book.instrumentId, side: 'BUY', price, size }];
    },
    onOrder({ execution }) {
      if (execution === 'submitting') placed.resolve();
      return undefined;
    },
  };
  const source = 'marketData: { source: simulator, markets: 1, intervalMs: 10 }';
  const one = engine(`${source}\npaper: { latencyMs: { submit: 300 } }`, { strategies: [buyer] });
  await one.start();
  await placed.promise;
  const last = await one.stop();
  expect(last?.orders.filled).toBeGreaterThan(0);
  const counts = await fresh.store.orderCounts();
  const open = ['PENDING', 'PLACED', 'PARTIAL_FILL', 'UNKNOWN'].reduce(
    (sum, status) => sum + (counts[status] ?? 0),
    0,
  );
  expect(last).toMatchObject({
    orders: { open },
    fills: await fresh.store.legCount(),
    cash: await fresh.store.ledgerTotal('main'),
  });
  expect(last?.positions.length).toBe((await fresh.store.positions()).length);
});
