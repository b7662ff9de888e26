/** Every column of every table, changed one at a time: a verification names the row and the column. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Difference } from '../../src/verify/report.ts';
import type { FreshStore } from '../support/database.ts';
import { openFloor, tradeAWhile, verified } from './busy-desk.ts';
import {
  type Column,
  columnsOf,
  KEY,
  keep,
  otherValue,
  restore,
  run,
  TABLES,
} from './tampering.ts';

/** A database with many columns in a test of its own: a busy machine takes its time. */
const LIMIT_MS = 300_000;

/** Facts about a row that do not follow from the log and that nothing is decided by. */
const FREE = new Set(['journal.committed_at', 'actor_snapshots.created_order']);

let fresh: FreshStore;
let columns: readonly Column[];

beforeAll(async () => {
  const floor = await openFloor();
  fresh = floor.fresh;
  await tradeAWhile(floor);
  columns = await columnsOf(fresh);
  await keep(fresh);
}, LIMIT_MS);
afterEach(() => restore(fresh));
afterAll(() => fresh.dispose());

/** Changes a column in one row; the row's key. Of rows with a value in it, the one at `place`. */
async function change({ table, column, ...rest }: Column, place: number): Promise<string> {
  const key = KEY[table] ?? '';
  const [row] = await run(
    fresh,
    `with numbered as (
       select ctid as at, row_number() over (order by ${column} is null, ${key}) - 1 as place,
         greatest(1, count(${column}) over ()) as filled from ${table}
     )
     update ${table} set ${column} = ${otherValue({ table, column, ...rest })}
     from numbered n where n.at = ${table}.ctid and n.place = ${place} % n.filled
     returning ${key} as key`,
  );
  return String(row?.key);
}

const placesOf = (found: readonly Difference[], proof: Difference['proof']) =>
  found
    .filter((difference) => difference.proof === proof)
    .map(({ table, key, column }) => `${table} ${key} ${column.replace(/^(snapshot).*/, '$1')}`)
    .sort();

const HASHES = new Set(['order_events.hash', 'actor_snapshots.event_hash']);
/** What no input says: only the hash of the log covers it. */
const OF_THE_LOG = new Set(['prepared_submissions.body', 'batch_seq', 'batch_position']);

function expectedOf({ table, column }: Column, key: string) {
  const name = `${table}.${column}`;
  const isOfLog = OF_THE_LOG.has(name) || OF_THE_LOG.has(column);
  const isOrder = table === 'actor_snapshots' && key.startsWith('order:');
  const isHead = HASHES.has(name) || (isOrder && column === 'revision');
  return {
    fold: HASHES.has(name) || isOfLog ? [] : [`${table} ${key} ${column}`],
    steps: [
      ...(table === 'order_events' ? [`order_events ${key} hash`] : []),
      ...(isHead && table === 'actor_snapshots' ? [`actor_snapshots ${key} event_hash`] : []),
    ],
    log: column.startsWith('batch_') ? [`${table} ${key} batch_seq`] : [],
  };
}

test('the desk has rows in every table', async () => {
  for (const table of TABLES) {
    expect(await run(fresh, `select from ${table} limit 1`), table).toHaveLength(1);
  }
  expect((await verified(fresh)).differences).toEqual([]);
});

const changeable = (table: string) =>
  columns.filter(
    (column) =>
      column.table === table &&
      !column.isKey &&
      !FREE.has(`${table}.${column.column}`) &&
      // A row of a newer program is refused as a whole: see below.
      `${table}.${column.column}` !== 'actor_snapshots.version',
  );

test.each(TABLES.filter((table) => !['system_metadata', 'journal'].includes(table)))(
  '%s: a change of any column is found and named, and nothing else is',
  async (table) => {
    const expected = { fold: new Set<string>(), steps: new Set<string>(), log: new Set<string>() };
    // Each in a row of its own, as far as there are rows.
    for (const [place, column] of changeable(table).entries()) {
      const { fold, steps, log } = expectedOf(column, await change(column, place));
      for (const one of fold) expected.fold.add(one);
      for (const one of steps) expected.steps.add(one);
      for (const one of log) expected.log.add(one);
    }
    const { differences } = await verified(fresh);
    expect(placesOf(differences, 'fold')).toEqual([...expected.fold].sort());
    expect(placesOf(differences, 'steps')).toEqual([...expected.steps].sort());
    const byLog = placesOf(differences, 'log');
    const hashes = byLog.filter((place) => /^journal \d+ hash$/.test(place));
    expect(byLog.filter((place) => !hashes.includes(place))).toEqual([...expected.log].sort());
    const isInLog = table === 'intents' || table === 'prepared_submissions';
    expect(hashes.length > 0, 'the log covers it').toBe(isInLog);
  },
  LIMIT_MS,
);

test(
  'journal: a change of any column is found and named',
  async () => {
    for (const column of changeable('journal')) {
      const key = await change(column, 20);
      const { differences } = await verified(fresh);
      const named = differences.filter(
        ({ table, proof }) => table === 'journal' && proof === 'log',
      );
      expect(
        named.map((one) => one.key),
        column.column,
      ).toContain(key);
      await restore(fresh);
    }
  },
  LIMIT_MS,
);

test('a row under another key is one too many and one too few', async () => {
  const expected: string[] = [];
  const keys = columns.filter(({ isKey }) => isKey);
  for (const column of keys) {
    const { table } = column;
    if (['system_metadata', 'journal'].includes(table)) continue;
    // Each in a row of its own: a row whose key has grown comes before its neighbours.
    await change(column, keys.filter((key) => key.table === table).indexOf(column));
    expected.push(`${table} added`, `${table} missing`);
  }
  const { differences } = await verified(fresh);
  const rows = differences.filter(({ proof, column }) => proof === 'fold' && column === 'row');
  const places = rows.map(({ table, have }) => `${table} ${have === null ? 'missing' : 'added'}`);
  expect(places.sort()).toEqual(expected.sort());
});

test('a row of a newer program cannot be judged', async () => {
  await run(fresh, `update actor_snapshots set version = version + 1 where kind = 'account'`);
  await expect(verified(fresh)).rejects.toMatchObject({ code: 'newer_row' });
});
