/** Exits on the command line: none, a plan that is wrong, one that is given, and where it stands. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { rain } from '../support/orders.ts';
import { type CliDesk, openHoldingDesk } from './cli-desk.ts';
import { isBuilt } from './cli-process.ts';

if (!isBuilt) console.warn('test/cli/exits: not built (npm run build): it does not run.');
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let at: CliDesk;

beforeAll(async () => {
  at = await openHoldingDesk();
});
afterAll(() => at.dispose());

const exits = (...args: string[]) => at.cli('exits', ...args);

async function planFile(name: string, text: string): Promise<string> {
  const path = join(at.folder, name);
  await writeFile(path, text);
  return path;
}

test.runIf(isBuilt)('without a plan there is none, and the way to one is said', async () => {
  const { code, stdout } = await exits('list');
  expect([code, stdout]).toEqual([0, expect.stringContaining('No exits')]);
});

test.runIf(isBuilt)(
  'a plan that is wrong, or of nothing held, is refused with its place',
  async () => {
    const wrong = await planFile('wrong.yaml', 'name: x\nrules: [{ id: a, kind: profitTaget }]\n');
    const bad = await exits('plan', 'rain:YES', '--file', wrong);
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('profitTaget')]);
    const good = await planFile(
      'any.yaml',
      'name: x\nrules: [{ id: a, kind: profitTarget, price: 0.9 }]\n',
    );
    const nothing = await exits('plan', 'snow:YES', '--file', good);
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('snow:YES')]);
    const missing = await exits('plan', 'rain:YES', '--file', join(at.folder, 'nowhere.yaml'));
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('nowhere.yaml')]);
  },
);

test.runIf(isBuilt)('a plan that is given is shown with where it stands', async () => {
  const path = await planFile(
    'mine.yaml',
    'name: mine\nrules: [{ id: target, kind: profitTarget, price: 0.9 }]\n',
  );
  const given = await exits('plan', 'rain:YES', '--file', path, '--by', 'Ann');
  expect([given.code, given.stderr]).toEqual([0, '']);
  await at.desk.trading.settled();
  const { stdout } = await exits('list', '--json');
  expect(JSON.parse(stdout)).toMatchObject([
    {
      ...{ instrumentId: rain.id, plan: 'mine', rules: ['target'], state: 'watching.idle' },
      ...{ held: '10', begun: 0, leftToSell: null, sold: [] },
    },
  ]);
  expect((await exits('list')).stdout).toMatch(/rain:YES +mine +watching\.idle +10 +- +0/);
});
