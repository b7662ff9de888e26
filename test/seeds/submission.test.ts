/** Order submission as the requirement texts ask for it; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import { parseIntent } from '../../src/domain/parse-intent.ts';
import { asked, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';

const floor = useFloor();

/** 20 shares at 0.95: 19 dollars, and 0.25 for the worst fee. */
const buy = { price: '0.95', size: '20' };

describe('submitting', () => {
  test('a BUY of 20 at 0.95 goes to the venue once', async () => {
    const desk = await floor.start();
    const orderId = await place(desk, buy);
    expect(floor.venue.submits.map(({ clientOrderId }) => clientOrderId)).toEqual([orderId]);
    const { order } = JSON.parse(floor.venue.submits[0]?.body ?? '{}');
    expect(order).toMatchObject({ side: 'BUY', ...buy });
  });

  test('the order is stored as PENDING before anything of it is sent', async () => {
    const found: unknown[] = [];
    floor.venue.onSubmit = async (sent) => {
      const { clientOrderId } = sent;
      found.push(
        await floor.fresh.store.preparedByClientOrderIds([clientOrderId]),
        (await desk.trading.order(clientOrderId))?.status,
      );
      return floor.venue.take(sent);
    };
    const desk = await floor.start();
    const { orderId } = await desk.submit(buy);
    await untilState(desk.trading, orderId, 'working.open');
    expect(found).toEqual([[expect.objectContaining({ clientOrderId: orderId })], 'PENDING']);
    await desk.trading.settled();
    expect(await floor.fresh.store.order(orderId)).toMatchObject({
      ...{ clientOrderId: orderId, instrumentId: rain.id, side: 'BUY' },
      ...{ price: '0.95', size: '20', status: 'PLACED' },
    });
  });

  test('the same key again is the same order, said to be so', async () => {
    const desk = await floor.start();
    const intent = asked(buy);
    const first = await desk.trading.submit(intent);
    await untilState(desk.trading, first.orderId, 'working.open');
    const again = await desk.trading.submit(intent);
    expect(again).toMatchObject({ orderId: first.orderId, deduplicated: true });
    expect(floor.venue.submits).toHaveLength(1);
  });
});

describe('the highest price of an entry is 0.95 where nothing else is said', () => {
  test.each([
    ['YES', rain.id, '0.96'],
    ['YES', rain.id, '0.97'],
    ['NO', noRain.id, '0.97'],
  ])('a BUY of %s (%s) at %s is denied, stored, and never sent', async (_, instrument, price) => {
    const desk = await floor.start();
    const { orderId, order } = await desk.submit({ instrument, price, size: '20' });
    expect(order).toMatchObject({
      status: 'DENIED',
      reason: `the price is ${price}, the limit for entries is 0.95`,
    });
    await desk.trading.settled();
    expect(await floor.fresh.store.order(orderId)).toMatchObject({ status: 'DENIED' });
    expect(floor.venue.prepares).toEqual([]);
  });

  test('at 0.95 it is taken', async () => {
    const desk = await floor.start();
    const { order } = await desk.submit(buy);
    expect(order.status).toBe('PENDING');
  });

  test('an exit may ask for any price', async () => {
    const desk = await floor.start();
    const orderId = await place(desk, buy);
    const leg = { venueOrderId: `0x${orderId}`, settlement: 'confirmed' } as const;
    floor.venue.fill({ ...leg, tradeId: 't1', size: '20', price: '0.95' });
    await untilState(desk.trading, orderId, 'matched');
    await place(desk, { side: 'SELL', price: '0.97', size: '20' });
  });

  test.each(['buy', 'Buy', ' BUY', 'YES', 'LONG'])(
    'a side spelt "%s" does not go around it: it is no side',
    (side) => {
      const spelt = { ...asked({ price: '0.97' }), side };
      const find = (id: string) => (id === rain.id ? rain : undefined);
      expect(() => parseIntent(spelt, find)).toThrow(/intent\.side: got .*, expected BUY or SELL/);
    },
  );
});

describe('not enough money', () => {
  test('with 5 dollars an order of 19 is denied, and nothing is held or sent', async () => {
    const account = { id: 'main', depositUsd: '5', minimumReserveUsd: '0' };
    const desk = await floor.start({ account });
    const { order } = await desk.submit(buy);
    expect(order).toMatchObject({
      status: 'DENIED',
      reason: 'not enough cash: needs 19.25 with the worst fee, 5 is available',
    });
    expect(floor.venue.prepares).toEqual([]);
    expect(await desk.trading.account()).toMatchObject({ availableUsd: '5', reservedUsd: '0' });
  });

  test('where only the venue says so, the order is REJECTED and its money is free again', async () => {
    floor.venue.onSubmit = () => ({ kind: 'rejected', reason: 'not enough balance' });
    const desk = await floor.start();
    const { orderId } = await desk.submit(buy);
    await untilState(desk.trading, orderId, 'rejected');
    expect(await desk.trading.order(orderId)).toMatchObject({
      ...{ status: 'REJECTED', reason: expect.stringContaining('not enough balance') },
    });
    expect(await desk.trading.account()).toMatchObject({ availableUsd: '1000' });
  });
});

describe('following an order', () => {
  let orderId: string;
  let desk: Awaited<ReturnType<typeof floor.start>>;

  beforeEach(async () => {
    desk = await floor.start();
    orderId = await place(desk, buy);
  });

  const fill = (tradeId: string, size: string) =>
    floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId, size, price: '0.95' });

  test('a full fill of 20 is seen', async () => {
    fill('t1', '20');
    await untilState(desk.trading, orderId, 'matched');
    expect(await desk.trading.order(orderId)).toMatchObject({
      ...{ status: 'MATCHED', filledSize: '20', averageFillPrice: '0.95' },
    });
  });

  test('10 of 20 are a partial fill, and a position at once', async () => {
    fill('t1', '10');
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    expect(await desk.trading.order(orderId)).toMatchObject({
      ...{ status: 'PARTIAL_FILL', filledSize: '10', size: '20' },
    });
    expect(desk.trading.position(rain.id)).toMatchObject({ size: '10' });
  });

  test.each([
    ['cancelled', 'CANCELLED'],
    ['expired', 'EXPIRED'],
    ['rejected', 'REJECTED'],
  ] as const)(
    'where the venue says %s it is %s, and nothing stays locked',
    async (word, status) => {
      const report = floor.venue.report(`0x${orderId}`, { status: word });
      floor.venue.emit({ type: 'order', report });
      await until(async () => (await desk.trading.order(orderId))?.status === status);
      expect(await desk.trading.account()).toMatchObject({
        availableUsd: '1000',
        reservedUsd: '0',
      });
    },
  );
});
