/** Killed again and again while it trades: what was asked once is there once. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FreshStore, freshStore } from '../support/database.ts';
import {
  asked,
  booksOf,
  type DeskOptions,
  openDesk,
  type TestDesk,
  until,
} from '../support/desk.ts';
import { foldJournal, storedStates } from '../support/fold.ts';
import { createPaperMarket } from '../support/paper-desk.ts';

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

// Four lives: an order whose sending is cut short a fifth time is only asked about from then on.
test.each([[[0, 3, 9, 25]], [[2, 14, 1, 6]], [[40, 5, 0, 11]]])(
  'crash upon crash in the middle of trading: each key is one order, and the books add up (%j)',
  async (waitsMs) => {
    const market = createPaperMarket({
      settlement: { minedAfterMs: 2, confirmedAfterMs: 2, failedShare: 0.1 },
    });
    const keys: string[] = [];
    for (const [life, waitMs] of waitsMs.entries()) {
      const desk = await start({ venue: market.venue });
      market.show(
        [['0.45', '30']],
        [
          [`0.5${life}`, '25'],
          ['0.6', '500'],
        ],
      );
      for (let n = 0; n < 6; n += 1) keys.push(`life-${life}/${n}`);
      // Keys whose answer never came are asked for again, with the same body.
      for (const [index, key] of keys.entries()) {
        const side = index % 5 === 4 ? 'SELL' : 'BUY';
        const intent = asked({ key, side, price: index % 2 === 0 ? '0.55' : '0.4', size: '8' });
        desk.trading.submit(intent).catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await desk.crash();
    }
    const last = await start({ venue: market.venue });
    const answers = await Promise.all(
      keys.map((key, index) => {
        const side = index % 5 === 4 ? 'SELL' : 'BUY';
        return last.trading.submit(
          asked({ key, side, price: index % 2 === 0 ? '0.55' : '0.4', size: '8' }),
        );
      }),
    );
    expect(new Set(answers.map(({ orderId }) => orderId)).size).toBe(keys.length);
    await until(() => last.trading.workingOrders().every(({ status }) => /PLA|PART/.test(status)));
    await until(() => last.trading.health().lag === 0);
    await last.trading.cancelAll();
    await until(() => last.trading.health().openOrders === 0, 'every leg to be final');
    await last.trading.settled();
    const books = await booksOf(fresh);
    expect(books.intents).toHaveLength(keys.length);
    // The venue's own books: cash and shares as it counted them by itself.
    const { cashUsd } = await last.venue.fetchBalances();
    expect((await last.trading.account()).cashUsd).toBe(cashUsd);
    const held = new Map(
      (await last.venue.fetchPositions()).map(({ instrumentId, size }) => [instrumentId, size]),
    );
    for (const { instrumentId, size } of await last.trading.positions()) {
      expect(held.get(instrumentId) ?? '0').toBe(size);
    }
    expect(await last.store.ledgerTotal('main')).toBe(cashUsd);
    await last.stop();
    expect((await foldJournal(fresh)).states).toEqual(await storedStates(fresh));
  },
);
