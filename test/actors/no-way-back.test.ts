/** After a failure, and while stopping: nothing is written, told or sent that the log does not hold. */
import { expect, test } from 'vitest';
import type { Store } from '../../src/actors/store-port.ts';
import type { PostgresStore } from '../../src/adapters/store/postgres-store.ts';
import { BrokenInvariant, FillwrightFault } from '../../src/domain/faults.ts';
import { stateOf, ticks, until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';

const floor = useFloor();

/** A store of which `answer` may give another answer than its own. */
function around(answer: (call: string) => Promise<never> | undefined) {
  return (store: PostgresStore) =>
    new Proxy<Store>(store, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => answer(String(key)) ?? Reflect.apply(value, target, args);
      },
    });
}

async function projectedBeyondLog(): Promise<boolean> {
  const { store } = floor.fresh;
  return (await store.projectedThrough()) > (await store.lastSeq());
}

test('a journal that is broken holds back the rows of what it never got, and the next start has none of it', async () => {
  let refuses = false;
  const desk = await floor.start({
    around: around((call) =>
      refuses && call === 'commit' ? Promise.reject(new BrokenInvariant('No.')) : undefined,
    ),
  });
  await desk.trading.settled();
  refuses = true;
  await expect(desk.submit()).rejects.toThrow('No.');
  refuses = false;
  await expect(desk.trading.positions()).rejects.toThrow('No.');
  await expect(desk.trading.settled()).rejects.toThrow('No.');
  await desk.trading.stop();
  expect(await projectedBeyondLog()).toBe(false);
  expect(await floor.fresh.store.orders({})).toEqual([]);
  await desk.crash();
  const { trading } = await floor.start();
  expect(trading.workingOrders()).toEqual([]);
  expect((await trading.account()).reservedUsd).toBe('0');
});

test('snapshots that know more than the log are refused at the start', async () => {
  const desk = await floor.start();
  await desk.stop();
  await floor.fresh.store.setMetadata('projected_through', '1000');
  await expect(floor.start()).rejects.toMatchObject({ code: 'corrupt_row' });
});

test('a read after a bug writes nothing of the turn that failed', async () => {
  const desk = await floor.start();
  const { trading } = desk;
  const orderId = await place(desk);
  await trading.settled();
  const through = await floor.fresh.store.projectedThrough();
  const { identities } = trading.execution;
  if (identities === undefined) throw new Error('Identities are not checked.');
  identities.check = () => {
    throw new BrokenInvariant('The books differ.');
  };
  floor.venue.fill({ venueOrderId: `0x${orderId}`, size: '4' });
  await until(() => trading.health().failure !== null);
  await expect(trading.orders()).rejects.toMatchObject({ code: 'not_running' });
  expect(await floor.fresh.store.projectedThrough()).toBe(through);
  expect(await floor.fresh.store.legCount()).toBe(0);
});

test('texts that are none are refused before they take a number in the log', async () => {
  const desk = await floor.start();
  const { trading } = desk;
  const orderId = await place(desk);
  await trading.settled();
  const before = trading.execution.journal.lastSeq;
  const bad = { code: 'invalid_value' };
  const type = 'account.deposit';
  await expect(trading.cancel(orderId, 10n as never)).rejects.toMatchObject(bad);
  await expect(trading.send({ type, depositId: 'a\0b', amountUsd: '5' })).rejects.toMatchObject(
    bad,
  );
  const amountUsd = 0.3 as never;
  await expect(trading.send({ type, depositId: 'a', amountUsd })).rejects.toMatchObject(bad);
  const pause = { type: 'trading.pause', by: '', reason: 'x' } as const;
  await expect(trading.send(pause)).rejects.toMatchObject(bad);
  expect(trading.execution.journal.lastSeq).toBe(before);
  expect(() => trading.execution.journal.append({ atMs: 1n } as never)).toThrow(TypeError);
  expect(trading.execution.journal.lastSeq).toBe(before);
});

test('a read of the tables ends while there is always more to write', async () => {
  const { trading } = await floor.start({ checkIdentities: false });
  let goesOn = true;
  let told = 0;
  const traffic = (async () => {
    for (; goesOn; told += 1) {
      const depositId = `deposit-${told}`;
      void trading.send({ type: 'account.deposit', depositId, amountUsd: '1' });
      await ticks(1);
    }
  })();
  await until(() => told > 20);
  expect(await trading.orders()).toEqual([]);
  goesOn = false;
  await traffic;
});

test('bytes that cannot be read leave their order in doubt, and it is looked up again', async () => {
  floor.venue.onSubmit = () => Promise.reject(new Error('timeout'));
  const before = await floor.start();
  const { orderId } = await before.submit();
  await untilState(before.trading, orderId, 'unknown.waiting');
  await before.trading.settled();
  await before.crash();
  floor.venue.onSubmit = (sent) => floor.venue.take(sent);
  let failures = 1;
  const { trading } = await floor.start({
    around: around((call) => {
      if (call !== 'preparedByClientOrderIds' || failures === 0) return undefined;
      failures -= 1;
      return Promise.reject(new FillwrightFault('store_unavailable', 'Away.'));
    }),
  });
  await until(async () => (await stateOf(trading, orderId)) === 'working.open');
  expect(failures).toBe(0);
  expect(floor.venue.orders.size).toBe(1);
});

test('what comes while the engine stops is refused, and nothing more is sent', async () => {
  const desk = await floor.start();
  let answer: () => void = () => undefined;
  floor.venue.onSubmit = (sent) =>
    new Promise((resolve) => {
      answer = () => resolve(floor.venue.take(sent));
    });
  const { orderId } = await desk.submit();
  await until(() => floor.venue.submits.length === 1);
  const stopped = desk.trading.stop();
  await expect(desk.submit()).rejects.toMatchObject({ code: 'not_running' });
  answer();
  await stopped;
  expect(floor.venue.submits).toHaveLength(1);
  await desk.crash();
  const { trading } = await floor.start();
  expect(await stateOf(trading, orderId)).toBe('working.open');
});
