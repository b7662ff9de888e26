/** Posting and cancelling: the venue's answers, word for word. */
import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import {
  accountOf,
  askAs,
  marketOf,
  openSandbox,
  orderOf,
  parse,
  post,
  QUIET,
} from '../sandbox-harness.ts';

type Body = ReturnType<typeof parse>;

/** Posts a good order after it was spoilt. */
async function postSpoilt(sandbox: Sandbox, spoil: (body: Body) => unknown, name = 'eoa') {
  const account = accountOf(sandbox, name);
  const { body } = await orderOf(sandbox, account, marketOf(sandbox), { price: '0.4' });
  const spoilt = JSON.stringify(spoil(parse(body)));
  const { status, json } = await askAs(sandbox, account, 'POST', '/order', spoilt);
  return [status, json];
}

/** The body with other fields in its order. */
const withOrder =
  (fields: object) =>
  (body: Body): Body => ({ ...body, order: { ...body.order, ...fields } });

const PAYLOAD = 'Invalid order payload';
const SIGNER = 'the order signer address has to be the address of the API KEY';

describe('what is asked of an order before it is matched', () => {
  test.each<[string, (body: Body) => unknown, string]>([
    ['a list', (body) => [body], PAYLOAD],
    ['no order', ({ order: _, ...body }) => body, PAYLOAD],
    ['a size of zero', withOrder({ takerAmount: '0' }), PAYLOAD],
    ['amounts without end', withOrder({ makerAmount: '9'.repeat(60) }), PAYLOAD],
    ['a salt that is text', withOrder({ salt: '1' }), PAYLOAD],
    [
      'another owner',
      (body) => ({ ...body, owner: 'somebody' }),
      'the order owner has to be the owner of the API KEY',
    ],
    ['another signer', withOrder({ signer: `0x${'22'.repeat(20)}` }), SIGNER],
    [
      'a wallet that nobody opened',
      withOrder({ maker: `0x${'33'.repeat(20)}` }),
      'maker address not allowed, please use the deposit wallet flow',
    ],
    ['a changed amount', withOrder({ makerAmount: '3900000' }), 'invalid signature'],
    ['another signature type', withOrder({ signatureType: 1 }), 'invalid signature'],
    [
      'a form of the first generation',
      withOrder({ timestamp: undefined, nonce: '0', feeRateBps: '0' }),
      'order_version_mismatch',
    ],
  ])('%s is refused', async (_, spoil, error) => {
    const sandbox = await openSandbox();
    expect(await postSpoilt(sandbox, spoil)).toEqual([400, { error }]);
  });

  test("somebody else's deposit wallet is refused by its signer", async () => {
    const sandbox = await openSandbox({
      ...QUIET,
      accounts: [
        { name: 'one', signatureType: 3 },
        { name: 'two', signatureType: 3 },
      ],
    });
    const { funder } = accountOf(sandbox, 'two');
    const spoil = withOrder({ maker: funder, signer: funder });
    expect(await postSpoilt(sandbox, spoil, 'one')).toEqual([400, { error: SIGNER }]);
  });

  test('an unknown token has no book', async () => {
    const sandbox = await openSandbox();
    expect(await postSpoilt(sandbox, withOrder({ tokenId: '77' }))).toEqual([
      400,
      { error: 'the orderbook 77 does not exist' },
    ]);
  });
});

describe('answers', () => {
  test('an order that rests has its hash as its id and no amounts', async () => {
    const sandbox = await openSandbox();
    const { id, reply } = await post(sandbox, accountOf(sandbox), marketOf(sandbox), {
      price: '0.4',
    });
    expect(reply.json).toEqual({
      success: true,
      errorMsg: '',
      orderID: id,
      status: 'live',
      makingAmount: '',
      takingAmount: '',
    });
  });

  test('a match tells amounts in decimals and its trades, and no transaction yet', async () => {
    const sandbox = await openSandbox();
    const { reply } = await post(sandbox, accountOf(sandbox), marketOf(sandbox), {
      price: '0.52',
      size: '7.5',
    });
    expect(reply.json).toMatchObject({
      status: 'matched',
      makingAmount: '3.9',
      takingAmount: '7.5',
      tradeIDs: [expect.stringMatching(/^[\da-f-]{36}$/)],
    });
    expect(reply.json).not.toHaveProperty('transactionsHashes');
  });

  test('the same bytes again are a duplicate, whatever became of the first', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    for (const order of [
      { price: '0.4' },
      { price: '0.52', size: '500', timeInForce: 'FOK' },
    ] as const) {
      const { venueOrderId, body } = await orderOf(sandbox, account, marketOf(sandbox), order);
      await askAs(sandbox, account, 'POST', '/order', body);
      const { status, json } = await askAs(sandbox, account, 'POST', '/order', body);
      expect([status, json]).toEqual([
        400,
        { error: `order ${venueOrderId} is invalid. Duplicated.` },
      ]);
    }
  });

  test('a market with a blocking delay answers after it, one of a game says delayed', async () => {
    const [book] = QUIET.markets;
    const sandbox = await openSandbox({
      ...QUIET,
      markets: [
        { ...book, takerDelayMs: 150, blockingDelay: true },
        { ...book, slug: 'game', takerDelayMs: 150 },
      ],
    });
    const account = accountOf(sandbox, 'safe');
    const order = { price: '0.52', size: '10' } as const;
    const blocked = await post(sandbox, account, marketOf(sandbox), order);
    expect(blocked.reply.json.status).toBe('matched');
    const { id, reply } = await post(sandbox, account, marketOf(sandbox, 'game'), order);
    expect(reply.json).toMatchObject({ status: 'delayed', takingAmount: '', orderID: id });
    const { json } = await askAs(
      sandbox,
      account,
      'DELETE',
      '/order',
      JSON.stringify({ orderID: id }),
    );
    expect(json.canceled).toEqual([]);
    expect(json.not_canceled).toHaveProperty(id);
  });

  test('sixteen orders are one too many', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const { status, json } = await askAs(
      sandbox,
      account,
      'POST',
      '/orders',
      JSON.stringify(new Array(16).fill({})),
    );
    expect([status, json]).toEqual([
      400,
      { error: 'Too many orders in payload: 16, max allowed: 15' },
    ]);
  });
});

describe('cancels', () => {
  const cancel = (sandbox: Sandbox, path: string, body?: unknown, name = 'eoa') =>
    askAs(
      sandbox,
      accountOf(sandbox, name),
      'DELETE',
      path,
      body === undefined ? undefined : JSON.stringify(body),
    );

  test("only the key's own orders, each with a reason where it was not", async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const { id } = await post(sandbox, account, marketOf(sandbox), { price: '0.4' });
    const reason = "order can't be found - already canceled or matched";
    const foreign = await cancel(sandbox, '/order', { orderID: id }, 'safe');
    expect(foreign.json).toEqual({ canceled: [], not_canceled: { [id]: reason } });
    const many = await cancel(sandbox, '/orders', [id, id, `0x${'9'.repeat(64)}`]);
    expect(many.json).toEqual({
      canceled: [id],
      not_canceled: { [`0x${'9'.repeat(64)}`]: reason },
    });
    const again = await cancel(sandbox, '/order', { orderID: id });
    expect([again.status, again.json.canceled]).toEqual([200, []]);
  });

  test('of one market, of one token, of all', async () => {
    const sandbox = await openSandbox();
    const account = accountOf(sandbox);
    const [plain, empty] = [marketOf(sandbox), marketOf(sandbox, 'empty')];
    const yes = await post(sandbox, account, plain, { price: '0.4' });
    const no = await post(sandbox, account, plain, { price: '0.4', outcome: 'NO' });
    const other = await post(sandbox, account, empty, { price: '0.4' });
    const last = await post(sandbox, account, empty, { price: '0.4', outcome: 'NO' });
    const token = await cancel(sandbox, '/cancel-market-orders', {
      asset_id: plain.tokens[1].tokenId,
    });
    expect(token.json.canceled).toEqual([no.id]);
    const market = await cancel(sandbox, '/cancel-market-orders', { market: plain.conditionId });
    expect(market.json.canceled).toEqual([yes.id]);
    const all = await cancel(sandbox, '/cancel-all');
    expect(all.json.canceled.sort()).toEqual([other.id, last.id].sort());
  });

  test.each([
    ['/order', {}, 'Invalid orderID'],
    ['/order', { orderID: '0x1' }, 'Invalid orderID'],
    ['/orders', {}, 'Invalid order payload'],
    ['/orders', ['0x1'], 'Invalid orderID'],
    [
      '/orders',
      new Array(1_001).fill('0x1'),
      'Too many orders in payload: 1001, max allowed: 1000',
    ],
    ['/cancel-market-orders', {}, 'Invalid order payload'],
  ])('%s with %j is refused', async (path, body, error) => {
    const sandbox = await openSandbox();
    const { status, json } = await cancel(sandbox, path, body);
    expect([status, json]).toEqual([400, { error }]);
  });
});
