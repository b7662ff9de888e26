/** Stopped or killed at any point, the engine comes back as it was: from rows, from the log, or both. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FreshStore, freshStore } from '../support/database.ts';
import {
  booksOf,
  type DeskOptions,
  holding,
  openDesk,
  type TestDesk,
  until,
  untilState,
} from '../support/desk.ts';
import { foldJournal, liveStates, storedStates, withoutConnection } from '../support/fold.ts';
import { createPaperMarket, type PaperMarket } from '../support/paper-desk.ts';
import { createScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
const open: TestDesk[] = [];
beforeEach(async () => {
  fresh = await freshStore();
});
afterEach(async () => {
  for (const desk of open.splice(0)) await desk.crash();
  await fresh.dispose();
});

async function start(options: DeskOptions): Promise<TestDesk> {
  const desk = await openDesk(fresh, options);
  open.push(desk);
  return desk;
}

const calm = ({ trading }: TestDesk) =>
  until(() => trading.workingOrders().every(({ status }) => /PLACED|PARTIAL/.test(status)));

/** A bit of everything: filled, half filled, resting, selling, cancelled, denied, by money. */
async function trade(desk: TestDesk, market: PaperMarket): Promise<void> {
  const { trading, submit } = desk;
  market.show(
    [['0.48', '100']],
    [
      ['0.5', '20'],
      ['0.52', '100'],
    ],
  );
  const filled = await submit({ price: '0.52', size: '30' });
  await untilState(trading, filled.orderId, 'matched');
  await until(() => trading.position('paper:rain:YES')?.sellableSize === '30');
  await submit({ type: 'market', price: '0.55', size: undefined, amountUsd: '5' });
  const half = await submit({ price: '0.52', size: '200' });
  await untilState(trading, half.orderId, 'working.partiallyFilled');
  await submit({ side: 'SELL', price: '0.6', size: '12' });
  await submit({ side: 'SELL', price: '0.48', size: '5' });
  await submit({ instrument: 'paper:rain:NO', price: '0.4', size: '25' });
  const gone = await submit({ price: '0.3', size: '50' });
  await untilState(trading, gone.orderId, 'working.open');
  await trading.cancel(gone.orderId);
  await submit({ size: '100000' });
  await untilState(trading, gone.orderId, 'cancelled');
  await calm(desk);
  // Legs that the chain has not confirmed yet would move on after the picture.
  await until(() => trading.workingOrders().every(({ settlement }) => !/mi|ma/.test(settlement)));
  await trading.settled();
}

describe('the same orders, legs, positions, reservations and cash', () => {
  test.each([['stop'], ['crash']] as const)('after a %s', async (how) => {
    const market = createPaperMarket();
    const before = await start({ venue: market.venue });
    await trade(before, market);
    await until(async () => {
      await before.trading.settled();
      return before.trading.health().lag === 0;
    });
    const books = await booksOf(fresh);
    const { venueBalance: _asked, ...account } = await before.trading.account();
    expect(account.reservedUsd).not.toBe('0');
    await before[how]();
    const after = await start({ venue: market.venue });
    await after.trading.settled();
    expect(await after.trading.account()).toMatchObject(account);
    expect(await booksOf(fresh)).toEqual(books);
  });

  test('twice in a row: the second restart changes nothing either', async () => {
    const market = createPaperMarket();
    const first = await start({ venue: market.venue });
    await trade(first, market);
    await first.crash();
    const second = await start({ venue: market.venue });
    const books = await booksOf(fresh);
    await second.crash();
    const third = await start({ venue: market.venue });
    await third.trading.settled();
    expect(await booksOf(fresh)).toEqual(books);
  });
});

describe('the log alone says everything', () => {
  test('a crash before anything was projected', async () => {
    const market = createPaperMarket();
    const held = holding('project');
    held.hold();
    const before = await start({ venue: market.venue, around: held.around });
    const { trading, submit } = before;
    market.show([['0.48', '100']], [['0.5', '20']]);
    const { orderId } = await submit({ size: '50' });
    await untilState(trading, orderId, 'working.partiallyFilled');
    await submit({ price: '0.4' });
    await submit({ size: '100000' });
    await calm(before);
    await until(() => trading.position('paper:rain:YES')?.sellableSize === '20');
    await trading.execution.journal.durable();
    expect(await fresh.store.projectedThrough()).toBe(0);
    const states = withoutConnection(liveStates(trading));
    await before.crash();
    const after = await start({ venue: market.venue });
    expect(after.trading.execution.restored.replayed).toBeGreaterThan(8);
    expect(withoutConnection(liveStates(after.trading))).toEqual(states);
  });

  test('a crash while the rows are behind: rows and the tail of the log meet', async () => {
    const market = createPaperMarket();
    const held = holding('project');
    const before = await start({ venue: market.venue, around: held.around });
    await trade(before, market);
    held.hold();
    const { trading, submit } = before;
    const more = await submit({ price: '0.2', size: '40' });
    await untilState(trading, more.orderId, 'working.open');
    await trading.cancel(more.orderId);
    await untilState(trading, more.orderId, 'cancelled');
    const { size } = trading.position('paper:rain:YES') ?? {};
    market.show([['0.48', '100']], [['0.51', '60']]);
    await until(() => trading.position('paper:rain:YES')?.size !== size);
    await calm(before);
    await until(() => trading.workingOrders().every(({ settlement }) => !/mi|ma/.test(settlement)));
    await trading.execution.journal.durable();
    const states = withoutConnection(liveStates(trading));
    await before.crash();
    const after = await start({ venue: market.venue });
    expect(after.trading.execution.restored.replayed).toBeGreaterThan(3);
    const restored = withoutConnection(liveStates(after.trading));
    // Catching up loads orders that were at rest in their rows; nothing may have moved them either.
    const rows = await storedStates(fresh);
    for (const [actorId, state] of Object.entries(restored)) {
      expect(state).toEqual(states[actorId] ?? rows[actorId]);
    }
    expect(restored).toHaveProperty(`order:${more.orderId}`);
  });

  test('told again from its first input it ends in every row that there is', async () => {
    const market = createPaperMarket({
      latencyMs: 0,
      settlement: { minedAfterMs: 1, confirmedAfterMs: 1, failedShare: 0.3, retryingShare: 0.3 },
    });
    const desk = await start({ venue: market.venue });
    const { trading, submit } = desk;
    for (let round = 0; round < 5; round += 1) {
      market.show(
        [[`0.4${round}`, '100']],
        [
          [`0.5${round}`, '50'],
          ['0.56', '20'],
        ],
      );
      await Promise.all([
        submit({ price: '0.56', size: '60' }),
        submit({ price: '0.3', size: '9.5' }),
        submit({ side: 'SELL', price: '0.4', size: '7' }),
        submit({ type: 'market', price: '0.56', size: undefined, amountUsd: '3' }),
      ]);
      await calm(desk);
    }
    await trading.send({ type: 'trading.pause', by: 'ann', reason: 'lunch' });
    await submit();
    await trading.cancelAll();
    await until(() => trading.workingOrders().length === 0);
    await trading.settled();
    const legs = await fresh.store.legs(1_000);
    expect(new Set(legs.map(({ settlement }) => settlement))).toContain('failed');
    await desk.crash();
    const again = await start({ venue: market.venue });
    await again.trading.settled();
    await again.stop();
    const folded = await foldJournal(fresh);
    expect(folded.states).toEqual(await storedStates(fresh));
    expect(folded.faults).toEqual([]);
  });

  test('how many orders are open is counted the same, reaped or not', async () => {
    const venue = createScriptedVenue({ now: () => Date.now() });
    const desk = await start({ venue: () => venue.connect(), maxOpenOrders: 1 });
    const { trading, submit } = desk;
    for (let round = 0; round < 3; round += 1) {
      const { orderId, order } = await submit();
      expect(order).toMatchObject({ status: 'PENDING' });
      await untilState(trading, orderId, 'working.open');
      expect((await submit()).order.status).toBe('DENIED');
      await trading.cancel(orderId);
      await untilState(trading, orderId, 'cancelled');
      // Half of the time the closed ones are still in memory.
      if (round === 1) await until(() => trading.execution.registry.orders.size === 0);
    }
    await trading.settled();
    expect((await foldJournal(fresh)).states).toEqual(await storedStates(fresh));
  });

  test('what was decided under another limit stays decided', async () => {
    const venue = createScriptedVenue({ now: () => Date.now() });
    const held = holding('project');
    held.hold();
    const before = await start({ venue: () => venue.connect(), around: held.around });
    const placed = [await before.submit(), await before.submit()];
    for (const { orderId } of placed) await untilState(before.trading, orderId, 'working.open');
    await before.crash();
    const after = await start({ venue: () => venue.connect(), maxOpenOrders: 1 });
    for (const { orderId } of placed) {
      expect((await after.trading.order(orderId))?.execution).toBe('working.open');
    }
    expect((await after.submit()).order).toMatchObject({
      status: 'DENIED',
      reason: '2 orders are open, the limit is 1',
    });
  });
});
