/** What the user channel says, to whom, and in whose terms. */
import { describe, expect, test } from 'vitest';
import { parseOrder, parseTrade } from '../../../src/adapters/venues/polymarket/user-wire.ts';
import { until } from '../../support/until.ts';
import {
  accountOf,
  askAs,
  listen,
  marketOf,
  openSandbox,
  post,
  userAuth,
} from '../sandbox-harness.ts';

describe('signing in', () => {
  test.each([
    ['an unknown key', { apiKey: 'x', secret: 'y', passphrase: 'z' }],
    ['no key', undefined],
    ['a list', []],
  ])('%s ends the connection', async (_, auth) => {
    const sandbox = await openSandbox();
    const { socket } = await listen(sandbox, 'user', { auth, type: 'user' });
    await until(() => socket.readyState === socket.CLOSED, 'the close');
  });

  test('a wrong secret ends the connection', async () => {
    const sandbox = await openSandbox();
    const { auth } = userAuth(accountOf(sandbox));
    const { socket } = await listen(sandbox, 'user', {
      auth: { ...auth, secret: `x${auth.secret}` },
      type: 'user',
    });
    await until(() => socket.readyState === socket.CLOSED, 'the close');
  });
});

describe('frames', () => {
  test('an order that rests, is hit and is cancelled is told three times', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const market = marketOf(sandbox);
    const { messages } = await listen(sandbox, 'user', userAuth(account));
    const { id } = await post(sandbox, account, market, { price: '0.5', size: '10' });
    await sandbox.taker.take({
      tokenId: market.tokens[0].tokenId,
      side: 'SELL',
      price: 500_000n,
      size: 4_000_000n,
    });
    await askAs(sandbox, account, 'DELETE', '/order', JSON.stringify({ orderID: id }));
    await sandbox.flush();
    const told = messages('order');
    expect(told.map(({ type, status, size_matched }) => [type, status, size_matched])).toEqual([
      ['PLACEMENT', 'LIVE', '0'],
      ['UPDATE', 'LIVE', '4'],
      ['CANCELLATION', 'CANCELED', '4'],
    ]);
    expect(told[0]).toMatchObject({
      id,
      owner: account.apiKey,
      order_owner: account.apiKey,
      maker_address: account.funder,
      market: market.conditionId,
      price: '0.5',
      original_size: '10',
      associate_trades: null,
      outcome: 'Yes',
      order_type: 'GTC',
      expiration: '0',
    });
    expect(told.every((order) => parseOrder(order, 'order').id === id)).toBe(true);
  });

  test('each side hears the taker on top, its own role, and every maker order', async () => {
    const sandbox = await openSandbox();
    const [taker, maker] = [accountOf(sandbox, 'eoa'), accountOf(sandbox, 'safe')];
    const market = marketOf(sandbox);
    const takes = await listen(sandbox, 'user', userAuth(taker));
    const makes = await listen(sandbox, 'user', userAuth(maker));
    // Two buyers of NO at 0.5 and 0.49 are sellers of YES at 0.5 and 0.51.
    const first = await post(sandbox, maker, market, { outcome: 'NO', price: '0.5', size: '6' });
    const second = await post(sandbox, maker, market, { outcome: 'NO', price: '0.49', size: '6' });
    const { id } = await post(sandbox, taker, market, { price: '0.51', size: '10' });
    await until(() => takes.messages('trade').length === 3, 'the settlement');
    await sandbox.flush();
    for (const [side, { messages }] of [
      ['TAKER', takes],
      ['MAKER', makes],
    ] as const) {
      const told = messages('trade');
      expect(told.map(({ status }) => status)).toEqual(['MATCHED', 'MINED', 'CONFIRMED']);
      expect(told[0]).toMatchObject({
        type: 'TRADE',
        taker_order_id: id,
        trader_side: side,
        side: 'BUY',
        size: '10',
        price: '0.51',
        outcome: 'Yes',
        owner: taker.apiKey,
        trade_owner: side === 'TAKER' ? taker.apiKey : maker.apiKey,
        fee_rate_bps: '0',
        transaction_hash: '',
        maker_orders: [
          { order_id: first.id, matched_amount: '6', price: '0.5', side: 'BUY', outcome: 'No' },
          { order_id: second.id, matched_amount: '4', price: '0.49', side: 'BUY', outcome: 'No' },
        ],
      });
      expect(told[2].transaction_hash).toMatch(/^0x[\da-f]{64}$/);
      expect(parseTrade(told[2], 'trade').id).toBe(told[0].id);
    }
  });

  test('a killed order is a cancellation with its reason in the status and no numbers', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const { messages } = await listen(sandbox, 'user', userAuth(account));
    await post(sandbox, account, marketOf(sandbox), {
      price: '0.52',
      size: '500',
      timeInForce: 'FOK',
    });
    await sandbox.flush();
    expect(messages('order')).toMatchObject([
      {
        type: 'CANCELLATION',
        status: "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.",
        size_matched: '',
        outcome: '',
      },
    ]);
  });

  test('nothing is told of other keys, of other markets, or of before', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const [plain, empty] = [marketOf(sandbox), marketOf(sandbox, 'empty')];
    await post(sandbox, account, plain, { price: '0.4' });
    const { messages, socket } = await listen(sandbox, 'user', {
      ...userAuth(account),
      markets: [plain.conditionId],
    });
    await post(sandbox, account, empty, { price: '0.4' });
    await post(sandbox, accountOf(sandbox, 'safe'), plain, { price: '0.4' });
    await sandbox.flush();
    expect(messages()).toEqual([]);
    socket.send(JSON.stringify({ operation: 'subscribe', markets: [empty.conditionId] }));
    socket.send(JSON.stringify({ operation: 'unsubscribe', markets: [plain.conditionId] }));
    await sandbox.flush();
    await post(sandbox, account, plain, { price: '0.4' });
    await post(sandbox, account, empty, { price: '0.4' });
    await sandbox.flush();
    expect(messages('order').map(({ market }) => market)).toEqual([empty.conditionId]);
  });
});
