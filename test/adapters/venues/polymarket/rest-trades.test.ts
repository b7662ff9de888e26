import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { NO_FEES } from '../../../../src/adapters/venues/polymarket/gamma.ts';
import {
  createTradeReader,
  FIRST_LOOK_BACK_MS,
} from '../../../../src/adapters/venues/polymarket/rest-trades.ts';
import type { LegReport } from '../../../../src/domain/fill-leg.ts';
import { restTo, serve } from './rest-harness.ts';

const START = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const US = '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf';

interface Row {
  readonly id: string;
  readonly matchedMs: number;
  changedMs?: number;
  status?: string;
  readonly side?: 'BUY' | 'SELL';
}

function wire({ id, matchedMs, changedMs = matchedMs, status = 'CONFIRMED', side = 'BUY' }: Row) {
  const seconds = (ms: number) => String(Math.floor(ms / 1_000));
  return {
    ...{ id, taker_order_id: `0x${id}`, asset_id: '71', side, size: '10', price: '0.5', status },
    ...{ match_time: seconds(matchedMs), last_update: seconds(changedMs) },
    ...{ owner: 'us', maker_address: US, trader_side: 'TAKER' },
    maker_orders: [
      {
        ...{ order_id: '0xff', owner: 'them', maker_address: '0x1', asset_id: '71' },
        ...{ matched_amount: '10', price: '0.5' },
      },
    ],
  };
}

/** A venue that filters as the real one: by the time of the match, or by id. */
async function readerOf(rows: Row[], historySinceMs = 0) {
  const clock = createVirtualClock(START);
  const asked: { after?: number; id?: string }[] = [];
  const server = await serve(({ url }) => {
    const query = new URL(url, 'http://x').searchParams;
    const [id, after] = [query.get('id'), query.get('after')];
    asked.push({
      ...(id === null ? {} : { id }),
      ...(after === null ? {} : { after: Number(after) }),
    });
    const found = rows.filter((row) =>
      id === null ? Math.floor(row.matchedMs / 1_000) > Number(after) : row.id === id,
    );
    // Newest first, as the venue does.
    return { body: { data: found.map(wire).reverse(), next_cursor: 'LTE=' } };
  });
  const { rest } = restTo(server.url, clock);
  const malformed: string[] = [];
  const reader = createTradeReader({
    ...{ rest, clock, makerAddress: US, historySinceMs, venueTimeMs: (ms) => ms },
    ours: { isOurs: () => false, makerAddress: US },
    instrumentOf: (tokenId) =>
      tokenId === '71' ? { id: 'polymarket:m:YES', fees: NO_FEES } : undefined,
    note: () => undefined,
    onMalformed: (fault) => malformed.push(fault.message),
  });
  const ids = async (sinceMs: number) =>
    (await reader.fetch(sinceMs)).map(({ tradeId }) => tradeId);
  return { reader, ids, asked, server, clock, malformed };
}

describe('trades since a time', () => {
  test('come oldest change first, and what was bought before what was sold in the same second', async () => {
    const { ids } = await readerOf([
      { id: 'late', matchedMs: START - 9_000, changedMs: START - 1_000 },
      { id: 'sold', matchedMs: START - 5_000, side: 'SELL' },
      { id: 'bought', matchedMs: START - 5_000 },
    ]);
    expect(await ids(START - 60_000)).toEqual(['bought', 'sold', 'late']);
  });

  test('leave out what changed before, to the second', async () => {
    const { ids } = await readerOf([
      { id: 'before', matchedMs: START - 20_000 },
      { id: 'within', matchedMs: START - 10_000 },
      { id: 'after', matchedMs: START - 5_000 },
    ]);
    expect(await ids(START - 9_500)).toEqual(['within', 'after']);
  });

  test('a leg that was matched long before and settled since is told', async () => {
    const { ids, asked } = await readerOf([
      { id: 'a', matchedMs: START - 2 * HOUR_MS, changedMs: START - 1_000, status: 'FAILED' },
    ]);
    expect(await ids(START - 60_000)).toEqual(['a']);
    // What this process does not remember may be as old as this.
    expect(asked[0]?.after).toBe((START - 60_000 - FIRST_LOOK_BACK_MS) / 1_000 - 1);
  });

  test('a leg that is not settled is read again until it is, by time and then by id', async () => {
    const row: Row = { id: 'a', matchedMs: START + 1_000, status: 'MATCHED' };
    const { ids, asked, reader, clock } = await readerOf([row]);
    await clock.advanceTo(START + 2_000);
    expect(await ids(START)).toEqual(['a']);
    expect(reader.unsettled).toBe(1);
    // Within the hour: the reading goes back to its match.
    await clock.advanceTo(START + HOUR_MS / 2);
    await ids(START + HOUR_MS / 2);
    expect(asked.at(-1)).toEqual({ after: (START + 1_000) / 1_000 - 1 });
    // Later: by its id.
    const laterMs = START + 3 * HOUR_MS;
    await clock.advanceTo(laterMs);
    row.status = 'CONFIRMED';
    row.changedMs = laterMs - 10_000;
    expect(await ids(laterMs - 60_000)).toEqual(['a']);
    expect(asked.at(-1)).toEqual({ id: 'a' });
    expect(reader.unsettled).toBe(0);
    await ids(laterMs);
    expect(asked.at(-1)).toEqual({ after: laterMs / 1_000 - 1 });
  });

  test('a leg that only the stream told of is remembered, too', async () => {
    const leg: LegReport = {
      ...{
        tradeId: 'b#2',
        venueOrderId: '0xb',
        role: 'taker',
        side: 'BUY',
        size: '1',
        price: '0.5',
      },
      ...{ instrumentId: 'polymarket:m:YES', settlement: 'retrying', matchedAtMs: START },
    };
    const { reader, asked, clock } = await readerOf([]);
    reader.see(leg);
    await clock.advanceTo(START + 2 * HOUR_MS);
    await reader.fetch(START + 2 * HOUR_MS);
    // Its transactions have one trade id.
    expect(asked.at(-1)).toEqual({ id: 'b' });
    reader.see({ ...leg, settlement: 'confirmed' });
    expect(reader.unsettled).toBe(0);
  });

  test.each([
    ['shows', 0],
    ['no longer shows', 150],
  ])(
    'by id only so many are read in one go, each in its turn, also those that the venue %s',
    async (_how, gone) => {
      const rows = Array.from({ length: 150 }, (_, number): Row => {
        return { id: `t${number}`, matchedMs: START + 1_000, status: 'RETRYING' };
      });
      const { reader, asked, clock } = await readerOf(rows);
      await clock.advanceTo(START + 2_000);
      await reader.fetch(START);
      rows.splice(0, gone);
      const laterMs = START + 2 * HOUR_MS;
      await clock.advanceTo(laterMs);
      const byId = async () => {
        const before = asked.length;
        let over = false;
        const reading = reader.fetch(laterMs).finally(() => {
          over = true;
        });
        // More than the rate limit lets go at once.
        while (!over) {
          await sleep(1);
          await clock.advanceTo(clock.now() + 10);
        }
        await reading;
        return asked.slice(before).flatMap(({ id }) => id ?? []);
      };
      const [first, second] = [await byId(), await byId()];
      expect([first.length, second.length]).toEqual([100, 100]);
      expect(new Set([...first, ...second]).size).toBe(150);
    },
  );

  test('since zero everything is read, but nothing of before the account’s history', async () => {
    const rows = [
      { id: 'past', matchedMs: START - 50 * HOUR_MS },
      { id: 'ours', matchedMs: START - 49 * HOUR_MS },
    ];
    const everything = await readerOf(rows);
    expect(await everything.ids(0)).toEqual(['past', 'ours']);
    const bounded = await readerOf(rows, START - 49 * HOUR_MS);
    expect(await bounded.ids(0)).toEqual(['ours']);
  });

  test('a row that cannot be read is told, and the others are there', async () => {
    const { ids, malformed } = await readerOf([
      { id: 'a', matchedMs: START - 3_000, side: 'SHORT' as 'BUY' },
      { id: 'b', matchedMs: START - 2_000 },
    ]);
    expect(await ids(START - 60_000)).toEqual(['b']);
    expect(malformed).toHaveLength(1);
  });

  test('are asked for by our address alone', async () => {
    const { reader, server } = await readerOf([]);
    await reader.fetch(START);
    expect(server.asked[0]?.url).toMatch(
      new RegExp(`^/data/trades\\?maker_address=${US}&after=\\d+&next_cursor=MA%3D%3D$`),
    );
  });
});
