/** What the engine will not take at all: an error, and nothing has changed. */
import { expect, test } from 'vitest';
import { asked, booksOf, makeDesk } from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';
import { rain } from '../support/orders.ts';

const floor = useFloor();
const { start } = floor;

test('an instrument that the venue has not', async () => {
  const { trading } = await start();
  const { lastSeq } = trading.execution.journal;
  const intent = asked({ instrument: 'paper:snow:YES' });
  await expect(trading.submit(intent)).rejects.toMatchObject({ code: 'unknown_instrument' });
  expect(trading.execution.journal.lastSeq).toBe(lastSeq);
  // The key is free: nothing became of it.
  expect(await trading.submit({ ...intent, instrument: rain.id })).toMatchObject({
    deduplicated: false,
  });
});

test('one bad intent of a batch refuses all of it', async () => {
  const { trading } = await start();
  const batch = [asked(), asked({ size: '0' })];
  await expect(trading.submitAll(batch)).rejects.toMatchObject({
    code: 'invalid_value',
    message: expect.stringContaining('intents[1].size'),
  });
  expect(await trading.orders()).toEqual([]);
});

test('before the start', async () => {
  const desk = makeDesk(floor.fresh, { venue: () => floor.venue.connect() });
  await expect(desk.submit()).rejects.toMatchObject({ code: 'not_running' });
  await desk.store.close();
});

test('after the stop', async () => {
  const desk = await start();
  await desk.trading.stop();
  await expect(desk.submit()).rejects.toMatchObject({ code: 'not_running' });
  await expect(desk.trading.cancel('ord_1')).rejects.toMatchObject({ code: 'not_running' });
  expect((await booksOf(floor.fresh)).intents).toEqual([]);
});

test('a cancel of an order that nobody knows', async () => {
  const { trading } = await start();
  await expect(trading.cancel('ord_nobody')).rejects.toMatchObject({ code: 'unknown_order' });
});
