/** Budgets of a running engine: by word, by orders, over crashes and restarts, and at their end. */
import { describe, expect, test } from 'vitest';
import type { BudgetCommand } from '../../src/actors/budget-api.ts';
import type { BudgetView } from '../../src/actors/budget-rows.ts';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { MAX_BUDGET_MS } from '../../src/domain/budgets.ts';
import { verify } from '../../src/verify/verify.ts';
import { pass, type TestDesk, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';

const floor = useFloor();
const { start } = floor;

const HOUR_MS = 3_600_000;
const said = { by: 'Ann', reason: 'a pair' };
type Reserve = Extract<BudgetCommand, { type: 'budget.reserve' }>;
const asking = (over: Partial<Reserve> = {}): Reserve => ({
  ...{ type: 'budget.reserve', owner: 'pairs', amountUsd: '100', expiresInMs: HOUR_MS },
  ...said,
  ...over,
});

async function reserve({ trading }: TestDesk, over: Partial<Reserve> = {}): Promise<BudgetView> {
  return (await trading.send(asking(over))).facts.budget as BudgetView;
}

const money = async ({ trading }: TestDesk) => {
  const { cashUsd, reservedUsd, budgetsUsd, availableUsd } = await trading.account();
  return { cashUsd, reservedUsd, budgetsUsd, availableUsd };
};
const one = async ({ trading }: TestDesk, id: string) => (await trading.budgets({ id }))[0];
const of = ({ budgetId, owner }: BudgetView) => ({ strategy: owner, budget: budgetId });
const fill = (orderId: string, tradeId: string, size: string, over: object = {}) =>
  floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId, size, price: '0.5', ...over });
const release = (budgetId: string) => ({ type: 'budget.release', budgetId, ...said }) as const;

describe('dollars in a budget', () => {
  test('are there for its owner and for nobody else', async () => {
    const desk = await start();
    const budget = await reserve(desk, { amountUsd: '995.00' });
    expect(await money(desk)).toEqual({
      ...{ cashUsd: '1000', reservedUsd: '0', budgetsUsd: '995', availableUsd: '5' },
    });
    expect((await desk.submit({ strategy: 'pairs' })).order).toMatchObject({
      status: 'DENIED',
      reason:
        'not enough cash: needs 5.125 with the worst fee, 5 is available (of 1000 cash orders hold 0, budgets 995, the minimum reserve 0)',
    });
    const orderId = await place(desk, of(budget));
    await desk.trading.settled();
    const [asked] = await desk.store.orderEvents(orderId);
    expect(asked?.note).toContain(`(of budget ${budget.budgetId})`);
    expect(await money(desk)).toEqual({
      ...{ cashUsd: '1000', reservedUsd: '5.125', budgetsUsd: '989.875', availableUsd: '5' },
    });
  });

  test.each([
    ['another owner', { strategy: 'news' }, 'budget_not_owner'],
    ['no budget of that name', { budget: 'bud_none' }, 'budget_unknown'],
    ['a name that every object has', { budget: 'constructor' }, 'budget_unknown'],
    ['more than remains', { size: '500' }, 'budget_exceeded'],
  ])('%s: denied, nothing is held', async (_what, over, code) => {
    const desk = await start();
    const budget = await reserve(desk);
    const { orderId, order } = await desk.submit({ ...of(budget), ...over });
    expect(order.status).toBe('DENIED');
    await desk.trading.settled();
    const events = await desk.store.orderEvents(orderId);
    expect(JSON.parse(events.at(-1)?.event ?? '')).toMatchObject({ type: 'order.denied', code });
    expect(await money(desk)).toMatchObject({ reservedUsd: '0', budgetsUsd: '100' });
  });

  test('a SELL names none', async () => {
    const desk = await start();
    const sale = desk.submit({ side: 'SELL', budget: 'bud_x' });
    await expect(sale).rejects.toMatchObject({ facts: { place: 'intent.budget' } });
  });

  test('of more than there is are refused, with all parts of it', async () => {
    const desk = await start({
      account: { id: 'main', depositUsd: '1000', minimumReserveUsd: '50' },
    });
    await reserve(desk, { amountUsd: '300' });
    await place(desk);
    await expect(reserve(desk, { amountUsd: '644.875001' })).rejects.toMatchObject({
      code: 'insufficient_funds',
      facts: {
        ...{ availableUsd: '644.875', cashUsd: '1000', reservedUsd: '5.125' },
        ...{ budgetsUsd: '300', minimumReserveUsd: '50' },
      },
    });
    await reserve(desk, { amountUsd: '644.875' });
    expect(await money(desk)).toMatchObject({ availableUsd: '0' });
  });
});

describe('orders of a budget', () => {
  test('spend it by their fills; what they let go, and what fails on chain, is the budget’s again', async () => {
    const desk = await start();
    const budget = await reserve(desk);
    const orderId = await place(desk, { ...of(budget), size: '100' });
    expect(await one(desk, budget.budgetId)).toMatchObject({
      ...{ heldUsd: '51.25', remainingUsd: '48.75', committedUsd: '0' },
    });
    fill(orderId, 't1', '40', { price: '0.48' });
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    expect(await one(desk, budget.budgetId)).toMatchObject({
      ...{ spentUsd: '19.2', committedUsd: '19.2', heldUsd: '30.75', remainingUsd: '50.05' },
    });
    await desk.trading.cancel(orderId);
    await untilState(desk.trading, orderId, 'cancelled');
    expect(await one(desk, budget.budgetId)).toMatchObject({ heldUsd: '0', remainingUsd: '80.8' });
    fill(orderId, 't1', '40', { price: '0.48', settlement: 'failed' });
    await until(async () => (await one(desk, budget.budgetId))?.remainingUsd === '100');
    expect(await money(desk)).toMatchObject({ cashUsd: '1000', availableUsd: '900' });
  });

  test('that outlive it keep what they hold; what they let go is the account’s', async () => {
    const desk = await start();
    const budget = await reserve(desk);
    const orderId = await place(desk, of(budget));
    const { text, changed } = await desk.trading.send(release(budget.budgetId));
    expect([text, changed]).toEqual([
      `${budget.budgetId} is released: 94.875 dollars go back to the account. Orders of it hold 5.125 until they end.`,
      true,
    ]);
    expect(await money(desk)).toMatchObject({ reservedUsd: '5.125', availableUsd: '994.875' });
    expect((await desk.submit(of(budget))).order.reason).toBe(
      `the budget ${budget.budgetId} is released`,
    );
    fill(orderId, 't1', '4');
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    await desk.trading.cancel(orderId);
    await untilState(desk.trading, orderId, 'cancelled');
    expect(await money(desk)).toMatchObject({ budgetsUsd: '0', availableUsd: '998' });
    expect(await one(desk, budget.budgetId)).toMatchObject({
      ...{ state: 'released', spentUsd: '2', heldUsd: '0', remainingUsd: '0' },
    });
  });
});

describe('a key', () => {
  test('names one budget for ever: at once, later, after a restart, and when it has long ended', async () => {
    const desk = await start();
    const both = await Promise.all([reserve(desk, { key: 'k' }), reserve(desk, { key: 'k' })]);
    expect(both[0]?.budgetId).toBe(both[1]?.budgetId);
    const { budgetId = '' } = both[0] ?? {};
    await desk.trading.send(release(budgetId));
    await reserve(desk, { key: 'another', amountUsd: '1' });
    await desk.crash();
    const later = await start();
    const again = await later.trading.send(asking({ key: 'k' }));
    expect(again).toMatchObject({ changed: false, facts: { budget: { budgetId } } });
    expect(await later.trading.budgets()).toHaveLength(2);
    for (const other of [{ amountUsd: '99' }, { owner: 'news' }, { expiresInMs: 5 }]) {
      await expect(reserve(later, { key: 'k', ...other })).rejects.toMatchObject({
        code: 'key_conflict',
      });
    }
    expect(await money(later)).toMatchObject({ budgetsUsd: '1' });
  });

  test('of a part: committed once, also where that has ended the budget', async () => {
    const desk = await start();
    const { budgetId } = await reserve(desk);
    const part = (amountUsd: string, key: string) =>
      desk.trading.send({ type: 'budget.commit', budgetId, amountUsd, key, ...said });
    expect((await part('30', 'a')).changed).toBe(true);
    expect((await part('30.0', 'a')).changed).toBe(false);
    await expect(part('31', 'a')).rejects.toMatchObject({ code: 'key_conflict' });
    await expect(part('70.01', 'b')).rejects.toMatchObject({ code: 'insufficient_funds' });
    expect((await part('70', 'b')).text).toContain('it is over');
    await reserve(desk, { amountUsd: '1' });
    expect((await part('70', 'b')).changed).toBe(false);
    await expect(part('1', 'c')).rejects.toMatchObject({ code: 'budget_refused' });
    expect(await one(desk, budgetId)).toMatchObject({ state: 'committed', committedUsd: '100' });
    expect(await money(desk)).toMatchObject({ cashUsd: '1000', availableUsd: '999' });
  });

  test('a command of another process that comes again after a crash is the same', async () => {
    const database = floor.fresh.open();
    const body = JSON.stringify(asking());
    const id = await database.commands.ask({ askedAtMs: 1, by: 'Ann', body });
    const desk = await start({ database, commands: database.commands });
    await until(async () => (await database.commands.find(id))?.state === 'done');
    expect(await desk.trading.budgets()).toMatchObject([{ key: `command:${id}`, by: 'Ann' }]);
  });
});

describe('what is refused', () => {
  test.each([
    ['no owner', { owner: '' }],
    ['a long reason', { reason: 'x'.repeat(501) }],
    ['nothing', { amountUsd: '0' }],
    ['a number', { amountUsd: 5 as unknown as string }],
    ['seven decimals', { amountUsd: '1.0000001' }],
    ['no time', { expiresInMs: 0 }],
    ['more than a week', { expiresInMs: MAX_BUDGET_MS + 1 }],
    ['half a millisecond', { expiresInMs: 0.5 }],
  ])('%s', async (_what, over) => {
    const desk = await start();
    await expect(reserve(desk, over)).rejects.toMatchObject({ code: 'invalid_value' });
    expect(await desk.trading.budgets()).toEqual([]);
  });

  test('a budget that nobody knows, and one of another owner', async () => {
    const desk = await start();
    const none = desk.trading.send(release('bud_none'));
    await expect(none).rejects.toMatchObject({ code: 'unknown_budget' });
    const { budgetId } = await reserve(desk);
    const foreign = desk.trading.send({ ...release(budgetId), owner: 'news' });
    await expect(foreign).rejects.toMatchObject({ code: 'budget_refused' });
    expect(await money(desk)).toMatchObject({ budgetsUsd: '100' });
  });
});

describe('over a crash', () => {
  test('between reserving and using: it is there, with what it has spent and holds', async () => {
    const first = await start();
    const budget = await reserve(first);
    await first.crash();
    const second = await start();
    expect(await one(second, budget.budgetId)).toEqual(budget);
    const orderId = await place(second, of(budget));
    fill(orderId, 't1', '4');
    await untilState(second.trading, orderId, 'working.partiallyFilled');
    const before = [await money(second), await one(second, budget.budgetId)];
    await second.crash();
    const third = await start();
    expect([await money(third), await one(third, budget.budgetId)]).toEqual(before);
    await third.stop();
    const found = await floor.fresh.open().frozen((frozen) => verify(frozen));
    expect(found.differences).toEqual([]);
  });

  test('an answer that was given is kept; one that was not may be asked for again', async () => {
    const first = await start();
    // No answer comes any more.
    void first.trading.send(asking({ key: 'k' })).catch(() => undefined);
    await first.crash();
    const second = await start();
    await second.trading.send(asking({ key: 'k' }));
    expect(await second.trading.budgets()).toHaveLength(1);
    expect(await money(second)).toMatchObject({ budgetsUsd: '100' });
  });
});

describe('its time', () => {
  const AT_MS = 1_800_000_000_000;

  test('is over at that moment, and not before', async () => {
    const clock = createVirtualClock(AT_MS);
    const desk = await start({ clock });
    const budget = await reserve(desk, { expiresInMs: 60_000 });
    await reserve(desk, { expiresInMs: 30_000, amountUsd: '1' });
    await pass(clock, desk, 59_999);
    expect(await money(desk)).toMatchObject({ budgetsUsd: '100' });
    await pass(clock, desk, 1);
    expect(await money(desk)).toMatchObject({ budgetsUsd: '0', availableUsd: '1000' });
    expect(await one(desk, budget.budgetId)).toMatchObject({
      ...{ state: 'expired', endedAtMs: AT_MS + 60_000, endedBy: 'engine' },
    });
    expect((await desk.trading.send(release(budget.budgetId))).text).toContain('expired already');
  });

  test('is absolute: after a restart it is over when it would have been, once', async () => {
    const clock = createVirtualClock(AT_MS);
    const first = await start({ clock });
    const [soon, later] = [
      await reserve(first, { expiresInMs: 60_000 }),
      await reserve(first, { expiresInMs: 120_000, amountUsd: '7' }),
    ];
    const working = await place(first, of(soon));
    await pass(clock, first, 10_000);
    await first.crash();
    // Nobody is there when the first one's time is over.
    await clock.advanceTo(AT_MS + 70_000, async () => undefined);
    const second = await start({ clock });
    await pass(clock, second, 1);
    expect(await one(second, soon.budgetId)).toMatchObject({ state: 'expired', heldUsd: '5.125' });
    expect(await money(second)).toMatchObject({ budgetsUsd: '7', reservedUsd: '5.125' });
    await pass(clock, second, AT_MS + 119_999 - clock.now());
    expect(await one(second, later.budgetId)).toMatchObject({ state: 'open' });
    await pass(clock, second, 1);
    expect(await one(second, later.budgetId)).toMatchObject({
      ...{ state: 'expired', endedAtMs: AT_MS + 120_000 },
    });
    await second.trading.cancel(working);
    await pass(clock, second, 1_000);
    expect(await money(second)).toMatchObject({ reservedUsd: '0', availableUsd: '1000' });
    const log = await floor.fresh.open().frozen((frozen) => verify(frozen));
    expect(log.differences).toEqual([]);
  });
});

describe('events', () => {
  test('say what happened to it, with its figures', async () => {
    const desk = await start();
    const budget = await reserve(desk, { key: 'k' });
    const { budgetId } = budget;
    const orderId = await place(desk, of(budget));
    fill(orderId, 't1', '10');
    await untilState(desk.trading, orderId, 'matched');
    await desk.trading.send({ type: 'budget.commit', budgetId, amountUsd: '1', ...said });
    await desk.trading.send(release(budgetId));
    await desk.trading.settled();
    const rows = await desk.store.events.after(0, 1_000);
    const told = rows.filter(({ type }) => type.startsWith('budget.'));
    expect(told.map(({ type, payload }) => [type, JSON.parse(payload)])).toMatchObject([
      ['budget.reserved', { budgetId, key: 'k', by: 'Ann', remainingUsd: '100' }],
      ['budget.committed', { changeUsd: '5', by: null, spentUsd: '5', remainingUsd: '95' }],
      ['budget.committed', { changeUsd: '1', by: 'Ann', legKey: null, committedUsd: '6' }],
      ['budget.released', { returnedUsd: '94', remainingUsd: '0' }],
    ]);
    expect(told.every(({ stream }) => stream === 'system:main')).toBe(true);
  });
});
