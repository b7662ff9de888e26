/** What the paper venue adds to the contract: its own times, chances and queue. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  fills,
  type HarnessOptions,
  never,
  SETTLED_MS,
  send,
} from '../../../contracts/venue-harness.ts';
import { createMemoryPaperStore } from '../../../support/memory-paper-store.ts';
import { type PaperHarness, paperHarness, quiet, START_MS } from './paper-harness.ts';

type Settings = Parameters<typeof paperHarness>[2];
const opened: PaperHarness[] = [];

async function open(
  settings: Settings = {},
  options: HarnessOptions = {},
): Promise<{ harness: PaperHarness }> {
  const harness = await paperHarness(createMemoryPaperStore(), options, settings);
  opened.push(harness);
  return { harness };
}

afterEach(async () => {
  for (const harness of opened.splice(0)) await harness.close();
});

describe('times and chances', () => {
  test('settlement keeps its times, also over a restart', async () => {
    const settlement = { minedAfterMs: 2_000, confirmedAfterMs: 4_000 };
    const { harness } = await open({ settlement });
    await harness.setBook([], [['0.4', '10']]);
    await send(harness);
    await harness.advance(1_000);
    await harness.restart('kill');
    const settlementAt = async (atMs: number): Promise<string | undefined> => {
      await harness.clock.advanceTo(START_MS + atMs, quiet);
      return (await harness.venue.fetchTrades(0))[0]?.settlement;
    };
    expect(await settlementAt(1_999)).toBe('matched');
    expect(await settlementAt(2_000)).toBe('mined');
    expect(await settlementAt(5_999)).toBe('mined');
    expect(await settlementAt(6_000)).toBe('confirmed');
  });

  test('the split part comes after its delay, also over a restart, and only once', async () => {
    const partialFills = { share: 1, firstPart: '0.3', delayMs: 500 };
    const { harness } = await open({ partialFills });
    await harness.setBook(
      [],
      [
        ['0.4', '6'],
        ['0.41', '4'],
      ],
    );
    const { id } = await send(harness);
    await harness.restart('kill');
    await harness.advance(500);
    await harness.advance(500);
    expect(fills(harness, id)).toEqual([
      ['0.4', '3'],
      ['0.4', '3'],
      ['0.41', '4'],
    ]);
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ status: 'matched' });
  });

  test('a share of legs fails, and the same seed fails the same ones', async () => {
    const run = async (): Promise<string[]> => {
      const { harness } = await open({ settlement: { failedShare: 0.5 } });
      for (let number = 0; number < 12; number += 1) {
        await harness.setBook([], [['0.4', '5']]);
        await send(harness, { size: '5', timeInForce: 'FOK' });
        await harness.setBook([], []);
      }
      await harness.advance(SETTLED_MS);
      return (await harness.venue.fetchTrades(0)).map((leg) => leg.settlement);
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set(['failed', 'confirmed']));
    expect(await run()).toEqual(first);
  });

  test('a delayed order is checked again when its delay ends', async () => {
    const { harness } = await open({}, { takerDelayMs: 1_000 });
    await harness.setBook([], [['0.5', '3000']]);
    const { id } = await send(harness, { size: '1900' });
    await harness.advance(500);
    harness.venue.onMarketEvent({
      type: 'market.tickSizeChanged',
      instrumentId: harness.instrument.id,
      tickSize: '0.3',
      atMs: harness.now(),
    });
    await harness.advance(500);
    const report = await harness.venue.fetchOrder(id);
    expect(report).toMatchObject({ status: 'rejected', sizeMatched: '0' });
    expect(report?.reason).toMatch(/0\.5.*0\.3/);
  });

  test('the reservation of a delayed order does not count against itself', async () => {
    const { harness } = await open({}, { takerDelayMs: 1_000 });
    await harness.setBook([], [['0.5', '3000']]);
    const { id } = await send(harness, { size: '1900' });
    await harness.advance(1_000);
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ sizeMatched: '1900' });
  });

  test('at the front of the queue the first trade is ours', async () => {
    const { harness } = await open({ queuePosition: 'front' });
    await harness.setBook([['0.5', '500']], []);
    const { id } = await send(harness);
    await harness.trade('SELL', '0.5', '4');
    expect(fills(harness, id)).toEqual([['0.5', '4']]);
  });

  test('an order that came before any book takes its place behind the first one', async () => {
    const { harness } = await open();
    const { id } = await send(harness);
    await harness.trade('SELL', '0.5', '50');
    await harness.setBook([['0.5', '20']], []);
    await harness.trade('SELL', '0.5', '23');
    expect(fills(harness, id)).toEqual([['0.5', '3']]);
  });

  test('a book at the moment of expiry fills nothing any more', async () => {
    const { harness } = await open();
    await harness.setBook([], [['0.6', '10']]);
    const expiresAtMs = harness.now() + 10;
    // This timer is older than the venue's own for the same moment.
    harness.clock.at(expiresAtMs, () => {
      void harness.setBook([], [['0.4', '10']]);
    });
    const { id } = await send(harness, { timeInForce: 'GTD', expiresAtMs });
    await harness.advance(10);
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ status: 'expired' });
  });

  test('trades at one time are shared by our orders, the better price and the earlier first', async () => {
    const { harness } = await open();
    await harness.setBook([], [['0.6', '10']]);
    const low = await send(harness, { price: '0.48' });
    const first = await send(harness, { price: '0.49' });
    const second = await send(harness, { price: '0.49' });
    const best = await send(harness, { price: '0.5', size: '5' });
    await harness.trade('SELL', '0.48', '18');
    expect([best, first, second, low].map(({ id }) => fills(harness, id))).toEqual([
      [['0.5', '5']],
      [['0.49', '10']],
      [['0.49', '3']],
      [],
    ]);
  });

  test('new orders must be on the newest tick, resting ones stay', async () => {
    const { harness } = await open();
    await harness.setBook([], [['0.6', '10']]);
    const { id } = await send(harness);
    harness.venue.onMarketEvent({
      type: 'market.tickSizeChanged',
      instrumentId: harness.instrument.id,
      tickSize: '0.001',
      atMs: harness.now(),
    });
    expect(harness.venue.instrument(harness.instrument.id)?.tickSize).toBe('0.001');
    expect(harness.venue.instruments().map((one) => one.tickSize)).toEqual(['0.001']);
    expect((await send(harness, { price: '0.505' })).outcome.kind).toBe('acknowledged');
    expect(await harness.venue.fetchOrder(id)).toMatchObject({ status: 'live' });
  });
});

test('an order that is over leaves no timer behind', async () => {
  const { harness } = await open();
  const expiresAtMs = harness.now() + 500_000;
  const { id } = await send(harness, { timeInForce: 'GTD', expiresAtMs });
  expect(harness.clock.pending()).toBe(1);
  await harness.venue.cancel(id, never);
  expect(harness.clock.pending()).toBe(0);
});

test('a split between two levels leaves no empty leg', async () => {
  const { harness } = await open({ partialFills: { share: 1, firstPart: '0.5' } });
  await harness.setBook(
    [],
    [
      ['0.4', '5'],
      ['0.41', '5'],
    ],
  );
  const { id } = await send(harness, { timeInForce: 'FOK' });
  expect(fills(harness, id)).toEqual([['0.4', '5']]);
  await harness.advance(1_000);
  expect(fills(harness, id)).toEqual([
    ['0.4', '5'],
    ['0.41', '5'],
  ]);
});

test('money that the first part spent is no longer reserved', async () => {
  const { harness } = await open({ partialFills: { share: 1, firstPart: '0.3' } });
  await harness.setBook([], [['0.4', '5000']]);
  const market = { type: 'market', price: '0.4', timeInForce: 'FOK' } as const;
  // 180 of 600 are spent: 420 and its worst fee, 20.8, stay reserved of the other 814.6.
  await send(harness, { ...market, amountUsd: '600' });
  expect((await send(harness, { ...market, amountUsd: '357' })).outcome.kind).toBe('rejected');
  expect((await send(harness, { ...market, amountUsd: '355' })).outcome.kind).toBe('acknowledged');
});

test('splitting takes nothing away: both parts together are the whole', async () => {
  const { harness } = await open({ partialFills: { share: 1, firstPart: '0.37' } });
  await harness.setBook([], [['0.4', '9.99']]);
  const { id } = await send(harness, { size: '9.99', timeInForce: 'FOK' });
  await harness.advance(1_000);
  const report = await harness.venue.fetchOrder(id);
  expect(report?.sizeMatched).toBe('9.99');
  expect(fills(harness, id)).toEqual([
    ['0.4', '3.69'],
    ['0.4', '6.3'],
  ]);
});
