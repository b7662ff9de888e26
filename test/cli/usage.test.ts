import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBuilt, runCli } from './cli-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fillwright-usage-'));
  await writeFile(join(folder, 'bad.yaml'), 'mode: demo\naccount: { depositUsd: lots }\n');
  await writeFile(
    join(folder, 'secret.yaml'),
    'database: { url: "postgres://me:hunter2@host/x" }\n',
  );
  await writeFile(
    join(folder, 'unreachable.yaml'),
    'database: { url: "postgres://127.0.0.1:1/x" }\n',
  );
});
afterAll(() => rm(folder, { recursive: true }));

if (!isBuilt) console.warn('test/cli/usage: not built (npm run build): these tests do not run.');

describe.runIf(isBuilt)('without a database', () => {
  test.each([
    [['frobnicate'], 2, "unknown command 'frobnicate'"],
    [['run', '--frobnicate'], 2, "unknown option '--frobnicate'"],
    [['replay'], 2, "required option '--recording <file>' not specified"],
    [['explain'], 2, "missing required argument 'order'"],
    [['orders', '--limit', '0'], 2, '--limit: got "0", expected a whole number from 1 to 10000'],
    [['run', '--for', '3'], 2, '--for: got "3", expected a duration such as 500ms, 30s, 5m or 1h'],
    [['run', '--inspect', '99999'], 2, '--inspect: got "99999", expected a port from 0 to 65535'],
    [['run', '--wait', '--take-over'], 2, '--wait: got "--take-over", expected one of the two'],
    [['run', '--config', 'absent.yaml'], 2, 'absent.yaml: expected a file that exists'],
    [['status'], 3, 'There is no database in .fillwright yet'],
    [['status', '--config', 'unreachable.yaml'], 3, 'The store is not available'],
  ])('%j: exit code %i and one line', async (args, code, message) => {
    const people = await runCli(args, { cwd: folder });
    expect(people).toMatchObject({ code, stdout: '' });
    expect(people.stderr).toMatch(/^fillwright: [^\n]+\n$/);
    expect(people.stderr).toContain(message);

    const machine = await runCli([...args, '--json'], { cwd: folder });
    expect(machine).toMatchObject({ code, stdout: '' });
    expect(JSON.parse(machine.stderr).error.message).toContain(message);
  });

  test('config check names every problem with file, line and key', async () => {
    const { code, stdout, stderr } = await runCli(['config', 'check', 'bad.yaml'], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toContain('bad.yaml:1: mode: got "demo"');
    expect(stderr).toContain('bad.yaml:2: account.depositUsd: got "lots"');
  });

  test('config check names the problems of every strategy', async () => {
    const entries = '[{ use: martingale }, { use: synthetic-arbitrage, options: { pairs: 1 } }]';
    await writeFile(join(folder, 'strategies.yaml'), `strategies: ${entries}`);
    const args = ['config', 'check', 'strategies.yaml'];
    const { code, stderr } = await runCli(args, { cwd: folder });
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringContaining('strategies[0].use: got "martingale"'),
      expect.stringContaining('strategies[1].options.pairs: got 1'),
    ]);
  });

  test('config check is content with the configurations of the package', async () => {
    for (const name of ['start', 'replay', 'polymarket']) {
      const { code, stdout } = await runCli(['config', 'check', `config/${name}.yaml`, '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true });
    }
  });

  test('config show fills in defaults and hides what is secret', async () => {
    const args = ['config', 'show', '--config', 'secret.yaml'];
    const { stdout } = await runCli(args, { cwd: folder });
    expect(stdout).toContain('postgres://[hidden]@host/x');
    expect(stdout).toContain('maxOpenOrders: 1000');
    expect(stdout).not.toContain('hunter2');
  });

  test.each([[[]], [['run']], [['replay']], [['status']], [['orders']], [['positions']]])(
    '%j --help shows how it is used',
    async (args) => {
      const { code, stdout, stderr } = await runCli([...args, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/Examples?:|Exit codes:/);
    },
  );

  test('the stack is shown only when asked for', async () => {
    const args = ['run', '--for', 'soon'];
    expect((await runCli(args)).stderr).not.toContain('at ');
    expect((await runCli([...args, '--debug'])).stderr).toContain('    at ');
  });
});
