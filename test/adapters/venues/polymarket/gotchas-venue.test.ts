/** What went wrong for others at the venue, against the sandbox: docs/polymarket.md has the list. */
import { expect, test } from 'vitest';
import { MARKET_REFRESH_MS } from '../../../../src/adapters/venues/polymarket/markets.ts';
import type { LegReport } from '../../../../src/domain/fill-leg.ts';
import { micros, never, openDesk, type VenueDesk } from './polymarket-venue-harness.ts';

const legsIn = ({ events }: VenueDesk): readonly LegReport[] =>
  events.flatMap((event) => (event.type === 'leg' ? event.leg : []));

test('a market that is resolved without a word on any channel ends its orders all the same', async () => {
  const desk = await openDesk();
  const { id } = await desk.send();
  desk.sandbox.faults.add({ kind: 'dropFrame', frame: 'any' });
  desk.sandbox.exchange.resolve(desk.market('plain').conditionId, [micros('1'), 0n]);
  await desk.advance(1_000);
  expect(desk.events.at(-1)).not.toMatchObject({ report: { status: 'cancelled' } });
  expect(await desk.venue.fetchOrder(id)).toMatchObject({
    ...{ status: 'cancelled', reason: 'market resolved' },
  });
  expect(await desk.venue.fetchOpenOrders()).toEqual([]);
});

test('a market that Gamma still calls active takes no order once the CLOB has ended it', async () => {
  const desk = await openDesk();
  const { conditionId } = desk.market('plain');
  desk.sandbox.exchange.resolve(conditionId, [0n, micros('1')]);
  const path = `/gamma/markets?closed=true&condition_ids=${conditionId}`;
  const answer = await fetch(`${desk.sandbox.rest}${path}`);
  expect(await answer.json()).toMatchObject([{ active: true }]);
  expect((await desk.send()).outcome).toMatchObject({
    ...{ kind: 'rejected', reason: expect.stringMatching(/does not exist/) },
  });
  expect((await desk.send({ instrument: desk.instrument('fine') })).outcome.kind).toBe(
    'acknowledged',
  );
});

test('a market that has left the CLOB is halted; its orders can be cancelled, and the others go on', async () => {
  const desk = await openDesk();
  const { id } = await desk.send();
  const { conditionId } = desk.market('plain');
  desk.sandbox.faults.add({
    ...{ kind: 'error', route: `GET /clob-markets/{condition}`, market: 'plain', status: 404 },
    error: 'market not found',
  });
  await desk.advance(MARKET_REFRESH_MS);
  await desk.passUntil(() => conditionId in desk.venue.health().haltedMarkets);
  await expect(desk.send()).rejects.toMatchObject({ code: 'venue_rejected' });
  expect(await desk.venue.cancel(id, never)).toEqual({ kind: 'cancelled' });
  expect((await desk.send({ instrument: desk.instrument('fine') })).outcome.kind).toBe(
    'acknowledged',
  );
});

test('a NO order that a taker of YES meets is told as NO bought, by the channel and by REST alike', async () => {
  const desk = await openDesk();
  const [yes, no] = [desk.instrument('plain', 'YES'), desk.instrument('plain', 'NO')];
  const { id } = await desk.send({ instrument: no, price: '0.4' });
  const { tokenId } = yes;
  const bought = { tokenId, side: 'BUY', price: micros('0.6'), size: micros('10') } as const;
  await desk.sandbox.taker.take(bought);
  await desk.until(() => legsIn(desk).length > 0);
  const [leg] = legsIn(desk);
  expect(leg).toMatchObject({
    ...{ venueOrderId: id, role: 'maker', side: 'BUY', instrumentId: no.id },
    ...{ price: '0.4', size: '10' },
  });
  expect(await desk.venue.fetchTrades(0)).toEqual([leg]);
});

test('one trade that meets two orders of ours is a leg of each, by the channel and by REST alike', async () => {
  const desk = await openDesk();
  const sent = [await desk.send({ price: '0.5' }), await desk.send({ price: '0.49', size: '7' })];
  const { tokenId } = desk.instrument();
  const sold = { tokenId, side: 'SELL', price: micros('0.49'), size: micros('17') } as const;
  await desk.sandbox.taker.take(sold);
  await desk.until(() => legsIn(desk).length === 2);
  const legs = legsIn(desk);
  expect(new Set(legs.map(({ tradeId }) => tradeId)).size).toBe(1);
  expect(new Map(legs.map((leg) => [leg.venueOrderId, [leg.price, leg.size]]))).toEqual(
    new Map([
      [sent[0]?.id, ['0.5', '10']],
      [sent[1]?.id, ['0.49', '7']],
    ]),
  );
  expect(await desk.venue.fetchTrades(0)).toEqual(legs);
});

test.each([0, 1, 2, 3] as const)(
  'the money of a wallet of type %i is read as of its type; as of another type there is none',
  async (signatureType) => {
    const desk = await openDesk({ signatureType, deaf: true });
    expect(await desk.venue.fetchBalances()).toEqual({ cashUsd: '1000' });
    const other = desk.another({ signatureType: signatureType === 0 ? 1 : 0 });
    await other.start();
    expect(await other.fetchBalances()).toEqual({ cashUsd: '0' });
  },
);

test.each(['0.999', '0.001', '0.5'])(
  'the price %s, which is no binary fraction of a tick, goes as it is',
  async (price) => {
    const desk = await openDesk({ deaf: true });
    const { id, outcome } = await desk.send({ instrument: desk.instrument('fine'), price });
    expect(outcome.kind).toBe('acknowledged');
    expect(desk.sandbox.exchange.order(id)?.price).toBe(micros(price));
  },
);

test('new API keys that are refused for two minutes are tried until they are taken', async () => {
  const desk = await openDesk({ deaf: true });
  const refused = desk.sandbox.faults.add({
    ...{ kind: 'error', route: 'GET /auth/ban-status/closed-only', status: 401 },
    ...{ error: 'Unauthorized/Invalid api key', forMs: 120_000 },
  });
  const other = desk.another({ apiKeys: undefined });
  const startedAtMs = desk.now();
  let isOver = false;
  const starting = other.start().finally(() => {
    isOver = true;
  });
  await desk.passUntil(() => isOver);
  await starting;
  expect(desk.now() - startedAtMs).toBeGreaterThanOrEqual(120_000);
  expect(refused.hits).toBeGreaterThan(20);
  const prepared = await other.prepare(desk.order());
  expect(await other.submit(prepared, never)).toMatchObject({ kind: 'acknowledged' });
});

test('a delayed order that the venue refuses when its delay ends is over, unfilled, with the reason', async () => {
  const desk = await openDesk();
  const instrument = desk.instrument('game');
  await desk.show(instrument, [], [['0.55', '10']]);
  const { id, outcome } = await desk.send({ instrument, price: '0.55' });
  expect(outcome).toMatchObject({ kind: 'acknowledged', status: 'delayed' });
  desk.sandbox.exchange.setTickSize(desk.market('game').conditionId, '0.1');
  await desk.advance(4_000);
  expect(await desk.venue.fetchOrder(id)).toMatchObject({ status: 'rejected', sizeMatched: '0' });
  const reason = expect.stringMatching(/breaks minimum tick size rule: 0\.1/);
  expect(desk.events.at(-1)).toMatchObject({ report: { venueOrderId: id, reason } });
  expect(legsIn(desk)).toEqual([]);
});
