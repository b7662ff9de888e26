/** Rows that cannot be read: no start, one error that names them all, nothing changed, mendable. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FillwrightFault } from '../../src/domain/faults.ts';
import { type FreshStore, freshStore, withClient } from '../support/database.ts';
import { booksOf, countsOf, makeDesk, openDesk, until, untilState } from '../support/desk.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
let venue: ScriptedVenue;
let orderId = '';

beforeEach(async () => {
  fresh = await freshStore();
  venue = createScriptedVenue({ now: () => Date.now() });
  const desk = await openDesk(fresh, { venue: () => venue.connect() });
  orderId = (await desk.submit()).orderId;
  await untilState(desk.trading, orderId, 'working.open');
  venue.fill({ venueOrderId: `0x${orderId}`, size: '4' });
  await untilState(desk.trading, orderId, 'working.partiallyFilled');
  await desk.stop();
});
afterEach(async () => {
  await fresh.dispose();
});

const sql = (text: string, values: unknown[] = []) =>
  withClient(fresh, (client) => client.query(text, values));

/** Tries a start; the fault that it ends with. */
async function failedStart(): Promise<FillwrightFault> {
  const desk = makeDesk(fresh, { venue: () => venue.connect() });
  const fault = await desk.trading.start().then(
    () => {
      throw new Error('The engine has started.');
    },
    (error: FillwrightFault) => error,
  );
  await desk.store.close();
  return fault;
}

/** Changes rows, expects a refusal that changes nothing, mends them, and starts. */
async function refusedAndMended(
  spoil: () => Promise<unknown>,
  check: (fault: FillwrightFault) => void,
): Promise<void> {
  await sql('create table kept as select * from actor_snapshots');
  await spoil();
  const before = { ...(await booksOf(fresh)), counts: await countsOf(fresh) };
  check(await failedStart());
  expect({ ...(await booksOf(fresh)), counts: await countsOf(fresh) }).toEqual(before);
  await sql(`update actor_snapshots as a set snapshot = k.snapshot, version = k.version,
    kind = k.kind from kept as k where a.actor_id = k.actor_id`);
  const desk = await openDesk(fresh, { venue: () => venue.connect() });
  expect(await desk.trading.order(orderId)).toMatchObject({
    execution: 'working.partiallyFilled',
    filledSize: '4',
  });
  expect(venue.submits).toHaveLength(1);
  await desk.stop();
}

const set = (actorId: string, path: string, value: string) =>
  sql(
    `update actor_snapshots set snapshot = jsonb_set(snapshot::jsonb, $2, $3)::json
     where actor_id = $1`,
    [actorId, path, value],
  );

describe('a row that cannot be read', () => {
  const order = () => `order:${orderId}`;
  const cases: [string, string, () => Promise<unknown>, RegExp][] = [
    [
      'no object at all',
      'corrupt_row',
      () => sql(`update actor_snapshots set snapshot = '"gone"' where kind = 'order'`),
      /snapshot is .*gone.*expected a JSON object/,
    ],
    ['no context', 'corrupt_row', () => set(order(), '{context}', 'null'), /context is null/],
    [
      'a field less',
      'corrupt_row',
      () =>
        sql(`update actor_snapshots set snapshot = (snapshot::jsonb #- '{context,matchedSize}')::json
          where kind = 'order'`),
      /context\.matchedSize is undefined/,
    ],
    [
      'a number where decimal text belongs',
      'corrupt_row',
      () => set(order(), '{context,matchedSize}', '4'),
      /context\.matchedSize is 4/,
    ],
    [
      'text that is no decimal',
      'corrupt_row',
      () => set(order(), '{context,reservedUsd}', '"a lot"'),
      /context\.reservedUsd is "a lot"/,
    ],
    [
      'a state that nobody knows',
      'corrupt_row',
      () => set(order(), '{value,execution}', '"dreaming"'),
      /dreaming/,
    ],
    ['a status that is over', 'corrupt_row', () => set(order(), '{status}', '"done"'), /"done"/],
    [
      'a kind that nobody knows',
      'corrupt_row',
      () => sql(`update actor_snapshots set kind = 'oracle' where kind = 'order'`),
      /oracle/,
    ],
    [
      'the version of a newer program',
      'newer_row',
      () => sql(`update actor_snapshots set version = 99 where kind = 'order'`),
      /version 99 .* knows up to \d+\. Start the newer program/,
    ],
    [
      'the system itself',
      'corrupt_row',
      () => set('system:main', '{context}', '7'),
      /system:main.* context is 7/,
    ],
    [
      'the system in a state that nobody knows',
      'corrupt_row',
      () => set('system:main', '{value}', '"asleep"'),
      /system:main.*asleep/,
    ],
  ];

  test.each(cases)('%s: refused, unchanged, and mendable', async (_what, code, spoil, message) => {
    await refusedAndMended(spoil, (fault) => {
      expect(fault).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(fault.message.startsWith('The engine does not start: 1 row(s)')).toBe(true);
    });
  });

  test('several: one error names them all, the system among them', async () => {
    const ids = [`order:${orderId}`, 'position:paper:rain:YES', 'account:main', 'venue:paper'];
    await refusedAndMended(
      async () => {
        for (const id of ids) await set(id, '{context}', '[]');
        await sql(`update actor_snapshots set version = 7 where kind = 'system'`);
      },
      (fault) => {
        expect(fault.message).toContain('5 row(s) cannot be read');
        for (const id of [...ids, 'system:main']) expect(fault.message).toContain(id);
        expect(fault.facts.rows).toHaveLength(5);
      },
    );
  });
});

test('a bad row of an order that is at rest stops nothing until it is asked for', async () => {
  await sql(`update actor_snapshots set live = false, snapshot = '[]' where kind = 'order'`);
  await sql(`update actor_snapshots set snapshot = jsonb_set(snapshot::jsonb,
    '{context,reservedUsd}', '"0"')::json where kind = 'account'`);
  venue.trades.length = 0;
  venue.orders.clear();
  const desk = await openDesk(fresh, { venue: () => venue.connect(), checkIdentities: false });
  venue.fill({ venueOrderId: `0x${orderId}`, tradeId: 't9', size: '1' });
  const other = await desk.submit();
  await untilState(desk.trading, other.orderId, 'working.open');
  const errors = () => desk.log.lines.filter(({ level }) => level === 'error');
  await until(() => errors().length > 0);
  expect(errors()).toMatchObject([{ message: 'A venue event could not be taken in.' }]);
  await desk.stop();
});

test('another account or venue in the configuration is refused', async () => {
  const account = { id: 'other', depositUsd: '1', minimumReserveUsd: '0' };
  const desk = makeDesk(fresh, { venue: () => venue.connect(), account });
  await expect(desk.trading.start()).rejects.toMatchObject({ code: 'invalid_config' });
  await desk.store.close();
});
