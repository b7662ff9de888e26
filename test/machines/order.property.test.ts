/** Whatever order reports come in, however often, and told again after a loss: one end. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, toText, ZERO } from '../../src/domain/decimal.ts';
import type { LegReport, Settlement } from '../../src/domain/fill-leg.ts';
import type { OrderContext } from '../../src/machines/order.context.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { type OrderUnderTest, orderIn } from '../support/order-actor.ts';
import { AT_MS, leg, orderContext, reported } from '../support/orders.ts';
import { ORDER_KINDS } from './order.fixture.ts';

const atMs = AT_MS + 1;

/** What a venue may say of one leg until it is final, or so far. */
const SETTLEMENT_PATHS: readonly (readonly Settlement[])[] = [
  ['matched'],
  ['matched', 'mined'],
  ['matched', 'mined', 'confirmed'],
  ['matched', 'retrying', 'mined', 'confirmed'],
  ['matched', 'retrying', 'failed'],
  ['matched', 'failed'],
  ['matched', 'mined', 'retrying', 'failed', 'confirmed'],
];

const legs = fc
  .array(
    fc.record({
      size: fc
        .integer({ min: 1, max: 600 })
        .map((cents) => toText(decimal(String(cents)).div(100))),
      path: fc.constantFrom(...SETTLEMENT_PATHS),
      role: fc.constantFrom('maker' as const, 'taker' as const),
    }),
    { minLength: 0, maxLength: 5 },
  )
  .map((drawn) =>
    drawn.flatMap(({ size, path, role }, index) =>
      path.map((settlement) => leg({ tradeId: `t${index}`, size, settlement, role })),
    ),
  );

const cancelAcknowledged: OrderEvent = { type: 'venue.cancelAcknowledged', atMs };

/** How the venue says that it ended the order, if it does: often in two ways, and with a figure. */
const ends = fc.constantFrom<OrderEvent[][]>(
  [],
  [cancelAcknowledged],
  [reported('cancelled', '6')],
  [cancelAcknowledged, reported('cancelled', '6')],
  [reported('expired', '3')],
  [reported('matched', '10')],
);

const answers = fc
  .tuple(
    fc.subarray<OrderEvent>([
      { type: 'venue.orderAcknowledged', venueOrderId: '0xv1', status: 'live', atMs },
      { type: 'venue.cancelRejected', reason: 'no', atMs },
      reported('live', '2'),
      reported('live'),
    ]),
    ends,
  )
  .map(([told, end]) => [...told, ...end]);

function toEvent(report: LegReport): OrderEvent {
  return { type: 'venue.legReported', leg: report, atMs };
}

/** A shuffle with repeats: each event comes one to three times, in any order. */
function anyOrder(events: readonly OrderEvent[]): fc.Arbitrary<OrderEvent[]> {
  return fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: events.length, maxLength: events.length })
    .chain((times) => {
      const many = events.flatMap((event, index) => Array(times[index] ?? 1).fill(event));
      return fc.shuffledSubarray(many, { minLength: many.length, maxLength: many.length });
    });
}

function run(events: readonly OrderEvent[], kind: Partial<OrderContext> = {}): OrderUnderTest {
  const order = orderIn('submitting', orderContext({ ...kind, venueOrderId: '0xv1' }));
  order.send({ type: 'order.cancel', reason: 'asked', atMs });
  for (const event of events) order.send(event);
  return order;
}

/** The end of an order without what only tells of the way there. */
function endOf(order: OrderUnderTest) {
  const context = order.context();
  return {
    execution: order.execution(),
    settlement: order.settlement(),
    legs: [...context.legs].sort((a, b) => (a.key < b.key ? -1 : 1)),
    matchedSize: context.matchedSize,
    filledSize: context.filledSize,
    filledUsd: context.filledUsd,
    feesUsd: context.feesUsd,
    reportedSize: context.reportedSize,
    reservedUsd: context.reservedUsd,
    reservedShares: context.reservedShares,
  };
}

/** What the supervisor has booked: applied less voided, by leg. */
function booked(changes: OrderUnderTest['changes']) {
  const sizes = new Map<string, string>();
  for (const { effect, leg: changed } of changes.flatMap((step) => step.legs)) {
    if (effect === 'applied') {
      expect(sizes.has(changed.key)).toBe(false);
      sizes.set(changed.key, changed.size);
    }
    if (effect === 'voided') expect(sizes.delete(changed.key)).toBe(true);
  }
  return sizes;
}

describe.each(ORDER_KINDS)('%s', (_name, kind) => {
  test('ends the same in whatever order and however often its reports come', () => {
    const cases = fc.tuple(legs, answers).chain(([reports, told]) => {
      const events = [...reports.map(toEvent), ...told];
      return fc.tuple(anyOrder(events), anyOrder(events));
    });
    fc.assert(
      fc.property(cases, ([one, other]) => {
        expect(endOf(run(one, kind))).toEqual(endOf(run(other, kind)));
      }),
      { numRuns: 700 },
    );
  });

  test('ends the same when any part is lost and everything is told again', () => {
    const cases = fc.tuple(legs, answers).chain(([reports, told]) => {
      const events = [...reports.map(toEvent), ...told];
      return fc.tuple(fc.constant(events), anyOrder(events), fc.subarray(events));
    });
    fc.assert(
      fc.property(cases, ([events, shuffled, heard]) => {
        const afterLoss = run([...heard, ...shuffled], kind);
        expect(endOf(afterLoss)).toEqual(endOf(run(events, kind)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('an order', () => {
  test('reports each leg to the books once, and takes back exactly what failed', () => {
    fc.assert(
      fc.property(
        legs.chain((reports) => anyOrder(reports.map(toEvent))),
        (events) => {
          const order = run(events);
          const { legs: kept, filledSize } = order.context();
          const alive = kept.filter((known) => known.settlement !== 'failed');
          const sizes = booked(order.changes);
          expect([...sizes.keys()].sort()).toEqual(alive.map((known) => known.key).sort());
          const sum = alive.reduce((total, known) => total.plus(known.size), ZERO);
          expect(filledSize).toBe(toText(sum));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('reports every change of its reservation, so that the sum is what it holds', () => {
    const cases = fc
      .tuple(legs, answers)
      .chain(([reports, told]) => anyOrder([...reports.map(toEvent), ...told]));
    fc.assert(
      fc.property(cases, (events) => {
        const order = run(events);
        const sum = order.changes.reduce(
          (total, step) => total.plus(step.reservedUsdChange),
          decimal('5.125'),
        );
        expect(toText(sum)).toBe(order.context().reservedUsd);
      }),
      { numRuns: 1_000 },
    );
  });
});
