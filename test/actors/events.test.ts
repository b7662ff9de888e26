/** Events that real turns make: which, in which order, with which numbers, and the same when told again. */
import { expect, test } from 'vitest';
import type { BudgetView } from '../../src/actors/budget-rows.ts';
import {
  CATALOGUE_TYPES,
  type CatalogueEvent,
  type CatalogueType,
} from '../../src/domain/events/catalogue.ts';
import { marketOf } from '../../src/domain/instrument.ts';
import type { FindingBody } from '../../src/machines/system.findings.ts';
import { holding, type TestDesk, until, untilState } from '../support/desk.ts';
import { allEvents, problemsOf } from '../support/events.ts';
import { place, useFloor } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';

const floor = useFloor();

const events = () => allEvents(floor.fresh.store.events);
const ofStream = (all: readonly CatalogueEvent[], stream: string) =>
  all.filter((event) => event.stream === stream);
const typesOf = (all: readonly CatalogueEvent[]) => all.map(({ type }) => type);

function fill(orderId: string, tradeId: string, size: string, settlement = 'matched', over = {}) {
  const venueOrderId = `0x${orderId}`;
  const leg = { tradeId, venueOrderId, size, matchedAtMs: 1_800_000_000_000, settlement, ...over };
  floor.venue.fill(leg as Parameters<typeof floor.venue.fill>[0]);
}

test('an order tells its life in its stream, and each fill what it did to the position', async () => {
  const desk = await floor.start();
  const orderId = await place(desk, { key: 'life', size: '10' });
  fill(orderId, 't1', '4');
  fill(orderId, 't2', '6');
  await untilState(desk.trading, orderId, 'matched');
  fill(orderId, 't1', '4', 'mined');
  fill(orderId, 't1', '4', 'confirmed');
  fill(orderId, 't2', '6', 'failed');
  await until(async () => (await desk.trading.order(orderId))?.settlement === 'confirmed');
  await desk.trading.settled();
  const all = await events();
  expect(problemsOf(all)).toEqual([]);
  const ofOrder = ofStream(all, `order:${orderId}`);
  expect(typesOf(ofOrder)).toEqual([
    'order.submitted',
    'order.acknowledged',
    'order.partiallyFilled',
    'fill.applied',
    'order.filled',
    'fill.applied',
    'fill.settled',
    'fill.voided',
  ]);
  expect(new Set(ofOrder.map(({ correlationId }) => correlationId))).toEqual(new Set(['life']));
  expect(ofOrder[2]?.payload).toMatchObject({
    filledSize: '4',
    averageFillPrice: '0.5',
    size: '10',
  });
  expect(ofOrder[4]?.payload).toMatchObject({ filledSize: '10', venueOrderId: `0x${orderId}` });
  const ofPosition = ofStream(all, `position:${rain.id}`);
  expect(typesOf(ofPosition)).toEqual([
    'position.opened',
    'position.updated',
    'position.updated',
    'position.updated',
  ]);
  expect(ofPosition.map(({ payload }) => payload)).toMatchObject(
    [
      { effect: 'applied', size: '4', sizeChange: '4', sellableSize: '0', legKey: /t1/ },
      { effect: 'applied', size: '10', sizeChange: '6' },
      { effect: 'settled', size: '10', sizeChange: '0', sellableSize: '4' },
      { effect: 'voided', size: '4', sizeChange: '-6', clientOrderId: orderId },
    ].map((one) => ({
      ...one,
      ...('legKey' in one ? { legKey: expect.stringMatching(/t1/) } : {}),
    })),
  );
  // Each is caused by the event of its fill.
  const fills = ofOrder.filter(({ type }) => type.startsWith('fill.'));
  expect(ofPosition.map(({ causationId }) => causationId)).toEqual(
    fills.map(({ eventId }) => eventId),
  );
  expect(ofOrder.every(({ causationId }) => /^input_\d+$/.test(causationId))).toBe(true);
});

const finding: FindingBody = {
  ...{ findingId: 'order.external:0xother', kind: 'order.external', subject: '0xother' },
  ...{ instrumentId: rain.id, severity: 'info', summary: 'An order of somebody else.' },
  ...{ ours: {}, theirs: { size: '5' }, evidence: { asked: 'open orders' } },
  action: { type: 'review', words: 'Look at it.' },
  ...{ range: null, tolerance: '0', mark: '' },
};

/** Told in the tests of exits and of the liquidation. */
const ELSEWHERE: readonly CatalogueType[] = [
  ...(['exit.triggered', 'exit.ended', 'exit.completed', 'position.liquidated'] as const),
];

const isFirst = <T>(one: T, place: number, all: readonly T[]) => all.indexOf(one) === place;

/** Whatever can happen, once. */
async function everything(desk: TestDesk): Promise<void> {
  const { trading, submit } = desk;
  const { venue } = floor;
  const kept = await place(desk, { instrument: noRain.id, size: '5' });
  const [NO, settlement] = [noRain.id, 'confirmed'] as const;
  const bet = { tradeId: 'kept', instrumentId: NO, size: '5', settlement } as const;
  venue.fill({ ...bet, venueOrderId: `0x${kept}` });
  await untilState(trading, kept, 'matched');
  const bought = await place(desk, { size: '10' });
  fill(bought, 'e1', '5');
  fill(bought, 'e2', '5');
  await untilState(trading, bought, 'matched');
  fill(bought, 'e1', '5', 'confirmed');
  fill(bought, 'e2', '5', 'failed');
  await until(() => trading.position(rain.id)?.sellableSize === '5');
  const sold = await place(desk, { side: 'SELL', size: '5', price: '0.6' });
  fill(sold, 'e3', '5', 'confirmed', { side: 'SELL', price: '0.6' });
  await untilState(trading, sold, 'matched');
  const lost = await place(desk, { size: '5' });
  fill(lost, 'e4', '5');
  await untilState(trading, lost, 'matched');
  fill(lost, 'e4', '5', 'failed');
  await until(async () => (await trading.order(lost))?.status === 'FAILED');
  const cancelled = await place(desk);
  await trading.cancel(cancelled, 'a change of mind');
  await untilState(trading, cancelled, 'cancelled');
  const expired = await place(desk);
  const report = venue.report(`0x${expired}`, { status: 'expired' });
  venue.emit({ type: 'order', report });
  await untilState(trading, expired, 'expired');
  venue.onSubmit = () => ({ kind: 'rejected', reason: 'not today' });
  await untilState(trading, (await submit()).orderId, 'rejected');
  // All or nothing: it is not made smaller.
  await submit({ size: '1000000', timeInForce: 'FOK' });
  venue.onSubmit = () => Promise.reject(new Error('no answer'));
  await until(async () => {
    const { orderId } = await submit();
    return (await trading.order(orderId))?.status !== 'DENIED';
  });
  venue.onSubmit = (sent) => venue.take(sent);
  await trading.send({ type: 'trading.pause', by: 'ada', reason: 'lunch' });
  await trading.send({ type: 'trading.resume', by: 'ada' });
  const rules = ['maxEntryPrice'] as const;
  await trading.send({ type: 'override.grant', rules, forMs: 1_000, by: 'ada', why: 'a test' });
  await keepBack(desk);
  const { execution } = trading;
  const clock = {
    scope: 'engine:clock',
    by: 'engine',
    reason: 'a test',
    atMs: Date.now(),
  } as const;
  execution.dispatch({ type: 'trading.held', level: 'paused', skewMs: 31_000, ...clock });
  execution.dispatch({ type: 'trading.released', ...clock });
  const ended = { marketId: marketOf(rain.id), by: 'ada', reason: 'a test' };
  await trading.send({ type: 'market.resolve', payouts: { YES: '0.5', NO: '0.5' }, ...ended });
  const held = [...execution.registry.positions.keys()];
  for (const instrumentId of held) {
    await trading.send({ type: 'position.redeem', instrumentId, by: 'ada', reason: 'a test' });
  }
  execution.dispatch({ type: 'engine.bootChecked', problem: 'a test', atMs: Date.now() });
  execution.dispatch({ type: 'engine.bootChecked', problem: null, atMs: Date.now() });
  execution.dispatch({ type: 'finding.opened', finding, atMs: Date.now() });
  const close = { findingId: finding.findingId, by: 'ada', why: 'it is mine' } as const;
  execution.dispatch({ type: 'finding.closed', ...close, as: 'dismissed', atMs: Date.now() });
  execution.dispatch({ type: 'finding.closed', ...close, as: 'applied', atMs: Date.now() });
  venue.emit({ type: 'connection', state: 'down', atMs: Date.now() });
  await until(() => trading.health().venue === 'disconnected');
  venue.emit({ type: 'connection', state: 'up', atMs: Date.now() });
  await until(() => trading.health().venue === 'live');
}

/** One budget that is committed and released, and one that runs out. */
async function keepBack({ trading }: TestDesk): Promise<void> {
  const said = { by: 'ada', reason: 'a test' };
  const reserve = async (expiresInMs: number) => {
    const asked = { owner: 'pairs', amountUsd: '10', expiresInMs, ...said };
    const { facts } = await trading.send({ type: 'budget.reserve', ...asked });
    return (facts.budget as BudgetView).budgetId;
  };
  const budgetId = await reserve(60_000);
  await trading.send({ type: 'budget.commit', budgetId, amountUsd: '4', ...said });
  await trading.send({ type: 'budget.release', budgetId, ...said });
  const id = await reserve(1);
  await until(async () => (await trading.budgets({ id }))[0]?.state === 'expired');
}

test('whatever is in the catalogue is told by somebody, as the catalogue has it', async () => {
  // With what is held an order of ten needs four fifths of it.
  const desk = await floor.start({ limits: { selfTrade: 'allow', maxTotalUsd: '9' } });
  await everything(desk);
  await desk.trading.settled();
  const all = await events();
  expect(problemsOf(all)).toEqual([]);
  expect([...typesOf(all), ...ELSEWHERE].filter(isFirst).sort()).toEqual(
    [...CATALOGUE_TYPES].sort(),
  );
  const approached = all.find(({ type }) => type === 'limit.approached');
  const breached = all.find(({ type }) => type === 'limit.breached');
  expect(approached?.payload).toMatchObject({ limit: 'maxTotalUsd', subject: null, cap: '9' });
  expect(breached?.payload).toMatchObject({
    limit: 'maxTotalUsd',
    used: expect.stringMatching(/^\d{6}/),
  });
  const drift = all.findIndex(({ type }) => type === 'time.drifted');
  expect(typesOf(all.slice(drift - 1, drift + 4))).toEqual([
    ...['system.held', 'time.drifted', 'system.degraded', 'system.released', 'system.recovered'],
  ]);
  expect(all[drift + 1]?.payload).toEqual({ causes: ['engine:clock: a test'] });
  const denied = all.find(({ type }) => type === 'order.denied');
  expect(denied?.payload).toMatchObject({ reason: expect.any(String), venueOrderId: null });
  const closed = all.filter(({ type }) => type === 'reconciliation.findingClosed');
  expect(closed).toMatchObject([{ payload: { as: 'dismissed', by: 'ada' } }]);
});

test('after a crash what is told again has the same ids and numbers, and nothing is missing', async () => {
  const held = holding('project');
  const first = await floor.start({ around: held.around });
  const orderId = await place(first, { size: '10' });
  fill(orderId, 't1', '4');
  await untilState(first.trading, orderId, 'working.partiallyFilled');
  await first.trading.settled();
  const before = await events();
  // In the log, and in no table.
  held.hold();
  fill(orderId, 't2', '1');
  await until(async () => (await first.trading.order(orderId))?.filledSize === '5');
  await first.trading.execution.journal.durable();
  await first.crash();
  held.release();
  expect(await events()).toEqual(before);
  const second = await floor.start();
  fill(orderId, 't3', '5');
  await untilState(second.trading, orderId, 'matched');
  await second.stop();
  const all = await events();
  expect(problemsOf(all)).toEqual([]);
  expect(all.slice(0, before.length)).toEqual(before);
  expect(
    typesOf(ofStream(all, `order:${orderId}`)).filter((type) => type === 'fill.applied'),
  ).toHaveLength(3);
  const started = all.filter(({ type }) => type === 'system.started');
  expect(started).toMatchObject([
    { payload: { restarted: false } },
    { payload: { restarted: true } },
  ]);
});

test('an order that has left memory counts on where its stream stood', async () => {
  const desk = await floor.start();
  const orderId = await place(desk, { size: '10' });
  await desk.trading.cancel(orderId);
  await untilState(desk.trading, orderId, 'cancelled');
  await desk.trading.settled();
  await until(() => !desk.trading.execution.registry.orders.has(orderId));
  fill(orderId, 'late', '1');
  await until(async () => (await desk.trading.order(orderId))?.filledSize === '1');
  await desk.trading.settled();
  const all = await events();
  expect(problemsOf(all)).toEqual([]);
  expect(typesOf(ofStream(all, `order:${orderId}`))).toEqual([
    'order.submitted',
    'order.acknowledged',
    'order.cancelled',
    'order.partiallyFilled',
    'fill.applied',
  ]);
});
