/** Taking intents in: nothing leaves before its commit, and a key names one order for ever. */
import { describe, expect, test } from 'vitest';
import {
  asked,
  booksOf,
  type DeskOptions,
  holding,
  type TestDesk,
  ticks,
  until,
  untilState,
} from '../support/desk.ts';
import { useFloor } from '../support/floor.ts';

const floor = useFloor();
const { start } = floor;

describe('the output gate', () => {
  test('submit answers, listeners hear and the venue sees only what is committed', async () => {
    const gate = holding('commit');
    const { trading } = await start({ around: gate.around });
    const told: string[] = [];
    trading.on('order', ({ cause }) => told.push(cause));
    gate.hold();
    let answered = false;
    const submitted = trading.submit(asked()).finally(() => {
      answered = true;
    });
    await until(() => trading.health().waiting > 0);
    await ticks();
    expect({ answered, told, sent: floor.venue.submits }).toEqual({
      answered: false,
      told: [],
      sent: [],
    });
    gate.release();
    const { orderId } = await submitted;
    await untilState(trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(1);
    await until(() => told.length === 3);
    expect(told).toEqual(['intent.submitted', 'order.prepared', 'venue.orderAcknowledged']);
  });

  test('a cancel reaches the venue only once it is committed', async () => {
    const gate = holding('commit');
    const { trading, submit } = await start({ around: gate.around });
    const { orderId } = await submit();
    await untilState(trading, orderId, 'working.open');
    gate.hold();
    const cancelled = trading.cancel(orderId);
    await until(() => trading.health().waiting > 0);
    await ticks();
    expect(floor.venue.cancels).toEqual([]);
    gate.release();
    expect(await cancelled).toMatchObject({ requested: true });
    await untilState(trading, orderId, 'cancelled');
    expect(floor.venue.cancels).toHaveLength(1);
  });

  test('the bytes are in the store before they are sent', async () => {
    const found: unknown[] = [];
    floor.venue.onSubmit = async (sent) => {
      found.push(await floor.fresh.store.preparedByClientOrderIds([sent.clientOrderId]));
      return floor.venue.take(sent);
    };
    const { trading, submit } = await start();
    const { orderId } = await submit();
    await untilState(trading, orderId, 'working.open');
    const [sent] = floor.venue.submits;
    expect(found).toEqual([[expect.objectContaining({ ...sent, venue: 'paper' })]]);
  });
});

describe('the same key again', () => {
  test('a hundred at once are one order, sent once', async () => {
    const { trading } = await start();
    const intent = asked();
    const answers = await Promise.all(Array.from({ length: 100 }, () => trading.submit(intent)));
    const ids = new Set(answers.map(({ orderId }) => orderId));
    expect(ids.size).toBe(1);
    expect(answers.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    const [orderId = ''] = ids;
    await untilState(trading, orderId, 'working.open');
    expect(floor.venue.submits).toHaveLength(1);
    expect(await trading.orders()).toHaveLength(1);
  });

  test('decimals written otherwise are the same body', async () => {
    const { trading } = await start();
    const intent = asked({ price: '0.5', size: '10' });
    const first = await trading.submit(intent);
    const again = await trading.submit({ ...intent, price: '0.50', size: '10.00' });
    expect(again).toMatchObject({ orderId: first.orderId, deduplicated: true });
  });

  test('after a restart it is the first order', async () => {
    const before = await start();
    const intent = asked();
    const first = await before.trading.submit(intent);
    await untilState(before.trading, first.orderId, 'working.open');
    await before.stop();
    const after = await start();
    const again = await after.trading.submit(intent);
    expect(again).toMatchObject({
      orderId: first.orderId,
      deduplicated: true,
      order: { status: 'PLACED' },
    });
    expect(floor.venue.submits).toHaveLength(1);
  });

  test('after the order was closed and left memory it is answered from its row', async () => {
    const { trading } = await start();
    const intent = asked();
    const first = await trading.submit(intent);
    await untilState(trading, first.orderId, 'working.open');
    await trading.cancel(first.orderId);
    await until(() => trading.execution.registry.orders.size === 0, 'the order to be reaped');
    const again = await trading.submit(intent);
    expect(again).toMatchObject({
      orderId: first.orderId,
      deduplicated: true,
      order: { status: 'CANCELLED', closed: true },
    });
    expect(floor.venue.submits).toHaveLength(1);
  });

  test('is the first order still while another body is being refused', async () => {
    const { trading } = await start();
    const intent = asked();
    const first = await trading.submit(intent);
    const other = trading.submit({ ...intent, price: '0.49' });
    const again = trading.submit(intent);
    await expect(other).rejects.toMatchObject({ code: 'key_conflict' });
    expect(await again).toMatchObject({ orderId: first.orderId, deduplicated: true });
  });

  test('is free for another body where the first was never taken', async () => {
    const { trading } = await start();
    const unknown = asked({ instrument: 'paper:rain:YES' });
    const lost = trading.submit({ ...unknown, instrument: 'paper:nowhere:YES' }).catch((e) => e);
    const taken = trading.submit(unknown);
    expect(await lost).toMatchObject({ code: 'unknown_instrument' });
    expect(await taken).toMatchObject({ deduplicated: false });
  });

  test.each([
    ['while the first is under way', false],
    ['later', true],
  ])('with another body it is refused and nothing changes: %s', async (_when, wait) => {
    const { trading } = await start();
    const intent = asked();
    const first = trading.submit(intent);
    if (wait) await untilState(trading, (await first).orderId, 'working.open');
    const other = trading.submit({ ...intent, price: '0.49' });
    await expect(other).rejects.toMatchObject({ code: 'key_conflict' });
    await untilState(trading, (await first).orderId, 'working.open');
    await trading.settled();
    expect((await trading.account()).reservedUsd).toBe('5.125');
    const books = await booksOf(floor.fresh);
    expect(books.orders).toHaveLength(1);
    expect(books.intents).toHaveLength(1);
    expect(floor.venue.submits).toHaveLength(1);
  });
});

test('five hundred intents at once are five hundred orders, each sent once', async () => {
  const { trading } = await start({
    account: { id: 'main', depositUsd: '100000', minimumReserveUsd: '0' },
  });
  const intents = Array.from({ length: 500 }, () => asked());
  const answers = await trading.submitAll(intents);
  expect(new Set(answers.map(({ orderId }) => orderId)).size).toBe(500);
  await until(() => trading.workingOrders().every(({ status }) => status === 'PLACED'));
  expect(trading.workingOrders()).toHaveLength(500);
  expect(floor.venue.submits).toHaveLength(500);
  expect(new Set(floor.venue.submits.map(({ venueOrderId }) => venueOrderId)).size).toBe(500);
});

describe('a denied intent is an order with its reason, and its key is used up', () => {
  const cases: {
    why: string;
    intent: Record<string, unknown>;
    reason: RegExp;
    before?: (desk: TestDesk) => Promise<unknown>;
    options?: Partial<DeskOptions>;
  }[] = [
    { why: 'cash', intent: { size: '5000' }, reason: /not enough cash: needs 2562.5 .* 1000 is/ },
    {
      why: 'the reserve that is never spent',
      intent: { size: '100' },
      reason: /not enough cash/,
      options: { account: { id: 'main', depositUsd: '1000', minimumReserveUsd: '990' } },
    },
    { why: 'shares', intent: { side: 'SELL' }, reason: /not enough settled shares: needs 10, 0/ },
    {
      why: 'pause',
      intent: {},
      reason: /entries are paused: lunch \(by ann\)/,
      before: ({ trading }) => trading.send({ type: 'trading.pause', by: 'ann', reason: 'lunch' }),
    },
    {
      why: 'a venue that is away',
      intent: {},
      reason: /the venue paper is not connected and caught up/,
      before: ({ trading }) => {
        floor.venue.emit({ type: 'connection', state: 'down', atMs: Date.now() });
        return until(() => trading.health().venue === 'disconnected');
      },
    },
    {
      why: 'too many open orders',
      intent: {},
      reason: /1 orders are open, the limit is 1/,
      before: ({ submit }) => submit(),
      options: { maxOpenOrders: 1 },
    },
  ];

  test.each(cases)('for $why', async ({ intent, reason, before, options }) => {
    const desk = await start(options);
    const { trading } = desk;
    await before?.(desk);
    await trading.settled();
    const sentBefore = floor.venue.submits.length;
    const reservedBefore = (await trading.account()).reservedUsd;
    const body = asked(intent);
    const { orderId, order } = await trading.submit(body);
    expect(order).toMatchObject({ status: 'DENIED', reason: expect.stringMatching(reason) });
    await trading.settled();
    const row = await floor.fresh.store.order(orderId);
    expect(row).toMatchObject({ status: 'DENIED', closed: true, reservedUsd: '0' });
    expect(await floor.fresh.store.orderEvents(orderId)).toMatchObject([
      { number: 1, type: 'intent.submitted' },
      { number: 2, type: 'order.denied', note: expect.stringMatching(reason) },
    ]);
    expect(await trading.submit(body)).toMatchObject({ orderId, deduplicated: true });
    expect((await trading.account()).reservedUsd).toBe(reservedBefore);
    await ticks();
    expect(floor.venue.submits.filter((sent) => sent.clientOrderId === orderId)).toEqual([]);
    expect(floor.venue.submits.length - sentBefore).toBeLessThanOrEqual(
      before === undefined ? 0 : 1,
    );
  });

  test('what pauses entries lets an exit through', async () => {
    const { trading, submit } = await start();
    const bought = await submit();
    await untilState(trading, bought.orderId, 'working.open');
    floor.venue.fill({ venueOrderId: `0x${bought.orderId}`, size: '10', settlement: 'confirmed' });
    await untilState(trading, bought.orderId, 'matched');
    await trading.send({ type: 'trading.pause', by: 'ann', reason: 'lunch' });
    const sold = await submit({ side: 'SELL', size: '10' });
    await untilState(trading, sold.orderId, 'working.open');
    expect((await submit()).order.status).toBe('DENIED');
    await trading.send({ type: 'trading.resume', by: 'ann' });
    expect((await submit()).order.status).toBe('PENDING');
  });
});

test('a strategy cannot go by a name of the engine’s own, one by one or in a batch', async () => {
  const { trading } = await start();
  const own = asked({ strategy: 'fillwright.liquidation' });
  await expect(trading.submit(own)).rejects.toThrow(
    'intent.strategy: got "fillwright.liquidation"',
  );
  await expect(trading.submitAll([asked(), own])).rejects.toThrow('intents[1].strategy');
  expect(floor.venue.submits).toEqual([]);
});
