/** The recordings of the venue, where they are at hand; they are not part of the repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseFrame } from '../../../src/adapters/marketdata/polymarket-wire.ts';
import { openRecording } from '../../../src/adapters/marketdata/recording-source.ts';
import type { MarketDataCounts } from '../../../src/domain/market-data.ts';
import { instrument } from './fixtures.ts';

const SHARED = resolve(process.env.FILLWRIGHT_SHARED ?? '../shared');
const DATA = join(SHARED, 'data');
const SAMPLES = join(SHARED, 'samples', 'polymarket');
const { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk } = instrument('YES');

interface Figures {
  readonly file: string;
  readonly groups: number;
  readonly counts: Partial<MarketDataCounts>;
}

const RECORDINGS: readonly Figures[] = [
  {
    file: 'polymarket-market-ws-2026-09-07.jsonl.gz',
    groups: 59,
    counts: { messages: 66, books: 120, trades: 2, hashChecks: 114, hashBatched: 6, ignored: {} },
  },
  {
    // The hashes of 2025 cover something else, and no last trade price is stated.
    file: 'polymarket-legacy-mlb-sea-min-2025-06-25.jsonl.gz',
    groups: 3090,
    counts: {
      messages: 6171,
      books: 6171,
      trades: 0,
      hashChecks: 0,
      hashBatched: 0,
      ignored: { hash_not_checkable: 6171 },
    },
  },
  {
    file: 'polymarket-derived-mlb-sea-min-2025-06-25.jsonl.gz',
    groups: 3128,
    counts: {
      messages: 5326,
      books: 10_448,
      trades: 54,
      hashChecks: 6180,
      hashBatched: 4268,
      ignored: {},
    },
  },
];

describe.runIf(existsSync(DATA))(`recordings (skipped without ${DATA})`, () => {
  test.each(RECORDINGS)('$file: no update is missing from any book', async (figures) => {
    const source = await openRecording({
      path: join(DATA, figures.file),
      venue: 'paper',
      defaults: { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk },
    });
    let groups = 0;
    let latestMs = 0;
    let published = 0;
    for await (const { atMs, events } of source.events()) {
      expect(atMs).toBeGreaterThan(latestMs);
      latestMs = atMs;
      groups += 1;
      published += events.length;
    }
    const { counts } = source;
    expect(counts).toMatchObject({ ...figures.counts, hashMismatches: 0 });
    expect(groups).toBe(figures.groups);
    expect(published).toBe(counts.books + counts.trades);
    expect(source.instruments().map(({ outcome }) => outcome)).toEqual(['YES', 'NO']);
  });

  test('the books stand where the venue says that its best prices are', async () => {
    const path = join(DATA, 'polymarket-market-ws-2026-09-07.jsonl.gz');
    const source = await openRecording({
      path,
      venue: 'paper',
      defaults: { tickSize, minimumOrderSize, fees, takerDelayMs, negRisk },
    });
    const last = new Map<string, string>();
    for await (const { events } of source.events()) {
      for (const event of events) {
        if (event.type !== 'market.bookChanged') continue;
        const { bids, asks } = event.book;
        last.set(event.book.instrumentId, `${bids[0]?.price}/${asks[0]?.price}`);
      }
    }
    expect([...last.values()]).toEqual(['0.62/0.63', '0.37/0.38']);
  });
});

describe.runIf(existsSync(SAMPLES))(`documented samples (skipped without ${SAMPLES})`, () => {
  test.each([
    ['1', 'book'],
    ['2', 'priceChange'],
    ['3', 'tickSize'],
    ['4', 'trade'],
    ['5', 'ignored'],
    ['6', 'ignored'],
    ['7', 'ignored'],
  ])('sample %s is read as %s', (number, type) => {
    const name = readdirSync(SAMPLES).find((file) =>
      file.endsWith(`market-channel__${number}.json`),
    );
    const frame = parseFrame(readFileSync(join(SAMPLES, name ?? 'missing'), 'utf8'));
    expect(frame).toMatchObject({ type: 'messages', messages: [{ type }] });
  });
});
