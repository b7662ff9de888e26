/** Markets that are made: alive, seeded, and made of orders like any other. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { until } from '../support/until.ts';
import { accountOf, marketOf, openSandbox, post } from './sandbox-harness.ts';

const RECORDING = resolve(
  process.env.FILLWRIGHT_SHARED ?? '../shared',
  'data/polymarket-market-ws-2026-09-07.jsonl.gz',
);

const simulated = (more: object = {}) => ({
  markets: [{ slug: 'rain', makers: { kind: 'simulated', intervalMs: 100 }, ...more }],
});

async function played(scenario: object, ms: number, seed = 'a') {
  const clock = createVirtualClock(1_000_000);
  const sandbox = await openSandbox(scenario, { clock, random: createRandom(seed).next });
  // Step by step: a step of the makers takes more than one turn of the event loop.
  for (let at = 0; at < ms; at += 50) await clock.advanceTo(clock.now() + 50);
  return { clock, sandbox };
}

describe('a simulated market', () => {
  test('shows both sides, never crossed, and trades', async () => {
    const { sandbox } = await played(simulated(), 20_000);
    const { bids, asks } = sandbox.exchange.book(marketOf(sandbox, 'rain').tokens[0].tokenId);
    expect(bids.length).toBeGreaterThanOrEqual(4);
    expect(asks.length).toBeGreaterThanOrEqual(4);
    expect(bids.at(-1)?.price ?? 0n).toBeLessThan(asks.at(-1)?.price ?? 0n);
    expect([...sandbox.exchange.trades()].length).toBeGreaterThan(10);
  });

  test('tells the same story for the same seed, another for another', async () => {
    const story = async (seed: string) => {
      const { sandbox } = await played(simulated(), 5_000, seed);
      return [...sandbox.exchange.trades()].map(
        ({ side, price, size }) => `${side} ${price} ${size}`,
      );
    };
    const first = await story('a');
    expect(first.length).toBeGreaterThan(0);
    expect(await story('a')).toEqual(first);
    expect(await story('b')).not.toEqual(first);
  });

  test('fills an order of a client that it meets', async () => {
    const { clock, sandbox } = await played(simulated(), 1_000);
    const account = accountOf(sandbox);
    const [{ tokenId }] = marketOf(sandbox, 'rain').tokens;
    const price = sandbox.exchange.book(tokenId).bids.at(-1)?.price ?? 0n;
    const id = `0x${'1'.repeat(64)}` as const;
    // The virtual clock stands where requests of now are refused: straight to the exchange.
    const placed = await sandbox.exchange.place({
      id,
      owner: account.apiKey,
      maker: account.funder,
      tokenId,
      side: 'BUY',
      makerAmount: price * 50n,
      takerAmount: 50_000_000n,
      orderType: 'GTC',
      postOnly: false,
      expirationS: 0,
    });
    expect(placed).toMatchObject({ kind: 'accepted', status: 'live' });
    const isOpen = () => sandbox.exchange.order(id)?.status === 'LIVE';
    for (let at = 0; at < 300_000 && isOpen(); at += 50) await clock.advanceTo(clock.now() + 50);
    expect(sandbox.exchange.order(id)?.sizeMatched).toBe(50_000_000n);
  });

  test('ends with the resolution of its market', async () => {
    const { clock, sandbox } = await played(simulated(), 1_000);
    sandbox.exchange.resolve(marketOf(sandbox, 'rain').conditionId, [1_000_000n, 0n]);
    const before = [...sandbox.exchange.orders()].length;
    await clock.advanceTo(clock.now() + 5_000);
    expect([...sandbox.exchange.orders()].length).toBe(before);
  });

  test('with a taker delay leaves no orders of its takers behind', async () => {
    const { sandbox } = await played(simulated({ takerDelayMs: 300 }), 20_000);
    expect([...sandbox.exchange.trades()].length).toBeGreaterThan(5);
    expect(sandbox.exchange.openOrders(sandbox.taker.owner).length).toBeLessThan(5);
  });
});

test('the default markets that are named like the simulator’s climb, wander and trade', async () => {
  const { sandbox } = await played({}, 30_000);
  const bestBid = (slug: string) =>
    Number(sandbox.exchange.book(marketOf(sandbox, slug).tokens[0].tokenId).bids.at(-1)?.price);
  expect(bestBid('sim-home-team-wins')).toBeGreaterThan(700_000);
  expect(bestBid('sim-rain-tomorrow')).toBeGreaterThan(100_000);
  expect(bestBid('sim-rain-tomorrow')).toBeLessThan(900_000);
  for (const market of sandbox.markets) {
    expect(sandbox.exchange.book(market.tokens[0].tokenId).lastTradePrice).toBeDefined();
  }
});

if (!existsSync(RECORDING)) {
  console.warn(`test/sandbox/market-makers: no ${RECORDING}: the recording is not played.`);
}

test.skipIf(!existsSync(RECORDING))('a recording is played as the makers’ book', async () => {
  const sandbox = await openSandbox({
    markets: [{ slug: 'rec', makers: { kind: 'recording', path: RECORDING, speed: 1_000 } }],
  });
  const [{ tokenId }] = marketOf(sandbox, 'rec').tokens;
  await until(() => [...sandbox.exchange.trades()].length >= 2, 'the trades');
  const { bids, asks } = sandbox.exchange.book(tokenId);
  expect(bids.at(-1)?.price).toBe(620_000n);
  expect(asks.at(-1)?.price).toBe(630_000n);
  expect(bids.length).toBeGreaterThan(15);
  const account = accountOf(sandbox);
  const { reply } = await post(sandbox, account, marketOf(sandbox, 'rec'), { price: '0.63' });
  expect(reply.json.status).toBe('matched');
});
