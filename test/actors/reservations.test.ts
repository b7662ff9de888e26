/** What working orders hold back: never more than they may cost, never less, and gone when they end. */
import { describe, expect, test } from 'vitest';
import { toText, ZERO } from '../../src/domain/decimal.ts';
import { type TestDesk, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { createPaperMarket } from '../support/paper-desk.ts';

const RAIN = 'paper:rain:YES';

const floor = useFloor();
const { start } = floor;

async function held({ trading }: TestDesk) {
  const { reservedUsd, availableUsd } = await trading.account();
  return { reservedUsd, availableUsd };
}

/** Buys settled shares, so that there is something to sell. */
async function own(desk: TestDesk, size: string): Promise<void> {
  const orderId = await place(desk, { size, price: '0.5' });
  floor.venue.fill({
    venueOrderId: `0x${orderId}`,
    tradeId: orderId,
    size,
    settlement: 'confirmed',
  });
  await untilState(desk.trading, orderId, 'matched');
}

describe('a BUY holds its limit and the worst fee', () => {
  // The fee of a share is rate x p x (1 - p) at the price nearest to 1/2 that it may trade at.
  test.each([
    ['at 0.5', { price: '0.5', size: '10' }, '5.125'],
    ['above 1/2 the fee is that of 1/2', { price: '0.8', size: '10' }, '8.125'],
    ['below 1/2 the fee is that of the limit', { price: '0.2', size: '10' }, '2.08'],
    ['rounded up to the millionth', { price: '0.11', size: '5.01' }, '0.575649'],
    [
      'by money: the dollars and the fee of the cheapest shares that they may buy',
      { type: 'market', price: '0.6', size: undefined, amountUsd: '20', timeInForce: 'FAK' },
      '20.99',
    ],
  ])('%s', async (_name, intent, reservedUsd) => {
    floor.venue.onSubmit = () => new Promise(() => undefined);
    const desk = await start();
    const { order } = await desk.submit(intent);
    expect(order.reservedUsd).toBe(reservedUsd);
    expect((await held(desk)).reservedUsd).toBe(reservedUsd);
  });

  test('a fill takes its part out, with the fee that it really paid', async () => {
    const desk = await start();
    const orderId = await place(desk);
    expect(await held(desk)).toEqual({ reservedUsd: '5.125', availableUsd: '994.875' });
    floor.venue.fill({
      venueOrderId: `0x${orderId}`,
      tradeId: 't1',
      size: '4',
      role: 'taker',
      price: '0.4',
    });
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    // 1000 - 4 x 0.4 - 0.048 of fee is the cash; 6 x 0.5125 is still held.
    expect(await desk.trading.account()).toMatchObject({
      cashUsd: '998.352',
      feesUsd: '0.048',
      reservedUsd: '3.075',
      availableUsd: '995.277',
    });
    floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId: 't2', size: '6' });
    await untilState(desk.trading, orderId, 'matched');
    expect((await held(desk)).reservedUsd).toBe('0');
  });

  test('by money: each fill takes its dollars out, and the end frees the rest', async () => {
    const desk = await start();
    const money = { type: 'market', price: '0.6', size: undefined, amountUsd: '20' };
    const orderId = await place(desk, money);
    floor.venue.fill({
      venueOrderId: `0x${orderId}`,
      tradeId: 't1',
      size: '10',
      price: '0.5',
      role: 'taker',
    });
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    expect((await held(desk)).reservedUsd).toBe('15.7425');
    floor.venue.emit({
      type: 'order',
      report: floor.venue.report(`0x${orderId}`, { status: 'cancelled' }),
    });
    await untilState(desk.trading, orderId, 'cancelled');
    expect((await held(desk)).reservedUsd).toBe('0');
  });

  test('an order that was given up and lives after all holds its part again', async () => {
    floor.venue.onSubmit = () => ({ kind: 'rejected', reason: 'no' });
    const desk = await start();
    const { orderId } = await desk.submit();
    await untilState(desk.trading, orderId, 'rejected');
    expect((await held(desk)).reservedUsd).toBe('0');
    floor.venue.emit({
      type: 'order',
      report: floor.venue.report(`0x${orderId}`, { status: 'live' }),
    });
    await untilState(desk.trading, orderId, 'working.open');
    expect((await held(desk)).reservedUsd).toBe('5.125');
  });
});

describe('every end lets go of all of it', () => {
  const ends: [string, (desk: TestDesk, orderId: string) => unknown][] = [
    ['cancel', ({ trading }, orderId) => trading.cancel(orderId)],
    [
      'full fill',
      (_, orderId) => floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '10', role: 'taker' }),
    ],
    ...(['cancelled', 'expired', 'rejected'] as const).map(
      (status): [string, (desk: TestDesk, orderId: string) => unknown] => [
        `the venue says ${status}`,
        (_, orderId) =>
          floor.venue.emit({
            type: 'order',
            report: floor.venue.report(`0x${orderId}`, { status }),
          }),
      ],
    ),
  ];

  test.each(ends)('%s', async (_name, end) => {
    const desk = await start();
    const other = await place(desk, { price: '0.3' });
    const orderId = await place(desk);
    await end(desk, orderId);
    await until(() => desk.trading.workingOrders().length === 1);
    expect((await held(desk)).reservedUsd).toBe('3.105');
    expect((await desk.trading.order(other))?.reservedUsd).toBe('3.105');
  });

  test('an end with shares whose legs are still to come holds their part until they are here', async () => {
    const desk = await start();
    const orderId = await place(desk);
    const report = floor.venue.report(`0x${orderId}`, { status: 'cancelled', sizeMatched: '4' });
    floor.venue.emit({ type: 'order', report });
    await untilState(desk.trading, orderId, 'cancelled');
    expect((await held(desk)).reservedUsd).toBe('2.05');
    expect(await desk.trading.order(orderId)).toMatchObject({ closed: false });
    floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4', settlement: 'confirmed' });
    await until(async () => (await desk.trading.order(orderId))?.closed);
    expect((await held(desk)).reservedUsd).toBe('0');
  });
});

describe('a SELL holds settled shares', () => {
  test('and only those', async () => {
    const desk = await start();
    await own(desk, '10');
    const more = await place(desk, { size: '20' });
    floor.venue.fill({
      venueOrderId: `0x${more}`,
      tradeId: 'more',
      size: '20',
      settlement: 'mined',
    });
    await untilState(desk.trading, more, 'matched');
    const { order } = await desk.submit({ side: 'SELL', size: '10.01' });
    expect(order).toMatchObject({
      status: 'DENIED',
      reason: 'not enough settled shares: needs 10.01, 10 are free',
    });
    const sold = await place(desk, { side: 'SELL', size: '7' });
    expect(desk.trading.position(RAIN)).toMatchObject({ size: '30', reservedShares: '7' });
    expect((await desk.submit({ side: 'SELL', size: '5' })).order.status).toBe('DENIED');
    floor.venue.fill({ venueOrderId: `0x${sold}`, tradeId: 'sold', side: 'SELL', size: '2' });
    await untilState(desk.trading, sold, 'working.partiallyFilled');
    expect(desk.trading.position(RAIN)).toMatchObject({
      size: '28',
      sellableSize: '8',
      reservedShares: '5',
    });
    await desk.trading.cancel(sold);
    await untilState(desk.trading, sold, 'cancelled');
    expect(desk.trading.position(RAIN)).toMatchObject({ reservedShares: '0' });
    expect((await desk.submit({ side: 'SELL', size: '8' })).order.status).toBe('PENDING');
    expect((await held(desk)).reservedUsd).toBe('0');
  });

  test('a sale that fails on chain gives the shares back', async () => {
    const desk = await start();
    await own(desk, '10');
    const sold = await place(desk, { side: 'SELL', size: '10', price: '0.6' });
    const leg = { venueOrderId: `0x${sold}`, tradeId: 's', side: 'SELL', size: '10', price: '0.6' };
    floor.venue.fill({ ...leg, side: 'SELL' });
    await untilState(desk.trading, sold, 'matched');
    expect(desk.trading.position(RAIN)).toMatchObject({ size: '0', sellableSize: '0' });
    floor.venue.fill({ ...leg, side: 'SELL', settlement: 'failed' });
    await until(() => desk.trading.position(RAIN)?.sellableSize === '10');
    expect((await desk.trading.account()).cashUsd).toBe('995');
  });

  test('cash that a failed sale takes back may be missing; nothing stops, and no BUY is let in', async () => {
    const desk = await start();
    await own(desk, '10');
    const sold = await place(desk, { side: 'SELL', size: '10', price: '0.9' });
    const leg = { venueOrderId: `0x${sold}`, tradeId: 's', size: '10', price: '0.9' };
    floor.venue.fill({ ...leg, side: 'SELL' });
    await untilState(desk.trading, sold, 'matched');
    // All of it is promised, the proceeds included.
    await place(desk, { price: '0.5', size: '1959' });
    floor.venue.fill({ ...leg, side: 'SELL', settlement: 'failed' });
    await until(() => desk.trading.position(RAIN)?.size === '10');
    expect((await held(desk)).availableUsd).toMatch(/^-/);
    expect((await desk.submit({ size: '5' })).order.status).toBe('DENIED');
    expect(desk.trading.health()).toMatchObject({ running: true, failure: null });
  });
});

test('the account holds the sum of its orders, whatever trades and ends, and after a restart', async () => {
  const market = createPaperMarket();
  let desk: TestDesk = await start({ venue: market.venue });
  const check = () => {
    const { registry } = desk.trading.execution;
    let sum = ZERO;
    for (const { reservedUsd } of desk.trading.workingOrders()) sum = sum.plus(reservedUsd);
    expect(registry.snapshot(registry.account()).context.reservedUsd).toBe(toText(sum));
  };
  for (let round = 0; round < 4; round += 1) {
    market.show(
      [[`0.4${round}`, '100']],
      [
        [`0.5${round}`, '15'],
        ['0.6', '10'],
      ],
    );
    await Promise.all([
      desk.submit({ price: '0.6', size: '33' }),
      desk.submit({ price: '0.2', size: '9' }),
      desk.submit({ side: 'SELL', price: '0.3', size: '6' }),
      desk.submit({ type: 'market', price: '0.6', size: undefined, amountUsd: '4.2' }),
    ]);
    check();
    if (round === 2) {
      await desk.crash();
      desk = await start({ venue: market.venue });
      check();
    }
  }
  await desk.trading.cancelAll();
  await until(() => desk.trading.workingOrders().length === 0);
  check();
  expect((await desk.trading.account()).reservedUsd).toBe('0');
});
