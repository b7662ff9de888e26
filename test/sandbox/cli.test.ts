/** `fillwright sandbox` as a user starts it, in a process of its own. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isBuilt, type RunningCli, runCli, startCli } from '../cli/cli-process.ts';

const isHere = isBuilt && existsSync(new URL('../../dist/src/cli/sandbox.js', import.meta.url));
if (!isHere) console.warn('test/sandbox/cli: not built (npm run build): these tests do not run.');

/** The first line on standard output. */
function firstLine({ child }: RunningCli): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once('exit', () => reject(new Error(`It ended after saying ${text}`)));
  });
}

describe.runIf(isHere)('fillwright sandbox', () => {
  test('says everything that a client needs in its first line, serves, and ends with Ctrl-C', async () => {
    const stateFile = join(mkdtempSync(join(tmpdir(), 'fillwright-cli-')), 'state.json');
    const running = startCli(['sandbox', '--json', '--seed', 'x', '--state', stateFile]);
    const view = JSON.parse(await firstLine(running));
    expect(Object.keys(view)).toEqual(['rest', 'ws', 'chainId', 'accounts', 'markets']);
    expect(Object.keys(view.accounts[0])).toEqual([
      'name',
      'address',
      'privateKey',
      'funder',
      'signatureType',
      'apiKey',
      'secret',
      'passphrase',
    ]);
    expect(view.markets[0]).toMatchObject({ slug: 'sim-rain-tomorrow', version: 'v1' });
    expect(await (await fetch(`${view.rest}/ok`)).json()).toBe('OK');
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toMatchObject({ version: 1, seed: 'x' });
  });

  test('shows a table to people', async () => {
    const running = startCli(['sandbox']);
    await firstLine(running);
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^REST {7}http/);
    expect(stdout).toContain('sim-home-team-wins');
  });

  test('a scenario with problems is refused, each named: exit code 2', async () => {
    const scenario = join(mkdtempSync(join(tmpdir(), 'fillwright-cli-')), 'bad.yaml');
    writeFileSync(scenario, 'markets:\n  - { slug: a, tickSize: 7 }\n');
    const { code, stderr } = await runCli(['sandbox', '--scenario', scenario]);
    expect(code).toBe(2);
    expect(stderr).toContain('bad.yaml:2: markets.0.tickSize: got 7');
  });

  test.each([
    ['--port', 'x'],
    ['--ws-port', '70000'],
  ])('%s %s is refused', async (option, value) => {
    const { code, stderr } = await runCli(['sandbox', option, value]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(option)]);
  });
});
