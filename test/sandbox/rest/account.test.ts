/** What a key may read about itself: orders, trades, pages, balances, heartbeats. */
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';
import { accountOf, askAs, marketOf, openSandbox, post, QUIET } from '../sandbox-harness.ts';

describe('orders', () => {
  test.each([
    ['0x12', 400, 'Invalid orderID'],
    [`0x${'a'.repeat(64)}`, 404, 'Order not found'],
  ])('the order %s is answered with %i', async (id, status, error) => {
    const sandbox = await openSandbox();
    const reply = await askAs(sandbox, accountOf(sandbox), 'GET', `/data/order/${id}`);
    expect([reply.status, reply.json]).toEqual([status, { error }]);
  });

  test("somebody else's order is not found, one's own is, also when it is over", async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const { id } = await post(sandbox, account, marketOf(sandbox), { price: '0.52', size: '10' });
    const path = `/data/order/${id}`;
    expect((await askAs(sandbox, accountOf(sandbox, 'safe'), 'GET', path)).status).toBe(404);
    const { json } = await askAs(sandbox, account, 'GET', path);
    expect(json).toMatchObject({ status: 'MATCHED', size_matched: '10', price: '0.52' });
    expect(json.associate_trades).toHaveLength(1);
    const open = await askAs(sandbox, account, 'GET', '/data/orders');
    expect(open.json.data).toEqual([]);
    const byId = await askAs(sandbox, account, 'GET', `/data/orders?id=${id}`);
    expect(byId.json.data).toHaveLength(1);
  });

  test('pages of a hundred end with the last cursor, and filters hold', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const [plain, empty] = [marketOf(sandbox), marketOf(sandbox, 'empty')];
    await post(sandbox, account, empty, { price: '0.4' });
    for (let count = 0; count < 101; count += 1) {
      await post(sandbox, account, plain, { price: '0.4', size: '5' });
    }
    const first = await askAs(sandbox, account, 'GET', '/data/orders?next_cursor=MA==');
    expect(first.json).toMatchObject({ limit: 100, count: 100, next_cursor: 'MTAw' });
    const second = await askAs(sandbox, account, 'GET', '/data/orders?next_cursor=MTAw');
    expect(second.json).toMatchObject({ count: 2, next_cursor: 'LTE=' });
    const ids = [...first.json.data, ...second.json.data].map(({ id }) => id);
    expect(new Set(ids).size).toBe(102);
    const market = await askAs(sandbox, account, 'GET', `/data/orders?market=${empty.conditionId}`);
    expect(market.json.count).toBe(1);
    const bad = await askAs(sandbox, account, 'GET', '/data/orders?next_cursor=%%%');
    expect(bad.status).toBe(400);
  });
});

describe('trades', () => {
  test('market and asset filters look at the taker alone; the wallet filter at everybody', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const market = marketOf(sandbox);
    const [yes, no] = market.tokens.map(({ tokenId }) => tokenId);
    await post(sandbox, account, market, { outcome: 'NO', price: '0.51', size: '10' });
    await sandbox.taker.take({
      tokenId: yes ?? '',
      side: 'BUY',
      price: 490_000n,
      size: 10_000_000n,
    });
    const trades = async (query: string) =>
      (await askAs(sandbox, account, 'GET', `/data/trades?${query}`)).json.data;
    expect(await trades(`asset_id=${no}`)).toEqual([]);
    expect(await trades(`asset_id=${yes}&market=${market.conditionId}`)).toHaveLength(1);
    expect(await trades(`maker_address=${account.funder.toLowerCase()}`)).toHaveLength(1);
    expect(await trades(`maker_address=0x${'1'.repeat(40)}`)).toEqual([]);
    const [trade] = await trades('');
    expect(trade).toMatchObject({ trader_side: 'MAKER', side: 'BUY', outcome: 'Yes', size: '10' });
    expect(trade.maker_orders).toMatchObject([
      { maker_address: account.funder, outcome: 'No', side: 'BUY', price: '0.51' },
    ]);
    expect(await trades(`id=${trade.id}`)).toHaveLength(1);
    expect(await trades(`after=${trade.match_time}`)).toEqual([]);
    expect(
      await trades(`after=${trade.match_time - 1}&before=${trade.match_time + 1}`),
    ).toHaveLength(1);
  });
});

describe('balances', () => {
  test('are as old as the last refresh, and new when asked for', async () => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox({ ...QUIET, balances: { refreshAfterMs: 1_000 } }, { clock });
    const account = accountOf(sandbox);
    const read = async () =>
      (await askAs(sandbox, account, 'GET', '/balance-allowance?asset_type=COLLATERAL')).json;
    expect((await read()).balance).toBe('10000000000');
    expect(Object.keys((await read()).allowances)).toHaveLength(4);
    sandbox.exchange.deposit(account.funder, 1_000_000n);
    expect((await read()).balance).toBe('10000000000');
    await clock.advanceTo(clock.now() + 1_000);
    expect((await read()).balance).toBe('10001000000');
    sandbox.exchange.deposit(account.funder, 1_000_000n);
    const update = '/balance-allowance/update?asset_type=COLLATERAL';
    expect((await askAs(sandbox, account, 'GET', update)).status).toBe(200);
    expect((await read()).balance).toBe('10002000000');
  });

  test.each([
    ['asset_type=COLLATERAL&signature_type=2', 200, '0'],
    ['asset_type=CONDITIONAL&token_id=1', 200, '0'],
    ['asset_type=CONDITIONAL-V2&token_id=1', 200, '0'],
    ['asset_type=CONDITIONAL', 400, undefined],
    ['asset_type=GOLD', 400, undefined],
  ])('%s answers %i', async (query, status, balance) => {
    const sandbox = await openSandbox();
    const reply = await askAs(sandbox, accountOf(sandbox), 'GET', `/balance-allowance?${query}`);
    expect([reply.status, reply.json.balance]).toEqual([status, balance]);
  });
});

describe('heartbeats', () => {
  async function opened() {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(QUIET, { clock });
    const account = accountOf(sandbox);
    await post(sandbox, account, marketOf(sandbox), { price: '0.4' });
    const beat = (id: string) =>
      askAs(sandbox, account, 'POST', '/v1/heartbeats', JSON.stringify({ heartbeat_id: id }));
    const open = () => sandbox.exchange.openOrders(account.apiKey).length;
    return { clock, sandbox, account, beat, open };
  }

  test('without a first one nothing is ever cancelled', async () => {
    const { clock, open } = await opened();
    await clock.advanceTo(clock.now() + 60_000);
    expect(open()).toBe(1);
  });

  test('each hands over the id of the next; after one that is missing all orders end', async () => {
    const { clock, beat, open } = await opened();
    let { json } = await beat('');
    for (let beats = 0; beats < 4; beats += 1) {
      await clock.advanceTo(clock.now() + 5_000);
      const next = await beat(json.heartbeat_id);
      expect(next.status).toBe(200);
      json = next.json;
    }
    await clock.advanceTo(clock.now() + 10_000 - 1);
    expect(open()).toBe(1);
    await clock.advanceTo(clock.now() + 5_001);
    expect(open()).toBe(0);
  });

  test('a wrong id is answered with the one that is expected, and does not count', async () => {
    const { clock, beat, open } = await opened();
    const { json } = await beat('');
    const wrong = await beat('');
    expect([wrong.status, wrong.json]).toEqual([
      400,
      { error_msg: 'Invalid Heartbeat ID', heartbeat_id: json.heartbeat_id },
    ]);
    await clock.advanceTo(clock.now() + 15_000);
    expect(open()).toBe(0);
  });

  test('the older form shares the registration and starts the ids anew', async () => {
    const { clock, sandbox, account, beat, open } = await opened();
    await beat('');
    await clock.advanceTo(clock.now() + 9_000);
    const { json } = await askAs(sandbox, account, 'POST', '/heartbeats');
    expect(json).toEqual({ status: 'ok' });
    await clock.advanceTo(clock.now() + 9_000);
    expect(open()).toBe(1);
    expect((await beat('')).status).toBe(200);
  });
});
