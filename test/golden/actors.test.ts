/**
 * Every row that a released version wrote is restored by this one: complete, in the same state, with
 * the same money, its effects running, and taking the next event like any other.
 */
import { describe, expect, test } from 'vitest';
import { decodeSnapshot, VERSIONS } from '../../src/actors/codec.ts';
import { createFacts } from '../../src/actors/facts.ts';
import { createPublisher } from '../../src/actors/publisher.ts';
import type { Entry } from '../../src/actors/registry.ts';
import { createLoader, restoreSystem } from '../../src/actors/restore.ts';
import { axes } from '../../src/actors/rows.ts';
import type { ActorKind, ActorRow } from '../../src/actors/store-port.ts';
import type { System } from '../../src/actors/system.ts';
import { plus } from '../../src/domain/exact.ts';
import { accountMachine } from '../../src/machines/account.machine.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { initialOrder, type OrderContext } from '../../src/machines/order.context.ts';
import type { OrderEvent } from '../../src/machines/order.events.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { EXECUTION_STATES, executionState } from '../../src/machines/order.status.ts';
import { positionMachine } from '../../src/machines/position.machine.ts';
import { systemMachine } from '../../src/machines/system.machine.ts';
import { venueMachine } from '../../src/machines/venue.machine.ts';
import { AT_MS, intent, leg, rain } from '../support/orders.ts';
import { goldenActors, RELEASES } from './releases.ts';

function restoreAll(rows: readonly ActorRow[]): System {
  const { system, errors } = restoreSystem(
    {
      logics: {
        account: accountMachine,
        venue: venueMachine,
        order: orderMachine,
        position: positionMachine,
        exit: exitMachine,
      },
      facts: createFacts(() => undefined),
      publisher: createPublisher(() => undefined),
      onFault: ({ actorId, event, error }) => {
        throw new Error(`${actorId} threw on ${event}.`, { cause: error });
      },
    },
    rows.find(({ kind }) => kind === 'system'),
  );
  expect(errors).toEqual([]);
  const loader = createLoader({ actor: async () => undefined }, system.registry);
  for (const row of rows) loader.fromRow(row);
  return system;
}

/** The fields of a context that this version makes. */
const FRESH_FIELDS: Readonly<Record<ActorKind, readonly string[]>> = {
  system: Object.keys(systemMachine.config.context as object),
  account: contextFields(accountMachine, { accountId: 'main', minimumReserveUsd: '0', atMs: 0 }),
  venue: contextFields(venueMachine, { venue: 'paper', atMs: 0 }),
  order: Object.keys(
    initialOrder({
      clientOrderId: 'ord_1',
      accountId: 'main',
      intent: intent(),
      instrument: rain,
      reserveRate: '0',
      reservedUsd: '0',
      reservedShares: '0',
      atMs: AT_MS,
    }),
  ),
  position: contextFields(positionMachine, { accountId: 'main', instrumentId: 'x', atMs: 0 }),
  exit: contextFields(exitMachine, { holding: { boughtSize: '0' }, atMs: 0 }),
};

function contextFields(machine: { config: { context?: unknown } }, input: object): string[] {
  const { context } = machine.config;
  if (typeof context !== 'function') throw new Error('Every context here is made of its input.');
  return Object.keys(context({ input }));
}

function parsed(row: ActorRow) {
  return JSON.parse(row.snapshot) as {
    value: { execution: string; settlement: 'none' };
    context: Record<string, string>;
    children: Record<string, { src: string }>;
  };
}

/** What a venue, a clock or a person may say next of any order. */
function eventsFor(venueOrderId: string, side: 'BUY' | 'SELL', instrumentId: string) {
  const atMs = AT_MS;
  const of = { venueOrderId, side, instrumentId, matchedAtMs: AT_MS };
  const events: readonly OrderEvent[] = [
    { type: 'venue.legReported', leg: leg({ ...of, tradeId: 'after', size: '1' }), atMs },
    {
      type: 'venue.legReported',
      leg: leg({ ...of, tradeId: 'after', size: '1', settlement: 'failed' }),
      atMs,
    },
    { type: 'venue.orderAcknowledged', venueOrderId, status: 'live', atMs },
    {
      type: 'venue.orderReported',
      status: 'live',
      rawStatus: 'LIVE',
      sizeMatched: '0',
      atMs,
    },
    { type: 'order.cancel', reason: 'asked', atMs },
    { type: 'clock.deadlinePassed', atMs },
    { type: 'system.restored', atMs },
    {
      type: 'venue.orderReported',
      status: 'cancelled',
      rawStatus: 'CANCELLED',
      sizeMatched: '0',
      atMs,
    },
    { type: 'operator.neverTaken', by: 'Ann', reason: 'seen', atMs },
  ];
  return events;
}

describe.each(RELEASES)('rows of %s', (release) => {
  const rows = goldenActors(release);
  const orders = rows.filter(({ kind }) => kind === 'order');

  test('are of every kind, and of an order in every state that it had then', () => {
    // Exits came after 0.2.
    const { exit: _later, ...kinds } = VERSIONS;
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(Object.keys(kinds)));
    const states = new Set(orders.map((row) => executionState(parsed(row).value)));
    const passing = ['working.entering'];
    for (const state of EXECUTION_STATES) {
      if (!passing.includes(state)) expect(states).toContain(state);
    }
  });

  test.each(rows.map((row) => [row.actorId, row] as const))('%s is complete', (_id, row) => {
    const { context } = decodeSnapshot(row) as { context: object };
    expect(new Set(Object.keys(context))).toEqual(new Set(FRESH_FIELDS[row.kind]));
    expect(Object.values(context)).not.toContain(undefined);
  });

  test('come back in the state and with the money that they had', () => {
    const { registry, entry } = restoreAll(rows);
    for (const row of rows) {
      const found = entryOf(row);
      const { value, context, status, children } = registry.snapshot(found);
      const before = parsed(row);
      expect(status).toBe('active');
      expect({ id: row.actorId, value }).toEqual({ id: row.actorId, value: before.value });
      for (const field of ['cashUsd', 'reservedUsd', 'reservedShares', 'filledSize', 'fold']) {
        if (field in before.context) {
          expect(context).toHaveProperty(field, before.context[field]);
        }
      }
      expect(found.revision).toBe(row.revision);
      // An effect whose name is gone would be dropped without a word, and the order wait for ever.
      expect({ id: row.actorId, effects: Object.keys(children) }).toEqual({
        id: row.actorId,
        effects: Object.keys(before.children),
      });
    }

    function entryOf({ kind, actorId }: ActorRow): Entry {
      const name = actorId.slice(kind.length + 1);
      if (kind === 'system') return entry;
      if (kind === 'account') return registry.account();
      if (kind === 'venue') return registry.venue();
      const found = kind === 'order' ? registry.orders.get(name) : registry.positions.get(name);
      if (found === undefined) throw new Error(`${actorId} was not restored.`);
      return found as Entry;
    }
  });

  test('hold together what the account and the positions hold back', () => {
    const { registry } = restoreAll(rows);
    let usd = '0';
    const shares = new Map<string, string>();
    for (const order of registry.orders.values()) {
      const { reservedUsd, reservedShares, instrument } = registry.snapshot(order).context;
      usd = plus(usd, reservedUsd);
      shares.set(instrument.id, plus(shares.get(instrument.id) ?? '0', reservedShares));
    }
    expect(registry.snapshot(registry.account()).context.reservedUsd).toBe(usd);
    for (const position of registry.positions.values()) {
      const { reservedShares } = registry.snapshot(position).context;
      expect(reservedShares).toBe(shares.get(position.name) ?? '0');
    }
  });

  test.each(orders.map((row) => [row.actorId, row] as const))('%s takes what comes', (_id, row) => {
    const name = row.actorId.slice('order:'.length);
    const few = rows.filter(({ kind, actorId }) => kind !== 'order' || actorId === row.actorId);
    const { context } = decodeSnapshot(row) as { context: OrderContext };
    const { side, instrumentId } = context.intent;
    for (const event of eventsFor(context.venueOrderId ?? `0x${name}`, side, instrumentId)) {
      const system = restoreAll(few);
      const order = system.registry.orders.get(name) as Entry<'order'>;
      const before = system.registry.snapshot(order);
      system.turn(1_000, { ...event, clientOrderId: name });
      const after = system.registry.snapshot(order);
      expect(after.status).toBe('active');
      expect(order.revision).toBe(row.revision + 1);
      expect(EXECUTION_STATES).toContain(axes(after).execution);
      if (event.type !== 'venue.legReported') continue;
      expect(after.context.legs.length).toBe(before.context.legs.length + 1);
      const booked = event.leg.settlement === 'failed' ? '0' : event.leg.size;
      expect(after.context.filledSize).toBe(plus(before.context.filledSize, booked));
    }
  });

  test('the system takes a new intent and a resumption', () => {
    const system = restoreAll(rows);
    const { registry } = system;
    expect(system.context().holds).toMatchObject({
      all: { level: 'paused', reason: 'lunch', by: 'Ann' },
    });
    expect(system.context().orphanCount).toBe(1);
    const ask = (clientOrderId: string) => ({
      type: 'intent.submitted' as const,
      intent: intent({ key: clientOrderId, instrumentId: rain.id }),
      instrument: { ...rain, marketId: 'another' },
      clientOrderId,
      atMs: AT_MS,
    });
    const stateOf = (name: string) =>
      axes(registry.snapshot(registry.orders.get(name) as Entry<'order'>)).execution;
    system.turn(1_000, ask('while-paused'));
    expect(stateOf('while-paused')).toBe('denied');
    system.turn(1_001, { type: 'trading.resumed', by: 'Ann', atMs: AT_MS });
    system.turn(1_002, ask('after-it'));
    expect(stateOf('after-it')).toBe('recording');
  });
});
