/** The system actor over actors that throw: who is hurt, who is not, and how each comes back. */
import { describe, expect, test } from 'vitest';
import { assign } from 'xstate';
import { createFacts } from '../../src/actors/facts.ts';
import { createPublisher } from '../../src/actors/publisher.ts';
import { type Logics, MAX_CRASHES } from '../../src/actors/registry.ts';
import { type ActorFault, createSystem } from '../../src/actors/system.ts';
import { accountMachine, nextAccount } from '../../src/machines/account.machine.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { nextPosition, positionMachine } from '../../src/machines/position.machine.ts';
import type { EngineInput } from '../../src/machines/system.machine.ts';
import { venueMachine } from '../../src/machines/venue.machine.ts';
import { AT_MS, intent, leg, noRain, rain } from '../support/orders.ts';

/** Machines of which one throws whenever it is `sick`. */
function sickly() {
  const sick = { account: false, position: false, venue: false };
  const check = (kind: keyof typeof sick) => {
    if (sick[kind]) throw new Error(`the ${kind} fell over`);
  };
  const logics: Logics = {
    order: orderMachine,
    account: accountMachine.provide({
      actions: {
        take: assign(({ context, event }) => {
          check('account');
          return nextAccount(context, event);
        }),
      },
    }),
    exit: exitMachine,
    position: positionMachine.provide({
      guards: {
        endsFlat: ({ context, event }) => {
          check('position');
          return nextPosition(context, event).fold.totals.size === '0';
        },
      },
    }),
    venue: venueMachine.provide({
      actions: {
        see: assign(({ event }) => {
          check('venue');
          return { seenAtMs: event.atMs };
        }),
      },
    }),
  };
  return { sick, logics };
}

type Told = EngineInput extends infer Input
  ? Input extends { atMs: number }
    ? Omit<Input, 'atMs'>
    : never
  : never;

function start() {
  const { sick, logics } = sickly();
  const faults: ActorFault[] = [];
  const facts = createFacts(() => undefined);
  const system = createSystem({
    logics,
    facts,
    publisher: createPublisher(() => undefined),
    onFault: (fault) => faults.push(fault),
  });
  let seq = 0;
  const tell = (input: Told) => {
    seq += 1;
    system.turn(seq, { ...input, atMs: AT_MS + seq } as EngineInput);
  };
  const { registry } = system;
  tell({
    type: 'engine.opened',
    accountId: 'main',
    minimumReserveUsd: '0',
    venue: 'paper',
    maxOpenOrders: 100,
  });
  tell({ type: 'account.deposited', depositId: 'd', amountUsd: '1000' });
  tell({ type: 'venue.connected', venue: 'paper' });
  tell({ type: 'venue.caughtUp', venue: 'paper' });
  for (const [id, instrument] of [
    ['ord_1', rain],
    ['ord_2', noRain],
  ] as const) {
    const asked = intent({ key: id, instrumentId: instrument.id });
    tell({ type: 'intent.submitted', clientOrderId: id, instrument, intent: asked });
    tell({ type: 'order.prepared', clientOrderId: id, venueOrderId: `0x${id}` });
  }
  const fill = (id: 'ord_1' | 'ord_2', tradeId: string) =>
    tell({
      type: 'venue.legReported',
      clientOrderId: id,
      leg: leg({
        tradeId,
        venueOrderId: `0x${id}`,
        instrumentId: id === 'ord_1' ? rain.id : noRain.id,
        size: '1',
      }),
    });
  const filled = (id: string) => {
    const entry = registry.orders.get(id);
    return entry === undefined ? undefined : registry.snapshot(entry).context.filledSize;
  };
  const held = (id: string) => {
    const entry = registry.positions.get(id);
    return entry === undefined ? undefined : registry.snapshot(entry).context.fold.totals.size;
  };
  const cash = () => registry.snapshot(registry.account()).context.cashUsd;
  return { system, sick, faults, tell, fill, filled, held, cash };
}

describe('an actor that throws takes no other with it, stands as before, and works on', () => {
  test('a position', () => {
    const { sick, faults, fill, filled, held, cash } = start();
    fill('ord_1', 't1');
    sick.position = true;
    fill('ord_1', 't2');
    sick.position = false;
    expect(held(rain.id)).toBe('1');
    expect({ filled: filled('ord_1'), cash: cash() }).toEqual({ filled: '2', cash: '999' });
    fill('ord_1', 't3');
    fill('ord_2', 't4');
    expect({ rain: held(rain.id), noRain: held(noRain.id) }).toEqual({ rain: '2', noRain: '1' });
    expect(faults).toMatchObject([
      { actorId: `position:${rain.id}`, event: 'position.legApplied', setAside: false },
    ]);
  });

  test('the account', () => {
    const { sick, faults, fill, held, cash } = start();
    sick.account = true;
    fill('ord_1', 't1');
    sick.account = false;
    expect({ cash: cash(), held: held(rain.id) }).toEqual({ cash: '1000', held: '1' });
    fill('ord_2', 't2');
    expect(cash()).toBe('999.5');
    expect(faults).toMatchObject([{ actorId: 'account:main', event: 'account.legApplied' }]);
  });

  test('the venue', () => {
    const { system, sick, faults, tell } = start();
    const state = () => system.registry.snapshot(system.registry.venue()).value;
    tell({ type: 'venue.disconnected', venue: 'paper' });
    tell({ type: 'venue.connected', venue: 'paper' });
    sick.venue = true;
    tell({ type: 'venue.caughtUp', venue: 'paper' });
    expect(state()).toBe('catchingUp');
    sick.venue = false;
    tell({ type: 'venue.caughtUp', venue: 'paper' });
    expect(state()).toBe('live');
    expect(faults).toMatchObject([{ actorId: 'venue:paper' }]);
  });

  test('too often: it is set aside, and says so each time', () => {
    const { sick, faults, fill, held } = start();
    sick.position = true;
    for (let n = 0; n < MAX_CRASHES; n += 1) fill('ord_1', `bad-${n}`);
    sick.position = false;
    fill('ord_1', 'good');
    fill('ord_2', 'other');
    expect({ rain: held(rain.id), noRain: held(noRain.id) }).toEqual({ rain: '0', noRain: '1' });
    expect(faults.map(({ setAside }) => setAside)).toEqual([false, false, true, true]);
    expect(String(faults.at(-1)?.error)).toContain('is set aside');
  });
});

test('an input for an order that is not loaded stops the system, and only the caller hears of it', () => {
  const { tell } = start();
  const unknown = { type: 'venue.cancelAcknowledged', clientOrderId: 'ord_nobody' } as const;
  expect(() => tell(unknown)).toThrow(/The system actor has failed/);
});
