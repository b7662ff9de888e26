/** The whole venue against the sandbox exchange, over real sockets. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VenueOrder } from '../../../../src/actors/ports.ts';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { openCurve } from '../../../../src/adapters/venues/polymarket/protocol/secp256k1.ts';
import { createLocalSigner } from '../../../../src/adapters/venues/polymarket/protocol/signer.ts';
import { decimal, toText } from '../../../../src/domain/decimal.ts';
import type { LegReport } from '../../../../src/domain/fill-leg.ts';
import { micros, never, openDesk, START, type VenueDesk } from './polymarket-venue-harness.ts';

function legsOf({ events }: VenueDesk, id: string): readonly LegReport[] {
  return events.flatMap((event) =>
    event.type === 'leg' && event.leg.venueOrderId === id ? event.leg : [],
  );
}

/** A process whose signing is not yet checked, and how much it has signed. */
async function unchecked(checkSigning: () => Promise<void>) {
  const desk = await openDesk();
  const { privateKey = '' } = desk.account;
  const signer = createLocalSigner(privateKey, openCurve());
  const counted = { signatures: 0 };
  const venue = desk.another({
    checkSigning,
    signer: {
      address: signer.address,
      sign(digest) {
        counted.signatures += 1;
        return signer.sign(digest);
      },
    },
  });
  await venue.start();
  return { desk, venue, counted };
}

const asksAgain = ({ log }: VenueDesk) =>
  log.filter((line) => line.startsWith('The venue is asked again')).length;
const requests = (desk: VenueDesk) => desk.venue.health().submits;

describe('orders of every kind of account and market are taken, under the id that we computed', () => {
  test.each([0, 1, 2, 3] as const)('signature type %i', async (signatureType) => {
    const desk = await openDesk({ signatureType });
    for (const slug of ['plain', 'neg-risk', 'second-generation', 'fine']) {
      const instrument = desk.instrument(slug);
      const { id, outcome } = await desk.send({ instrument });
      expect(outcome).toEqual({ kind: 'acknowledged', venueOrderId: id, status: 'live' });
      expect(desk.sandbox.exchange.order(id)?.status).toBe('LIVE');
    }
    expect(desk.venue.health()).toMatchObject({ haltedMarkets: {}, connected: true, skewMs: 0 });
  });

  test('no order is signed before our signing is known to be the one of the venue’s package', async () => {
    let pass: (() => void) | undefined;
    const checkSigning = () =>
      new Promise<void>((resolve) => {
        pass = resolve;
      });
    const { desk, venue, counted } = await unchecked(checkSigning);
    const preparing = venue.prepare(desk.order());
    await desk.until(() => pass !== undefined);
    await desk.advance(1_000);
    expect(counted.signatures).toBe(0);
    pass?.();
    expect((await preparing).body).toContain('signature');
    expect(counted.signatures).toBe(1);
  });

  test('none is signed or given up where it is not: the start is refused, and the next one goes on', async () => {
    const checkSigning = () => Promise.reject(new Error('a byte differs'));
    const { desk, venue, counted } = await unchecked(checkSigning);
    let isOver = false;
    void Promise.resolve(venue.prepare(desk.order())).finally(() => {
      isOver = true;
    });
    await expect(venue.selfCheck?.()).rejects.toThrow('a byte differs');
    await desk.advance(1_000);
    expect({ isOver, ...counted }).toEqual({ isOver: false, signatures: 0 });
  });

  test('keys are derived when none are given', async () => {
    const desk = await openDesk({ venue: { apiKeys: undefined } });
    expect((await desk.send()).outcome.kind).toBe('acknowledged');
  });
});

describe('a start', () => {
  test.each(['GET /version', 'GET /auth/ban-status/closed-only'])(
    'asks again where the connection is lost during %s',
    async (route) => {
      const desk = await openDesk();
      desk.sandbox.faults.add({ kind: 'rejectThenTimeout', route, closeAfterMs: 10, count: 2 });
      await desk.inTime(desk.another().start());
      expect(asksAgain(desk)).toBe(2);
    },
  );

  test('gives up in the end, and says what was not answered', async () => {
    const desk = await openDesk();
    desk.sandbox.faults.add({ kind: 'error', route: 'GET /version', status: 503 });
    await expect(desk.inTime(desk.another().start())).rejects.toThrow(
      /did not answer \/version: status 503/,
    );
    expect(asksAgain(desk)).toBe(4);
  });

  test('is refused at once where the keys are', async () => {
    const desk = await openDesk();
    const apiKeys = { ...desk.account, secret: Buffer.from('another').toString('base64') };
    await expect(desk.inTime(desk.another({ apiKeys }).start())).rejects.toThrow(/status 401/);
    expect(asksAgain(desk)).toBe(0);
  });
});

describe('orders and their answers', () => {
  test('one that rests, one that is killed, one that is refused', async () => {
    const desk = await openDesk();
    expect((await desk.send()).outcome).toMatchObject({ status: 'live' });
    expect((await desk.send({ timeInForce: 'FOK' })).outcome).toMatchObject({ kind: 'killed' });
    expect((await desk.send({ timeInForce: 'FAK' })).outcome).toMatchObject({ kind: 'killed' });
    expect((await desk.send({ size: '9000' })).outcome).toMatchObject({
      ...{ kind: 'rejected', reason: expect.stringMatching(/not enough balance/) },
    });
    await desk.show(desk.instrument(), [], [['0.5', '100']]);
    expect((await desk.send({ postOnly: true })).outcome).toMatchObject({
      ...{ kind: 'rejected', reason: expect.stringMatching(/cross/) },
    });
  });

  test('a taker is matched, told, charged and settled', async () => {
    const desk = await openDesk();
    const instrument = desk.instrument();
    await desk.show(
      instrument,
      [],
      [
        ['0.4', '6'],
        ['0.5', '20'],
      ],
    );
    const { id, outcome } = await desk.send();
    expect(outcome).toMatchObject({ kind: 'acknowledged', status: 'matched' });
    await desk.advance(10_000);
    const legs = legsOf(desk, id);
    expect(legs.map(({ settlement }) => settlement)).toEqual(['matched', 'mined', 'confirmed']);
    expect(legs[0]).toMatchObject({ role: 'taker', side: 'BUY', size: '10', price: '0.44' });
    expect(await desk.venue.fetchOrder(id)).toMatchObject({ status: 'matched', sizeMatched: '10' });
    expect(await desk.venue.fetchPositions()).toEqual([
      { instrumentId: instrument.id, size: '10' },
    ]);
    const { cashUsd } = await desk.venue.fetchBalances();
    expect(cashUsd).toBe(toText(decimal('995.6').minus(legs[0]?.feeUsd ?? '0')));
  });

  test('a maker is told of every taker, as a maker', async () => {
    const desk = await openDesk();
    const instrument = desk.instrument();
    const { id } = await desk.send();
    const { tokenId } = instrument;
    await desk.sandbox.taker.take({
      tokenId,
      side: 'SELL',
      price: micros('0.5'),
      size: micros('4'),
    });
    await desk.until(() => legsOf(desk, id).length === 1);
    expect(legsOf(desk, id)[0]).toMatchObject({
      role: 'maker',
      side: 'BUY',
      price: '0.5',
      size: '4',
    });
    expect(await desk.venue.fetchOpenOrders()).toMatchObject([
      { venueOrderId: id, status: 'live', sizeMatched: '4' },
    ]);
  });

  test('a SELL goes as soon as its purchase is settled: the venue is told to look again', async () => {
    const desk = await openDesk();
    await desk.show(desk.instrument(), [], [['0.4', '10']]);
    await desk.send({ price: '0.4', timeInForce: 'FOK' });
    expect((await desk.send({ side: 'SELL', price: '0.7' })).outcome.kind).toBe('rejected');
    await desk.advance(10_000);
    expect((await desk.send({ side: 'SELL', price: '0.7' })).outcome.kind).toBe('acknowledged');
  });

  test.each([
    ['game', 'delayed'],
    ['coin', 'matched'],
  ])('a taker of the market %s, which delays, is %s', async (slug, status) => {
    const desk = await openDesk();
    const instrument = desk.instrument(slug);
    expect(instrument.takerDelayMs).toBe(slug === 'game' ? 3_000 : 250);
    await desk.show(instrument, [], [['0.5', '10']]);
    const { id, outcome } = await desk.inTime(desk.send({ instrument }));
    expect(outcome).toMatchObject({ kind: 'acknowledged', status });
    await desk.advance(4_000);
    expect(await desk.venue.fetchOrder(id)).toMatchObject({ status: 'matched', sizeMatched: '10' });
  });

  test('a market BUY spends its money and no more', async () => {
    const desk = await openDesk();
    await desk.show(
      desk.instrument(),
      [],
      [
        ['0.4', '10'],
        ['0.5', '100'],
      ],
    );
    const { id } = await desk.send({ type: 'market', amountUsd: '10', timeInForce: 'FAK' });
    await desk.until(() => legsOf(desk, id).length > 0);
    const [leg] = legsOf(desk, id);
    const spent = decimal(leg?.price ?? '1').times(leg?.size ?? '0');
    expect(toText(spent.toDecimalPlaces(4))).toBe('10');
  });

  test('orders of one moment go together, cancels too', async () => {
    const desk = await openDesk();
    const sent = await Promise.all(Array.from({ length: 5 }, () => desk.send({ price: '0.2' })));
    expect(sent.map(({ outcome }) => outcome.kind)).toEqual(Array(5).fill('acknowledged'));
    const cancelled = await Promise.all(sent.map(({ id }) => desk.venue.cancel(id, never)));
    expect(cancelled).toEqual(Array(5).fill({ kind: 'cancelled' }));
    expect(await desk.venue.fetchOpenOrders()).toEqual([]);
  });

  test('nothing is read on the way of an order', async () => {
    const desk = await openDesk();
    const fault = desk.sandbox.faults.add({ kind: 'rejectThenTimeout', route: 'reads' });
    expect((await desk.send()).outcome.kind).toBe('acknowledged');
    expect(fault.hits).toBe(0);
  });
});

describe('the end of a GTD order', () => {
  const ending = (expiresAtMs: number) => ({ timeInForce: 'GTD', expiresAtMs }) as const;
  const tooSoon = {
    ...{ code: 'invalid_value', facts: { place: 'order.expiresAtMs' } },
    message: expect.stringMatching(/at least 120 s ahead: Polymarket/),
  };

  test.each([
    { passedMs: 0, aheadMs: -START },
    { passedMs: 0, aheadMs: 119_999 },
    // The venue is told whole seconds: what is cut off here is the last half of one.
    { passedMs: 500, aheadMs: 120_499 },
  ])(
    '$aheadMs ms ahead is refused before it is signed, with what the venue needs',
    async (when) => {
      const desk = await openDesk({ deaf: true });
      await desk.advance(when.passedMs);
      const order = desk.order(ending(desk.now() + when.aheadMs));
      const { expiresAtMs: value } = order;
      await expect(desk.venue.prepare(order)).rejects.toMatchObject(tooSoon);
      await expect(desk.venue.prepare(order)).rejects.toThrow(`got ${value},`);
    },
  );

  test.each([
    { passedMs: 0, aheadMs: 120_000 },
    { passedMs: 500, aheadMs: 120_500 },
  ])('$aheadMs ms ahead is taken', async ({ passedMs, aheadMs }) => {
    const desk = await openDesk({ deaf: true });
    await desk.advance(passedMs);
    const { outcome } = await desk.send(ending(desk.now() + aheadMs));
    expect(outcome).toMatchObject({ kind: 'acknowledged', status: 'live' });
  });

  test('it is the venue’s clock that counts', async () => {
    const desk = await openDesk({ deaf: true });
    const late = desk.another({ clock: createVirtualClock(START - 60_000) });
    await late.start();
    const order = desk.order(ending(START + 100_000));
    await expect(late.prepare(order)).rejects.toMatchObject(tooSoon);
  });

  test('an order that was made in time is the same bytes later', async () => {
    const desk = await openDesk({ deaf: true });
    const order = desk.order(ending(START + 121_000));
    const made = await desk.venue.prepare(order);
    await desk.advance(5_000);
    expect(await desk.venue.prepare(order)).toEqual(made);
  });
});

describe('answers that never come', () => {
  test('an order that was taken unheard is unknown, then a duplicate, then found', async () => {
    const desk = await openDesk();
    const fault = desk.sandbox.faults.add({
      kind: 'acceptThenTimeout',
      count: 1,
      closeAfterMs: 500,
    });
    const prepared = await desk.venue.prepare(desk.order());
    const first = desk.inTime(desk.venue.submit(prepared, never));
    await expect(first).rejects.toMatchObject({ code: 'venue_unknown' });
    expect(fault.hits).toBe(1);
    expect(await desk.venue.submit(prepared, never)).toEqual({
      ...{ kind: 'acknowledged', venueOrderId: prepared.venueOrderId, status: 'live' },
    });
    expect(requests(desk)).toMatchObject({ unknown: 1, duplicated: 1 });
    expect([...desk.sandbox.exchange.orders()]).toHaveLength(1);
  });

  test('an order that was lost is unknown and absent, and the same bytes then are the first', async () => {
    const desk = await openDesk();
    desk.sandbox.faults.add({ kind: 'rejectThenTimeout', count: 1, closeAfterMs: 500 });
    const prepared = await desk.venue.prepare(desk.order());
    const first = desk.inTime(desk.venue.submit(prepared, never));
    await expect(first).rejects.toMatchObject({ code: 'venue_unknown' });
    expect(await desk.venue.fetchOrder(prepared.venueOrderId)).toBeUndefined();
    expect(await desk.venue.submit(prepared, never)).toMatchObject({ kind: 'acknowledged' });
  });

  test('another process finds what this one sent', async () => {
    const desk = await openDesk();
    const order = desk.order();
    const prepared = await desk.venue.prepare(order);
    await desk.venue.submit(prepared, never);
    const other = desk.another();
    await other.start();
    expect(await other.submit(prepared, never)).toMatchObject({
      kind: 'acknowledged',
      status: 'live',
    });
    expect(await other.fetchOrder(prepared.venueOrderId)).toMatchObject({ status: 'live' });
    expect(await other.cancel(prepared.venueOrderId, never)).toEqual({ kind: 'cancelled' });
  });

  test.each(['html', 'truncate', 'error'] as const)('%s: nobody knows', async (kind) => {
    const desk = await openDesk();
    desk.sandbox.faults.add({ kind, count: 1 });
    await expect(desk.send()).rejects.toMatchObject({ code: 'venue_unknown' });
  });

  test('a cancel that races a match is told apart from one that worked', async () => {
    const desk = await openDesk();
    const { id } = await desk.send();
    desk.sandbox.faults.add({ kind: 'cancelRace', count: 1 });
    expect(await desk.inTime(desk.venue.cancel(id, never))).toMatchObject({ kind: 'rejected' });
    await desk.until(() => legsOf(desk, id).length === 1);
    expect(await desk.venue.fetchOrder(id)).toMatchObject({ status: 'matched' });
  });
});

test('whatever goes wrong, no order is there twice and no answer contradicts the exchange', async () => {
  const kinds = [
    'acceptThenTimeout',
    'rejectThenTimeout',
    'tooManyRequests',
    'error',
    'html',
    'truncate',
  ];
  const fault = fc.record({
    kind: fc.constantFrom(...kinds),
    probability: fc.constantFrom(0.2, 0.5),
    carriedOut: fc.boolean(),
  });
  const wishes = fc.array(
    fc.record({
      price: fc.constantFrom('0.3', '0.5', '0.9'),
      timeInForce: fc.constantFrom('GTC', 'FAK', 'FOK'),
    }),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 3 }), wishes, async (faults, list) => {
      const desk = await openDesk({ deaf: true });
      await desk.show(desk.instrument(), [], [['0.5', '40']]);
      for (const { kind, probability, carriedOut } of faults) {
        const more = kind === 'error' || kind === 'html' ? { carriedOut } : {};
        const timeout = kind.endsWith('Timeout') ? { closeAfterMs: 100 } : {};
        desk.sandbox.faults.read({ kind, probability, ...more, ...timeout });
      }
      const told = new Map<string, string>();
      const sendOne = async (changes: Partial<VenueOrder>): Promise<void> => {
        const prepared = await desk.venue.prepare(desk.order(changes));
        told.set(prepared.venueOrderId, 'unknown');
        for (let tries = 0; tries < 3; tries += 1) {
          const outcome = await desk.venue.submit(prepared, never).catch(() => undefined);
          if (outcome === undefined || outcome.kind === 'notAccepted') continue;
          told.set(prepared.venueOrderId, outcome.kind);
          return;
        }
      };
      await desk.inTime(Promise.all(list.map((one) => sendOne(one as Partial<VenueOrder>))));
      const there = [...desk.sandbox.exchange.orders()].filter(
        ({ owner }) => owner === desk.account.apiKey,
      );
      expect(there.length).toBeLessThanOrEqual(told.size);
      for (const order of there) expect(told.has(order.id)).toBe(true);
      for (const [id, kind] of told) {
        const order = desk.sandbox.exchange.order(id);
        if (kind === 'acknowledged') expect(order).toBeDefined();
        if (kind === 'rejected') expect(order).toBeUndefined();
        if (kind === 'killed') expect(order?.sizeMatched ?? 0n).toBe(0n);
      }
    }),
    { numRuns: 30 },
  );
});

describe('the venue’s modes', () => {
  test('a restart is waited out without sending, then only post-only orders, then all', async () => {
    const desk = await openDesk();
    desk.sandbox.faults.add({ kind: 'restart', downForMs: 1_500, postOnlyForMs: 10_000 });
    expect((await desk.send()).outcome).toMatchObject({ kind: 'notAccepted' });
    expect(desk.venue.health().mode.mode).toBe('restarting');
    expect((await desk.send()).outcome).toMatchObject({
      kind: 'notAccepted',
      reason: 'the venue is restarting',
    });
    await desk.advance(2_000);
    expect((await desk.send()).outcome.kind).toBe('notAccepted');
    expect(desk.venue.health().mode.mode).toBe('postOnly');
    expect((await desk.send({ postOnly: true })).outcome.kind).toBe('acknowledged');
    await desk.advance(12_000);
    expect((await desk.send()).outcome.kind).toBe('acknowledged');
    expect(desk.venue.health().mode.mode).toBe('normal');
  });

  test('cancel-only: orders wait, cancels go', async () => {
    const desk = await openDesk();
    const { id } = await desk.send();
    const fault = desk.sandbox.faults.add({ kind: 'cancelOnly' });
    expect((await desk.send()).outcome.kind).toBe('notAccepted');
    expect(desk.venue.health().mode.mode).toBe('cancelOnly');
    expect(await desk.venue.cancel(id, never)).toEqual({ kind: 'cancelled' });
    fault.remove();
    await desk.advance(1_500);
    expect((await desk.send()).outcome.kind).toBe('acknowledged');
  });
});

describe('the stream', () => {
  test('legs that a lost connection did not tell are told by REST', async () => {
    const desk = await openDesk();
    const { id } = await desk.send();
    desk.sandbox.faults.add({ kind: 'dropFrame', frame: 'user.any' });
    const { tokenId } = desk.instrument();
    await desk.sandbox.taker.take({
      tokenId,
      side: 'SELL',
      price: micros('0.5'),
      size: micros('10'),
    });
    await desk.advance(1_000);
    expect(legsOf(desk, id)).toEqual([]);
    const sinceMs = desk.now() - 60_000;
    expect(await desk.venue.fetchTrades(sinceMs)).toMatchObject([
      { venueOrderId: id, role: 'maker', size: '10', settlement: 'matched' },
    ]);
    await desk.advance(10_000);
    expect(await desk.venue.fetchTrades(desk.now())).toMatchObject([{ settlement: 'confirmed' }]);
  });

  test('a channel that is frozen but answers is started anew once REST shows what it did not tell', async () => {
    const desk = await openDesk();
    const { id } = await desk.send();
    await desk.advance(6_000);
    const fault = desk.sandbox.faults.add({ kind: 'freeze', frame: 'user.any', count: 1 });
    const { tokenId } = desk.instrument();
    await desk.sandbox.taker.take({
      tokenId,
      side: 'SELL',
      price: micros('0.5'),
      size: micros('10'),
    });
    await desk.advance(31_000);
    expect(fault.hits).toBe(1);
    expect(legsOf(desk, id)).toEqual([]);
    await desk.venue.fetchTrades(desk.now() - 60_000);
    expect(desk.venue.health().missedByChannel).toBe(1);
    await desk.until(() => desk.events.at(-1)?.type === 'connection');
    expect(desk.events.at(-1)).toMatchObject({ state: 'down' });
    await desk.passUntil(() => desk.venue.health().connected);
  });

  test('a failed settlement is told by both ways', async () => {
    const desk = await openDesk();
    desk.sandbox.faults.add({ kind: 'settlement', fate: 'FAILED' });
    await desk.show(desk.instrument(), [], [['0.5', '10']]);
    const { id } = await desk.send();
    await desk.advance(20_000);
    expect(legsOf(desk, id).at(-1)).toMatchObject({ settlement: 'failed' });
    expect(await desk.venue.fetchTrades(0)).toMatchObject([{ settlement: 'failed' }]);
    expect(await desk.venue.fetchBalances()).toEqual({ cashUsd: '1000' });
  });
});

describe('all orders at once', () => {
  test('the kill switch is proven by listing', async () => {
    const desk = await openDesk();
    const sent = await Promise.all(
      ['plain', 'fine', 'second-generation'].map((slug) =>
        desk.send({ instrument: desk.instrument(slug), price: '0.2' }),
      ),
    );
    const { conditionId: marketId } = desk.market('fine');
    expect(await desk.venue.cancelMarket({ marketId })).toEqual({
      ...{ cancelled: [sent[1]?.id], remaining: [] },
    });
    const all = await desk.venue.cancelAll();
    expect([...all.cancelled].sort()).toEqual([sent[0]?.id, sent[2]?.id].sort());
    expect(all.remaining).toEqual([]);
    expect(await desk.venue.fetchOpenOrders()).toEqual([]);
  });

  test('the dead-man switch cancels them when we fall silent', async () => {
    const desk = await openDesk({ venue: { heartbeat: true } });
    const { id } = await desk.send();
    await desk.advance(20_000);
    expect(desk.venue.health().heartbeat).toMatchObject({ state: 'beating', failed: 0 });
    expect(await desk.venue.fetchOrder(id)).toMatchObject({ status: 'live' });
    desk.sandbox.faults.add({ kind: 'error', route: 'heartbeats', forMs: 17_000 });
    await desk.advance(16_000);
    expect(desk.venue.health()).toMatchObject({ heartbeat: { state: 'late' }, connected: false });
    expect(await desk.venue.fetchOrder(id)).toMatchObject({ status: 'cancelled' });
    const states = () =>
      desk.events.flatMap((event) => (event.type === 'connection' ? event.state : []));
    await desk.passUntil(() => states().length === 3);
    expect(states()).toEqual(['up', 'down', 'up']);
    expect(desk.venue.health()).toMatchObject({ heartbeat: { state: 'beating' }, connected: true });
  });
});

describe('rules that change', () => {
  test('a tick size that changed is known after the first refusal', async () => {
    const desk = await openDesk();
    const instrument = desk.instrument();
    desk.sandbox.exchange.setTickSize(desk.market('plain').conditionId, '0.1');
    expect((await desk.send({ price: '0.55' })).outcome).toMatchObject({
      ...{ kind: 'rejected', reason: expect.stringMatching(/tick/) },
    });
    expect(desk.venue.instrument(instrument.id)?.tickSize).toBe('0.1');
    expect((await desk.send({ price: '0.5' })).outcome.kind).toBe('acknowledged');
  });

  test.each([
    ['BUY', '0.55', '0.5'],
    ['SELL', '0.55', '0.6'],
  ] as const)(
    'a %s at %s that was on the grid goes at %s on a coarser one',
    async (side, price, to) => {
      const desk = await openDesk();
      const instrument = desk.instrument();
      desk.venue.onTickSize(instrument.tokenId, '0.1');
      const { body } = await desk.venue.prepare(desk.order({ instrument, side, price }));
      const { makerAmount, takerAmount } = JSON.parse(body).order;
      const [dollars, shares] =
        side === 'BUY' ? [makerAmount, takerAmount] : [takerAmount, makerAmount];
      expect(decimal(dollars).div(shares).toFixed()).toBe(to);
    },
  );

  test('a BUY below the lowest price of a coarser grid is refused, not made dearer', async () => {
    const desk = await openDesk();
    const instrument = desk.instrument();
    desk.venue.onTickSize(instrument.tokenId, '0.1');
    const order = desk.order({ instrument, price: '0.04' });
    await expect(desk.venue.prepare(order)).rejects.toThrow(/price/);
  });

  test('an instrument that is not ours cannot be ordered', async () => {
    const desk = await openDesk();
    const elsewhere = { ...desk.instrument(), tokenId: '12' };
    const order = desk.order({ instrument: elsewhere });
    await expect(desk.venue.prepare(order)).rejects.toMatchObject({ code: 'unknown_instrument' });
  });

  test('nothing secret is in the log, in health or in a fault', async () => {
    const desk = await openDesk();
    desk.sandbox.faults.add({ kind: 'html', count: 1 });
    const failed: unknown = await desk.send().catch((fault: unknown) => fault);
    const text = [...desk.log, JSON.stringify(desk.venue.health()), String(failed)].join('\n');
    const { privateKey = 'x', secret, passphrase } = desk.account;
    for (const one of [privateKey, privateKey.slice(2), secret, passphrase]) {
      expect(text).not.toContain(one);
    }
  });
});

describe('a start that cannot succeed says why', () => {
  test.each([
    [
      'a wrong key',
      {
        apiKeys: {
          apiKey: 'f4f247b7-4ac7-ff29-a152-04fda0a8755a',
          secret: 'aGk=',
          passphrase: 'x',
        },
      },
      /401/,
    ],
    [
      'nobody there',
      { urls: { rest: 'http://127.0.0.1:1', gamma: 'http://127.0.0.1:1' } },
      /ECONNREFUSED/,
    ],
  ])('%s', async (_rule, options, reason) => {
    const desk = await openDesk({ deaf: true });
    await expect(desk.inTime(desk.another(options).start())).rejects.toThrow(reason);
  });
});
