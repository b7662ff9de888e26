/** Positions left by themselves: the plan fires, the ladder sells, and only confirmed fills end it. */
import { describe, expect, test } from 'vitest';
import type { Books } from '../../src/actors/trading-api.ts';
import type { ExitPlan } from '../../src/domain/exits/exit-plan.ts';
import { parseExitPlan } from '../../src/domain/exits/parse-exit-plan.ts';
import type { BookSnapshot } from '../../src/domain/market-data.ts';
import { type TestDesk, until } from '../support/desk.ts';
import { allEvents, problemsOf } from '../support/events.ts';
import { useFloor } from '../support/floor.ts';
import { rain } from '../support/orders.ts';
import { createPaperMarket } from '../support/paper-desk.ts';

const floor = useFloor();

const PLAN = parseExitPlan({
  name: 'bracket',
  rules: [
    { id: 'target', kind: 'profitTarget', price: '0.6' },
    { id: 'stop', kind: 'stopLoss', price: '0.4' },
  ],
});

type Levels = readonly (readonly [string, string])[];

/** A paper market that the engine's exits see, too. */
function shownMarket(desk: () => TestDesk, settings = {}) {
  const market = createPaperMarket(settings);
  let seen: BookSnapshot | undefined;
  const books: Books = {
    book: () => seen,
    mark: () => seen?.bids[0]?.price,
    get seenAtMs() {
      return Date.now();
    },
  };
  const show = (bids: Levels, asks: Levels) => {
    const level = ([price, size]: readonly [string, string]) => ({ price, size });
    const at = { instrumentId: rain.id, atMs: Date.now(), tickSize: rain.tickSize };
    seen = { ...at, bids: bids.map(level), asks: asks.map(level) };
    market.show(bids, asks);
    desk().trading.marketChanged(rain.id);
  };
  return { venue: market.venue, books, show };
}

async function startBought(exitPlan: ExitPlan | undefined, settings = {}) {
  let desk: TestDesk | undefined;
  const opened = () => {
    if (desk === undefined) throw new Error('No engine runs.');
    return desk;
  };
  const { venue, books, show } = shownMarket(opened, settings);
  const start = async (plan = exitPlan) => {
    desk = await floor.start({ venue, books, ...(plan && { exitPlan: plan }) });
    return desk;
  };
  await start();
  show([['0.48', '500']], [['0.5', '500']]);
  const bought = await opened().submit({ type: 'market', timeInForce: 'FAK', price: '0.5' });
  await until(async () => (await opened().trading.order(bought.orderId))?.status === 'CONFIRMED');
  return { desk: opened, start, show };
}

function exitOf({ trading }: TestDesk) {
  const { registry } = trading.execution;
  const entry = registry.exits.get(rain.id);
  if (entry === undefined) throw new Error('The position has no exit.');
  const { value, context } = registry.snapshot(entry);
  return { value, context };
}

const sales = async ({ trading }: TestDesk) =>
  (await trading.orders({ strategy: 'fillwright.exit' })).map(
    ({ price, size, status, reason }) => ({
      ...{ price, size, status, reason },
    }),
  );

describe('a position with a plan', () => {
  test('has an exit from its first fill on, which waits', async () => {
    const { desk, show } = await startBought(PLAN);
    expect(exitOf(desk())).toMatchObject({ value: { watching: 'idle' } });
    show([['0.55', '500']], [['0.57', '500']]);
    expect(await sales(desk())).toEqual([]);
  });

  test.each([
    ['at its target', '0.6'],
    ['at its stop', '0.4'],
  ])('is sold %s, and is done when that is confirmed', async (_when, bid) => {
    const { desk, show } = await startBought(PLAN);
    show([[bid, '500']], [['0.9', '500']]);
    await until(() => exitOf(desk()).value === 'done');
    expect(desk().trading.position(rain.id)).toMatchObject({ size: '0' });
    expect(await sales(desk())).toMatchObject([{ price: bid, size: '10', status: 'CONFIRMED' }]);
  });

  test('tells why it was left, with entry, exit, size, fees and result', async () => {
    const { desk, show } = await startBought(PLAN);
    show([['0.6', '500']], [['0.9', '500']]);
    await until(() => exitOf(desk()).value === 'done');
    await desk().trading.settled();
    const all = await allEvents(floor.fresh.store.events);
    expect(problemsOf(all)).toEqual([]);
    const told = all.filter(({ type }) => type.startsWith('exit.'));
    const what = {
      instrumentId: rain.id,
      exitNumber: 1,
      ruleId: 'target',
      reason: 'profit_target',
    };
    expect(told).toMatchObject([
      {
        ...{ type: 'exit.triggered', stream: `position:${rain.id}` },
        payload: { ...what, targetSize: '10', entryPrice: '0.5', worstPrice: '0.6', bid: '0.6' },
      },
      {
        type: 'exit.ended',
        payload: {
          ...{ ...what, entryPrice: '0.5', exitPrice: '0.6', size: '10', leftSize: '0' },
          ...{ realizedPnl: '1', isFinal: true, feesUsd: '0.12' },
        },
      },
      { type: 'exit.completed', payload: { exits: 1 } },
    ]);
  });

  test('is sold over a crash, once', async () => {
    const { desk, start, show } = await startBought(PLAN);
    show([['0.6', '4']], [['0.9', '500']]);
    await until(async () => desk().trading.position(rain.id)?.size === '6');
    await desk().trading.settled();
    await desk().crash();
    await start();
    show([['0.6', '500']], [['0.9', '500']]);
    await until(() => exitOf(desk()).value === 'done');
    expect(await sales(desk())).toMatchObject([{ size: '10', status: 'CONFIRMED' }]);
  });

  test('is not sold while everything is halted, and is sold when it goes on', async () => {
    const { desk, show } = await startBought(PLAN);
    await desk().trading.send({ type: 'trading.pause', level: 'halted', by: 'Ann', reason: 'x' });
    expect(exitOf(desk())).toMatchObject({ value: 'suspended' });
    show([['0.6', '500']], [['0.9', '500']]);
    expect(await sales(desk())).toEqual([]);
    await desk().trading.send({ type: 'trading.resume', by: 'Ann' });
    show([['0.61', '500']], [['0.9', '500']]);
    await until(() => exitOf(desk()).value === 'done');
  });

  test('that is bought while everything is halted has an exit that waits for the end of it', async () => {
    const { desk } = await startBought(undefined);
    await desk().trading.send({ type: 'trading.pause', level: 'halted', by: 'Ann', reason: 'x' });
    const plan = { name: 'mine', rules: [{ id: 'any', kind: 'profitTarget', price: '0.1' }] };
    await desk().trading.send({ type: 'exit.plan', instrumentId: rain.id, plan, by: 'Ann' });
    expect(exitOf(desk())).toMatchObject({ value: 'suspended' });
    await desk().trading.send({ type: 'trading.resume', by: 'Ann' });
    expect(exitOf(desk()).value).not.toBe('suspended');
  });

  test('goes on by another plan when a person says so', async () => {
    const { desk, show } = await startBought(PLAN);
    const plan = { name: 'patient', rules: [{ id: 'high', kind: 'profitTarget', price: '0.8' }] };
    await desk().trading.send({ type: 'exit.plan', instrumentId: rain.id, plan, by: 'Ann' });
    show([['0.7', '500']], [['0.9', '500']]);
    expect(await sales(desk())).toEqual([]);
    show([['0.8', '500']], [['0.9', '500']]);
    await until(() => exitOf(desk()).value === 'done');
    await expect(
      desk().trading.send({
        type: 'exit.plan',
        instrumentId: rain.id,
        plan: { rules: 1 },
        by: 'Ann',
      }),
    ).rejects.toMatchObject({ code: 'invalid_value' });
  });

  test('of before there was a plan gets its exit at the next start, and the boot check knows', async () => {
    const { desk, start, show } = await startBought(undefined);
    expect(desk().trading.execution.registry.exits.size).toBe(0);
    await desk().trading.settled();
    await desk().crash();
    await start(PLAN);
    expect(exitOf(desk())).toMatchObject({ value: { watching: 'idle' } });
    expect(desk().trading.health().boot).toMatchObject({ ok: true });
    show([['0.6', '500']], [['0.9', '500']]);
    await until(() => exitOf(desk()).value === 'done');
  });
});
