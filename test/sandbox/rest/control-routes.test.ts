/** What testers in other languages command over HTTP. */
import { describe, expect, test } from 'vitest';
import { accountOf, ask, marketOf, openSandbox, post } from '../sandbox-harness.ts';

const send = (sandbox: Parameters<typeof ask>[0], path: string, body: unknown) =>
  ask(sandbox, 'POST', path, JSON.stringify(body));

test('faults are added, counted, listed and removed', async () => {
  const sandbox = await openSandbox();
  const added = await send(sandbox, '/sandbox/faults', {
    kind: 'error',
    route: 'GET /ok',
    count: 1,
  });
  expect(added.json).toMatchObject({ id: '1', hits: 0, rule: { kind: 'error', status: 500 } });
  await send(sandbox, '/sandbox/faults', { kind: 'slow', route: 'any', market: 'plain' });
  expect((await ask(sandbox, 'GET', '/ok')).status).toBe(500);
  expect((await ask(sandbox, 'GET', '/ok')).status).toBe(200);
  const listed = await ask(sandbox, 'GET', '/sandbox/faults');
  expect(listed.json.map(({ hits }: { hits: number }) => hits)).toEqual([1, 0]);
  const left = await ask(sandbox, 'DELETE', '/sandbox/faults?id=1');
  expect(left.json).toMatchObject([{ id: '2' }]);
  expect((await ask(sandbox, 'DELETE', '/sandbox/faults')).json).toEqual([]);
});

test('markets are resolved and change their tick, by slug or condition', async () => {
  const sandbox = await openSandbox();
  const market = marketOf(sandbox, 'empty');
  const tick = await send(sandbox, '/sandbox/tick-size', { market: 'plain', tickSize: '0.001' });
  expect(tick.status).toBe(200);
  expect(marketOf(sandbox).tickSize).toBe('0.001');
  await send(sandbox, '/sandbox/resolve', { market: market.conditionId, outcome: '50-50' });
  expect(marketOf(sandbox, 'empty').payout).toEqual([500_000n, 500_000n]);
});

test('settlement of the trades to come is changed', async () => {
  const sandbox = await openSandbox();
  const { json } = await send(sandbox, '/sandbox/settlement', { failedShare: 1, minedAfterMs: 5 });
  expect(json).toEqual({
    minedAfterMs: 5,
    confirmedAfterMs: 40,
    failedShare: 1,
    retryingShare: 0,
  });
});

test('the wallet of a foreign key is opened and paid into', async () => {
  const sandbox = await openSandbox();
  const address = `0x${'ab'.repeat(20)}`;
  const token = marketOf(sandbox).tokens[0].tokenId;
  const { json } = await send(sandbox, '/sandbox/deposit', {
    address,
    signatureType: 2,
    dollars: '12.5',
    shares: { [token]: '3' },
  });
  expect(json.balance).toBe('12.5');
  expect(sandbox.exchange.balance(json.funder, token)).toBe(3_000_000n);
});

test('the ledger tells every order and trade, all balances, and that no money was lost', async () => {
  const sandbox = await openSandbox();
  const account = accountOf(sandbox);
  const { id } = await post(sandbox, account, marketOf(sandbox), { price: '0.52', size: '10' });
  const all = (await ask(sandbox, 'GET', '/sandbox/ledger')).json;
  expect(all.trades).toMatchObject([{ taker_order_id: id, taker_fee: '0.1248' }]);
  expect(all.orders.length).toBeGreaterThan(1);
  expect(all.balances).toMatchObject([
    { name: 'eoa', funder: account.funder, dollars: '9994.6752' },
    { name: 'safe', dollars: '10000' },
  ]);
  expect(Object.keys(all.totals)).toEqual(['deposited', 'fees', 'collateral', 'inFlight']);
  const own = (await ask(sandbox, 'GET', `/sandbox/ledger?owner=${account.apiKey}`)).json;
  expect(own.orders).toHaveLength(1);
});

describe('wishes that make no sense', () => {
  test.each([
    ['/sandbox/faults', {}, 'options'],
    ['/sandbox/faults', { kind: 'error', market: 'none' }, 'options.market'],
    ['/sandbox/faults', { kind: 'error', route: 'everywhere' }, 'options.route'],
    ['/sandbox/faults', { kind: 'dropFrame', frame: 'mine' }, 'options.frame'],
    ['/sandbox/faults', { kind: 'error', colour: 'red' }, 'options.colour'],
    ['/sandbox/resolve', { market: 'plain', outcome: 'MAYBE' }, 'outcome'],
    ['/sandbox/resolve', { market: 'none', outcome: 'YES' }, 'market'],
    ['/sandbox/tick-size', { market: 'plain', tickSize: '7' }, 'tick'],
    ['/sandbox/settlement', { failedShare: 2 }, 'settlement.failedShare'],
    ['/sandbox/deposit', { address: 'me' }, 'address'],
    ['/sandbox/deposit', { address: `0x${'ab'.repeat(20)}`, dollars: '-1' }, 'dollars'],
    ['/sandbox/deposit', { address: `0x${'ab'.repeat(20)}`, signatureType: 9 }, 'signatureType'],
  ])('%s with %j is refused and named', async (path, body, place) => {
    const sandbox = await openSandbox();
    const { status, json } = await send(sandbox, path, body);
    expect(status).toBe(400);
    expect(json.error).toContain(place);
  });
});
