/** Routes that anyone may ask: each answers in the venue's shape. */
import { describe, expect, test } from 'vitest';
import type { SandboxMarket } from '../../../src/sandbox/exchange/types.ts';
import { until } from '../../support/until.ts';
import { accountOf, ask, marketOf, openSandbox, post, QUIET } from '../sandbox-harness.ts';

const THREE = {
  ...QUIET,
  markets: [
    ...QUIET.markets,
    { ...QUIET.markets[0], slug: 'newer', version: 'v2', negRisk: true, tickSize: '0.001' },
    { slug: 'game', takerDelayMs: 3_000 },
  ],
};

type Path = (market: SandboxMarket) => string;
const token = ({ tokens }: SandboxMarket) => tokens[0].tokenId;

test.each<[string, Path, object | string | number]>([
  ['GET /ok', () => '/ok', 'OK'],
  ['GET /version', () => '/version', { version: 2 }],
  ['GET /midpoint', (m) => `/midpoint?token_id=${token(m)}`, { mid: '0.5' }],
  ['GET /spread', (m) => `/spread?token_id=${token(m)}`, { spread: '0.04' }],
  ['GET /price', (m) => `/price?token_id=${token(m)}&side=sell`, { price: '0.52' }],
  ['GET /tick-size', (m) => `/tick-size?token_id=${token(m)}`, { minimum_tick_size: 0.01 }],
  ['GET /neg-risk', (m) => `/neg-risk?token_id=${token(m)}`, { neg_risk: false }],
  ['GET /fee-rate', (m) => `/fee-rate?token_id=${token(m)}`, { base_fee: 1000 }],
  [
    'GET /last-trade-price',
    (m) => `/last-trade-price?token_id=${token(m)}`,
    { price: '0.5', side: '' },
  ],
  [
    'GET /api/geoblock',
    () => '/api/geoblock',
    { blocked: false, ip: '127.0.0.1', country: 'IE', region: 'L' },
  ],
])('%s', async (_, path, expected) => {
  const sandbox = await openSandbox(THREE);
  const { status, json, headers } = await ask(sandbox, 'GET', path(marketOf(sandbox)));
  expect([status, json]).toEqual([200, expected]);
  expect(headers.get('content-type')).toBe('application/json');
});

test.each<[string, string, number, string]>([
  ['GET', '/book?token_id=7', 404, 'No orderbook exists for the requested token id'],
  ['GET', '/book', 400, 'Invalid token id'],
  ['GET', '/midpoint?token_id=7', 404, 'No orderbook exists for the requested token id'],
  ['GET', '/price?token_id=7&side=UP', 400, 'Invalid side'],
  ['GET', '/tick-size?token_id=7', 404, 'market not found'],
  ['GET', '/clob-markets/0x7', 404, 'market not found'],
  ['GET', '/markets/0x7', 404, 'market not found'],
  ['GET', '/markets-by-token/7', 404, 'market not found'],
  ['POST', '/books', 400, 'Invalid payload'],
  ['GET', '/v2/positions', 400, 'required query param user not provided'],
  ['GET', `/v2/resolutions?condition=0x${'1'.repeat(62)}`, 400, 'invalid condition'],
  ['GET', '/nothing', 404, 'not found'],
  ['GET', '/data/order/', 404, 'not found'],
  ['DELETE', '/ok', 404, 'not found'],
])('%s %s is refused with %i', async (method, path, status, error) => {
  const sandbox = await openSandbox();
  const reply = await ask(sandbox, method, path);
  expect([reply.status, reply.json]).toEqual([status, { error }]);
});

test('a book of a v2 market says its version, one of a v1 market does not', async () => {
  const sandbox = await openSandbox(THREE);
  const book = async (slug: string) =>
    (await ask(sandbox, 'GET', `/book?token_id=${token(marketOf(sandbox, slug))}`)).json;
  expect(await book('newer')).toMatchObject({ version: 'v2', tick_size: '0.001', neg_risk: true });
  expect(await book('plain')).not.toHaveProperty('version');
});

describe('markets', () => {
  test('the compact form tells tokens, grid, fees, delays and version', async () => {
    const sandbox = await openSandbox(THREE);
    const compact = async (slug: string) =>
      (await ask(sandbox, 'GET', `/clob-markets/${marketOf(sandbox, slug).conditionId}`)).json;
    const plain = marketOf(sandbox);
    expect(await compact('plain')).toMatchObject({
      c: plain.conditionId,
      t: [
        { t: plain.tokens[0].tokenId, o: 'Yes' },
        { t: plain.tokens[1].tokenId, o: 'No' },
      ],
      mos: 5,
      mts: 0.01,
      nr: false,
      fd: { r: 0.05, e: 1, to: true },
      ao: true,
      itode: false,
    });
    expect(await compact('newer')).toMatchObject({ v: 'v2', nr: true, mts: 0.001 });
    expect(await compact('game')).toMatchObject({ sd: 3, itode: false });
  });

  test('the condition of a v2 market has 62 digits in Gamma and 64 everywhere else', async () => {
    const sandbox = await openSandbox(THREE);
    const { conditionId, tokens } = marketOf(sandbox, 'newer');
    expect(conditionId).toMatch(/^0x[\da-f]{62}00$/);
    const short = conditionId.slice(0, -2);
    expect((await ask(sandbox, 'GET', `/clob-markets/${short}`)).status).toBe(404);
    const { json } = await ask(sandbox, 'GET', `/gamma/markets?condition_ids=${short}`);
    expect(json).toMatchObject([
      { conditionId: short, version: 'v2', positionIds: tokens.map(({ tokenId }) => tokenId) },
    ]);
    expect(json[0]).not.toHaveProperty('clobTokenIds');
  });

  test('Gamma finds by condition, token and slug; lists are texts inside the JSON', async () => {
    const sandbox = await openSandbox(THREE);
    const [plain, empty] = [marketOf(sandbox), marketOf(sandbox, 'empty')];
    const slugs = async (query: string) =>
      (await ask(sandbox, 'GET', `/markets?${query}`)).json.map(
        (row: { slug: string }) => row.slug,
      );
    expect(await slugs('')).toEqual(['plain', 'empty', 'newer', 'game']);
    expect(
      await slugs(`condition_ids=${plain.conditionId}&condition_ids=${empty.conditionId}`),
    ).toEqual(['plain', 'empty']);
    expect(await slugs(`condition_ids=${plain.conditionId},${empty.conditionId}`)).toEqual([
      'plain',
      'empty',
    ]);
    expect(await slugs(`clob_token_ids=${token(empty)}`)).toEqual(['empty']);
    expect(await slugs('slug=game')).toEqual(['game']);
    expect(await slugs('closed=true')).toEqual([]);
    const [row] = (await ask(sandbox, 'GET', '/markets?slug=plain')).json;
    expect(row).toMatchObject({
      version: 'v1',
      outcomes: '["Yes", "No"]',
      outcomePrices: '["0.5","0.5"]',
      clobTokenIds: JSON.stringify(plain.tokens.map(({ tokenId }) => tokenId)),
      feesEnabled: true,
      feeSchedule: { rate: 0.05, exponent: 1, takerOnly: true },
      orderPriceMinTickSize: 0.01,
      orderMinSize: 5,
      closed: false,
    });
    const pages = await ask(sandbox, 'GET', '/markets/keyset?slug=plain');
    expect(pages.json.markets).toHaveLength(1);
    const clob = await ask(sandbox, 'GET', '/markets?next_cursor=MA==');
    expect(clob.json).toMatchObject({ count: 4, next_cursor: 'LTE=' });
  });

  test.each([
    ['YES', [1_000_000n, 0n], ['1', '0'], [true, false]],
    ['NO', [0n, 1_000_000n], ['0', '1'], [false, true]],
    ['half to each', [500_000n, 500_000n], ['0.5', '0.5'], [false, false]],
  ] as const)(
    'a market resolved to %s is closed everywhere',
    async (_, payout, prices, winners) => {
      const sandbox = await openSandbox();
      const { conditionId } = marketOf(sandbox);
      const resolution = `/v2/resolutions?condition=${conditionId}`;
      expect((await ask(sandbox, 'GET', resolution)).json).toEqual({ data: null });
      sandbox.exchange.resolve(conditionId, payout);
      expect((await ask(sandbox, 'GET', resolution)).json.data).toMatchObject({
        status: 'resolved',
        payouts: payout.map(Number),
      });
      const [gamma] = (await ask(sandbox, 'GET', '/markets?slug=plain&closed=true')).json;
      expect(gamma).toMatchObject({
        closed: true,
        outcomePrices: JSON.stringify(prices),
        closedTime: expect.stringMatching(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\+00$/),
      });
      const { json } = await ask(sandbox, 'GET', `/markets/${conditionId}`);
      expect(json.tokens.map(({ winner }: { winner: boolean }) => winner)).toEqual(winners);
      expect(json).toMatchObject({ closed: true, accepting_orders: false });
    },
  );
});

test('positions tell what was bought, at what average, and hide what is not there yet', async () => {
  const sandbox = await openSandbox();
  const account = accountOf(sandbox, 'safe');
  const market = marketOf(sandbox);
  const path = `/v2/positions?user=${account.funder}`;
  await post(sandbox, account, market, { price: '0.52', size: '10' });
  expect((await ask(sandbox, 'GET', path)).json.data).toEqual([]);
  await until(() => sandbox.exchange.balance(account.funder, token(market)) > 0n);
  const { json } = await ask(sandbox, 'GET', path);
  expect(json.data).toMatchObject([
    {
      proxy_wallet: account.funder,
      token_id: token(market),
      condition_id: market.conditionId,
      current_size: 10,
      avg_price: 0.52,
      entry_cost_usdc: 5.2,
      entry_fees_usdc: 0.1248,
      outcome_index: 0,
    },
  ]);
  expect(json.pagination).toMatchObject({ offset: 0, has_more: false });
});

test('an average is of both sides of each match, and begins anew where everything was sold', async () => {
  const eoa = { name: 'eoa', signatureType: 0, shares: { empty: { YES: '1000' } } };
  const sandbox = await openSandbox({ ...QUIET, accounts: [eoa, QUIET.accounts[1]] });
  const [other, account] = [accountOf(sandbox), accountOf(sandbox, 'safe')];
  const market = marketOf(sandbox, 'empty');
  const trade = (who: typeof account, order: object) => post(sandbox, who, market, order);
  const averages = async ({ funder }: typeof account, held: number) => {
    const path = `/v2/positions?user=${funder}`;
    const rows = async () => (await ask(sandbox, 'GET', path)).json.data;
    await until(async () => {
      const sizes = (await rows()).map((row: { current_size: number }) => row.current_size);
      return (sizes.at(-1) ?? 0) === held;
    });
    return (await rows()).map((row: { avg_price: number }) => row.avg_price);
  };
  await trade(other, { side: 'SELL', price: '0.52' });
  await trade(other, { side: 'SELL', price: '0.6' });
  await trade(account, { price: '0.6', size: '20' });
  expect(await averages(account, 20)).toEqual([0.56]);
  // Two buyers of both outcomes.
  await trade(other, { outcome: 'NO', price: '0.3' });
  await trade(account, { price: '0.7' });
  expect(await averages(account, 30)).toEqual([0.606666]);
  // What it was given has cost nothing.
  expect(await averages(other, 10)).toEqual([0, 0.3]);
  await trade(other, { price: '0.4', size: '30' });
  await trade(account, { side: 'SELL', price: '0.4', size: '30' });
  expect(await averages(account, 0)).toEqual([]);
  await trade(other, { side: 'SELL', price: '0.5' });
  await trade(account, { price: '0.5' });
  expect(await averages(account, 10)).toEqual([0.5]);
});
