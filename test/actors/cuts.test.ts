/** What is written follows from the log alone: not from where cuts fall, nor from how often it is said. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createActor, fromCallback } from 'xstate';
import { createFacts, type OrderStep } from '../../src/actors/facts.ts';
import type { Entry } from '../../src/actors/registry.ts';
import { orderEventRows } from '../../src/actors/step-rows.ts';
import type { ExitEventRow, Store } from '../../src/actors/store-port.ts';
import { holding, until } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { leg } from '../support/orders.ts';

const EXIT: ExitEventRow = {
  ...{ exitId: 'leg-1', accountId: 'main', instrumentId: 'i', clientOrderId: 'ord_1' },
  ...{ legKey: 'leg-1', size: '1', exitPrice: '0.5', realizedPnl: '0.1', reason: '' },
  ...{ voided: false, atMs: 1 },
};

describe('facts', () => {
  test('an exit that is voided keeps what was said first, as its row does when a cut lies between', () => {
    const facts = createFacts(() => undefined);
    facts.exit(EXIT);
    facts.exit({ ...EXIT, voided: true, atMs: 2, realizedPnl: '0.2' });
    expect(facts.take().exits).toEqual([{ ...EXIT, voided: true }]);
  });

  test('an orphan stands as high as any report of it, whichever cut it was in', () => {
    const facts = createFacts(() => undefined);
    const [confirmed, late] = [leg({ settlement: 'confirmed' }), leg({ settlement: 'matched' })];
    facts.orphan('paper', [confirmed, confirmed]);
    const first = facts.take().legs;
    facts.orphan('paper', [leg({ tradeId: 'other' }), confirmed, late]);
    expect(facts.take().legs).toEqual(first);
    expect(first).toMatchObject([{ settlement: 'confirmed', clientOrderId: null }]);
  });
});

describe('rows of steps', () => {
  function entry(name: string): Entry<'order'> {
    const ref = createActor(fromCallback(() => undefined));
    return {
      ...{ actorId: `order:${name}`, kind: 'order', name, ref, revision: 1 },
      ...{ crashes: 0, dirty: false, open: true, eventHash: null, events: 0 },
    };
  }
  const axes = { execution: 'working.open', settlement: 'none' } as const;
  const money = {
    ...{ filledBefore: '0', filledSize: '0', filledUsd: '0', feesUsd: '0', venueOrderId: null },
  };
  function steps(): OrderStep[] {
    const orders = [entry('ord_1'), entry('ord_2')];
    return Array.from({ length: 9 }, (_, index) => ({
      ...{ order: orders[index % 2] ?? entry('none'), number: Math.floor(index / 2) + 1 },
      ...{ seq: index + 1, before: axes, after: axes },
      event: { type: 'venue.cancelAcknowledged', atMs: index },
      money,
    }));
  }

  test('in pages, from the end, or again: each row has the same hash', () => {
    const whole = orderEventRows(steps()).slice(0, 9);
    expect(new Set(whole.map(({ hash }) => hash)).size).toBe(9);
    const paged = orderEventRows(steps());
    expect([...paged.slice(0, 4), ...paged.slice(4, 9)]).toEqual(whole);
    expect(paged.slice(0, 9)).toEqual(whole);
    const backwards = orderEventRows(steps());
    expect(backwards.slice(6, 9)).toEqual(whole.slice(6));
    expect(backwards.slice(0, 6)).toEqual(whole.slice(0, 6));
  });

  test('the next cut goes on where this one ended', () => {
    const all = steps();
    const whole = orderEventRows(steps()).slice(0, 9);
    const first = orderEventRows(all.slice(0, 5));
    first.hashAll();
    expect(orderEventRows(all.slice(5)).slice(0, 4)).toEqual(whole.slice(5));
    expect(first.slice(0, 5)).toEqual(whole.slice(0, 5));
    expect(all.map(({ order }) => order.eventHash)).toContain(whole[8]?.hash);
  });
});

describe('a restart', () => {
  const floor = useFloor();

  /** Longer than a change may wait for its row. */
  const PAUSE_MS = 150;

  test('nothing is written before the tail has been told: the read tables never go back', async () => {
    const held = holding('project');
    const desk = await floor.start({ around: held.around });
    await desk.trading.settled();
    held.hold();
    for (let n = 0; n < 4; n += 1) await place(desk, { size: '5' });
    await desk.crash();
    const said: string[] = [];
    const next = await floor.start({ around: (store) => slowly(store, said) });
    await until(() => said.includes('project'));
    expect(said.slice(0, said.indexOf('project'))).toContain('told');
    await next.stop();
  });

  /** Tells the tail with a pause after each batch, and keeps what happens. */
  function slowly(store: Store, said: string[]): Store {
    return new Proxy(store, {
      get(target, key) {
        if (key === 'journalAfter') return (afterSeq: number) => told(target, afterSeq);
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (key === 'project') said.push('project');
          return Reflect.apply(value, target, args);
        };
      },
    });
    async function* told(target: Store, afterSeq: number) {
      for await (const batch of target.journalAfter(afterSeq)) {
        yield batch;
        await sleep(PAUSE_MS);
      }
      said.push('told');
    }
  }
});
