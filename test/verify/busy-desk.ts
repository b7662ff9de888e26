/** A desk that has seen everything: fills, voids, cancels, denials, orphans, exits, a crash, restarts. */
import { expect } from 'vitest';
import type { BudgetView } from '../../src/actors/budget-rows.ts';
import { plus } from '../../src/domain/exact.ts';
import type { LegReport } from '../../src/domain/fill-leg.ts';
import type { FindingBody } from '../../src/machines/system.findings.ts';
import type { Verified } from '../../src/verify/report.ts';
import { type VerifyOptions, verify } from '../../src/verify/verify.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { asked, openDesk, type TestDesk, until } from '../support/desk.ts';
import { type Floor, place } from '../support/floor.ts';
import { noRain, rain } from '../support/orders.ts';
import { createScriptedVenue } from '../support/scripted-venue.ts';

export async function verified(fresh: FreshStore, options: VerifyOptions = {}): Promise<Verified> {
  const store = fresh.open();
  try {
    return await store.frozen((frozen) => verify(frozen, options));
  } finally {
    await store.close();
  }
}

/** A floor for a whole file: its user disposes of `fresh`. */
export async function openFloor(): Promise<Floor> {
  const fresh = await freshStore();
  const venue = createScriptedVenue({ now: Date.now });
  const start: Floor['start'] = (options = {}) =>
    openDesk(fresh, { venue: () => venue.connect(), ...options });
  return { fresh, venue, start };
}

const venueOrder = (orderId: string) => `0x${orderId}`;

let trades = 0;

type Told = 'matched' | 'mined' | 'confirmed' | 'failed';

/** A leg in a trade of its own, told in each of `settlements`. */
export function fill(
  { venue }: Floor,
  orderId: string,
  over: Partial<LegReport> & { readonly size: string },
  ...settlements: readonly Told[]
): void {
  trades += 1;
  const venueOrderId = venueOrder(orderId);
  const leg = { tradeId: `trade-${trades}`, venueOrderId, price: '0.5', ...over };
  const matchedAtMs = Date.now();
  for (const settlement of settlements) venue.fill({ ...leg, matchedAtMs, settlement });
  const matched = venue.orders.get(venueOrderId)?.sizeMatched ?? '0';
  venue.report(venueOrderId, { sizeMatched: plus(matched, over.size) });
}

/** The venue no longer lists it as open. */
function complete({ venue }: Floor, orderId: string): void {
  venue.report(venueOrder(orderId), { status: 'matched' });
}

async function told(desk: TestDesk): Promise<void> {
  await until(() => desk.trading.health().waiting === 0);
  await desk.trading.settled();
}

/** One round of everything; some 60 inputs. */
export async function tradeRound(floor: Floor, desk: TestDesk): Promise<Left> {
  const { trading } = desk;
  const bought = await place(desk, { size: '30' });
  const voided = await place(desk, { size: '10', price: '0.4' });
  const cancelled = await place(desk, { size: '20', instrument: noRain.id });
  const partly = await place(desk, { size: '12.5', price: '0.45' });
  fill(floor, bought, { size: '10' }, 'matched', 'mined', 'confirmed');
  fill(floor, bought, { size: '20', price: '0.49' }, 'matched', 'confirmed');
  fill(floor, voided, { size: '4' }, 'matched', 'failed');
  fill(floor, voided, { size: '6' }, 'matched', 'mined');
  fill(floor, partly, { size: '2.5' }, 'mined');
  for (const orderId of [bought, voided]) complete(floor, orderId);
  await until(async () => (await trading.order(bought))?.status === 'CONFIRMED');
  await trading.cancel(cancelled, 'a change of mind');
  await until(async () => (await trading.order(cancelled))?.status === 'CANCELLED');
  const sold = await place(desk, { side: 'SELL', size: '8', price: '0.6' });
  const soldInVain = await place(desk, { side: 'SELL', size: '5', price: '0.55' });
  fill(floor, sold, { side: 'SELL', size: '8', price: '0.6' }, 'matched', 'confirmed');
  fill(floor, soldInVain, { side: 'SELL', size: '5', price: '0.55' }, 'matched', 'failed');
  for (const orderId of [sold, soldInVain]) complete(floor, orderId);
  await until(async () => (await trading.order(sold))?.status === 'CONFIRMED');
  await until(async () => (await trading.order(soldInVain))?.settlement === 'failed');
  await expect(trading.submit(asked({ size: '1000000' }))).resolves.toMatchObject({
    order: { status: 'DENIED' },
  });
  await trading.send({ type: 'trading.pause', by: 'a person', reason: 'lunch' });
  await trading.submit(asked());
  await trading.send({ type: 'trading.resume', by: 'a person' });
  floor.venue.fill({
    tradeId: `orphan-${trades}`,
    venueOrderId: '0xnobody',
    instrumentId: rain.id,
  });
  await useBudgets(floor, desk);
  // A late leg of an order that has left memory.
  fill(floor, cancelled, { size: '1', instrumentId: noRain.id }, 'matched');
  await until(async () => (await trading.order(cancelled))?.filledSize === '1');
  await told(desk);
  return { partly, cancelled };
}

/** Budgets that are used in part, committed, released, and left open with an order at work. */
async function useBudgets(floor: Floor, desk: TestDesk): Promise<void> {
  const { trading } = desk;
  const reserve = async (amountUsd: string) => {
    const asked = { owner: 'budgeteer', amountUsd, expiresInMs: 3_600_000, reason: 'a pair' };
    const { facts } = await trading.send({ type: 'budget.reserve', by: 'Ann', ...asked });
    return (facts.budget as BudgetView).budgetId;
  };
  const said = { by: 'Ann', reason: 'as agreed' };
  const [ended, open] = [await reserve('20'), await reserve('15')];
  const of = (budget: string) => ({ strategy: 'budgeteer', budget, price: '0.5' });
  const bought = await place(desk, { ...of(ended), size: '10' });
  const working = await place(desk, { ...of(open), size: '20' });
  fill(floor, bought, { size: '4' }, 'matched', 'failed');
  fill(floor, bought, { size: '6' }, 'matched', 'confirmed');
  fill(floor, working, { size: '5', price: '0.48' }, 'matched', 'mined');
  complete(floor, bought);
  await until(async () => (await trading.order(bought))?.status === 'CONFIRMED');
  await until(async () => (await trading.order(working))?.filledSize === '5');
  await trading.submit(asked({ ...of(ended), strategy: 'another' }));
  await trading.send({ type: 'budget.commit', budgetId: ended, amountUsd: '1.5', ...said });
  await trading.send({ type: 'budget.commit', budgetId: open, amountUsd: '0.25', ...said });
  await trading.send({ type: 'budget.release', budgetId: ended, ...said });
}

/** Orders of a round of which more can be said in a later life. */
interface Left {
  /** Still working. */
  readonly partly: string;
  /** Ended; in a later life no longer in memory. */
  readonly cancelled: string;
}

/** Differences from the venue that have lasted, as a reconciliation tells of them. */
function findDifferences({ trading }: TestDesk): void {
  for (const subject of ['0xother', '0xanother']) {
    const finding: FindingBody = {
      ...{ findingId: `order.external:${subject}`, kind: 'order.external', subject },
      ...{ instrumentId: rain.id, severity: 'info', summary: 'An order of somebody else.' },
      ...{ ours: {}, theirs: { size: '5' }, evidence: { asked: 'open orders' } },
      action: { type: 'review', words: 'Look at it.' },
      ...{ range: null, tolerance: '0', mark: '' },
    };
    trading.execution.dispatch({ type: 'finding.opened', finding, atMs: Date.now() });
  }
}

async function hearMore(floor: Floor, { trading }: TestDesk, left: Left): Promise<void> {
  fill(floor, left.partly, { size: '1' }, 'matched', 'confirmed');
  fill(floor, left.cancelled, { size: '2', instrumentId: noRain.id }, 'matched', 'confirmed');
  await until(async () => (await trading.order(left.partly))?.filledSize === '3.5');
  await until(async () => (await trading.order(left.cancelled))?.filledSize === '3');
}

/** A few hundred inputs over three lives, the second of which ends in a crash. Stopped at the end. */
export async function tradeAWhile(floor: Floor): Promise<void> {
  const first = await floor.start();
  await tradeRound(floor, first);
  const ofFirst = await tradeRound(floor, first);
  findDifferences(first);
  await first.stop();
  const second = await floor.start();
  await hearMore(floor, second, ofFirst);
  await tradeRound(floor, second);
  const ofSecond = await tradeRound(floor, second);
  await second.crash();
  const third = await floor.start();
  await hearMore(floor, third, ofSecond);
  await tradeRound(floor, third);
  await third.stop();
}
