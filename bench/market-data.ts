/** How fast frames of the market channel become proven books, beside parsing and hashing alone. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type RawData, WebSocket } from 'ws';
import { createVirtualClock } from '../src/adapters/clock/virtual-clock.ts';
import { BookKeeper } from '../src/adapters/marketdata/book-keeper.ts';
import { noCounts } from '../src/adapters/marketdata/counts.ts';
import { parseFrame } from '../src/adapters/marketdata/polymarket-wire.ts';
import { readLines } from '../src/adapters/marketdata/recording-lines.ts';
import { openRecording } from '../src/adapters/marketdata/recording-source.ts';
import type { Instrument } from '../src/domain/instrument.ts';
import type { BookSnapshot, MarketDataCounts } from '../src/domain/market-data.ts';
import { instrumentOf, medianOf, openSandbox, shareOfLimits } from './sandbox-parts.ts';

/** Internal material, outside the repository. */
const SHARED = resolve(process.env.FILLWRIGHT_SHARED ?? '../shared');
const RECORDING = `${SHARED}/data/polymarket-derived-mlb-sea-min-2025-06-25.jsonl.gz`;

const MARKETS = 20;
const STREAM_MS = 120_000;
/** Of the stream's time: what waits on the way stays small. */
const FLUSHED_EVERY_MS = 1_000;

const ROUND_MS = 1_000;
/** The first is thrown away. */
const ROUNDS = 4;

export interface FeedRates {
  readonly frames: number;
  readonly bytesEach: number;
  /** Levels of one outcome's book, in the mean. */
  readonly levels: number;
  /** Per second on one core: parsed, checked, applied, published, proven. */
  readonly messages: number;
  /** Hashes proven per second, within the same. */
  readonly hashChecks: number;
  /** `JSON.parse` of the same texts, per second. */
  readonly jsonParse: number;
  /** SHA-1 of texts as long as those that the hashes cover, per second. */
  readonly sha1: number;
  /** In percent of a message parsed and its hashes made after one another. */
  readonly ofLimit: number;
}

export interface MarketDataBench {
  /** A ball game of 138 minutes, derived from a recording; or where it was looked for. */
  readonly recording: FeedRates | string;
  /** Two minutes of the sandbox's simulated makers in twenty markets. */
  readonly synthetic: FeedRates;
}

interface Stream {
  readonly instruments: readonly Instrument[];
  readonly texts: readonly string[];
}

export async function benchMarketData(): Promise<MarketDataBench> {
  return {
    recording: existsSync(RECORDING)
      ? ratesOf(await readRecording())
      : `not measured: there is no ${RECORDING}`,
    synthetic: ratesOf(await makeStream()),
  };
}

async function readRecording(): Promise<Stream> {
  const source = await openRecording({
    path: RECORDING,
    venue: 'bench',
    defaults: {
      tickSize: '0.01',
      minimumOrderSize: '5',
      fees: { rate: '0', exponent: 1, takerOnly: true },
      takerDelayMs: 0,
      negRisk: false,
    },
  });
  const texts: string[] = [];
  for await (const { text } of readLines(RECORDING)) texts.push(text);
  return { instruments: source.instruments(), texts };
}

/** What a subscriber of the sandbox hears while its time is moved on. */
async function makeStream(): Promise<Stream> {
  const clock = createVirtualClock(1_790_000_000_000);
  const markets = Array.from({ length: MARKETS }, (_, index) => ({
    slug: `bench-${index}`,
    makers: { kind: 'simulated', climbs: index % 2 === 0 },
  }));
  const sandbox = await openSandbox({ markets }, clock);
  const instruments = sandbox.markets.flatMap((market) => [
    instrumentOf(market, 0),
    instrumentOf(market, 1),
  ]);
  const texts: string[] = [];
  const socket = new WebSocket(`${sandbox.ws}/market`);
  socket.on('message', (data: RawData) => texts.push(data.toString()));
  await once(socket, 'open');
  socket.send(
    JSON.stringify({ type: 'market', assets_ids: instruments.map(({ tokenId }) => tokenId) }),
  );
  socket.ping();
  await once(socket, 'pong');
  for (let ms = 0; ms < STREAM_MS; ms += FLUSHED_EVERY_MS) {
    await clock.advanceTo(clock.now() + FLUSHED_EVERY_MS);
    await sandbox.flush();
  }
  socket.terminate();
  await sandbox.stop();
  return { instruments, texts };
}

function ratesOf(stream: Stream): FeedRates {
  const { texts } = stream;
  const books: BookSnapshot[] = [];
  const counts = apply(stream, (book) => books.push(book));
  if (counts.hashMismatches > 0 || counts.hashChecks === 0) {
    throw new Error(`The books were not proven: ${JSON.stringify(counts)}`);
  }
  const lengths = hashedLengths(stream, books);
  const bytes = Buffer.alloc(Math.max(...lengths), 'x');
  const rounds: { keeper: number; json: number; sha1: number }[] = [];
  for (let index = 0; index < ROUNDS; index += 1) {
    rounds.push({
      keeper: passesPerSecond(() => apply(stream, () => undefined)),
      json: passesPerSecond(() => texts.forEach((text) => void JSON.parse(text))),
      sha1: passesPerSecond(() => {
        for (const length of lengths) {
          createHash('sha1').update(bytes.subarray(0, length)).digest('hex');
        }
      }),
    });
  }
  const messages = medianOf(rounds, ({ keeper }) => keeper * counts.messages);
  const jsonParse = medianOf(rounds, ({ json }) => json * counts.messages);
  const sha1 = medianOf(rounds, (round) => round.sha1 * lengths.length);
  const perMessage = counts.hashChecks / counts.messages;
  const levels = books.reduce((sum, { bids, asks }) => sum + bids.length + asks.length, 0);
  return {
    frames: texts.length,
    bytesEach: Math.round(Buffer.byteLength(texts.join('')) / texts.length),
    levels: Math.round(levels / books.length),
    ...{ messages, hashChecks: Math.round(messages * perMessage), jsonParse, sha1 },
    ofLimit: shareOfLimits(messages, jsonParse, sha1 / perMessage),
  };
}

/** One pass through the stream, as a source makes it. */
function apply(
  { instruments, texts }: Stream,
  onBook: (book: BookSnapshot) => void,
): MarketDataCounts {
  const counts = noCounts();
  const keeper = new BookKeeper({ instruments, counts });
  for (const text of texts) {
    for (const event of keeper.apply(parseFrame(text))) {
      if (event.type === 'market.bookChanged') onBook(event.book);
    }
  }
  keeper.settle();
  return counts;
}

/** Bytes of the text that a book's hash covers, for each book that was published. */
function hashedLengths({ instruments }: Stream, books: readonly BookSnapshot[]): readonly number[] {
  const byId = new Map(instruments.map((instrument) => [instrument.id, instrument]));
  return books.map(({ instrumentId, atMs, bids, asks, tickSize }) => {
    const known = byId.get(instrumentId);
    return JSON.stringify({
      market: known?.marketId,
      asset_id: known?.tokenId,
      timestamp: String(atMs),
      hash: '',
      ...{ bids, asks },
      min_order_size: known?.minimumOrderSize,
      tick_size: tickSize,
      neg_risk: known?.negRisk,
      last_trade_price: '0.500',
    }).length;
  });
}

function passesPerSecond(pass: () => void): number {
  const startedAt = performance.now();
  let passes = 0;
  let now = startedAt;
  while (now < startedAt + ROUND_MS) {
    pass();
    passes += 1;
    now = performance.now();
  }
  return (passes * 1_000) / (now - startedAt);
}
