/** Money as the requirement texts ask for it; docs/requirements.md has the table. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Instrument } from '../../src/domain/instrument.ts';
import { until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { rain } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

const floor = useFloor();

/** The texts know no fees: a market without. */
const plain: Instrument = { ...rain, fees: { ...rain.fees, rate: '0' } };
let venue: ScriptedVenue;
beforeEach(() => {
  venue = createScriptedVenue({ now: Date.now, instruments: [plain] });
});
const start = (options: object = {}) => floor.start({ venue: () => venue.connect(), ...options });
const account = (minimumReserveUsd: string) => ({
  account: { id: 'main', depositUsd: '1000', minimumReserveUsd },
});

const buy = { price: '0.95', size: '20' };
type Desk = Awaited<ReturnType<typeof start>>;
const money = async ({ trading }: Desk) => {
  const { availableUsd, reservedUsd, cashUsd } = await trading.account();
  return { availableUsd, reservedUsd, cashUsd };
};
const fill = (orderId: string, tradeId: string, size: string, price = '0.95') =>
  venue.fill({ venueOrderId: `0x${orderId}`, tradeId, size, price });

describe('what is available', () => {
  test('of 1000 dollars all of it', async () => {
    expect(await money(await start())).toEqual({
      ...{ availableUsd: '1000', reservedUsd: '0', cashUsd: '1000' },
    });
  });

  test('1000 less 19 for an order that waits are 981', async () => {
    const desk = await start();
    await place(desk, buy);
    expect(await money(desk)).toEqual({
      ...{ availableUsd: '981', reservedUsd: '19', cashUsd: '1000' },
    });
  });

  test('with the fees of a real market the worst of them is held, too', async () => {
    const desk = await floor.start();
    await place(desk, buy);
    // 20 x 0.05 x 0.25: the order may fill at any price up to its limit, also at 0.5.
    expect(await money(desk)).toMatchObject({ availableUsd: '980.75', reservedUsd: '19.25' });
  });

  test('with a minimum reserve of 100 it is 900', async () => {
    expect(await money(await start(account('100')))).toMatchObject({ availableUsd: '900' });
  });
});

describe('over-allocation', () => {
  test('2000 dollars of 1000 are denied, and nothing is held', async () => {
    const desk = await start();
    const { order } = await desk.submit({ price: '0.5', size: '4000' });
    expect(order).toMatchObject({
      status: 'DENIED',
      reason: 'not enough cash: needs 2000 with the worst fee, 1000 is available',
    });
    expect(await money(desk)).toMatchObject({ availableUsd: '1000', reservedUsd: '0' });
  });

  test('of two that fit alone and not together the second is denied', async () => {
    const desk = await start();
    const both = await Promise.all([
      desk.submit({ price: '0.5', size: '1200' }),
      desk.submit({ price: '0.5', size: '1200' }),
    ]);
    expect(both.map(({ order }) => order.status)).toEqual(['PENDING', 'DENIED']);
    expect(await money(desk)).toMatchObject({ availableUsd: '400', reservedUsd: '600' });
  });

  test('the minimum reserve is never promised: 900 are, and a hundredth of a share more is not', async () => {
    const desk = await start(account('100'));
    const more = await desk.submit({ price: '0.5', size: '1800.01' });
    expect(more.order.status).toBe('DENIED');
    const all = await desk.submit({ price: '0.5', size: '1800' });
    expect(all.order.status).toBe('PENDING');
    expect(await money(desk)).toMatchObject({ availableUsd: '0' });
  });
});

describe('a reservation follows its order', () => {
  test('a fill lets it go: the money is spent, not held twice', async () => {
    const desk = await start();
    const orderId = await place(desk, buy);
    fill(orderId, 't1', '20');
    await untilState(desk.trading, orderId, 'matched');
    expect(await money(desk)).toEqual({
      ...{ availableUsd: '981', reservedUsd: '0', cashUsd: '981' },
    });
  });

  test('a partial fill takes its part out, and the rest stays held', async () => {
    const desk = await start();
    const orderId = await place(desk, buy);
    fill(orderId, 't1', '10');
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    expect(await money(desk)).toEqual({
      ...{ availableUsd: '981', reservedUsd: '9.5', cashUsd: '990.5' },
    });
  });

  test('a partial fill at a better price frees the difference', async () => {
    const desk = await start();
    const orderId = await place(desk, buy);
    fill(orderId, 't1', '10', '0.9');
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    // 9 spent, and 10 more may cost 9.5: not 19 less 9.
    expect(await money(desk)).toEqual({
      ...{ availableUsd: '981.5', reservedUsd: '9.5', cashUsd: '991' },
    });
  });

  test('many parts end at nothing', async () => {
    const desk = await start();
    const orderId = await place(desk, buy);
    for (let part = 0; part < 4; part += 1) fill(orderId, `t${part}`, '5');
    await untilState(desk.trading, orderId, 'matched');
    expect(await money(desk)).toMatchObject({ availableUsd: '981', reservedUsd: '0' });
  });

  test('what is left of a partial fill is free once the order is cancelled', async () => {
    const desk = await start();
    const orderId = await place(desk, buy);
    fill(orderId, 't1', '10');
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    await desk.trading.cancel(orderId);
    await untilState(desk.trading, orderId, 'cancelled');
    expect(await money(desk)).toMatchObject({ availableUsd: '990.5', reservedUsd: '0' });
  });

  test('after a restart open orders hold what is left of them, and no more', async () => {
    const desk = await start();
    const orderId = await place(desk, buy);
    fill(orderId, 't1', '10');
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    const before = await money(desk);
    await desk.crash();
    const again = await start();
    expect(await money(again)).toEqual(before);
    const order = await again.trading.order(orderId);
    // (20 - 10) x 0.95
    expect(order).toMatchObject({ status: 'PARTIAL_FILL', reservedUsd: '9.5' });
  });
});

test('the balance is never a cache that ages: each answer is of the newest fill', async () => {
  const desk = await start();
  const orderId = await place(desk, buy);
  const seen: string[] = [];
  for (const tradeId of ['t1', 't2', 't3']) {
    fill(orderId, tradeId, '5');
    const filled = String(5 * (seen.length + 1));
    await until(async () => (await desk.trading.order(orderId))?.filledSize === filled);
    seen.push((await desk.trading.account()).cashUsd);
  }
  expect(seen).toEqual(['995.25', '990.5', '985.75']);
});

test('a deposit is there for the next order at once', async () => {
  const desk = await start();
  expect((await desk.submit({ price: '0.5', size: '2400' })).order.status).toBe('DENIED');
  await desk.trading.send({ type: 'account.deposit', depositId: 'd1', amountUsd: '500' });
  expect((await desk.submit({ price: '0.5', size: '2400' })).order.status).toBe('PENDING');
});
