import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { FillwrightFault } from '../src/domain/faults.ts';
import { loadStrategies } from '../src/strategies.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-strategies-'));
  const file = (name: string, text: string) => writeFile(join(folder, name), text);
  await file(
    'quiet.mjs',
    `class Quiet { #calls = 0; name = 'quiet'; onStart() { this.#calls += 1; return undefined; } }
     export const createStrategy = () => new Quiet();`,
  );
  await file('empty.mjs', 'export const other = 1;');
  await file('nameless.mjs', 'export const createStrategy = () => ({});');
  await file('broken.mjs', 'export const = ;');
  await file('throws.mjs', 'export function createStrategy() { throw new Error("no such luck"); }');
});
afterAll(() => rm(folder, { recursive: true }));

const load = (strategies: string) =>
  loadStrategies(parseConfig(`strategies: ${strategies}`, join(folder, 'my.yaml')));

test('built-in strategies and modules beside the configuration are loaded in order', async () => {
  const loaded = await load('[{ use: synthetic-arbitrage }, { use: ./quiet.mjs }]');
  expect(loaded.map(({ name }) => name)).toEqual(['synthetic-arbitrage', 'quiet']);
});

test('a strategy works under another name, private fields included', async () => {
  const [renamed, own] = await load('[{ use: ./quiet.mjs, name: mine }, { use: ./quiet.mjs }]');
  expect(renamed?.name).toBe('mine');
  expect(own?.name).toBe('quiet');
  expect(() => Reflect.apply(renamed?.onStart ?? fail, renamed, [])).not.toThrow();
});

function fail(): never {
  throw new Error('the strategy has lost its callback');
}

test.each([
  ['[{ use: martingale }]', 'strategies[0].use: got "martingale", expected buy-high-probability'],
  ['[{ use: ./absent.mjs }]', 'expected a module that can be loaded'],
  ['[{ use: ./broken.mjs }]', 'expected a module that can be loaded'],
  ['[{ use: ./empty.mjs }]', 'expected a module that exports a function createStrategy'],
  ['[{ use: ./nameless.mjs }]', 'expected createStrategy to return an object with a name'],
  ['[{ use: ./throws.mjs }]', 'expected options that fit (no such luck)'],
  [
    '[{ use: ./quiet.mjs }, { use: ./quiet.mjs }]',
    'strategies[1].name: got "quiet", expected a name that no other strategy has',
  ],
  [
    '[{ use: buy-high-probability, options: { maximumprice: 0.99 } }]',
    'strategies[0].options.maximumprice: got "0.99", expected one of markets, minimumPrice',
  ],
  [
    '[{ use: synthetic-arbitrage, options: { pairShares: 0 } }]',
    'strategies[0].options.pairShares: got 0, expected shares above 0',
  ],
])('%s is refused', async (strategies, message) => {
  await expect(load(strategies)).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining(message),
  });
});

test('every problem of every entry has its own line', async () => {
  const entries = `
  - { use: buy-high-probability, options: { minimumPrice: 2, foo: 3, bar: 4 } }
  - { use: ./quiet.mjs }
  - { use: martingale }
  - { use: ./quiet.mjs }`;
  const error: unknown = await load(entries).catch((fault: unknown) => fault);
  const lines = error instanceof FillwrightFault ? error.message.split('\n') : [];
  expect(lines).toEqual([
    expect.stringContaining('strategies[0].options.minimumPrice: got 2, expected'),
    expect.stringContaining('strategies[0].options.foo: got 3, expected one of'),
    expect.stringContaining('strategies[0].options.bar: got 4, expected one of'),
    expect.stringContaining('strategies[2].use: got "martingale"'),
    expect.stringContaining('strategies[3].name: got "quiet"'),
  ]);
  expect(error).toMatchObject({ code: 'invalid_config', facts: { problems: lines } });
});
