/** The engine on the sandbox through the Polymarket adapter, while the same account trades elsewhere. */
import { expect, onTestFinished, test } from 'vitest';
import { LASTING_MS } from '../../src/actors/reconcile-judge.ts';
import { createTrading } from '../../src/actors/trading.ts';
import { createIds } from '../../src/adapters/ids.ts';
import { DEFAULT_RECONCILE } from '../../src/domain/reconcile.ts';
import {
  never,
  openDesk,
  type VenueDesk,
} from '../adapters/venues/polymarket/polymarket-venue-harness.ts';
import { type FreshStore, freshStore } from '../support/database.ts';
import { createListLog } from '../support/desk.ts';

/** Long enough for whatever lasts to have become a finding. */
const LASTING = DEFAULT_RECONCILE.everySeconds * 1_000 + 2 * LASTING_MS;

async function openEngine(desk: VenueDesk) {
  const fresh: FreshStore = await freshStore();
  const { clock, venue } = desk;
  const log = createListLog();
  const trading = createTrading({
    ...{ clock, log, store: fresh.store, ids: createIds({ clock }) },
    // The desk has started it, and stops it.
    venue: { ...venue, start: async () => undefined, stop: async () => undefined },
    account: { id: 'main', depositUsd: '1000', minimumReserveUsd: '0' },
    ...{ maxOpenOrders: 100, checkIdentities: true },
  });
  onTestFinished(async () => {
    await desk.inTime(trading.stop());
    await fresh.dispose();
  });
  await desk.inTime(trading.start());
  const findings = async () => {
    await desk.inTime(trading.settled());
    return fresh.store.findings({ open: true });
  };
  return { trading, findings, store: fresh.store };
}

test('an order and a trade made elsewhere are found, imported, and not booked', async () => {
  const desk = await openDesk({ deaf: true });
  const rain = desk.instrument('plain');
  await desk.show(rain, [['0.45', '100']], [['0.55', '100']]);
  const { trading, findings, store } = await openEngine(desk);
  const { orderId } = await desk.inTime(
    trading.submit({
      ...{ key: 'ours', instrument: rain.id, side: 'BUY', price: '0.56', size: '10' },
    }),
  );
  await desk.advance(LASTING);
  expect(await trading.order(orderId)).toMatchObject({ status: 'CONFIRMED', filledSize: '10' });
  // Our own trades, all through matching and settlement, are no difference.
  expect(await findings()).toEqual([]);
  expect((await store.reconciliations(1))[0]).toMatchObject({ complete: true });

  const elsewhere = desk.another();
  await desk.inTime(elsewhere.start());
  const send = async (over: Parameters<VenueDesk['order']>[0]) => {
    const prepared = await elsewhere.prepare(desk.order(over));
    await desk.inTime(elsewhere.submit(prepared, never));
    return prepared.venueOrderId;
  };
  const resting = await send({ price: '0.40', size: '20' });
  const crossing = await send({ price: '0.56', size: '30' });
  await desk.advance(LASTING);
  await desk.advance(LASTING);

  const found = await findings();
  expect(found.map(({ kind }) => kind).sort()).toEqual([
    ...['collateral', 'order.external', 'position.size', 'trade.external'],
  ]);
  const of = (kind: string) => found.find((row) => row.kind === kind);
  expect(of('order.external')).toMatchObject({ subject: resting, severity: 'warning' });
  expect(JSON.parse(of('order.external')?.theirs ?? '')).toMatchObject({
    ...{ instrumentId: rain.id, side: 'BUY', price: '0.4', size: '20' },
  });
  expect(of('trade.external')).toMatchObject({ subject: crossing, instrumentId: rain.id });
  expect(JSON.parse(of('position.size')?.theirs ?? '')).toEqual({ size: '40' });
  expect(JSON.parse(of('position.size')?.ours ?? '')).toMatchObject({ size: '10' });
  expect(of('collateral')).toMatchObject({ severity: 'critical' });
  // Nothing of it is booked, and nothing more is bought there until a person has looked.
  expect(trading.position(rain.id)).toMatchObject({ size: '10', reconciliationRequired: true });
  expect((await store.orphans()).map(({ venueOrderId }) => venueOrderId)).toEqual([crossing]);
  const { order } = await desk.inTime(
    trading.submit({ key: 'more', instrument: rain.id, side: 'BUY', price: '0.5', size: '10' }),
  );
  expect(order).toMatchObject({ status: 'DENIED' });

  await desk.inTime(
    trading.send({
      ...{ type: 'finding.decide', findingId: String(of('order.external')?.findingId) },
      ...{ as: 'approved', by: 'ada', why: 'not mine' },
    }),
  );
  await desk.advance(LASTING);
  expect(await desk.inTime(elsewhere.fetchOpenOrders())).toEqual([]);
  const decided = (await store.findings()).find(({ kind }) => kind === 'order.external');
  expect(decided).toMatchObject({ state: 'approved', closedBy: 'ada' });
  expect(decided?.goneAtMs).not.toBeNull();
});
