/** What is held and promised, kept up with every step: the same as counted anew from all actors. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { createExposures, type Exposures } from '../../src/actors/exposures.ts';
import { decimal, toText } from '../../src/domain/decimal.ts';
import { compare, notBelowZero, plus } from '../../src/domain/exact.ts';
import type { Settlement } from '../../src/domain/fill-leg.ts';
import {
  type Instrument,
  instrumentId,
  type Outcome,
  type Side,
} from '../../src/domain/instrument.ts';
import type { Intent } from '../../src/domain/intent.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { missesLegs } from '../../src/machines/order.reducers.ts';
import { isExecutionOver } from '../../src/machines/order.status.ts';
import { positionMachine } from '../../src/machines/position.machine.ts';
import { type TestDesk, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { type OrderUnderTest, orderIn } from '../support/order-actor.ts';
import { AT_MS, intent, leg, noRain, orderContext, rain, reported } from '../support/orders.ts';

const atMs = AT_MS + 1;

/** Two markets of one event, and one of none. */
const INSTRUMENTS: readonly Instrument[] = ['rain', 'snow', 'alone'].flatMap((marketId) =>
  (['YES', 'NO'] as const).map((outcome): Instrument => {
    const event = marketId === 'alone' ? {} : { eventId: 'weather' };
    return { ...rain, ...event, id: instrumentId('paper', marketId, outcome), marketId, outcome };
  }),
);
const STRATEGIES = ['a', 'b'];
const PRICES = ['0.3', '0.45', '0.5', '0.55', '0.7'];
const SIDES: readonly Side[] = ['BUY', 'SELL'];

interface Draft {
  readonly instrument: number;
  readonly strategy: string;
  readonly side: Side;
  readonly price: string;
}

const drafts = fc.record<Draft>({
  instrument: fc.nat({ max: INSTRUMENTS.length - 1 }),
  strategy: fc.constantFrom(...STRATEGIES),
  side: fc.constantFrom(...SIDES),
  price: fc.constantFrom(...PRICES),
});

function instrumentOf(index: number): Instrument {
  return INSTRUMENTS[index] ?? rain;
}

function intentOf({ instrument, strategy, side, price }: Draft): Intent {
  return intent({ instrumentId: instrumentOf(instrument).id, strategy, side, price });
}

function orderOf(name: string, draft: Draft): OrderUnderTest {
  const isBuy = draft.side === 'BUY';
  return orderIn(
    'recording',
    orderContext({
      ...{ clientOrderId: name, intent: intentOf(draft) },
      ...{ instrument: instrumentOf(draft.instrument), reserveRate: isBuy ? draft.price : '1' },
      reservedUsd: isBuy ? toText(decimal(draft.price).times(10)) : '0',
      reservedShares: isBuy ? '0' : '10',
    }),
  );
}

function legOf(tradeId: string, settlement: Settlement): OrderEvent {
  return { type: 'venue.legReported', leg: leg({ tradeId, size: '4', settlement }), atMs };
}

const events = fc.constantFrom<OrderEvent>(
  { type: 'order.prepared', venueOrderId: '0xv1', atMs },
  { type: 'order.prepared', venueOrderId: '0xv1', atMs },
  { type: 'venue.orderAcknowledged', venueOrderId: '0xv1', status: 'live', atMs },
  { type: 'venue.orderAcknowledged', venueOrderId: '0xv1', status: 'live', atMs },
  { type: 'venue.orderRejected', reason: 'no', atMs },
  { type: 'venue.orderKilled', reason: 'nothing there', atMs },
  { type: 'venue.outcomeUnknown', reason: 'silence', retryAtMs: atMs, atMs },
  { type: 'order.denied', reason: 'no', atMs },
  { type: 'order.cancel', reason: 'asked for', atMs },
  { type: 'venue.cancelAcknowledged', atMs },
  reported('cancelled', '4'),
  reported('matched', '10'),
  reported('live'),
  reported('expired'),
  legOf('t1', 'matched'),
  legOf('t1', 'failed'),
  legOf('t2', 'confirmed'),
  legOf('t3', 'matched'),
);

function anyPosition(instrument: Instrument) {
  return createActor(positionMachine, {
    input: {
      ...{ accountId: 'main', instrumentId: instrument.id, marketId: instrument.marketId },
      ...{ eventId: instrument.eventId ?? null, atMs: AT_MS },
    },
  }).start();
}

function world() {
  const exposures = createExposures();
  const orders = new Map<string, { readonly draft: Draft; readonly actor: OrderUnderTest }>();
  const positions = INSTRUMENTS.map(anyPosition);
  let legs = 0;

  function tell(name: string, actor: OrderUnderTest): void {
    exposures.order(name, actor.actor.getSnapshot());
  }

  return {
    exposures,
    orders,
    positions,
    make(draft: Draft): void {
      // Not in the order of their names: a restart may bring them in any.
      const name = `ord_${(orders.size * 7) % 10}${orders.size}`;
      const actor = orderOf(name, draft);
      orders.set(name, { draft, actor });
      tell(name, actor);
    },
    step(index: number, event: OrderEvent): void {
      const [name, order] = [...orders][index % Math.max(1, orders.size)] ?? [];
      if (name === undefined || order === undefined) return;
      order.actor.send(event);
      tell(name, order.actor);
    },
    trade(instrument: number, side: Side, price: string): void {
      legs += 1;
      const made = { key: `l${legs}`, clientOrderId: 'ord', side, price, size: '3', feeUsd: '0' };
      positions[instrument]?.send({
        type: 'position.legApplied',
        leg: { ...made, matchedAtMs: AT_MS + legs, settled: false },
        reservedSharesChange: '0',
        atMs,
      });
      const snapshot = positions[instrument]?.getSnapshot();
      if (snapshot !== undefined) exposures.position(instrumentOf(instrument).id, snapshot);
    },
  };
}

type World = ReturnType<typeof world>;

/** Counted anew from every actor. */
function recount({ orders, positions }: World): Pick<Exposures, 'of' | 'own' | 'pending'> {
  const held: { instrument: Instrument; usd: string }[] = [];
  for (const { draft, actor } of orders.values()) {
    held.push({ instrument: instrumentOf(draft.instrument), usd: actor.context().reservedUsd });
  }
  for (const [index, position] of positions.entries()) {
    const usd = notBelowZero(position.getSnapshot().context.fold.totals.costBasis);
    held.push({ instrument: instrumentOf(index), usd });
  }
  const sumOf = (isOf: (instrument: Instrument) => boolean) =>
    held.filter(({ instrument }) => isOf(instrument)).reduce((sum, one) => plus(sum, one.usd), '0');
  const sorted = [...orders].sort(([a], [b]) => (a < b ? -1 : 1));
  const alive = sorted.filter(([, { actor }]) => !isExecutionOver(actor.execution()));
  const awaited = sorted.filter(([, { actor }]) => {
    const { reservedUsd, reservedShares } = actor.context();
    // What was denied was never sent: only where the venue spoke of it before that, something is held.
    if (actor.execution() === 'denied') return reservedUsd !== '0' || reservedShares !== '0';
    return missesLegs(actor.context());
  });
  const firstOf = (isIt: (draft: Draft) => boolean, among = alive) =>
    among.find(([, { draft }]) => isIt(draft))?.[0] ?? null;
  return {
    of: ({ marketId, eventId }) => ({
      marketUsd: sumOf((one) => one.marketId === marketId),
      eventUsd: eventId === undefined ? null : sumOf((one) => one.eventId === eventId),
      totalUsd: sumOf(() => true),
    }),
    pending: ({ strategy, instrumentId: id, side }) =>
      firstOf(
        (draft) =>
          draft.strategy === strategy &&
          draft.side === side &&
          instrumentOf(draft.instrument).id === id,
        sorted.filter((one) => alive.includes(one) || awaited.includes(one)),
      ),
    own: ({ price }, { marketId, outcome }) =>
      firstOf((draft) => {
        const other = instrumentOf(draft.instrument);
        if (other.marketId !== marketId) return false;
        if (other.outcome === outcome) {
          return draft.side === 'SELL' && compare(draft.price, price) <= 0;
        }
        return draft.side === 'BUY' && compare(plus(draft.price, price), '1') >= 0;
      }),
  };
}

const QUESTIONS: readonly Draft[] = INSTRUMENTS.flatMap((_, instrument) =>
  STRATEGIES.flatMap((strategy) =>
    SIDES.flatMap((side) => PRICES.map((price) => ({ instrument, strategy, side, price }))),
  ),
);

function answers(of: Pick<Exposures, 'of' | 'own' | 'pending'>) {
  return QUESTIONS.map((draft) => {
    const [asked, instrument] = [intentOf(draft), instrumentOf(draft.instrument)];
    const { id } = instrument;
    const said = { held: of.of(instrument), pending: of.pending(asked) };
    return { id, ...draft, ...said, own: of.own(asked, instrument) };
  });
}

type Step = (world: World) => void;
const steps: fc.Arbitrary<Step> = fc.oneof(
  drafts.map(
    (draft): Step =>
      (now) =>
        now.make(draft),
  ),
  fc.tuple(fc.nat({ max: 9 }), events).map(
    ([index, event]): Step =>
      (now) =>
        now.step(index, event),
  ),
  fc
    .tuple(
      fc.nat({ max: INSTRUMENTS.length - 1 }),
      fc.constantFrom(...SIDES),
      fc.constantFrom(...PRICES),
    )
    .map(
      ([instrument, side, price]): Step =>
        (now) =>
          now.trade(instrument, side, price),
    ),
);

test('after any steps it is what a count of all actors gives', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 40 }), (list) => {
      const now = world();
      for (const step of list) step(now);
      expect(answers(now.exposures)).toEqual(answers(recount(now)));
    }),
    { numRuns: 150 },
  );
});

test('nothing is left when all is over', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 25 }), (list) => {
      const now = world();
      for (const step of list) step(now);
      for (let index = 0; index < now.orders.size; index += 1) {
        // What the venue told of and we have no legs for is promised until they come.
        for (const tradeId of ['t1', 't2', 't3', 't4']) now.step(index, legOf(tradeId, 'failed'));
        for (const event of [
          { type: 'order.prepared', venueOrderId: '0xv1', atMs },
          { type: 'venue.orderRejected', reason: 'no', atMs },
          reported('cancelled'),
        ] as const) {
          now.step(index, event);
        }
      }
      for (const [index, position] of now.positions.entries()) {
        const size = () => position.getSnapshot().context.fold.totals.size;
        while (size() !== '0') now.trade(index, size().startsWith('-') ? 'BUY' : 'SELL', '0.5');
      }
      for (const { held, pending, own } of answers(now.exposures)) {
        expect({ pending, own, total: held.totalUsd, market: held.marketUsd }).toEqual({
          ...{ pending: null, own: null, total: '0', market: '0' },
        });
        expect(held.eventUsd ?? '0').toBe('0');
      }
    }),
    { numRuns: 60 },
  );
});

describe('an order of our own that a BUY would meet', () => {
  const outcomes = (outcome: Outcome) => INSTRUMENTS.findIndex((one) => one.outcome === outcome);
  const [yes, no] = [outcomes('YES'), outcomes('NO')];

  test.each([
    ['a SELL of the same outcome at its price', yes, 'SELL', '0.5', true],
    ['a SELL of the same outcome below it', yes, 'SELL', '0.45', true],
    ['a SELL of the same outcome above it', yes, 'SELL', '0.55', false],
    ['a BUY of the same outcome', yes, 'BUY', '0.7', false],
    ['a BUY of the other outcome where both pay a dollar', no, 'BUY', '0.5', true],
    ['a BUY of the other outcome where both pay more', no, 'BUY', '0.55', true],
    ['a BUY of the other outcome where both pay less', no, 'BUY', '0.45', false],
    ['a SELL of the other outcome', no, 'SELL', '0.3', false],
  ] as const)('%s', (_name, instrument, side, price, meets) => {
    const now = world();
    now.make({ instrument, strategy: 'b', side, price });
    const asked = intentOf({ instrument: yes, strategy: 'a', side: 'BUY', price: '0.5' });
    expect(now.exposures.own(asked, instrumentOf(yes)) !== null).toBe(meets);
  });

  test('one of another market is none', () => {
    const now = world();
    now.make({ instrument: yes + 2, strategy: 'a', side: 'SELL', price: '0.3' });
    const asked = intentOf({ instrument: yes, strategy: 'a', side: 'BUY', price: '0.7' });
    expect(now.exposures.own(asked, instrumentOf(yes))).toBeNull();
  });
});

test('a position that a void has left short makes no room for others', () => {
  const now = world();
  now.trade(0, 'SELL', '0.5');
  now.trade(2, 'BUY', '0.5');
  expect(now.exposures.of(instrumentOf(2))).toEqual({
    ...{ marketUsd: '1.5', eventUsd: '1.5', totalUsd: '1.5' },
  });
});

describe('after a restart', () => {
  const floor = useFloor();
  function seen({ trading }: TestDesk) {
    const { exposures } = trading.execution.registry;
    const asked = (over: object) => intent({ strategy: 'manual', ...over });
    return {
      held: exposures.of(rain),
      buys: exposures.pending(asked({})),
      sells: exposures.pending(asked({ side: 'SELL' })),
      meetsSell: exposures.own(asked({ price: '0.7' }), rain),
      meetsBuy: exposures.own(asked({ price: '0.6', instrumentId: noRain.id }), noRain),
    };
  }

  async function trade(desk: TestDesk): Promise<{ first: string; sold: string }> {
    const bought = await place(desk);
    const legs = { venueOrderId: `0x${bought}`, settlement: 'confirmed' } as const;
    floor.venue.fill({ ...legs, tradeId: 't1', size: '10' });
    await untilState(desk.trading, bought, 'matched');
    const first = await place(desk, { price: '0.4' });
    await place(desk, { price: '0.4' });
    const sold = await place(desk, { side: 'SELL', price: '0.6', size: '5' });
    const cancelled = await place(desk, { side: 'SELL', price: '0.5', size: '5' });
    await desk.trading.cancel(cancelled);
    await untilState(desk.trading, cancelled, 'cancelled');
    // 10 held at 0.5, and two BUYs of 10 at 0.4 with the worst fee of 0.012 a share.
    expect(seen(desk)).toEqual({
      held: { marketUsd: '13.24', eventUsd: null, totalUsd: '13.24' },
      ...{ buys: first, sells: sold, meetsSell: sold, meetsBuy: first },
    });
    return { first, sold };
  }

  test('from snapshots it is the same', async () => {
    const desk = await floor.start();
    await trade(desk);
    const before = seen(desk);
    await desk.stop();
    expect(seen(await floor.start())).toEqual(before);
  });

  test('from the log alone it is the same', async () => {
    const desk = await floor.start();
    await trade(desk);
    const before = seen(desk);
    await desk.crash();
    expect(seen(await floor.start())).toEqual(before);
  });

  test('what ends after it leaves nothing', async () => {
    const desk = await floor.start();
    const { first, sold } = await trade(desk);
    await desk.crash();
    const again = await floor.start();
    await again.trading.cancelAll();
    for (const orderId of [first, sold]) await untilState(again.trading, orderId, 'cancelled');
    expect(seen(again)).toEqual({
      held: { marketUsd: '5', eventUsd: null, totalUsd: '5' },
      ...{ buys: null, sells: null, meetsSell: null, meetsBuy: null },
    });
  });
});
