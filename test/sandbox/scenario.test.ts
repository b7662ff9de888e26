/** Scenarios: what they say, what they leave out, and what is wrong with them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { parseScenario, readScenario, scenarioOf } from '../../src/sandbox/scenario.ts';
import { accountOf, ask, marketOf, openSandbox, QUIET } from './sandbox-harness.ts';

const YAML = `
seed: rain
accounts:
  - { name: me, signatureType: 2, dollars: 12.5, shares: { game: { YES: 3 } } }
markets:
  - slug: game
    tickSize: 0.001
    fees: { rate: 0.05 }
    makers: { kind: fixed, bids: [{ price: 0.48, size: 10 }] }
faults:
  - { kind: acceptThenTimeout, probability: 0.1, route: orders }
schedule:
  - { kind: resolve, atMs: 5000, market: game, outcome: 'YES' }
`;

test('a file gives exact amounts and every default', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'fillwright-scenario-')), 'game.yaml');
  writeFileSync(path, YAML);
  const scenario = await readScenario(path);
  expect(scenario).toMatchObject({
    seed: 'rain',
    chainId: 137,
    accounts: [{ name: 'me', dollars: '12.5' }],
    markets: [{ slug: 'game', tickSize: '0.001', version: 'v1', minimumOrderSize: '5' }],
    settlement: { minedAfterMs: 2_000, confirmedAfterMs: 4_000, failedShare: 0 },
    faults: [{ kind: 'acceptThenTimeout', probability: 0.1, skip: 0 }],
  });
  const sandbox = await openSandbox(scenario);
  const account = accountOf(sandbox, 'me');
  const [{ tokenId }] = marketOf(sandbox, 'game').tokens;
  expect(sandbox.exchange.balance(account.funder)).toBe(12_500_000n);
  expect(sandbox.exchange.balance(account.funder, tokenId)).toBe(3_000_000n);
  expect(sandbox.exchange.book(tokenId).bids).toEqual([{ price: 480_000n, size: 10_000_000n }]);
});

test('without a file there are all signature types and markets of all kinds', () => {
  const { accounts, markets } = scenarioOf();
  expect(accounts.map(({ signatureType }) => signatureType)).toEqual([0, 1, 2, 3]);
  expect(markets.slice(0, 3).map(({ slug }) => slug)).toEqual([
    'sim-rain-tomorrow',
    'sim-launch-on-time',
    'sim-home-team-wins',
  ]);
  expect(markets.some(({ version }) => version === 'v2')).toBe(true);
  expect(markets.some(({ negRisk, version }) => negRisk && version === 'v1')).toBe(true);
  expect(markets.some(({ tickSize }) => tickSize === '0.001')).toBe(true);
  expect(
    markets.some(({ takerDelayMs, blockingDelay }) => takerDelayMs > 0 && !blockingDelay),
  ).toBe(true);
});

describe('problems are named with file, line and key', () => {
  test.each([
    ['colour: red', 'game.yaml:1: colour: got "red", expected one of seed'],
    ['chainId: 1', 'game.yaml:1: chainId: got 1, expected 137 or 80002'],
    ['markets: []', 'game.yaml:1: markets: got [], expected at least one market'],
    ['markets:\n  - { slug: a, tickSize: 0.02 }', 'game.yaml:2: markets.0.tickSize'],
    ['markets:\n  - { slug: a b }', 'markets.0.slug'],
    ['markets:\n  - { slug: a, makers: { kind: magic } }', 'none, fixed, simulated or recording'],
    ['markets: [{ slug: a }, { slug: a }]', 'expected the market a once'],
    ['accounts: [{ name: a, signatureType: 4 }]', 'expected 0, 1, 2 or 3'],
    ['faults: [{ kind: magic }]', 'faults.0.kind'],
    ['schedule: [{ kind: resolve, atMs: 1, market: a, outcome: SOME }]', 'YES or NO or 50-50'],
  ])('%s', (source, problem) => {
    expect(() => parseScenario(source, 'game.yaml')).toThrow(problem);
  });

  test('a private key that is none is not repeated', () => {
    const source = 'accounts: [{ name: a, signatureType: 0, privateKey: "0xsecret" }]';
    expect(() => parseScenario(source, 'x.yaml')).toThrow(/^(?!.*secret).*privateKey/);
  });

  test('a file that is not there', async () => {
    await expect(readScenario('/nowhere/x.yaml')).rejects.toMatchObject({ code: 'invalid_config' });
  });

  test('a schedule of an unknown market refuses the start', async () => {
    const schedule = [{ kind: 'resolve', atMs: 1, market: 'none', outcome: 'YES' }];
    await expect(openSandbox({ ...QUIET, schedule })).rejects.toThrow('schedule.market');
  });
});

test('keys follow from the seed; ids of markets do not', async () => {
  const [one, same, other] = await Promise.all(
    ['1', '1', '2'].map((seed) => openSandbox({ ...QUIET, seed })),
  );
  if (one === undefined || same === undefined || other === undefined) throw new Error('no sandbox');
  expect(accountOf(one)).toEqual(accountOf(same));
  expect(accountOf(one).address).not.toBe(accountOf(other).address);
  expect(accountOf(one).secret).not.toBe(accountOf(other).secret);
  expect(marketOf(one).tokens).toEqual(marketOf(other).tokens);
});

test('token ids are those of their generation', async () => {
  const sandbox = await openSandbox({ markets: [{ slug: 'a' }, { slug: 'b', version: 'v2' }] });
  // Bits 40 to 103 of a position id are reserved and zero; in an older id they are bits of a hash.
  const reserved = (slug: string) =>
    marketOf(sandbox, slug).tokens.map(
      ({ tokenId }) => (BigInt(tokenId) >> 40n) & (2n ** 64n - 1n),
    );
  expect(reserved('a')).not.toContain(0n);
  expect(reserved('b')).toEqual([0n, 0n]);
});

test('what is scheduled happens when its time comes', async () => {
  const clock = createVirtualClock(Date.now());
  const sandbox = await openSandbox(
    {
      ...QUIET,
      schedule: [
        { kind: 'tickSize', atMs: 1_000, market: 'plain', tickSize: '0.001' },
        { kind: 'resolve', atMs: 2_000, market: 'plain', outcome: 'NO' },
        { kind: 'resolve', atMs: 3_000, market: 'plain', outcome: 'YES' },
      ],
    },
    { clock },
  );
  await clock.advanceTo(clock.now() + 1_000);
  expect([marketOf(sandbox).tickSize, marketOf(sandbox).payout]).toEqual(['0.001', undefined]);
  await clock.advanceTo(clock.now() + 5_000);
  expect(marketOf(sandbox).payout).toEqual([0n, 1_000_000n]);
  expect((await ask(sandbox, 'GET', '/ok')).status).toBe(200);
});
