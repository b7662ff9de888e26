/** The venue's own clients against the sandbox: the current one trades, the dead one is refused. */
import { ClobClient as DeadClient, Side as DeadSide } from '@polymarket/clob-client';
import { AssetType, Chain, ClobClient, OrderType, Side } from '@polymarket/clob-client-v2';
import { createWalletClient, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { polygon } from 'viem/chains';
import { describe, expect, test } from 'vitest';
import type { OpenedAccount, Sandbox } from '../../src/sandbox/sandbox.ts';
import { until } from '../support/until.ts';
import { accountOf, marketOf, openSandbox, QUIET } from './sandbox-harness.ts';

const ALL_TYPES = {
  ...QUIET,
  accounts: [0, 1, 2, 3].map((signatureType) => ({
    name: `type-${signatureType}`,
    signatureType,
    shares: { plain: { YES: '1000', NO: '1000' } },
  })),
  markets: [...QUIET.markets, { ...QUIET.markets[0], slug: 'newer', version: 'v2' }],
};

function walletOf(account: OpenedAccount) {
  return createWalletClient({
    account: privateKeyToAccount(account.privateKey ?? '0x'),
    chain: polygon,
    transport: http('http://127.0.0.1:1'),
  });
}

function clientOf(sandbox: Sandbox, account: OpenedAccount): ClobClient {
  return new ClobClient({
    host: sandbox.rest,
    chain: Chain.POLYGON,
    signer: walletOf(account),
    creds: {
      key: account.apiKey,
      secret: account.secret,
      passphrase: account.passphrase,
    },
    signatureType: account.signatureType,
    funderAddress: account.funder,
    throwOnError: true,
  });
}

describe('signing in', () => {
  test('keys are created once and derived ever after', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const client = new ClobClient({
      host: sandbox.rest,
      chain: Chain.POLYGON,
      signer: walletOf(account),
    });
    const derived = await client.createOrDeriveApiKey();
    expect(derived).toEqual({
      key: account.apiKey,
      secret: account.secret,
      passphrase: account.passphrase,
    });
    const created = await client.createApiKey(7);
    expect(created.key).not.toBe(account.apiKey);
    expect(await client.deriveApiKey(7)).toEqual(created);
    expect(await client.createOrDeriveApiKey(7)).toEqual(created);
  });

  test('a key may ask for its keys, its ban and heartbeats, and can be deleted', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const client = clientOf(sandbox, account);
    expect(await client.getApiKeys()).toEqual({ apiKeys: [account.apiKey] });
    expect(await client.getClosedOnlyMode()).toEqual({ closed_only: false });
    const first = await client.postHeartbeat();
    const second = await client.postHeartbeat(first.heartbeat_id);
    expect(second.heartbeat_id).not.toBe(first.heartbeat_id);
    await expect(client.postHeartbeat('')).rejects.toThrow('Invalid Heartbeat ID');
    await client.deleteApiKey();
    await expect(client.getApiKeys()).rejects.toThrow('Unauthorized/Invalid api key');
  });
});

describe.each([0, 1, 2, 3])('an account of signature type %i', (type) => {
  test.each(['plain', 'newer'])('posts, reads and cancels on the market %s', async (slug) => {
    const sandbox = await openSandbox(ALL_TYPES);
    const account = accountOf(sandbox, `type-${type}`);
    const client = clientOf(sandbox, account);
    const market = marketOf(sandbox, slug);
    const [{ tokenId: tokenID }] = market.tokens;
    const options = { tickSize: '0.01', version: market.version === 'v2' ? 3 : 2 } as const;

    const resting = await client.createOrder(
      { tokenID, price: 0.4, size: 12.5, side: Side.BUY },
      options,
    );
    const posted = await client.postOrder(resting, OrderType.GTC);
    expect(posted).toMatchObject({ success: true, errorMsg: '', status: 'live' });
    expect(await client.getOrder(posted.orderID)).toMatchObject({
      id: posted.orderID,
      status: 'LIVE',
      maker_address: account.funder,
      owner: account.apiKey,
      price: '0.4',
      original_size: '12.5',
      size_matched: '0',
      side: 'BUY',
      outcome: 'Yes',
      order_type: 'GTC',
    });
    expect((await client.getOpenOrders()).map(({ id }) => id)).toEqual([posted.orderID]);
    expect(await client.isOrderScoring({ order_id: posted.orderID })).toEqual({ scoring: true });
    expect(await client.cancelOrder({ orderID: posted.orderID })).toEqual({
      canceled: [posted.orderID],
      not_canceled: {},
    });
    expect(await client.getOpenOrders()).toEqual([]);
    expect((await client.getOrder(posted.orderID)).status).toBe('CANCELED');
  });
});

describe('orders of each kind', () => {
  test('GTC and GTD rest; FOK and FAK take at once, at limit and at market prices', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const client = clientOf(sandbox, account);
    const [{ tokenId: tokenID }] = marketOf(sandbox).tokens;
    const expiration = Math.floor(Date.now() / 1_000) + 600;
    const gtd = await client.createAndPostOrder(
      { tokenID, price: 0.45, size: 10, side: Side.BUY, expiration },
      { tickSize: '0.01' },
      OrderType.GTD,
    );
    expect(gtd.status).toBe('live');
    const fok = await client.createAndPostMarketOrder(
      { tokenID, amount: 5.2, side: Side.BUY },
      { tickSize: '0.01' },
      OrderType.FOK,
    );
    expect(fok).toMatchObject({ status: 'matched', makingAmount: '5.2', takingAmount: '10' });
    const fak = await client.createAndPostMarketOrder(
      { tokenID, amount: 20, side: Side.SELL, price: 0.48 },
      { tickSize: '0.01' },
      OrderType.FAK,
    );
    expect(fak).toMatchObject({ status: 'matched', makingAmount: '20', takingAmount: '9.6' });
    // The client polled the trade until it had its transaction.
    expect(fak.transactionsHashes).toHaveLength(1);
    await expect(
      client.createAndPostMarketOrder(
        { tokenID, amount: 900, side: Side.BUY, price: 0.52 },
        { tickSize: '0.01' },
        OrderType.FOK,
      ),
    ).rejects.toThrow("order couldn't be fully filled. FOK orders are fully filled or killed.");
    await expect(
      client.createAndPostMarketOrder(
        { tokenID, amount: 5, side: Side.BUY, price: 0.2 },
        { tickSize: '0.01' },
        OrderType.FAK,
      ),
    ).rejects.toThrow('no orders found to match with FAK order');
    const trades = await client.getTrades({ maker_address: account.funder });
    expect(trades.map(({ side, size, price }) => ({ side, size, price }))).toEqual([
      { side: 'SELL', size: '20', price: '0.48' },
      { side: 'BUY', size: '10', price: '0.52' },
    ]);
    expect(trades[0]).toMatchObject({ trader_side: 'TAKER', fee_rate_bps: '0' });
  });

  test('a batch tells each leg its own result; many are cancelled at once', async () => {
    const sandbox = await openSandbox();
    const client = clientOf(sandbox, accountOf(sandbox));
    const market = marketOf(sandbox);
    const [{ tokenId: tokenID }] = market.tokens;
    const build = (price: number, size: number) =>
      client.createOrder({ tokenID, price, size, side: Side.BUY }, { tickSize: '0.01' });
    const orders = [await build(0.3, 10), await build(0.31, 1), await build(0.32, 10)];
    const results = await client.postOrders(
      orders.map((order) => ({ order, orderType: OrderType.GTC })),
    );
    expect(results.map(({ success, status }) => [success, status])).toEqual([
      [true, 'live'],
      [true, ''],
      [true, 'live'],
    ]);
    expect(results[1]).toMatchObject({
      orderID: '',
      errorMsg: expect.stringContaining('lower than the minimum'),
    });
    const ids = results.map(({ orderID }) => orderID).filter((id) => id !== '');
    expect((await client.cancelOrders(ids)).canceled.sort()).toEqual([...ids].sort());
    await client.postOrder(await build(0.33, 10));
    await client.postOrder(await build(0.34, 10));
    expect((await client.cancelMarketOrders({ market: market.conditionId })).canceled).toHaveLength(
      2,
    );
    await client.postOrder(await build(0.35, 10));
    expect((await client.cancelAll()).canceled).toHaveLength(1);
  });

  test('a wrong generation of the order is told as a version mismatch', async () => {
    const sandbox = await openSandbox(ALL_TYPES);
    const client = clientOf(sandbox, accountOf(sandbox, 'type-0'));
    for (const [slug, version] of [
      ['plain', 3],
      ['newer', 2],
    ] as const) {
      const [{ tokenId: tokenID }] = marketOf(sandbox, slug).tokens;
      const order = await client.createOrder(
        { tokenID, price: 0.4, size: 10, side: Side.BUY },
        { tickSize: '0.01', version },
      );
      await expect(client.postOrder(order)).rejects.toThrow('order_version_mismatch');
    }
  });
});

describe('reads', () => {
  test('books, prices, ticks, fees and market information are as the client reads them', async () => {
    const sandbox = await openSandbox();
    const client = clientOf(sandbox, accountOf(sandbox));
    const market = marketOf(sandbox);
    const [{ tokenId }, no] = market.tokens;
    expect(await client.getOk()).toBe('OK');
    expect(await client.getVersion()).toBe(2);
    expect(Math.abs((await client.getServerTime()) - Date.now() / 1_000)).toBeLessThan(5);
    expect(await client.getTickSize(tokenId)).toBe('0.01');
    expect(await client.getNegRisk(tokenId)).toBe(false);
    expect(await client.getFeeRateBps(tokenId)).toBe(1000);
    expect(await client.getFeeExponent(tokenId)).toBe(1);
    expect(await client.getOrderBook(tokenId)).toMatchObject({
      market: market.conditionId,
      asset_id: tokenId,
      bids: [{ price: '0.48', size: '100' }],
      asks: [{ price: '0.52', size: '100' }],
      min_order_size: '5',
      tick_size: '0.01',
      neg_risk: false,
    });
    const books = await client.getOrderBooks([
      { token_id: no.tokenId, side: Side.BUY },
      { token_id: '1', side: Side.BUY },
    ]);
    expect(books.map(({ asset_id }) => asset_id)).toEqual([no.tokenId]);
    expect(await client.getMidpoint(tokenId)).toEqual({ mid: '0.5' });
    expect(await client.getSpread(tokenId)).toEqual({ spread: '0.04' });
    expect(await client.getPrice(tokenId, 'BUY')).toEqual({ price: '0.48' });
    expect(await client.getPrice(tokenId, 'SELL')).toEqual({ price: '0.52' });
    expect((await client.getMarket(market.conditionId)).tokens).toHaveLength(2);
    expect((await client.getClobMarketInfo(market.conditionId)).mts).toBe(0.01);
    expect((await client.getMarkets()).count).toBe(2);
  });

  test('balances are those of the wallet of the signature type', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const client = clientOf(sandbox, account);
    const [{ tokenId }] = marketOf(sandbox).tokens;
    const collateral = { asset_type: AssetType.COLLATERAL } as const;
    const shares = { asset_type: AssetType.CONDITIONAL, token_id: tokenId } as const;
    expect((await client.getBalanceAllowance(collateral)).balance).toBe('10000000000');
    expect((await client.getBalanceAllowance(shares)).balance).toBe('1000000000');
    await client.createAndPostMarketOrder(
      { tokenID: tokenId, amount: 5.2, side: Side.BUY },
      { tickSize: '0.01' },
    );
    await until(
      () => sandbox.exchange.balance(account.funder, tokenId) === 1_010_000_000n,
      'the settlement',
    );
    await client.updateBalanceAllowance(collateral);
    await client.updateBalanceAllowance(shares);
    // 5.2 for the shares and 10 x 0.05 x 0.52 x 0.48 for the fee.
    expect((await client.getBalanceAllowance(collateral)).balance).toBe('9994675200');
    expect((await client.getBalanceAllowance(shares)).balance).toBe('1010000000');
  });
});

test('the client of the first generation signs orders that are refused by their version', async () => {
  const sandbox = await openSandbox();
  const account = accountOf(sandbox);
  const client = new DeadClient(
    sandbox.rest,
    137,
    walletOf(account),
    { key: account.apiKey, secret: account.secret, passphrase: account.passphrase },
    0,
  );
  const [{ tokenId: tokenID }] = marketOf(sandbox).tokens;
  const order = await client.createOrder(
    { tokenID, price: 0.4, size: 10, side: DeadSide.BUY, feeRateBps: 1000 },
    { tickSize: '0.01', negRisk: false },
  );
  expect(await client.postOrder(order)).toMatchObject({
    error: 'order_version_mismatch',
    status: 400,
  });
});
