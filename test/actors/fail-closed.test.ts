/** Where the engine cannot keep its word it stops trading and says so; the next start finds it all. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/actors/store-port.ts';
import type { PostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { BrokenInvariant } from '../../src/domain/faults.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { openDesk, type TestDesk, ticks, until, untilState } from '../support/desk.ts';
import { foldJournal, storedStates } from '../support/fold.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
let venue: ScriptedVenue;
let desk: TestDesk;

beforeEach(async () => {
  fresh = await freshStore();
  venue = createScriptedVenue({ now: () => Date.now() });
});
afterEach(async () => {
  await desk.crash();
  await fresh.dispose();
});

/** A store that refuses one kind of write for good while `refusing` is set. */
function refusing(write: 'commit' | 'project') {
  const state = {
    refusing: false,
    around: (store: PostgresStore) =>
      new Proxy<Store>(store, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) =>
            state.refusing && key === write
              ? Promise.reject(new BrokenInvariant('The store refuses these rows.'))
              : Reflect.apply(value, target, args);
        },
      }),
  };
  return state;
}

test('rows that the store refuses: trading stops, and no later row claims that they are there', async () => {
  const store = refusing('project');
  desk = await openDesk(fresh, { venue: () => venue.connect(), around: store.around });
  const { trading } = desk;
  const faults: string[] = [];
  trading.on('fault', ({ message }) => faults.push(message));
  await trading.settled();
  const through = await fresh.store.projectedThrough();
  store.refusing = true;
  const { orderId } = await desk.submit();
  await until(() => trading.health().failure !== null);
  store.refusing = false;
  expect(trading.health()).toMatchObject({ running: false });
  expect(faults).toEqual(['The store refuses these rows.']);
  const sent = venue.submits.length;
  await expect(desk.submit()).rejects.toMatchObject({ code: 'not_running' });
  await expect(trading.settled()).rejects.toThrow('The store refuses these rows.');
  await ticks(100);
  expect(venue.submits).toHaveLength(sent);
  expect(await fresh.store.projectedThrough()).toBe(through);
  await trading.stop();
  await desk.crash();
  desk = await openDesk(fresh, { venue: () => venue.connect() });
  await untilState(desk.trading, orderId, 'working.open');
  await desk.trading.settled();
  const numbers = (await fresh.store.orderEvents(orderId)).map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect((await foldJournal(fresh)).states).toEqual(await storedStates(fresh));
});

test('a journal that another has written to: nothing is promised and nothing leaves any more', async () => {
  const store = refusing('commit');
  desk = await openDesk(fresh, { venue: () => venue.connect(), around: store.around });
  const { trading } = desk;
  const placed = await desk.submit();
  await untilState(trading, placed.orderId, 'working.open');
  // A wait that ends later must not end the process either.
  venue.onSubmit = () => ({ kind: 'notAccepted', reason: 'busy', retryAfterMs: 50 });
  const waiting = await desk.submit();
  await untilState(trading, waiting.orderId, 'holding');
  store.refusing = true;
  await expect(desk.submit()).rejects.toThrow('The store refuses these rows.');
  expect(trading.health()).toMatchObject({ running: false, store: 'broken' });
  store.refusing = false;
  const { submits, cancels } = venue;
  const before = [submits.length, cancels.length];
  await expect(desk.submit()).rejects.toThrow('The store refuses these rows.');
  await expect(trading.cancel(placed.orderId)).rejects.toThrow('The store refuses these rows.');
  venue.fill({ venueOrderId: `0x${placed.orderId}`, size: '4' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([submits.length, cancels.length]).toEqual(before);
});
