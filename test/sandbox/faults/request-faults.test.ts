/** Faults of requests: what the client hears, and what the exchange really did. */
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';
import type { FaultInput } from '../../../src/sandbox/faults/rules.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { until } from '../../support/until.ts';
import {
  accountOf,
  ask,
  askAs,
  listen,
  marketOf,
  openSandbox,
  orderOf,
  post,
  QUIET,
  userAuth,
} from '../sandbox-harness.ts';

/** Posts an order and tells what came: a status, or that the connection ended without an answer. */
async function attempt(sandbox: Sandbox) {
  const account = accountOf(sandbox);
  const { venueOrderId, body } = await orderOf(sandbox, account, marketOf(sandbox), {
    price: '0.4',
  });
  const outcome = await askAs(sandbox, account, 'POST', '/order', body).then(
    (reply) => reply,
    (error: Error) => error,
  );
  const isTaken = sandbox.exchange.order(venueOrderId) !== undefined;
  return { outcome, isTaken, id: venueOrderId, body };
}

describe('requests without an answer', () => {
  test.each([
    ['acceptThenTimeout', true],
    ['rejectThenTimeout', false],
  ] as const)('%s: the order is taken: %s', async (kind, isExpected) => {
    const sandbox = await openSandbox();
    const fault = sandbox.faults.add({ kind, count: 1, closeAfterMs: 0 });
    const { outcome, isTaken } = await attempt(sandbox);
    expect(outcome).toBeInstanceOf(Error);
    expect(isTaken).toBe(isExpected);
    expect(fault.hits).toBe(1);
    expect((await attempt(sandbox)).outcome).toMatchObject({ status: 200 });
  });

  test('the connection may also stay open, and ends after its time', async () => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(QUIET, { clock });
    sandbox.faults.add({ kind: 'acceptThenTimeout', closeAfterMs: 30_000 });
    let isOver = false;
    const late = attempt(sandbox).finally(() => {
      isOver = true;
    });
    await until(() => [...sandbox.exchange.orders()].length === 3, 'the order');
    await clock.advanceTo(clock.now() + 29_999);
    expect(isOver).toBe(false);
    await clock.advanceTo(clock.now() + 1);
    expect((await late).outcome).toMatchObject({ message: 'fetch failed' });
  });
});

describe('answers that are not the order’s', () => {
  test.each<[FaultInput, number, string, boolean]>([
    [{ kind: 'tooManyRequests', retryAfterS: 7 }, 429, '{"error":"Too Many Requests"}', false],
    [{ kind: 'error' }, 500, '{"error":"could not run the execution"}', false],
    [{ kind: 'error', carriedOut: true }, 500, '{"error":"could not run the execution"}', true],
    [
      { kind: 'error', status: 400, error: 'context canceled' },
      400,
      '{"error":"context canceled"}',
      false,
    ],
    [{ kind: 'html' }, 502, '<html>', false],
    [{ kind: 'html', status: 504, carriedOut: true }, 504, '<html>', true],
    [{ kind: 'restart' }, 425, '{"error":"service not ready"}', false],
    [
      { kind: 'postOnly', forMs: 79_000 },
      503,
      '"error":"post-only mode: only post-only orders and cancels are allowed","code":"post_only_mode","retry_after_seconds":79',
      false,
    ],
    [
      { kind: 'cancelOnly' },
      503,
      'Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.',
      false,
    ],
    [
      { kind: 'disabled' },
      503,
      'Trading is currently disabled. Check polymarket.com for updates',
      false,
    ],
  ])('%j', async (rule, status, text, isExpected) => {
    const sandbox = await openSandbox();
    sandbox.faults.add(rule);
    const { outcome, isTaken } = await attempt(sandbox);
    expect(outcome).toMatchObject({ status, text: expect.stringContaining(text) });
    expect(isTaken).toBe(isExpected);
  });

  test('429 and 503 say when to come back', async () => {
    const sandbox = await openSandbox();
    const handle = sandbox.faults.add({ kind: 'tooManyRequests', retryAfterS: 7 });
    const tooMany = (await attempt(sandbox)).outcome;
    expect('headers' in tooMany && tooMany.headers.get('retry-after')).toBe('7');
    handle.remove();
    sandbox.faults.add({ kind: 'postOnly', forMs: 79_000 });
    const postOnly = (await attempt(sandbox)).outcome;
    expect('headers' in postOnly && postOnly.headers.get('retry-after')).toBe('79');
  });

  test('a truncated answer announces more than it brings; the order is taken', async () => {
    const sandbox = await openSandbox();
    sandbox.faults.add({ kind: 'truncate', count: 1 });
    const { outcome, isTaken } = await attempt(sandbox);
    expect([outcome instanceof Error, isTaken]).toEqual([true, true]);
  });

  test.each([
    ['before', 1],
    ['after', 0],
  ] as const)('a slow answer: carried out %s the wait', async (carriedOut, taken) => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(QUIET, { clock });
    const fault = sandbox.faults.add({ kind: 'slow', delayMs: 5_000, carriedOut });
    const before = [...sandbox.exchange.orders()].length;
    const waiting = attempt(sandbox);
    await until(() => fault.hits === 1);
    // What is carried out at once is done by the time that another answer is here.
    await ask(sandbox, 'GET', '/ok');
    expect([...sandbox.exchange.orders()].length - before).toBe(taken);
    await clock.advanceTo(clock.now() + 5_000);
    expect(await waiting).toMatchObject({ isTaken: true, outcome: { status: 200 } });
  });

  test('trades may be told before the order is acknowledged', async () => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(QUIET, { clock });
    const account = accountOf(sandbox);
    const { messages } = await listen(sandbox, 'user', userAuth(account));
    sandbox.faults.add({ kind: 'slow', delayMs: 2_000 });
    let isAnswered = false;
    const waiting = post(sandbox, account, marketOf(sandbox), { price: '0.52' }).then((result) => {
      isAnswered = true;
      return result;
    });
    await until(() => messages('trade').length === 1, 'the trade');
    expect(isAnswered).toBe(false);
    await clock.advanceTo(clock.now() + 2_000);
    const { id } = await waiting;
    expect(messages('trade')[0].taker_order_id).toBe(id);
  });
});

describe('modes of the matching engine', () => {
  test('a restart is 425, then takes only post-only orders and cancels, then everything', async () => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(QUIET, { clock });
    const account = accountOf(sandbox);
    const market = marketOf(sandbox);
    sandbox.faults.add({ kind: 'restart', downForMs: 1_000, postOnlyForMs: 5_000 });
    const statusOf = async (postOnly: boolean) =>
      (await post(sandbox, account, market, { price: '0.4', postOnly })).reply.status;
    const cancelStatus = async () =>
      (await askAs(sandbox, account, 'DELETE', '/cancel-all')).status;
    expect([await statusOf(false), await statusOf(true), await cancelStatus()]).toEqual([
      425, 425, 425,
    ]);
    await clock.advanceTo(clock.now() + 1_000);
    expect([await statusOf(false), await statusOf(true), await cancelStatus()]).toEqual([
      503, 200, 200,
    ]);
    await clock.advanceTo(clock.now() + 5_000);
    expect([await statusOf(false), await statusOf(true), await cancelStatus()]).toEqual([
      200, 200, 200,
    ]);
  });

  test('in a batch only the legs that are not post-only are refused, one by one', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    sandbox.faults.add({ kind: 'postOnly', forMs: 60_000 });
    const legs = await Promise.all(
      [false, true].map((postOnly) =>
        orderOf(sandbox, account, marketOf(sandbox), { price: '0.4', postOnly }),
      ),
    );
    const body = `[${legs.map((leg) => leg.body).join(',')}]`;
    const { status, json } = await askAs(sandbox, account, 'POST', '/orders', body);
    expect(status).toBe(200);
    expect(json).toMatchObject([
      {
        success: true,
        orderID: '',
        errorMsg: 'post-only mode: only post-only orders and cancels are allowed',
      },
      { success: true, orderID: legs[1]?.venueOrderId, errorMsg: '' },
    ]);
  });

  test('while it is disabled nothing is cancelled; while it is cancel-only everything is', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    await post(sandbox, account, marketOf(sandbox), { price: '0.4' });
    const disabled = sandbox.faults.add({ kind: 'disabled' });
    expect((await askAs(sandbox, account, 'DELETE', '/cancel-all')).status).toBe(503);
    disabled.remove();
    sandbox.faults.add({ kind: 'cancelOnly' });
    const { json } = await askAs(sandbox, account, 'DELETE', '/cancel-all');
    expect(json.canceled).toHaveLength(1);
  });
});

describe('races', () => {
  test.each([
    [1, 'MATCHED', '10', []],
    [0.4, 'CANCELED', '4', ['id']],
  ] as const)(
    'a cancel meets a fill of %d of the order',
    async (share, status, matched, canceled) => {
      const sandbox = await openSandbox();
      const account = accountOf(sandbox);
      const { id } = await post(sandbox, account, marketOf(sandbox), { price: '0.4' });
      sandbox.faults.add({ kind: 'cancelRace', share });
      const { json } = await askAs(
        sandbox,
        account,
        'DELETE',
        '/order',
        JSON.stringify({ orderID: id }),
      );
      expect(json.canceled).toEqual(canceled.map(() => id));
      const { json: order } = await askAs(sandbox, account, 'GET', `/data/order/${id}`);
      expect([order.status, order.size_matched]).toEqual([status, matched]);
    },
  );
});

describe('money', () => {
  test('a stale balance stays until it is asked for, or even then', async () => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(QUIET, { clock });
    const account = accountOf(sandbox);
    const path = '/balance-allowance?asset_type=COLLATERAL';
    const read = async () => (await askAs(sandbox, account, 'GET', path)).json.balance;
    const update = () =>
      askAs(sandbox, account, 'GET', '/balance-allowance/update?asset_type=COLLATERAL');
    const stale = sandbox.faults.add({ kind: 'staleBalances' });
    await read();
    sandbox.exchange.deposit(account.funder, 5_000_000n);
    await clock.advanceTo(clock.now() + 60_000 - 10_000);
    expect(await read()).toBe('10000000000');
    await update();
    expect(await read()).toBe('10005000000');
    stale.remove();
    sandbox.faults.add({ kind: 'staleBalances', ignoresUpdates: true });
    sandbox.exchange.deposit(account.funder, 5_000_000n);
    await update();
    expect(await read()).toBe('10005000000');
  });

  test.each([
    ['FAILED', ['MATCHED', 'FAILED']],
    ['RETRYING', ['MATCHED', 'RETRYING', 'MINED', 'CONFIRMED']],
  ] as const)('a settlement that is %s is told as such', async (fate, statuses) => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const { messages } = await listen(sandbox, 'user', userAuth(account));
    sandbox.faults.add({ kind: 'settlement', fate, order: 2 });
    await post(sandbox, account, marketOf(sandbox), { price: '0.4' });
    const { id } = await post(sandbox, account, marketOf(sandbox), { price: '0.52' });
    await until(() => messages('trade').length === statuses.length, 'the settlement');
    expect(messages('trade').map(({ status }) => status)).toEqual(statuses);
    expect(messages('trade')[0].taker_order_id).toBe(id);
    if (fate === 'FAILED') {
      expect(sandbox.exchange.balance(account.funder)).toBe(10_000_000_000n);
      const { json } = await askAs(sandbox, account, 'GET', '/data/trades');
      expect(json.data[0]).toMatchObject({ status: 'FAILED', err_msg: 'transaction reverted' });
    }
  });

  test('heartbeats that are lost cancel everything', async () => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(QUIET, { clock });
    const account = accountOf(sandbox);
    await post(sandbox, account, marketOf(sandbox), { price: '0.4' });
    const beat = (id: string) =>
      askAs(sandbox, account, 'POST', '/v1/heartbeats', JSON.stringify({ heartbeat_id: id }));
    const { json } = await beat('');
    sandbox.faults.add({ kind: 'rejectThenTimeout', route: 'heartbeats', closeAfterMs: 0 });
    await clock.advanceTo(clock.now() + 5_000);
    await expect(beat(json.heartbeat_id)).rejects.toThrow();
    await clock.advanceTo(clock.now() + 10_000);
    expect(sandbox.exchange.openOrders(account.apiKey)).toEqual([]);
  });
});
