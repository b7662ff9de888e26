/** The command: what it prints, where, and its exit codes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, isBuilt, runCli } from '../cli/cli-process.ts';
import { databaseUrl } from '../support/database.ts';
import type { Floor } from '../support/floor.ts';
import { openFloor, tradeRound } from './busy-desk.ts';
import { keep, restore, run } from './tampering.ts';

let folder: string;
let configPath: string;
let floor: Floor;

if (!isBuilt) console.warn('test/verify/cli: not built (npm run build): these tests do not run.');

describe.runIf(isBuilt)('fillwright verify', () => {
  beforeAll(async () => {
    floor = await openFloor();
    const desk = await floor.start();
    await tradeRound(floor, desk);
    await desk.stop();
    await keep(floor.fresh);
    folder = await mkdtemp(join(tmpdir(), 'fillwright-verify-'));
    configPath = join(folder, 'verify.yaml');
    await writeFile(configPath, `database: { schema: ${floor.fresh.schema} }\n`);
  });
  afterEach(() => restore(floor.fresh));
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await floor.fresh.dispose();
  });

  const cli = (...args: string[]): Promise<CliResult> =>
    runCli(['verify', ...args, '--config', configPath], { env: { DATABASE_URL: databaseUrl() } });

  test('everything follows: exit code 0, for people and for machines', async () => {
    const people = await cli();
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toMatch(/\norder_events +\d+ +0\n/);
    expect(people.stdout).toMatch(
      /\nhead \d+:[0-9a-f]{64}\n\nEverything follows from the log\.\n$/,
    );
    const machine = await cli('--json');
    expect(machine).toMatchObject({ code: 0, stderr: '' });
    const { ok, log, differences } = JSON.parse(machine.stdout);
    expect({ ok, differences }).toEqual({ ok: true, differences: [] });
    const anchor = `${log.head.seq}:${log.head.hash}`;
    expect(people.stdout).toContain(`head ${anchor}`);
    expect((await cli('--anchor', anchor)).code).toBe(0);
  });

  test('a changed row: exit code 1, with table, row, column and both values', async () => {
    const [row] = await run(
      floor.fresh,
      `update orders set reason = 'forged' where client_order_id = (select min(client_order_id)
         from orders where reason = 'a change of mind') returning client_order_id as key`,
    );
    const people = await cli();
    expect(people.code).toBe(1);
    expect(people.stdout).toMatch(
      new RegExp(
        `\\nfold +orders +${row?.key} +reason +forged +a change of mind *\\n\\n1 differences\\.\\n$`,
      ),
    );
    const machine = await cli('--json');
    expect(machine.code).toBe(1);
    expect(JSON.parse(machine.stdout)).toMatchObject({
      ok: false,
      differences: [
        {
          table: 'orders',
          key: row?.key,
          column: 'reason',
          have: 'forged',
          expected: 'a change of mind',
        },
      ],
    });
  });

  test('a head that is not there: exit code 1', async () => {
    const { code, stdout } = await cli('--anchor', `1:${'0'.repeat(64)}`, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).differences).toHaveLength(1);
  });

  test('rows that this program cannot read: exit code 2, and no result', async () => {
    await run(floor.fresh, `update actor_snapshots set version = 99 where kind = 'account'`);
    const people = await cli();
    expect(people).toMatchObject({ code: 2, stdout: '' });
    expect(people.stderr).toMatch(/^fillwright: account:main: [^\n]+ version 99 [^\n]+\n$/);
    const machine = await cli('--json');
    expect(machine).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(machine.stderr).error.code).toBe('newer_row');
  });

  test('tables of an older version: exit code 2, and what to do', async () => {
    await run(floor.fresh, 'alter table journal rename column hash to hush');
    const { code, stdout, stderr } = await cli();
    await run(floor.fresh, 'alter table journal rename column hush to hash');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('fillwright migrate');
  });

  test('an anchor that is none: exit code 2', async () => {
    const { code, stderr } = await cli('--anchor', '12:abc');
    expect(code).toBe(2);
    expect(stderr).toContain('--anchor: got "12:abc", expected the number of an input');
  });

  test('no store: exit code 3', async () => {
    const absent = join(folder, 'absent.yaml');
    await writeFile(absent, 'database: { url: "postgres://127.0.0.1:1/x" }\n');
    expect((await runCli(['verify', '--config', absent])).code).toBe(3);
  });
});
