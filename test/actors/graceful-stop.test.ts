/** An orderly stop answers for everything it was asked, says what stays open, and overwrites nothing. */
import { describe, expect, test } from 'vitest';
import type { StopOptions } from '../../src/actors/graceful-stop.ts';
import type { Projection, Store } from '../../src/actors/store-port.ts';
import { openDatabase } from '../../src/adapters/store/connection.ts';
import type { PostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { writeProjection } from '../../src/adapters/store/project.ts';
import { createManualTime, runOut } from '../adapters/store/lease-harness.ts';
import { booksOf, type TestDesk, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';
import { rain } from '../support/orders.ts';

const floor = useFloor();

/** A promise that a test keeps when it likes. */
function later<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((keep) => {
    resolve = keep;
  });
  return { promise, resolve: (value) => resolve(value) };
}

async function stop(desk: TestDesk, options?: StopOptions) {
  const left = await desk.trading.stop(options);
  await desk.store.close();
  return left;
}

async function afterwards() {
  const desk = await floor.start();
  const working = desk.trading.workingOrders().map(({ clientOrderId }) => clientOrderId);
  return { desk, working };
}

describe('a stop', () => {
  test('leaves open orders where they are, and says which', async () => {
    const desk = await floor.start();
    const orderId = await place(desk);
    const left = await stop(desk);
    expect(floor.venue.cancels).toEqual([]);
    expect(left).toMatchObject({ orderCount: 1, inDoubt: 0, ended: null, ranOutOfTime: false });
    expect(left?.orders[0]).toMatchObject({ clientOrderId: orderId, status: 'PLACED' });
    expect((await afterwards()).working).toEqual([orderId]);
  });

  test('that cancels ends every open order, and nothing is reserved afterwards', async () => {
    const desk = await floor.start();
    const orders = [await place(desk), await place(desk), await place(desk, { side: 'BUY' })];
    const left = await stop(desk, { cancelOrders: true });
    expect([...floor.venue.cancels].sort()).toEqual(orders.map((id) => `0x${id}`).sort());
    expect(left).toMatchObject({ orders: [], orderCount: 0, ended: 3, ranOutOfTime: false });
    const { desk: next, working } = await afterwards();
    expect(working).toEqual([]);
    expect(await next.trading.account()).toMatchObject({ reservedUsd: '0' });
  });

  test('that cancels waits for an order that is just being sent', async () => {
    const answer = later<undefined>();
    floor.venue.onSubmit = async (sent) => {
      await answer.promise;
      return floor.venue.take(sent);
    };
    const desk = await floor.start();
    const { orderId } = await desk.submit();
    await until(() => floor.venue.submits.length === 1);
    const stopped = stop(desk, { cancelOrders: true });
    answer.resolve(undefined);
    expect(await stopped).toMatchObject({ orderCount: 0, ended: 1 });
    expect(floor.venue.cancels).toEqual([`0x${orderId}`]);
  });

  test('does not wait for ever for its cancels, and tells the truth about them', async () => {
    floor.venue.onCancel = () => new Promise(() => undefined);
    const desk = await floor.start();
    const orderId = await place(desk);
    const left = await stop(desk, { cancelOrders: true, cancelLimitMs: 200 });
    expect(left).toMatchObject({ orderCount: 1, ended: 0, ranOutOfTime: true });
    expect(left?.orders[0]).toMatchObject({
      clientOrderId: orderId,
      execution: 'cancelling.requesting',
    });
    // The wish to cancel is in the log: the next start goes on with it.
    floor.venue.onCancel = (id) => {
      floor.venue.report(id, { status: 'cancelled' });
      return { kind: 'cancelled' };
    };
    const { desk: next } = await afterwards();
    await untilState(next.trading, orderId, 'cancelled');
  });

  test('names an order in doubt as what it is', async () => {
    floor.venue.onSubmit = () => Promise.reject(new Error('no answer'));
    floor.venue.onLookup = () => Promise.reject(new Error('no answer'));
    const desk = await floor.start();
    const { orderId } = await desk.submit();
    await until(async () => (await desk.trading.order(orderId))?.status === 'UNKNOWN');
    const left = await stop(desk, { cancelOrders: true, cancelLimitMs: 100 });
    expect(left).toMatchObject({ orderCount: 1, inDoubt: 1, ended: 0, ranOutOfTime: true });
  });

  test('takes no intent any more once it has begun, and loses none that was taken', async () => {
    const desk = await floor.start();
    await place(desk);
    const taken = [desk.submit(), desk.submit()];
    const stopped = stop(desk, { cancelOrders: true });
    await expect(desk.submit()).rejects.toMatchObject({ code: 'not_running' });
    const orders = await Promise.all(taken);
    expect(await stopped).toMatchObject({ orderCount: 0 });
    const rows = await floor.fresh.store.orders({});
    expect(rows.map(({ status }) => status)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    for (const { orderId } of orders) {
      expect(rows.map(({ clientOrderId }) => clientOrderId)).toContain(orderId);
    }
  });

  test('writes all that it knows where the venue does not let go of its connection', async () => {
    const desk = await floor.start({
      venue: () => ({
        ...floor.venue.connect(),
        stop: () => Promise.reject(new Error('socket hang up')),
      }),
    });
    await place(desk);
    expect(await stop(desk)).toMatchObject({ orderCount: 1 });
    const { store } = floor.fresh;
    expect(await store.projectedThrough()).toBe(await store.lastSeq());
  });

  test('writes all that it knows: the next start has nothing to tell again', async () => {
    const desk = await floor.start();
    const orderId = await place(desk);
    floor.venue.fill({ venueOrderId: `0x${orderId}`, tradeId: 't1', size: '4' });
    await until(() => desk.trading.position(rain.id)?.size === '4');
    const left = await stop(desk);
    expect(left).toMatchObject({ orderCount: 1, unsettledFills: 1 });
    const { store } = floor.fresh;
    expect(await store.projectedThrough()).toBe(await store.lastSeq());
    const next = await floor.start();
    expect(next.trading.execution.restored.replayed).toBe(0);
    expect(next.trading.position(rain.id)?.size).toBe('4');
  });
});

describe('the last cut of an engine that was thought dead', () => {
  /** An engine whose rows stay on their way to the database. */
  async function startHoldingCuts(): Promise<{ desk: TestDesk; cuts: Projection[] }> {
    const cuts: Projection[] = [];
    let holds = false;
    const around = (store: PostgresStore): Store =>
      new Proxy<Store>(store, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key, target);
          if (typeof value !== 'function') return value;
          if (key !== 'project') return value.bind(target);
          return (projection: Projection) => {
            // One of rows alone may come first: held, it would keep the other from ever being cut.
            if (!holds || projection.actors.length === 0) return store.project(projection);
            cuts.push(projection);
            return new Promise(() => undefined);
          };
        },
      });
    // Its lease is not renewed: as of a process that stands still.
    const database = floor.fresh.open({ leaseTime: createManualTime() });
    const desk = await floor.start({ around, database });
    const orderId = await place(desk);
    await desk.trading.settled();
    holds = true;
    await desk.trading.cancel(orderId);
    await untilState(desk.trading, orderId, 'cancelled');
    void desk.trading.settled().catch(() => undefined);
    await until(() => cuts.some(({ actors }) => actors.length > 0), 'a cut to be on its way');
    return { desk, cuts };
  }

  test('is refused whole after another engine has gone on', async () => {
    const old = await startHoldingCuts();
    await runOut(floor.fresh);
    const next = await floor.start();
    await place(next);
    await next.trading.settled();
    const books = await booksOf(floor.fresh);
    for (const cut of old.cuts) {
      await expect(old.desk.store.project(cut)).rejects.toMatchObject({ code: 'lease_lost' });
    }
    expect(await booksOf(floor.fresh)).toEqual(books);
  });

  test('could not replace a newer snapshot even where nobody refused it', async () => {
    const old = await startHoldingCuts();
    await runOut(floor.fresh);
    const next = await floor.start();
    await place(next);
    await next.trading.settled();
    await next.stop();
    const { actors: before } = await booksOf(floor.fresh);
    const through = await floor.fresh.store.projectedThrough();
    const { url, schema } = floor.fresh;
    const db = openDatabase(
      { address: { url }, schema, answerTimeoutMs: undefined, log: undefined },
      1,
    );
    for (const cut of old.cuts) await writeProjection(db, cut);
    await db.destroy();
    expect((await booksOf(floor.fresh)).actors).toEqual(before);
    expect(await floor.fresh.store.projectedThrough()).toBe(through);
  });
});
