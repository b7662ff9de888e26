/** A leg that failed is undone exactly: the books are those of a world in which it never was. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFacts } from '../../src/actors/facts.ts';
import { createIdentities } from '../../src/actors/identities.ts';
import { createPublisher } from '../../src/actors/publisher.ts';
import { axes } from '../../src/actors/rows.ts';
import { unsettledIn } from '../../src/actors/settlement-watch.ts';
import { createSystem, type System } from '../../src/actors/system.ts';
import { minus, plus } from '../../src/domain/exact.ts';
import {
  isFinalSettlement,
  joinSettlement,
  type LegReport,
  type Settlement,
} from '../../src/domain/fill-leg.ts';
import { reservation } from '../../src/domain/reservation.ts';
import { accountMachine } from '../../src/machines/account.machine.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { isExecutionOver } from '../../src/machines/order.status.ts';
import { positionMachine } from '../../src/machines/position.machine.ts';
import type { EngineInput } from '../../src/machines/system.machine.ts';
import { venueMachine } from '../../src/machines/venue.machine.ts';
import { AT_MS, intent, leg, rain } from '../support/orders.ts';

const SETTLEMENTS: readonly Settlement[] = ['matched', 'retrying', 'mined', 'failed', 'confirmed'];
/** Three BUY orders at their own prices and one SELL, with three legs each. */
const ORDERS = [
  { id: 'b1', side: 'BUY', price: '0.5' },
  { id: 'b2', side: 'BUY', price: '0.37' },
  { id: 'b3', side: 'BUY', price: '0.61' },
  { id: 's1', side: 'SELL', price: '0.55' },
] as const;
const SIZES = ['3', '2.5', '4'] as const;

interface Told {
  readonly order: number;
  readonly leg: number;
  readonly settlement: Settlement;
}

/** Any reports in any order, as often as one likes, over orders that also get cancelled. */
const reports: fc.Arbitrary<Told[]> = fc.array(
  fc.record({
    order: fc.nat({ max: ORDERS.length - 1 }),
    leg: fc.nat({ max: SIZES.length - 1 }),
    settlement: fc.constantFrom(...SETTLEMENTS),
  }),
  { maxLength: 30 },
);

interface World {
  readonly system: System;
  tell(input: EngineInput): void;
}

function open(): World {
  const system = createSystem({
    logics: {
      account: accountMachine,
      venue: venueMachine,
      order: orderMachine,
      position: positionMachine,
      exit: exitMachine,
    },
    facts: createFacts(() => undefined),
    publisher: createPublisher(() => undefined),
    onFault: ({ error }) => {
      throw error;
    },
  });
  const identities = createIdentities(system.registry, []);
  let seq = 0;
  const tell = (input: EngineInput) => {
    seq += 1;
    system.turn(seq, input);
    identities.check(seq);
  };
  const atMs = AT_MS;
  tell({
    type: 'engine.opened',
    accountId: 'main',
    venue: 'paper',
    minimumReserveUsd: '0',
    maxOpenOrders: 100,
    atMs,
  });
  tell({ type: 'account.deposited', depositId: 'd', amountUsd: '1000', atMs });
  tell({ type: 'venue.connected', venue: 'paper', atMs });
  tell({ type: 'venue.caughtUp', venue: 'paper', atMs });
  // Settled shares to sell from.
  place('stock', 'BUY', '0.4', '50');
  tell({ ...reportOf('stock', legOf('stock', 'BUY', 0, AT_MS, '0.4', '50', 'confirmed')) });
  for (const { id, side, price } of ORDERS) place(id, side, price, '10');
  return { system, tell };

  function place(id: string, side: 'BUY' | 'SELL', price: string, size: string): void {
    tell({
      type: 'intent.submitted',
      intent: intent({ key: id, side, price, size }),
      clientOrderId: id,
      instrument: rain,
      atMs,
    });
    tell({ type: 'order.prepared', clientOrderId: id, venueOrderId: `0x${id}`, atMs });
    const answer = { venueOrderId: `0x${id}`, status: 'live' } as const;
    tell({ type: 'venue.orderAcknowledged', clientOrderId: id, ...answer, atMs });
  }
}

function legOf(
  id: string,
  side: 'BUY' | 'SELL',
  number: number,
  matchedAtMs: number,
  price: string,
  size: string,
  settlement: Settlement,
): LegReport {
  const tradeId = `${id}-${number}`;
  return leg({
    ...{ tradeId, venueOrderId: `0x${id}`, role: 'taker', side },
    ...{ price, size, settlement, matchedAtMs },
  });
}

function reportOf(id: string, report: LegReport): EngineInput {
  return { type: 'venue.legReported', clientOrderId: id, leg: report, atMs: AT_MS };
}

/** Legs are first told of in the order of their match: averages go by that order, and are exact then. */
function inOrder(told: readonly Told[]): readonly (readonly [string, LegReport])[] {
  const matched = new Map<string, number>();
  return told.map(({ order, leg: number, settlement }) => {
    const { id, side, price } = ORDERS[order] ?? ORDERS[0];
    const name = `${id}-${number}`;
    if (!matched.has(name)) matched.set(name, AT_MS + 1 + matched.size);
    const atMs = matched.get(name) ?? AT_MS;
    return [id, legOf(id, side, number, atMs, price, SIZES[number] ?? '1', settlement)];
  });
}

function booksOf({ system }: World) {
  const { registry } = system;
  const { cashUsd, feesUsd } = registry.snapshot(registry.account()).context;
  const position = registry.positions.get(rain.id);
  if (position === undefined) throw new Error('There is no position.');
  const { fold } = registry.snapshot(position).context;
  return { cashUsd, feesUsd, totals: fold.totals };
}

test('after any reports the books are those without the legs that failed', () => {
  fc.assert(
    fc.property(reports, (told) => {
      const world = open();
      const ends = new Map<string, Settlement>();
      const all = inOrder(told);
      for (const [id, report] of all) {
        world.tell(reportOf(id, report));
        const known = ends.get(report.tradeId) ?? report.settlement;
        ends.set(report.tradeId, joinSettlement(known, report.settlement));
      }
      const twin = open();
      for (const [id, report] of all) {
        if (ends.get(report.tradeId) !== 'failed') twin.tell(reportOf(id, report));
      }
      expect(booksOf(world)).toEqual(booksOf(twin));
      checkReservations(world);
      const unsettled = unsettledIn(world.system.registry, AT_MS);
      const expected = [...ends.values()].filter((end) => !isFinalSettlement(end));
      expect(unsettled.length).toBe(expected.length);
    }),
    { numRuns: 100 },
  );
});

/** A void gives back money, not the order's size: what was matched is not open any more. */
function checkReservations({ system }: World): void {
  const { registry } = system;
  let usd = '0';
  let shares = '0';
  for (const entry of registry.orders.values()) {
    const order = registry.snapshot(entry);
    const { intent: asked, legs, reserveRate } = order.context;
    if (isExecutionOver(axes(order).execution)) continue;
    const matched = legs.reduce((sum, { size }) => plus(sum, size), '0');
    const left = minus(asked.size ?? '0', matched);
    if (asked.side === 'SELL') shares = plus(shares, left);
    else usd = plus(usd, reservation(left, reserveRate));
  }
  const position = registry.positions.get(rain.id);
  if (position === undefined) throw new Error('There is no position.');
  expect(registry.snapshot(position).context.reservedShares).toBe(shares);
  const { reservedUsd } = registry.snapshot(registry.account()).context;
  expect(reservedUsd).toBe(usd);
}
