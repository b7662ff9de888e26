/** What the venue tells late, twice, in the wrong order or about orders that nobody knows. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LegReport, Settlement } from '../../src/domain/fill-leg.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { openDesk, type TestDesk, until, untilState } from '../support/desk.ts';
import { foldJournal, storedStates } from '../support/fold.ts';
import { noRain } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

const RAIN = 'paper:rain:YES';

let fresh: FreshStore;
let venue: ScriptedVenue;
let desk: TestDesk;

beforeEach(async () => {
  fresh = await freshStore();
  venue = createScriptedVenue({ now: () => Date.now() });
  desk = await openDesk(fresh, { venue: () => venue.connect() });
});
afterEach(async () => {
  await desk.crash();
  await fresh.dispose();
});

/** Sends a leg and waits until the engine has taken it in. */
async function tell(leg: Partial<LegReport> & { venueOrderId: string }): Promise<void> {
  const { journal } = desk.trading.execution;
  const before = journal.lastSeq;
  venue.fill({ tradeId: 't1', size: '10', matchedAtMs: 1_800_000_000_000, ...leg });
  await until(() => journal.lastSeq > before && journal.waiting === 0);
}

async function restart(): Promise<void> {
  await desk.crash();
  desk = await openDesk(fresh, { venue: () => venue.connect() });
}

async function place(): Promise<string> {
  const { orderId } = await desk.submit();
  await untilState(desk.trading, orderId, 'working.open');
  return orderId;
}

const reaped = () =>
  until(() => desk.trading.execution.registry.orders.size === 0, 'the order to be reaped');

async function closeByCancel(): Promise<string> {
  const orderId = await place();
  await desk.trading.cancel(orderId);
  await reaped();
  return orderId;
}

async function books(orderId: string) {
  await desk.trading.settled();
  const order = await desk.trading.order(orderId);
  const { cashUsd, reservedUsd } = await desk.trading.account();
  const { size, sellableSize } = desk.trading.position(RAIN) ?? { size: '0', sellableSize: '0' };
  const legs = await fresh.store.legsOfOrder(orderId);
  return {
    status: order?.status,
    filledSize: order?.filledSize,
    size,
    sellableSize,
    cashUsd,
    ledger: await fresh.store.ledgerTotal('main'),
    reservedUsd,
    legs: legs.map(({ settlement }) => settlement),
  };
}

const BOUGHT = { size: '10', cashUsd: '995', ledger: '995', reservedUsd: '0', filledSize: '10' };
const NOTHING = { size: '0', cashUsd: '1000', ledger: '1000', reservedUsd: '0', filledSize: '0' };

describe('a leg of an order that is closed and has left memory', () => {
  test('brings it back from its row and is booked once', async () => {
    const orderId = await closeByCancel();
    await tell({ venueOrderId: `0x${orderId}` });
    expect(await books(orderId)).toMatchObject({
      ...BOUGHT,
      status: 'MATCHED',
      sellableSize: '0',
      legs: ['matched'],
    });
    await tell({ venueOrderId: `0x${orderId}`, settlement: 'confirmed' });
    await reaped();
    for (const settlement of ['matched', 'confirmed', 'mined'] as const) {
      await tell({ venueOrderId: `0x${orderId}`, settlement });
    }
    expect(await books(orderId)).toMatchObject({
      ...BOUGHT,
      status: 'CONFIRMED',
      sellableSize: '10',
      legs: ['confirmed'],
    });
    expect(desk.trading.health()).toMatchObject({ orphans: 0, actorFaults: 0 });
  });

  test('after a restart as well', async () => {
    const orderId = await closeByCancel();
    await restart();
    await tell({ venueOrderId: `0x${orderId}`, size: '4' });
    expect(await books(orderId)).toMatchObject({
      status: 'CANCELLED',
      filledSize: '4',
      size: '4',
      reservedUsd: '0',
    });
    await restart();
    expect(await books(orderId)).toMatchObject({ filledSize: '4', legs: ['matched'] });
  });

  test('a leg of a rejected order is a fact all the same: alive, reserved, and said', async () => {
    venue.onSubmit = () => ({ kind: 'rejected', reason: 'no' });
    const { orderId } = await desk.submit();
    await reaped();
    await tell({ venueOrderId: `0x${orderId}`, size: '4' });
    expect(await books(orderId)).toMatchObject({
      status: 'PARTIAL_FILL',
      size: '4',
      reservedUsd: '3.075',
    });
  });
});

describe('settlements in any order end in the same books', () => {
  const cases: { told: readonly Settlement[]; restarts?: true; ends: object }[] = [
    { told: ['matched', 'mined', 'confirmed'], ends: { ...BOUGHT, status: 'CONFIRMED' } },
    { told: ['confirmed', 'matched'], ends: { ...BOUGHT, status: 'CONFIRMED' } },
    { told: ['matched', 'failed'], ends: { ...NOTHING, status: 'FAILED' } },
    { told: ['failed', 'matched'], ends: { ...NOTHING, status: 'FAILED' } },
    { told: ['failed'], restarts: true, ends: { ...NOTHING, status: 'FAILED' } },
    { told: ['mined', 'retrying', 'failed', 'mined'], ends: { ...NOTHING, status: 'FAILED' } },
    // The chain is final where it confirms: a later FAILED contradicts, and is shown.
    { told: ['confirmed', 'failed'], ends: { ...BOUGHT, status: 'CONFIRMED' } },
    { told: ['failed', 'confirmed'], restarts: true, ends: { ...BOUGHT, status: 'CONFIRMED' } },
    { told: ['matched', 'failed', 'confirmed'], ends: { ...BOUGHT, status: 'CONFIRMED' } },
  ];

  test.each(cases)('$told', async ({ told, restarts, ends }) => {
    const orderId = await place();
    for (const settlement of told) {
      await tell({ venueOrderId: `0x${orderId}`, settlement });
      if (restarts) await restart();
    }
    expect(await books(orderId)).toMatchObject(ends);
    const [leg] = await fresh.store.legsOfOrder(orderId);
    expect(leg?.conflicted).toBe(told.includes('confirmed') && told.includes('failed'));
    await desk.trading.settled();
    expect((await foldJournal(fresh)).states).toEqual(await storedStates(fresh));
  });
});

describe('an orphan: a leg of an order that nobody knows', () => {
  test('is kept and shown, touches no books, and is one however often it is told', async () => {
    const faults: string[] = [];
    desk.trading.on('fault', ({ message }) => faults.push(message));
    await tell({ venueOrderId: '0xnobody' });
    await tell({ venueOrderId: '0xnobody' });
    await tell({ venueOrderId: '0xnobody', settlement: 'confirmed' });
    await desk.trading.settled();
    expect(await fresh.store.orphans()).toMatchObject([
      { venueOrderId: '0xnobody', size: '10', clientOrderId: null, settlement: 'confirmed' },
    ]);
    expect(faults[0]).toContain('0xnobody');
    expect(desk.trading.health().orphans).toBe(1);
    expect(desk.trading.position(RAIN)).toBeUndefined();
    expect((await desk.trading.account()).cashUsd).toBe('1000');
    await restart();
    expect(await fresh.store.orphans()).toHaveLength(1);
  });

  test('is booked once when its order appears, whose id only the answer told', async () => {
    const id = '0xminted-by-the-venue';
    let answer: () => void = () => undefined;
    venue.onSubmit = async () => {
      venue.report(id, { status: 'live' });
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { kind: 'acknowledged', venueOrderId: id, status: 'live' };
    };
    const { orderId } = await desk.submit();
    await until(() => venue.submits.length === 1);
    await tell({ venueOrderId: id, size: '4' });
    await desk.trading.settled();
    expect(await fresh.store.orphans()).toHaveLength(1);
    expect(desk.trading.health().orphans).toBe(1);
    answer();
    await untilState(desk.trading, orderId, 'working.partiallyFilled');
    for (const settlement of ['matched', 'confirmed'] as const) {
      await tell({ venueOrderId: id, size: '4', settlement });
    }
    expect(await books(orderId)).toMatchObject({
      filledSize: '4',
      size: '4',
      sellableSize: '4',
      cashUsd: '998',
      ledger: '998',
      legs: ['confirmed'],
    });
    expect(await fresh.store.orphans()).toEqual([]);
    expect(desk.trading.health().orphans).toBe(0);
  });
});

test.each([
  { what: 'the other side', change: { side: 'SELL' as const } },
  { what: 'the other outcome', change: { instrumentId: noRain.id } },
])('a leg with $what of its order is refused, said and counted', async ({ change }) => {
  const orderId = await place();
  venue.fill({ venueOrderId: `0x${orderId}`, tradeId: 't1', size: '4', ...change });
  await until(() => desk.trading.health().refusedLegs === 1);
  expect(await desk.trading.positions()).toEqual([]);
  expect(await desk.trading.order(orderId)).toMatchObject({
    filledSize: '0',
    reservedUsd: '5.125',
  });
});

test('the same leg with its figures spelt in another way is the same leg', async () => {
  const orderId = await place();
  await tell({ venueOrderId: `0x${orderId}`, size: '4.0', price: '0.50' });
  await tell({ venueOrderId: `0x${orderId}`, size: '4', price: '0.5' });
  await tell({ venueOrderId: `0x${orderId}`, size: '04.00', price: '0.500' });
  expect(await desk.trading.order(orderId)).toMatchObject({ filledSize: '4' });
  const { registry } = desk.trading.execution;
  const entry = registry.orders.get(orderId);
  expect(entry && registry.snapshot(entry).context.faults).toBe(0);
});
