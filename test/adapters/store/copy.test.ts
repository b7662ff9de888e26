/** COPY as the store uses it: any text comes through, and an end halfway leaves nothing behind. */
import net from 'node:net';
import fc from 'fast-check';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyIn, copyText } from '../../../src/adapters/store/copy.ts';
import { databaseUrl } from '../../support/database.ts';
import { startProxy } from './proxy.ts';

let client: pg.Client;
beforeEach(async () => {
  client = new pg.Client({ connectionString: databaseUrl() });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('create temp table copied (place integer, one text, other text)');
});
afterEach(async () => {
  await client.end();
});

const COPY = 'copy copied from stdin';
const read = async () =>
  (await client.query('select place, one, other from copied order by place')).rows;

test('any text that can be stored comes through as it is, and none as none', async () => {
  const value = fc.option(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\\', '\n', '\r', '\t', 'N', '.', 'x', '"', '\b') }),
      fc.constantFrom('\\N', '\\.', '', ' ', '\\\\N', 'ü', '😀', '\u2028'),
    ),
  );
  const storable = value.filter((text) => !(text ?? '').includes('\0'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(storable, storable)), async (pairs) => {
      const rows = pairs.map(([one, other], place) => ({ place, one, other }));
      await client.query('truncate copied');
      await copyIn(client, COPY, [copyText(rows, ['place', 'one', 'other'])]);
      expect(await read()).toEqual(rows);
    }),
    { numRuns: 200 },
  );
});

test('input that fails to be made takes the whole of it back, and the connection goes on', async () => {
  function* failing() {
    yield '1\tone\tother\n';
    throw new Error('no more');
  }
  await expect(copyIn(client, COPY, failing())).rejects.toThrow('no more');
  expect(await read()).toEqual([]);
  await copyIn(client, COPY, ['2\tone\tother\n']);
  expect(await read()).toEqual([{ place: 2, one: 'one', other: 'other' }]);
});

test('a row that the server refuses takes the whole of it back, and the connection goes on', async () => {
  const lines = Array.from({ length: 5_000 }, () => '1\tone\tother\n').join('');
  await expect(copyIn(client, COPY, [lines, 'x\tone\tother\n', lines, lines])).rejects.toThrow(
    'invalid input syntax for type integer: "x"',
  );
  expect(await read()).toEqual([]);
  await copyIn(client, COPY, ['2\tone\tother\n']);
  expect(await read()).toHaveLength(1);
});

test('a refusal that comes while the network takes nothing is an error, not a crash', async () => {
  const door = await startProxy(databaseUrl());
  const socket = new net.Socket();
  const slow = new pg.Client({ ...door.connection, stream: () => socket });
  await slow.connect();
  await slow.query('create temp table copied (place integer, one text, other text)');
  door.stallAfter('x\tbad\tline\n');
  function* lines() {
    yield 'x\tbad\tline\n';
    // Small ones: a stream without room would take several of them.
    for (;;) yield `1\tone\t${'y'.repeat(5_000)}\n`;
  }
  const copied = expect(copyIn(slow, COPY, lines())).rejects.toThrow('invalid input syntax');
  for (let full = 0; full < 20; full = socket.writableNeedDrain ? full + 1 : 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  door.letAnswers();
  await copied;
  door.resume();
  expect((await slow.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await slow.end();
  await door.close();
});

test('a server that goes away halfway is an error, not a wait', async () => {
  const pid = (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
  const other = new pg.Client({ connectionString: databaseUrl() });
  await other.connect();
  let ended: Promise<unknown> | undefined;
  const lines = Array.from({ length: 5_000 }, () => '1\tone\tother\n').join('');
  function* endless() {
    for (;;) {
      ended ??= other.query('select pg_terminate_backend($1)', [pid]);
      yield lines;
    }
  }
  await expect(copyIn(client, COPY, endless())).rejects.toThrow(
    /terminat|ECONN|EPIPE|not queryable/,
  );
  await ended;
  await other.end();
});
