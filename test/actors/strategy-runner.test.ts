/** Strategies over the real engine: what they see, what they may ask, and what they cannot break. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Strategy, StrategyAnswer, StrategyContext } from '../../src/actors/strategy.ts';
import { createStrategyRunner, type StrategyRunner } from '../../src/actors/strategy-runner.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import type { BookSnapshot, MarketEvent } from '../../src/domain/market-data.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { openDesk, type TestDesk, until } from '../support/desk.ts';
import { AT_MS, noRain, rain } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
let venue: ScriptedVenue;
let desk: TestDesk;
let runner: StrategyRunner;

beforeEach(async () => {
  fresh = await freshStore();
  venue = createScriptedVenue({ now: () => Date.now() });
  desk = await openDesk(fresh, { venue: () => venue.connect() });
});
afterEach(async () => {
  runner.stop();
  await desk.crash();
  await fresh.dispose();
});

const book: BookSnapshot = {
  instrumentId: rain.id,
  atMs: AT_MS,
  bids: [{ price: '0.48', size: '10' }],
  asks: [{ price: '0.5', size: '10' }],
  tickSize: '0.01',
};
const bookChanged: MarketEvent = { type: 'market.bookChanged', book };

function run(...strategies: Strategy[]): StrategyRunner {
  runner = createStrategyRunner({
    strategies,
    trading: desk.trading,
    clock: createSystemClock(),
    log: desk.log,
    book: () => book,
  });
  runner.start();
  return runner;
}

const buy = { instrument: rain.id, side: 'BUY', price: '0.5', size: '10' } as const;
const placed = (count: number) =>
  until(() => {
    const orders = desk.trading.workingOrders();
    return orders.length === count && orders.every(({ status }) => status === 'PLACED');
  }, `${count} orders`);

describe('a pending flag', () => {
  test('keeps a second order of the same outcome and side back until the first is over', async () => {
    run({ name: 's', onBook: () => [buy] });
    for (let n = 0; n < 5; n += 1) runner.take(bookChanged);
    await placed(1);
    runner.take(bookChanged);
    await until(() => runner.counts.suppressed === 5);
    expect(venue.submits).toHaveLength(1);
    await desk.trading.cancelAll();
    // The strategy is told once that is durable.
    await until(() => {
      runner.take(bookChanged);
      return venue.submits.length === 2;
    });
  });

  test('is one for each outcome, side and strategy', async () => {
    const both = () => [buy, { ...buy, instrument: noRain.id }];
    run({ name: 'one', onBook: both }, { name: 'two', onBook: both });
    runner.take(bookChanged);
    await placed(4);
    expect(runner.counts.suppressed).toBe(0);
  });

  test('of a denied intent falls at once', async () => {
    run({ name: 's', onBook: () => [{ ...buy, size: '100000' }] });
    runner.take(bookChanged);
    await until(async () => (await desk.trading.orders()).length === 1);
    await until(async () => {
      runner.take(bookChanged);
      return (await desk.trading.orders()).length > 1;
    });
  });

  test.each(['in the same life', 'after a restart'])(
    'stands until the fills of a matched order have come: %s',
    async (when) => {
      run({ name: 's', onBook: () => [buy] });
      runner.take(bookChanged);
      await placed(1);
      const [{ venueOrderId } = { venueOrderId: '' }] = venue.submits;
      venue.emit({
        type: 'order',
        report: venue.report(venueOrderId, { status: 'matched', sizeMatched: '10' }),
      });
      await until(async () => (await desk.trading.orders())[0]?.status === 'MATCHED');
      if (when !== 'in the same life') {
        runner.stop();
        await desk.crash();
        venue.onTrades = () => [];
        desk = await openDesk(fresh, { venue: () => venue.connect() });
        run({ name: 's', onBook: () => [buy] });
      }
      runner.take(bookChanged);
      await until(() => runner.counts.suppressed === 1);
      expect(desk.trading.position(rain.id)).toBeUndefined();
      venue.fill({ venueOrderId, size: '10' });
      await until(() => desk.trading.position(rain.id)?.size === '10');
      await until(() => {
        runner.take(bookChanged);
        return venue.submits.length === 2;
      });
    },
  );

  test('stands again after a restart', async () => {
    run({ name: 's', onBook: () => [buy] });
    runner.take(bookChanged);
    await placed(1);
    runner.stop();
    await desk.crash();
    desk = await openDesk(fresh, { venue: () => venue.connect() });
    let pending: boolean | undefined;
    run({
      name: 's',
      onStart(context) {
        pending = context.isPending(rain.id, 'BUY');
        return undefined;
      },
      onBook: () => [buy],
    });
    expect(pending).toBe(true);
    runner.take(bookChanged);
    await until(() => runner.counts.suppressed === 1);
    expect(venue.submits).toHaveLength(1);
  });
});

describe('what a strategy asks', () => {
  test('a signal becomes a limit order of the outcome that it names', async () => {
    const signal = {
      marketId: 'rain',
      side: 'NO',
      price: 355,
      size: '12',
      priority: 1,
      reason: 'r',
    };
    run({ name: 's', onBook: () => [{ ...signal, side: 'NO' }] });
    runner.take(bookChanged);
    await placed(1);
    expect(desk.trading.workingOrders()).toMatchObject([
      { instrumentId: noRain.id, strategy: 's', side: 'BUY', price: '0.35', size: '12' },
    ]);
  });

  test('goes highest priority first', async () => {
    run({
      name: 's',
      onBook: () => [
        { ...buy, key: 'low', priority: -1 },
        { ...buy, key: 'high', instrument: noRain.id, priority: 7 },
      ],
    });
    runner.take(bookChanged);
    await placed(2);
    expect(desk.trading.workingOrders().map(({ intentKey }) => intentKey)).toEqual(['high', 'low']);
  });

  test('what is refused is counted and said, and the flag is free again', async () => {
    let size = '0';
    run({ name: 's', onBook: () => [{ ...buy, size }] });
    runner.take(bookChanged);
    await until(() => runner.counts.refused === 1);
    size = '10';
    runner.take(bookChanged);
    await placed(1);
  });
});

describe('a strategy that misbehaves harms nobody', () => {
  const fellOver = (): never => {
    throw new Error('the strategy fell over');
  };
  // What a module written in JavaScript may return.
  const strange = (make: () => unknown): (() => StrategyAnswer) =>
    Reflect.apply.bind(null, make, null, []);
  const cases: [string, Partial<Strategy>][] = [
    ['throws in onBook', { onBook: fellOver }],
    ['throws in onTrade', { onTrade: fellOver }],
    ['answers null', { onBook: strange(() => null) }],
    ['answers a number', { onBook: strange(() => 7) }],
    ['answers an object', { onBook: strange(() => ({ key: 'k' })) }],
    ['answers a list of nothing', { onBook: strange(() => [null, 1, 'x', undefined]) }],
    [
      'answers a promise that rejects',
      { onBook: strange(() => Promise.reject(new Error('late'))) },
    ],
  ];

  test.each(cases)('%s', async (_what, bad) => {
    run({ name: 'bad', ...bad }, { name: 'good', onBook: () => [buy] });
    const trade = { instrumentId: rain.id, atMs: AT_MS, price: '0.5', size: '1', side: 'BUY' };
    runner.take({ type: 'market.traded', trade: { ...trade, side: 'BUY' } });
    runner.take(bookChanged);
    await placed(1);
    await until(() => runner.counts.threw + runner.counts.refused > 0);
    expect(desk.trading.health()).toMatchObject({ running: true, actorFaults: 0 });
  });

  test('throws wherever it is called', async () => {
    const bad: Strategy = {
      name: 'bad',
      onStart: fellOver,
      onOrder: fellOver,
      onFill: fellOver,
      onPosition: fellOver,
      onBook: () => [buy],
    };
    run(bad, { name: 'good', onBook: () => [{ ...buy, instrument: noRain.id }] });
    runner.take(bookChanged);
    await placed(2);
    const order = desk.trading.workingOrders().find(({ strategy }) => strategy === 'bad');
    venue.fill({ venueOrderId: `0x${order?.clientOrderId}`, size: '4' });
    await until(() => runner.counts.threw >= 5);
    expect(desk.trading.position(rain.id)?.size).toBe('4');
    expect(desk.trading.health()).toMatchObject({ running: true, actorFaults: 0 });
  });
});

test('what a strategy sees is what the engine holds', async () => {
  let seen: StrategyContext | undefined;
  const orders: string[] = [];
  const fills: string[] = [];
  run({
    name: 's',
    onStart(context) {
      seen = context;
      return [buy];
    },
    onOrder: (order) => void orders.push(order.status),
    onFill: ({ leg, effect }) => void fills.push(`${effect} ${leg.size}`),
  });
  await placed(1);
  const [order] = desk.trading.workingOrders();
  venue.fill({ venueOrderId: `0x${order?.clientOrderId}`, size: '10' });
  venue.fill({ venueOrderId: `0x${order?.clientOrderId}`, size: '10', settlement: 'confirmed' });
  await until(() => orders.includes('CONFIRMED'));
  expect(orders[0]).toBe('PENDING');
  expect(fills).toEqual(['applied 10', 'settled 10']);
  expect(seen?.position(rain.id)).toMatchObject({ size: '10', sellableSize: '10' });
  expect(seen?.account()).toMatchObject({ cashUsd: '995', availableUsd: '995' });
  expect(seen?.complement(rain.id)).toEqual(noRain);
  expect(seen?.workingOrders()).toEqual([]);
  expect(seen?.book(rain.id)).toEqual(book);
});

test('a timer calls at its pace on the given clock, also after a call that threw', async () => {
  const clock = createVirtualClock(AT_MS);
  const calls: number[] = [];
  runner = createStrategyRunner({
    strategies: [
      {
        name: 's',
        timerMs: 1_000,
        onTimer(context) {
          calls.push(context.now() - AT_MS);
          if (calls.length === 2) throw new Error('the strategy fell over');
          return undefined;
        },
      },
    ],
    trading: desk.trading,
    clock,
    log: desk.log,
    book: () => undefined,
  });
  runner.start();
  await clock.advanceTo(AT_MS + 4_500);
  expect(calls).toEqual([1_000, 2_000, 3_000, 4_000]);
  runner.stop();
  await clock.advanceTo(AT_MS + 9_000);
  expect(calls).toHaveLength(4);
});

describe('budgets', () => {
  /** What a strategy is answered, or the code with which it is refused. */
  function speaking(name: string) {
    let context: StrategyContext | undefined;
    const strategy: Strategy = {
      name,
      onStart(given) {
        context = given;
        return undefined;
      },
    };
    const send = (command: Parameters<StrategyContext['send']>[0]) => {
      if (context === undefined) throw new Error('It has not been started.');
      return context.send(command);
    };
    return { strategy, send };
  }
  const reserve = (owner: string) =>
    ({
      type: 'budget.reserve',
      ...{ owner, amountUsd: '10', expiresInMs: 60_000, reason: 'a pair', by: owner },
    }) as const;

  test('a strategy reserves, commits and releases for itself only', async () => {
    const [pairs, news] = [speaking('pairs'), speaking('news')];
    run(pairs.strategy, news.strategy);
    await expect(pairs.send(reserve('news'))).rejects.toMatchObject({ code: 'invalid_value' });
    const { facts } = await pairs.send(reserve('pairs'));
    const { budgetId } = facts.budget as { budgetId: string };
    const said = { budgetId, by: 'news', reason: 'mine' };
    for (const type of ['budget.commit', 'budget.release'] as const) {
      await expect(news.send({ type, ...said })).rejects.toMatchObject({ code: 'budget_refused' });
    }
    expect((await pairs.send({ type: 'budget.release', ...said })).changed).toBe(true);
  });
});
