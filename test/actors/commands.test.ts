/** Commands that come through the store: taken in order, run like a program's own, answered once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COMMANDS_EVERY_MS } from '../../src/actors/command-door.ts';
import type { CommandInbox } from '../../src/actors/command-port.ts';
import { MAX_CRASHES } from '../../src/actors/registry.ts';
import { createVirtualClock, type VirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { FillwrightFault } from '../../src/domain/faults.ts';
import { type FreshStore, freshStore, withClient } from '../support/database.ts';
import { idle, openDesk, pass, stateOf, type TestDesk } from '../support/desk.ts';
import { AT_MS } from '../support/orders.ts';
import { createScriptedVenue, type ScriptedVenue } from '../support/scripted-venue.ts';

let fresh: FreshStore;
let clock: VirtualClock;
let venue: ScriptedVenue;
let desk: TestDesk;

/** An engine whose commands come over its own connections, so that a test can wait for them. */
function open(inbox: (own: CommandInbox) => CommandInbox = (own) => own): Promise<TestDesk> {
  const database = fresh.open();
  const commands = inbox(database.commands);
  return openDesk(fresh, { clock, venue: () => venue.connect(), database, commands });
}

beforeEach(async () => {
  fresh = await freshStore();
  clock = createVirtualClock(AT_MS);
  venue = createScriptedVenue({ now: () => clock.now() });
  desk = await open();
});
afterEach(async () => {
  await desk.crash();
  await fresh.dispose();
});

const broken = () => Promise.reject(new Error('socket hang up'));
const state = (orderId: string) => stateOf(desk.trading, orderId);
const find = (id: number) => fresh.store.commands.find(id);

function ask(command: object, by = 'ann'): Promise<number> {
  return fresh.store.commands.ask({ askedAtMs: clock.now(), by, body: JSON.stringify(command) });
}

async function answerTo(command: object, by?: string): Promise<Record<string, unknown>> {
  const id = await ask(command, by);
  await pass(clock, desk, COMMANDS_EVERY_MS);
  const { state: outcome, answer } = (await find(id)) ?? {};
  return { outcome, ...JSON.parse(answer ?? '{}') };
}

async function doubtful(): Promise<string> {
  venue.onSubmit = broken;
  venue.onLookup = broken;
  const { orderId } = await desk.submit();
  await idle(desk);
  expect(await state(orderId)).toMatch(/^unknown/);
  return orderId;
}

const settle = (orderId: string, as?: string) => ({
  ...{ type: 'order.settleUnknown', orderId, reason: 'asked by phone' },
  ...(as === undefined ? {} : { as }),
});

describe('a command to a running engine', () => {
  test.each([
    ['never-taken', 'REJECTED', 'operator.neverTaken'],
    ['cancelled', 'CANCELLED', 'operator.cancelled'],
    ['live', 'PLACED', 'operator.live'],
  ])('settles an order as %s: %s, under the name of who asked', async (as, status, type) => {
    const orderId = await doubtful();
    expect(await answerTo(settle(orderId, as))).toMatchObject({
      ...{ outcome: 'done', changed: true, text: `${orderId} is settled as ${as}: ${status}.` },
    });
    expect(await desk.trading.order(orderId)).toMatchObject({ status, filledSize: '0' });
    await desk.trading.settled();
    const event = (await fresh.store.orderEvents(orderId)).find((one) => one.type === type);
    expect(event?.note).toContain('ann settled it');
    expect(event?.note).toContain('asked by phone');
    expect(JSON.parse(event?.event ?? '{}')).toMatchObject({ by: 'ann', reason: 'asked by phone' });
  });

  test('finds it settled already by a person, and says so', async () => {
    const orderId = await doubtful();
    await answerTo(settle(orderId));
    expect(await answerTo(settle(orderId), 'bob')).toMatchObject({
      ...{ outcome: 'done', changed: false },
      text: `${orderId} is already settled by ann: REJECTED.`,
    });
  });

  test('of what evidence has settled is refused', async () => {
    const { orderId } = await desk.submit();
    await idle(desk);
    expect(await answerTo(settle(orderId, 'cancelled'))).toMatchObject({
      ...{ outcome: 'refused', code: 'invalid_value' },
      text: `order ${orderId}: got "PLACED", expected an order in doubt: UNKNOWN.`,
    });
    expect(await state(orderId)).toBe('working.open');
  });

  test('against evidence is refused: what the venue has shown was taken', async () => {
    venue.onLookup = broken;
    const { orderId } = await desk.submit();
    await idle(desk);
    const report = venue.report(`0x${orderId}`, { status: 'unrecognised', rawStatus: 'PONDERING' });
    venue.emit({ type: 'order', report });
    await idle(desk);
    expect(await answerTo(settle(orderId, 'never-taken'))).toMatchObject({ outcome: 'refused' });
    expect(await state(orderId)).toMatch(/^unknown/);
    expect(await answerTo(settle(orderId, 'cancelled'))).toMatchObject({ outcome: 'done' });
  });

  test('of an order that is set aside is refused: nothing reaches it', async () => {
    const orderId = await doubtful();
    for (let n = 1; n <= MAX_CRASHES; n += 1) {
      const report = venue.report(`0x${orderId}`, { sizeMatched: 'lots' });
      venue.emit({ type: 'order', report });
      await idle(desk);
    }
    expect(desk.trading.health().actorFaults).toBe(MAX_CRASHES);
    expect(await answerTo(settle(orderId))).toMatchObject({
      ...{ outcome: 'refused', text: expect.stringContaining('set aside') },
    });
    expect(await state(orderId)).toMatch(/^unknown/);
  });

  test('waits for no comparison with a venue that does not answer; nor does a stop', async () => {
    venue.onTrades = broken;
    venue.emit({ type: 'connection', state: 'down', atMs: clock.now() });
    venue.emit({ type: 'connection', state: 'up', atMs: clock.now() });
    await pass(clock, desk, 5_000);
    const comparing = await ask({ type: 'reconcile.run', apply: true });
    expect(await answerTo({ type: 'trading.pause', reason: 'the venue is silent' })).toMatchObject({
      outcome: 'done',
    });
    await desk.stop();
    expect(await find(comparing)).toMatchObject({ state: 'pending' });
  });

  test('to compare with a venue that has too much to tell is refused, not repeated', async () => {
    venue.onTrades = () => Promise.reject(new FillwrightFault('overloaded', 'Too many pages.'));
    const before = venue.tradeRequests.length;
    expect(await answerTo({ type: 'reconcile.run', apply: false })).toMatchObject({
      ...{ outcome: 'refused', code: 'overloaded', text: 'Too many pages.' },
    });
    expect(venue.tradeRequests.length - before).toBe(1);
  });

  test('cancels an order, and all orders of one side', async () => {
    const [one, other, third] = [await desk.submit(), await desk.submit(), await desk.submit()];
    await idle(desk);
    const cancel = { type: 'order.cancel', orderId: one.orderId, reason: 'the game is over' };
    expect(await answerTo(cancel)).toMatchObject({ outcome: 'done', changed: true });
    expect(await desk.trading.order(one.orderId)).toMatchObject({
      ...{ status: 'CANCELLED', reason: 'the game is over (by ann)' },
    });
    expect(await answerTo(cancel)).toMatchObject({
      ...{ outcome: 'done', changed: false, text: `${one.orderId} was over already: CANCELLED.` },
    });
    const all = { type: 'orders.cancelAll', reason: 'r' };
    expect(await answerTo({ ...all, filter: { side: 'SELL' } })).toMatchObject({ changed: false });
    expect(await answerTo({ ...all, filter: { side: 'BUY' } })).toMatchObject({
      facts: { orders: expect.arrayContaining([other.orderId, third.orderId]) },
    });
    expect(await state(third.orderId)).toBe('cancelled');
  });

  test('pauses and resumes', async () => {
    await answerTo({ type: 'trading.pause', reason: 'the feed looks wrong' });
    const { order } = await desk.submit();
    expect(order.reason).toBe('entries are paused: the feed looks wrong (by ann)');
    await answerTo({ type: 'trading.resume' });
    expect((await desk.submit()).order.status).toBe('PENDING');
  });

  test.each([
    ['no object', 'nonsense', 'command: got "nonsense", expected an object with a type.'],
    ['an unknown type', { type: 'moon.land' }, 'command.type: got "moon.land"'],
    [
      'one that may not come twice',
      { type: 'account.deposit', depositId: 'd', amountUsd: '5' },
      'bears being run twice',
    ],
    ['an unknown order', settle('ord_nowhere'), 'order "ord_nowhere": not known here.'],
    [
      'another word',
      settle('ord_1', 'filled'),
      'as: got "filled", expected one of never-taken, cancelled, live',
    ],
    ['without a reason', { type: 'trading.pause' }, 'reason: got undefined'],
    [
      'a misspelt filter',
      { type: 'orders.cancelAll', filter: { stratgy: 's' }, reason: 'r' },
      'filter.stratgy',
    ],
    [
      'a side that is none',
      { type: 'orders.cancelAll', filter: { side: 'buy' }, reason: 'r' },
      'filter.side: got "buy"',
    ],
  ])('that makes no sense is refused and changes nothing: %s', async (_what, command, text) => {
    const { orderId } = await desk.submit();
    await idle(desk);
    expect(await answerTo(command as object)).toMatchObject({
      ...{ outcome: 'refused', text: expect.stringContaining(text) },
    });
    expect(await state(orderId)).toBe('working.open');
    expect((await desk.trading.account()).depositsUsd).toBe('1000');
  });

  test('commands are run in the order in which they were asked', async () => {
    await ask({ type: 'trading.pause', reason: 'first' });
    await ask({ type: 'trading.resume' });
    await ask({ type: 'trading.pause', reason: 'third' });
    await pass(clock, desk, 2 * COMMANDS_EVERY_MS);
    const { order } = await desk.submit();
    expect(order.reason).toContain('third');
  });
});

describe('without an engine', () => {
  test('a command waits, and is run before the first intent', async () => {
    const orderId = await doubtful();
    await desk.crash();
    const [pausing, settling] = [
      await ask({ type: 'trading.pause', reason: 'not today' }),
      await ask(settle(orderId)),
    ];
    expect(await find(pausing)).toEqual({
      ...{ id: pausing, state: 'pending', answer: null, doneAtMs: null },
    });
    desk = await open();
    const { order } = await desk.submit();
    expect(order.reason).toContain('not today');
    expect(await desk.trading.order(orderId)).toMatchObject({ status: 'REJECTED' });
    expect([await find(pausing), await find(settling)]).toMatchObject([
      { state: 'done' },
      { state: 'done' },
    ]);
  });
});

describe('a crash between the command and its answer', () => {
  /** Answers are lost, as by a crash right before they are written. */
  const mute = (own: CommandInbox): CommandInbox => ({
    pending: own.pending,
    answer: () => new Promise(() => undefined),
  });

  test.each([
    ['never-taken', 'operator.neverTaken', 'REJECTED'],
    ['cancelled', 'operator.cancelled', 'CANCELLED'],
  ])('settles once as %s, and the second run says so', async (as, type, status) => {
    await desk.crash();
    desk = await open(mute);
    const orderId = await doubtful();
    const id = await ask(settle(orderId, as));
    await pass(clock, desk, COMMANDS_EVERY_MS);
    expect(await desk.trading.order(orderId)).toMatchObject({ status });
    expect(await find(id)).toMatchObject({ state: 'pending' });
    await desk.crash();
    desk = await open();
    const { state: outcome, answer } = (await find(id)) ?? {};
    expect({ outcome, ...JSON.parse(answer ?? '{}') }).toMatchObject({
      ...{ outcome: 'done', changed: false },
      text: `${orderId} is already settled by ann: ${status}.`,
    });
    await desk.trading.settled();
    const events = await fresh.store.orderEvents(orderId);
    expect(events.filter((event) => event.type === type)).toHaveLength(1);
  });

  test('cancels once more, which harms nothing', async () => {
    await desk.crash();
    desk = await open(mute);
    const { orderId } = await desk.submit();
    await idle(desk);
    const id = await ask({ type: 'order.cancel', orderId, reason: 'r' });
    await pass(clock, desk, COMMANDS_EVERY_MS);
    await desk.crash();
    desk = await open();
    expect(await find(id)).toMatchObject({ state: 'done' });
    expect(await desk.trading.order(orderId)).toMatchObject({ status: 'CANCELLED' });
    expect(venue.cancels).toHaveLength(1);
  });
});

test('an answer is not given before what it tells of is durable', async () => {
  const orderId = await doubtful();
  await desk.crash();
  const seen: number[] = [];
  const id = await ask(settle(orderId));
  desk = await open((own) => ({
    pending: own.pending,
    async answer(which, outcome) {
      seen.push(await inJournal('operator.neverTaken'));
      await own.answer(which, outcome);
    },
  }));
  expect(seen).toEqual([1]);
  expect(await find(id)).toMatchObject({ state: 'done' });
});

/** How many rows of the log hold an input of a type. */
function inJournal(type: string): Promise<number> {
  return withClient(fresh, async (client) => {
    const found = await client.query(
      'select count(*)::int as n from journal where inputs::text like $1',
      [`%"${type}"%`],
    );
    return Number(found.rows[0]?.n);
  });
}
