/** `fillwright doctor` as a user runs it, in a process of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CliResult, isBuilt, runCli } from '../cli/cli-process.ts';
import { type Given, openPatient, type Patient } from './doctor-harness.ts';

if (!isBuilt) console.warn('test/doctor/cli: not built (npm run build): these tests do not run.');

async function doctor(given: Given, ...options: string[]): Promise<CliResult & { kept: string[] }> {
  const patient = await openPatient(given);
  const result = await runCli(['doctor', '--config', patient.path, ...options]);
  await patient.close();
  return { ...result, kept: secretsIn(result, patient) };
}

function secretsIn({ stdout, stderr }: CliResult, { account }: Patient): string[] {
  const { privateKey = '', secret, passphrase } = account;
  return [privateKey.slice(2), secret, passphrase].filter((text) =>
    `${stdout}${stderr}`.includes(text),
  );
}

describe.runIf(isBuilt)('fillwright doctor', () => {
  test('says that all is well: exit code 0', async () => {
    const { code, stdout, stderr, kept } = await doctor({});
    expect([code, stderr, kept]).toEqual([0, '', []]);
    expect(stdout).toMatch(/^CHECK|^check/);
    expect(stdout).toMatch(/\nstream +ok +the user channel has let us in/);
    expect(stdout).toMatch(/\n\nReady to trade\.\n$/);
  });

  test('with --json prints one object: ok, and a row for each check', async () => {
    const { code, stdout, kept } = await doctor({ dollars: '0' }, '--json', '--debug');
    expect([code, kept]).toEqual([0, []]);
    const { ok, rows, ...more } = JSON.parse(stdout);
    expect([ok, more]).toEqual([true, {}]);
    expect(rows).toHaveLength(13);
    for (const { check, status, detail, fix, ...rest } of rows) {
      expect([typeof check, typeof detail, rest]).toEqual(['string', 'string', {}]);
      expect(typeof fix).toBe(status === 'ok' ? 'undefined' : 'string');
    }
    expect(rows.map(({ status }: { status: string }) => status)).toContain('warn');
  });

  test.each([
    ['a wrong API secret', { credentials: { api_secret: 'A'.repeat(44) } }],
    ['a key file that others can read', { mode: 0o640 }],
  ])('%s: exit code 1, and the number of failed checks', async (_name, given: Given) => {
    const { code, stdout, kept } = await doctor(given, '--debug');
    expect([code, kept]).toEqual([1, []]);
    expect(stdout).toMatch(/\n\d of \d+ checks failed\.\n$/);
  });

  test('ends, and its sandbox with it, where the scenario has no such account', async () => {
    const patient = await openPatient();
    const { database, dataFolder } = patient.config;
    const path = join(patient.path, '..', 'sandbox.yaml');
    const venue = { use: 'sandbox', account: 9 };
    writeFileSync(path, JSON.stringify({ venue, database, dataFolder }));
    const { code, stdout } = await runCli(['doctor', '--config', path, '--json']);
    await patient.close();
    expect(code).toBe(1);
    expect(JSON.parse(stdout).rows.at(-1)).toMatchObject({
      check: 'credentials',
      status: 'fail',
      detail: 'venue.account: got 9, expected 0 to 3: the scenario has no more.',
    });
  });
});
