/** Faults of frames: what a listener hears of what the venue said. */
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';
import type { FaultInput } from '../../../src/sandbox/faults/rules.ts';
import { until } from '../../support/until.ts';
import {
  accountOf,
  answered,
  listen,
  marketOf,
  openSandbox,
  post,
  QUIET,
  userAuth,
} from '../sandbox-harness.ts';

/** A listener of the user channel, and three orders that rest at 0.41, 0.42, 0.43. */
async function withThreeOrders(rule: FaultInput) {
  const clock = createVirtualClock(Date.now());
  const sandbox = await openSandbox(QUIET, { clock });
  const account = accountOf(sandbox);
  const listener = await listen(sandbox, 'user', userAuth(account));
  const fault = sandbox.faults.add(rule);
  for (const price of ['0.41', '0.42', '0.43']) {
    await post(sandbox, account, marketOf(sandbox), { price });
  }
  await answered(listener.socket);
  const prices = () => listener.messages('order').map(({ price }) => price);
  return { ...listener, clock, sandbox, account, fault, prices };
}

test.each<[FaultInput, readonly string[]]>([
  [{ kind: 'duplicateFrame', order: 2 }, ['0.41', '0.42', '0.42', '0.43']],
  [{ kind: 'dropFrame', order: 2 }, ['0.41', '0.43']],
  [{ kind: 'reorderFrames', order: 1 }, ['0.42', '0.41', '0.43']],
  [{ kind: 'dropFrame', frame: 'user.trade' }, ['0.41', '0.42', '0.43']],
  [{ kind: 'dropFrame', frame: 'market.any' }, ['0.41', '0.42', '0.43']],
  [{ kind: 'dropFrame', frame: 'user.order', skip: 1, count: 1 }, ['0.41', '0.43']],
  [{ kind: 'dropFrame', market: 'empty' }, ['0.41', '0.42', '0.43']],
  [{ kind: 'dropFrame', market: 'plain' }, []],
])('%j', async (rule, expected) => {
  const { prices } = await withThreeOrders(rule);
  expect(prices()).toEqual(expected);
});

test('a delayed frame comes when its time has, after those that were not', async () => {
  const { clock, prices, socket } = await withThreeOrders({
    kind: 'delayFrame',
    order: 1,
    delayMs: 3_000,
  });
  expect(prices()).toEqual(['0.42', '0.43']);
  await clock.advanceTo(clock.now() + 3_000);
  await answered(socket);
  expect(prices()).toEqual(['0.42', '0.43', '0.41']);
});

test('a frame that nothing overtakes comes all the same', async () => {
  const { clock, prices, socket } = await withThreeOrders({
    kind: 'reorderFrames',
    order: 3,
    withinMs: 2_000,
  });
  expect(prices()).toEqual(['0.41', '0.42']);
  await clock.advanceTo(clock.now() + 2_000);
  await answered(socket);
  expect(prices()).toEqual(['0.41', '0.42', '0.43']);
});

describe('a frozen connection', () => {
  test.each([
    [true, ['PONG']],
    [false, []],
  ])('stays open and says nothing more; it answers PING: %s', async (answersPing, pongs) => {
    const { texts, socket, prices } = await withThreeOrders({
      kind: 'freeze',
      order: 2,
      answersPing,
    });
    expect(prices()).toEqual(['0.41']);
    socket.send('PING');
    await answered(socket);
    expect(texts.filter((text) => text === 'PONG')).toEqual(pongs);
    expect(socket.readyState).toBe(socket.OPEN);
  });

  test('does not keep others from hearing', async () => {
    const { sandbox, account, fault } = await withThreeOrders({ kind: 'freeze', count: 1 });
    const other = await listen(sandbox, 'user', userAuth(account));
    await post(sandbox, account, marketOf(sandbox), { price: '0.44' });
    await answered(other.socket);
    expect(other.messages('order')).toHaveLength(1);
    expect(fault.hits).toBe(1);
  });
});

test('a disconnect cuts the connection after the frame; a new one hears what comes after', async () => {
  const { prices, socket, sandbox, account } = await withThreeOrders({
    kind: 'disconnect',
    order: 2,
  });
  await until(() => socket.readyState === socket.CLOSED, 'the end of the connection');
  expect(prices().slice(0, 1)).toEqual(['0.41']);
  expect(prices()).not.toContain('0.43');
  const again = await listen(sandbox, 'user', userAuth(account));
  await post(sandbox, account, marketOf(sandbox), { price: '0.44' });
  await answered(again.socket);
  expect(again.messages('order').map(({ price }) => price)).toEqual(['0.44']);
});
