/** A cancel at every point of an order's life: the venue has the last word, and a fill beats it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SubmitOutcome } from '../../src/actors/ports.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { idle, openDesk, pass, stateOf, type TestDesk } from '../support/desk.ts';
import { AT_MS } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
let clock: VirtualClock;
let venue: ScriptedVenue;
let desk: TestDesk;

beforeEach(async () => {
  fresh = await freshStore();
  clock = createVirtualClock(AT_MS);
  venue = createScriptedVenue({ now: () => clock.now() });
  desk = await openDesk(fresh, { clock, venue: () => venue.connect() });
});
afterEach(async () => {
  await desk.crash();
  await fresh.dispose();
});

const state = (orderId: string) => stateOf(desk.trading, orderId);
const reserved = async () => (await desk.trading.account()).reservedUsd;

async function place(): Promise<string> {
  const { orderId } = await desk.submit();
  await idle(desk);
  return orderId;
}

async function cancel(orderId: string) {
  const result = await desk.trading.cancel(orderId, 'changed my mind');
  await idle(desk);
  return result;
}

test('of a working order: it ends, its money is free, and the reason stays', async () => {
  const orderId = await place();
  expect(await cancel(orderId)).toMatchObject({ requested: true, orderId });
  expect(await desk.trading.order(orderId)).toMatchObject({
    status: 'CANCELLED',
    reason: 'changed my mind',
    reservedUsd: '0',
  });
  expect(await reserved()).toBe('0');
  expect(venue.cancels).toEqual([`0x${orderId}`]);
  // Once it is over nothing more is asked.
  expect(await cancel(orderId)).toMatchObject({ requested: false });
  expect(venue.cancels).toHaveLength(1);
});

test('refused, and the order still lives: it works on', async () => {
  venue.onCancel = () => ({ kind: 'rejected', reason: 'too early' });
  const orderId = await place();
  await cancel(orderId);
  expect(await desk.trading.order(orderId)).toMatchObject({
    execution: 'working.open',
    reservedUsd: '5.125',
  });
  expect(venue.lookups).toEqual([`0x${orderId}`]);
  // It can be asked again.
  venue.onCancel = () => ({ kind: 'cancelled' });
  await cancel(orderId);
  expect(await state(orderId)).toBe('cancelled');
});

test('refused, since the order was filled: its legs are fetched', async () => {
  venue.onCancel = (id) => {
    venue.report(id, { status: 'matched', sizeMatched: '10' });
    venue.fill({ venueOrderId: id, size: '10' }, 'silent');
    return { kind: 'rejected', reason: 'already matched' };
  };
  const orderId = await place();
  await cancel(orderId);
  expect(await desk.trading.order(orderId)).toMatchObject({ status: 'MATCHED', filledSize: '10' });
  expect(await reserved()).toBe('0');
});

test('without an answer: asked again after growing waits until the venue says', async () => {
  const askedAtMs: number[] = [];
  venue.onCancel = (_, attempt) => {
    askedAtMs.push(clock.now() - AT_MS);
    return attempt < 4 ? Promise.reject(new Error('socket hang up')) : { kind: 'cancelled' };
  };
  const orderId = await place();
  await cancel(orderId);
  expect(await state(orderId)).toBe('cancelling.waiting');
  expect(await reserved()).toBe('5.125');
  await pass(clock, desk, 6_999);
  expect(await state(orderId)).toBe('cancelling.waiting');
  await pass(clock, desk, 1);
  expect(await state(orderId)).toBe('cancelled');
  expect(askedAtMs).toEqual([0, 1_000, 3_000, 7_000]);
});

test('asked for again while it is wanted: nothing is added to the log', async () => {
  venue.onCancel = () => new Promise(() => undefined);
  const orderId = await place();
  await cancel(orderId);
  const { journal } = desk.trading.execution;
  const { lastSeq } = journal;
  expect(await desk.trading.cancel(orderId, 'once more')).toMatchObject({ requested: true });
  expect(journal.lastSeq).toBe(lastSeq);
  expect(await desk.trading.order(orderId)).toMatchObject({ reason: 'changed my mind' });
});

test('a fill while the venue is asked is booked, and what is left is cancelled', async () => {
  let answer: () => void = () => undefined;
  venue.onCancel = () =>
    new Promise((resolve) => {
      answer = () => resolve({ kind: 'cancelled' });
    });
  const orderId = await place();
  await cancel(orderId);
  venue.fill({ venueOrderId: `0x${orderId}`, size: '4' });
  await idle(desk);
  expect(await reserved()).toBe('3.075');
  answer();
  await idle(desk);
  expect(await desk.trading.order(orderId)).toMatchObject({
    status: 'CANCELLED',
    filledSize: '4',
    reservedUsd: '0',
  });
});

test('in recording: our word alone ends it, and nothing is ever sent', async () => {
  let made: () => void = () => undefined;
  venue.onPrepare = () =>
    new Promise((resolve) => {
      made = resolve;
    });
  const orderId = await place();
  expect(await state(orderId)).toBe('recording');
  await cancel(orderId);
  expect(await state(orderId)).toBe('cancelled');
  made();
  await pass(clock, desk, 60_000);
  expect({ sent: venue.submits, cancels: venue.cancels }).toEqual({ sent: [], cancels: [] });
  expect(await fresh.store.preparedByClientOrderIds([orderId])).toEqual([]);
});

describe('in submitting it waits for the answer', () => {
  const answers: [string, SubmitOutcome['kind'], string, number][] = [
    ['taken: then it is cancelled at the venue', 'acknowledged', 'cancelled', 1],
    ['refused: nothing is left to cancel', 'rejected', 'rejected', 0],
    ['killed: nothing is left to cancel', 'killed', 'cancelled', 0],
    ['not taken now: it is not sent again', 'notAccepted', 'cancelled', 0],
  ];

  test.each(answers)('%s', async (_what, kind, ends, cancels) => {
    let answer: () => void = () => undefined;
    venue.onSubmit = async (sent) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      if (kind === 'acknowledged') return venue.take(sent);
      return { kind, reason: 'no', retryAfterMs: 0 };
    };
    const orderId = await place();
    await cancel(orderId);
    expect(await state(orderId)).toBe('submitting');
    expect(venue.cancels).toEqual([]);
    answer();
    await pass(clock, desk, 60_000);
    expect(await state(orderId)).toBe(ends);
    expect(venue.cancels).toHaveLength(cancels);
    expect(venue.submits).toHaveLength(1);
    expect(await reserved()).toBe('0');
  });

  test('no answer: once the order is found it is cancelled; not found, it is not sent again', async () => {
    venue.onSubmit = () => Promise.reject(new Error('socket hang up'));
    // Together: the doubt about the one would deny the other.
    const both = await Promise.all([desk.submit(), desk.submit()]);
    const [found = '', lost = ''] = both.map(({ orderId }) => orderId);
    await idle(desk);
    await cancel(found);
    await cancel(lost);
    venue.report(`0x${found}`, { status: 'live' });
    await pass(clock, desk, 120_000);
    expect(await state(found)).toBe('cancelled');
    expect(venue.cancels).toEqual([`0x${found}`]);
    expect(await state(lost)).toMatch(/^unknown/);
    expect(venue.submits).toHaveLength(2);
  });
});

test('cancelAll asks for those that its filter names', async () => {
  const { submit, trading } = desk;
  await submit({ strategy: 'a' });
  await submit({ strategy: 'a', instrument: 'paper:rain:NO' });
  await submit({ strategy: 'b' });
  await idle(desk);
  const filters = [{ strategy: 'a', instrumentId: 'paper:rain:NO' }, { side: 'SELL' }, {}] as const;
  const counts: number[] = [];
  for (const filter of filters) {
    counts.push((await trading.cancelAll(filter)).length);
    await idle(desk);
  }
  expect(counts).toEqual([1, 0, 2]);
  expect(trading.workingOrders()).toEqual([]);
  expect(await reserved()).toBe('0');
});
