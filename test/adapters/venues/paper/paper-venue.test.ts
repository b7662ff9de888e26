/** What the paper venue adds to the contract: its own durability and latency. */
import { afterEach, describe, expect, test } from 'vitest';
import type { PaperStore } from '../../../../src/actors/venue-store-port.ts';
import {
  fills,
  type HarnessOptions,
  hold,
  never,
  order,
  send,
} from '../../../contracts/venue-harness.ts';
import {
  createMemoryPaperStore,
  type MemoryPaperStore,
} from '../../../support/memory-paper-store.ts';
import { type PaperHarness, paperHarness, quiet } from './paper-harness.ts';

type Settings = Parameters<typeof paperHarness>[2];
const opened: PaperHarness[] = [];

async function open(
  settings: Settings = {},
  options: HarnessOptions = {},
): Promise<{ harness: PaperHarness; store: MemoryPaperStore }> {
  const store = createMemoryPaperStore();
  const harness = await paperHarness(store, options, settings);
  opened.push(harness);
  return { harness, store };
}

afterEach(async () => {
  for (const harness of opened.splice(0)) await harness.close();
});

/** Sends, and says how it went without waiting for it. */
async function sendLater(harness: PaperHarness, changes: Parameters<typeof order>[1] = {}) {
  const prepared = await harness.venue.prepare(order(harness, changes));
  const told: string[] = [];
  const answered = harness.venue.submit(prepared, never).then(
    (outcome) => told.push(outcome.kind),
    (fault: unknown) => told.push(fault instanceof Error ? fault.message : 'unknown'),
  );
  return { prepared, told, answered };
}

describe('nothing is told before it is saved', () => {
  test('an answer and its events wait for the save', async () => {
    const { harness, store } = await open();
    await harness.setBook([], [['0.4', '10']]);
    let release: () => void = () => undefined;
    store.beforeSave = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const before = harness.events.length;
    const { told, answered } = await sendLater(harness);
    await quiet();
    expect(told).toEqual([]);
    expect(harness.events).toHaveLength(before);
    release();
    await answered;
    await quiet();
    expect(told).toEqual(['acknowledged']);
    expect(harness.events.slice(before).map((event) => event.type)).toEqual(['leg', 'order']);
  });

  test('a process that dies before the save has never known the order', async () => {
    const { harness, store } = await open();
    store.beforeSave = () => new Promise(() => undefined);
    const { prepared } = await sendLater(harness);
    await quiet();
    // The dead process may not finish its last save either.
    const again = await paperHarness(store);
    opened.splice(0, 1, again);
    expect(await again.venue.fetchOrder(prepared.venueOrderId)).toBeUndefined();
  });

  test('a process that dies after the save finds the order by its id', async () => {
    const { harness } = await open({ latencyMs: 0 });
    const { prepared, answered } = await sendLater(harness);
    await answered;
    await harness.restart('kill');
    expect(await harness.venue.fetchOrder(prepared.venueOrderId)).toMatchObject({ status: 'live' });
  });

  test('what happens in one go is one save', async () => {
    const { harness, store } = await open();
    await harness.setBook(
      [],
      [
        ['0.4', '5'],
        ['0.41', '5'],
      ],
    );
    const before = store.saved.length;
    await Promise.all([send(harness, { size: '5' }), send(harness, { size: '5' })]);
    const saves = store.saved.slice(before);
    expect(saves).toHaveLength(1);
    expect(saves[0]).toMatchObject({ orders: [{}, {}], trades: [{}, {}] });
  });

  test('a queue that only moves is saved once a second', async () => {
    const { harness, store } = await open();
    await harness.setBook([['0.5', '100']], []);
    await send(harness);
    const before = store.saved.length;
    for (let size = 90; size > 10; size -= 10) {
      await harness.setBook([['0.5', `${size}`]], []);
      await harness.advance(100);
    }
    expect(store.saved.length - before).toBe(0);
    await harness.advance(300);
    expect(store.saved.length - before).toBe(1);
  });
});

describe('while the store fails', () => {
  test('a submit has an unknown outcome, and the order is there when the store is back', async () => {
    const { harness, store } = await open();
    store.failing = true;
    const { prepared, told, answered } = await sendLater(harness);
    await answered;
    expect(told).toEqual([expect.stringMatching(/switched off/)]);
    await expect(harness.venue.fetchOrder(prepared.venueOrderId)).rejects.toThrow('switched off');
    expect(harness.warnings.length).toBeGreaterThan(0);
    store.failing = false;
    await harness.advance(1_000);
    expect(await harness.venue.fetchOrder(prepared.venueOrderId)).toMatchObject({ status: 'live' });
  });

  test('new orders are not taken', async () => {
    const { harness, store } = await open();
    store.failing = true;
    await (await sendLater(harness)).answered;
    const { prepared, told, answered } = await sendLater(harness);
    await answered;
    expect(told).toEqual([expect.stringMatching(/switched off/)]);
    store.failing = false;
    await harness.advance(1_000);
    expect(await harness.venue.fetchOrder(prepared.venueOrderId)).toBeUndefined();
    expect(await harness.venue.fetchOpenOrders()).toHaveLength(1);
  });

  test('a request that came during the save that failed is not left waiting', async () => {
    const { harness, store } = await open();
    let fail: (fault: Error) => void = () => undefined;
    store.beforeSave = () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      });
    const first = await sendLater(harness);
    await quiet();
    const second = await sendLater(harness);
    await quiet();
    fail(new Error('the line is dead'));
    await Promise.all([first.answered, second.answered]);
    expect([first.told, second.told]).toEqual([['the line is dead'], ['the line is dead']]);
    store.beforeSave = () => Promise.resolve();
    await harness.advance(1_000);
    expect(await harness.venue.fetchOpenOrders()).toHaveLength(2);
  });

  test('events wait, keep their order, and are told once', async () => {
    const { harness, store } = await open();
    await harness.setBook([], [['0.6', '10']]);
    const { id } = await send(harness);
    const before = harness.events.length;
    store.failing = true;
    await harness.trade('SELL', '0.4', '4');
    await harness.advance(500);
    await harness.trade('SELL', '0.4', '6');
    await harness.advance(10_000);
    expect(harness.events).toHaveLength(before);
    store.failing = false;
    await harness.advance(1_000);
    const told = harness.events
      .slice(before)
      .flatMap((event) => (event.type === 'leg' ? event.leg.settlement : []));
    expect(told).toEqual(['matched', 'matched', 'mined', 'mined', 'confirmed', 'confirmed']);
    expect(fills(harness, id)).toEqual([
      ['0.5', '4'],
      ['0.5', '6'],
    ]);
  });

  test('stopping does not wait for the store', async () => {
    const { harness, store } = await open();
    store.failing = true;
    await (await sendLater(harness)).answered;
    await harness.venue.stop();
    expect(harness.clock.pending()).toBe(0);
  });
});

describe('latency', () => {
  test('an order meets the market that it finds on arrival', async () => {
    const { harness } = await open({ latencyMs: { submit: 80, cancel: 20 } });
    await harness.setBook([], [['0.4', '10']]);
    const { prepared, told } = await sendLater(harness);
    await harness.advance(79);
    expect(told).toEqual([]);
    await harness.setBook([], [['0.45', '10']]);
    await harness.advance(1);
    expect(told).toEqual(['acknowledged']);
    expect(fills(harness, prepared.venueOrderId)).toEqual([['0.45', '10']]);
  });

  test('a fill that comes before the cancel arrives wins', async () => {
    const { harness } = await open({ latencyMs: { submit: 0, cancel: 20 } });
    await harness.setBook([], [['0.6', '10']]);
    const { id } = await send(harness);
    const cancel = harness.venue.cancel(id, never);
    await harness.trade('SELL', '0.4', '10');
    await harness.advance(20);
    expect(await cancel).toMatchObject({ kind: 'rejected', reason: 'order is already matched' });
  });

  test('giving up does not take the order back', async () => {
    const { harness } = await open({ latencyMs: 80 });
    const prepared = await harness.venue.prepare(order(harness));
    const giveUp = new AbortController();
    const answer = harness.venue.submit(prepared, giveUp.signal);
    giveUp.abort();
    await expect(answer).rejects.toMatchObject({ code: 'venue_unknown' });
    await harness.advance(80);
    expect(await harness.venue.fetchOrder(prepared.venueOrderId)).toMatchObject({ status: 'live' });
  });

  test('a request held up until its absence is final is not placed any more', async () => {
    const memory = createMemoryPaperStore();
    await (await paperHarness(memory)).close();
    let arrive: () => void = () => undefined;
    const heldUp = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    let lookUps = 0;
    const store: PaperStore = {
      load: () => memory.load(),
      save: (change) => memory.save(change),
      tradesSince: (sinceMs) => memory.tradesSince(sinceMs),
      async findOrder(id) {
        lookUps += 1;
        // Only the first: that of the submit.
        if (lookUps === 1) await heldUp;
        return memory.findOrder(id);
      },
    };
    const harness = await paperHarness(store);
    opened.push(harness);
    const { venue, clock } = harness;
    const prepared = await venue.prepare(order(harness));
    const answer = venue.submit(prepared, never);
    const refused = expect(answer).rejects.toMatchObject({ code: 'venue_unknown' });
    await quiet();
    await clock.advanceTo(harness.now() + (venue.absenceIsFinalAfterMs ?? 0), quiet);
    expect(await venue.fetchOrder(prepared.venueOrderId)).toBeUndefined();
    arrive();
    await refused;
    expect(await venue.fetchOrder(prepared.venueOrderId)).toBeUndefined();
    expect(await venue.submit(prepared, never)).toMatchObject({ kind: 'acknowledged' });
  });

  test('a stop leaves requests on their way with an unknown outcome', async () => {
    const { harness, store } = await open({ latencyMs: 80 });
    const { told, answered } = await sendLater(harness);
    const before = store.saved.length;
    await harness.venue.stop();
    await answered;
    expect(told).toEqual([expect.stringMatching(/stopped before it answered/)]);
    expect(harness.clock.pending()).toBe(0);
    expect(store.saved).toHaveLength(before);
  });
});

test('bytes that do not match their id are refused and leave no trace', async () => {
  const { harness, store } = await open();
  const prepared = await harness.venue.prepare(order(harness));
  const before = store.saved.length;
  const forged = { ...prepared, venueOrderId: `0x${'1'.repeat(64)}` };
  expect(await harness.venue.submit(forged, never)).toMatchObject({ kind: 'rejected' });
  expect(store.saved).toHaveLength(before);
});

test('a rejected order is kept: the same bytes get the same answer, when the reason is gone too', async () => {
  const { harness } = await open();
  const prepared = await harness.venue.prepare(order(harness, { side: 'SELL', price: '0.9' }));
  const first = await harness.venue.submit(prepared, never);
  await hold(harness, '10');
  expect(await harness.venue.submit(prepared, never)).toEqual(first);
  expect(await harness.venue.fetchOrder(prepared.venueOrderId)).toMatchObject({
    status: 'rejected',
  });
});

test('a second send of an order that is over tells its state again', async () => {
  const { harness } = await open();
  const prepared = await harness.venue.prepare(order(harness));
  await harness.venue.submit(prepared, never);
  await harness.venue.cancel(prepared.venueOrderId, never);
  await quiet();
  const before = harness.events.length;
  await harness.venue.submit(prepared, never);
  await quiet();
  expect(harness.events.slice(before)).toMatchObject([
    { type: 'order', report: { status: 'cancelled' } },
  ]);
});

test('the deposit is made once, whatever the setting says later', async () => {
  const store = createMemoryPaperStore();
  const first = await paperHarness(store, {}, { cashUsd: '250' });
  await first.close();
  const second = await paperHarness(store, {}, { cashUsd: '9999' });
  opened.push(second);
  expect(await second.venue.fetchBalances()).toEqual({ cashUsd: '250' });
});

test('a venue with empty books asks the store for no order', async () => {
  const { harness, store } = await open();
  await harness.setBook([], [['0.4', '10']]);
  await send(harness);
  await send(harness);
  expect(store.reads).toBe(0);
});

test('a row that cannot be read stops the start and names itself', async () => {
  const store = createMemoryPaperStore();
  await store.save({ orders: [{ id: '0xbad', open: true, body: '{' }], trades: [], balances: [] });
  await expect(paperHarness(store)).rejects.toMatchObject({
    code: 'corrupt_row',
    facts: { kind: 'order', id: '0xbad' },
  });
});

test('requests before the start and after the stop are refused', async () => {
  const { harness } = await open();
  const prepared = await harness.venue.prepare(order(harness));
  await harness.venue.stop();
  await expect(harness.venue.submit(prepared, never)).rejects.toMatchObject({
    code: 'not_running',
  });
  await expect(harness.venue.fetchOpenOrders()).rejects.toMatchObject({ code: 'not_running' });
});
