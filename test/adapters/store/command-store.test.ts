/** Commands as the table keeps them: in order, bounded, answered once. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommandInbox, CommandSender } from '../../../src/actors/command-port.ts';
import { MAX_PENDING_COMMANDS } from '../../../src/adapters/store/command-store.ts';
import { type FreshStore, freshStore, withClient } from '../../support/database.ts';
import { runOut } from './lease-harness.ts';

let fresh: FreshStore;
let commands: CommandInbox & CommandSender;

beforeEach(async () => {
  fresh = await freshStore();
  commands = fresh.store.commands;
});
afterEach(() => fresh.dispose());

const asked = { askedAtMs: 5, by: "Zoë O'Neill", body: '{"type":"trading.resume"}' };
const done = { state: 'done', answer: '{"text":"ok"}', doneAtMs: 9 } as const;

test('a command comes out as it was asked, the oldest first', async () => {
  const ids = [await commands.ask(asked), await commands.ask({ ...asked, by: 'second' })];
  expect(await commands.pending(10)).toEqual([
    { id: ids[0], ...asked },
    { id: ids[1], ...asked, by: 'second' },
  ]);
  expect(await commands.pending(1)).toHaveLength(1);
});

test('the first answer stays, and what is answered is not pending', async () => {
  const id = await commands.ask(asked);
  await commands.answer(id, done);
  await commands.answer(id, { ...done, state: 'refused', answer: '{"text":"no"}' });
  expect(await commands.find(id)).toEqual({ id, ...done });
  expect(await commands.pending(10)).toEqual([]);
  expect(await commands.find(id + 1)).toBeUndefined();
});

test('a body that is no JSON is not kept', async () => {
  await expect(commands.ask({ ...asked, body: '{' })).rejects.toThrow();
  expect(await commands.pending(10)).toEqual([]);
});

test('no more than a bounded number wait', async () => {
  await withClient(fresh, (client) =>
    client.query(
      `insert into commands (asked_at_ms, "by", body)
       select 1, 'a script', '{}' from generate_series(1, $1)`,
      [MAX_PENDING_COMMANDS - 1],
    ),
  );
  const id = await commands.ask(asked);
  await expect(commands.ask(asked)).rejects.toMatchObject({ code: 'overloaded' });
  await commands.answer(id, done);
  await commands.ask(asked);
});

test('whether an engine runs is read off the writer lease', async () => {
  expect(await commands.engineRuns()).toBe(false);
  const engine = fresh.open();
  await engine.acquireWriter();
  expect(await commands.engineRuns()).toBe(true);
  await engine.close();
  expect(await commands.engineRuns()).toBe(false);
});

test('an engine that has lost the writer lease answers nothing', async () => {
  const [engine, next] = [fresh.open(), fresh.open()];
  await engine.acquireWriter();
  const id = await commands.ask(asked);
  await runOut(fresh);
  await next.acquireWriter();
  await expect(engine.commands.answer(id, done)).rejects.toMatchObject({ code: 'lease_lost' });
  expect(await commands.find(id)).toMatchObject({ state: 'pending' });
  await next.commands.answer(id, done);
  expect(await commands.find(id)).toMatchObject(done);
});

test('a role that may read, and insert commands, can ask', async () => {
  const role = `asker_${fresh.schema}`;
  await withClient(fresh, async (client) => {
    await client.query(`create role ${role}`);
    try {
      await client.query(`grant usage on schema ${fresh.schema} to ${role}`);
      await client.query(`grant select on all tables in schema ${fresh.schema} to ${role}`);
      await client.query(`grant insert on commands to ${role}`);
      await client.query(`set role ${role}`);
      await client.query(`insert into commands (asked_at_ms, "by", body) values (1, 'a', '{}')`);
      await expect(client.query("update commands set state = 'done'")).rejects.toThrow('denied');
      await expect(client.query('delete from orders')).rejects.toThrow('denied');
    } finally {
      await client.query('reset role');
      await client.query(`drop owned by ${role}`);
      await client.query(`drop role ${role}`);
    }
  });
  expect(await commands.pending(10)).toHaveLength(1);
});
