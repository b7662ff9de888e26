/** Polymarket's public market channel, live: books and trades of a fixed set of outcomes. */
import type { Clock, MarketDataSource, Random } from '../../actors/ports.ts';
import { FillwrightFault, InvalidValue } from '../../domain/faults.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { MarketDataCounts, MarketEvent } from '../../domain/market-data.ts';
import { BookKeeper } from './book-keeper.ts';
import { ChannelLink } from './channel-link.ts';
import { countIgnored, type FeedLog, noCounts, silentLog } from './counts.ts';
import { type FrameRecorder, openFrameRecorder } from './frame-recorder.ts';
import { parseFrame } from './polymarket-wire.ts';

const POLYMARKET_MARKET_CHANNEL = 'wss://ws-subscriptions-clob.polymarket.com/ws/market';

/**
 * Frames that may wait for the consumer: minutes of a hot market (30 frames a second). Whoever is
 * further behind is better served by a fresh picture.
 */
export const MAX_WAITING_FRAMES = 10_000;
/** PONGs but no news: quiet markets were seen silent for 40 s, so this is a frozen stream. */
export const NEWS_LIMIT_MS = 300_000;

export interface PolymarketChannelOptions {
  /** What to subscribe to, with the rules that the channel does not state. */
  readonly instruments: readonly Instrument[];
  readonly clock: Clock;
  readonly random: Random;
  readonly url?: string;
  readonly log?: FeedLog;
  /** Also writes the raw frames to this `.jsonl.gz` file, appending. */
  readonly recordTo?: string;
}

interface WaitingFrame {
  readonly text: string;
  readonly connection: number;
}

/**
 * A source that lasts until its signal aborts. It reconnects for ever, and takes the first books of
 * every connection as the truth; until they come, changes are counted and not applied.
 *
 * @throws {InvalidValue} when there is nothing to subscribe to or the URL is no WebSocket URL.
 */
export function createPolymarketChannel(options: PolymarketChannelOptions): MarketDataSource {
  if (options.instruments.length === 0) {
    throw new InvalidValue('polymarketChannel.instruments', '[]', 'at least one instrument');
  }
  const { url } = options;
  if (url !== undefined && !(URL.canParse(url) && /^wss?:\/\//.test(url))) {
    throw new InvalidValue('polymarketChannel.url', url, 'a ws:// or wss:// URL');
  }
  return new PolymarketChannel(options);
}

class PolymarketChannel implements MarketDataSource {
  readonly name = 'polymarket market channel';
  readonly counts: MarketDataCounts = noCounts();
  readonly #options: PolymarketChannelOptions;
  readonly #log: FeedLog;
  readonly #keeper: BookKeeper;
  #link: ChannelLink | undefined;
  #recorder: FrameRecorder | undefined;
  #waiting: WaitingFrame[] = [];
  #wake: () => void = () => undefined;
  /** The connection whose frames the books are made of. */
  #applied = 0;
  #newsSincePing = false;
  #malformedAt = 0;

  constructor(options: PolymarketChannelOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#keeper = new BookKeeper({
      instruments: options.instruments,
      counts: this.counts,
      log: this.#log,
      onSuspect: () => this.#link?.restart(this.#applied, 'a book stopped matching its hash'),
    });
  }

  instruments(): readonly Instrument[] {
    return this.#keeper.instruments();
  }

  async run(
    deliver: (event: MarketEvent) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return;
    if (this.#link !== undefined) {
      throw new FillwrightFault('broken_invariant', 'The market channel is already running.');
    }
    const link = this.#makeLink();
    this.#link = link;
    const stop = (): void => {
      link.stop();
      this.#wake();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      const { recordTo } = this.#options;
      if (recordTo !== undefined) this.#recorder = await openFrameRecorder(recordTo, this.#log);
      if (!signal.aborted) link.start();
      await this.#consume(deliver, signal);
    } finally {
      signal.removeEventListener('abort', stop);
      link.stop();
      this.#link = undefined;
      this.#waiting = [];
      this.#applied = 0;
      await this.#recorder?.close();
      this.#recorder = undefined;
    }
  }

  #makeLink(): ChannelLink {
    const { clock, random, url = POLYMARKET_MARKET_CHANNEL, instruments } = this.#options;
    return new ChannelLink({
      name: 'Market channel',
      url,
      clock,
      random,
      log: this.#log,
      newsLimitMs: NEWS_LIMIT_MS,
      subscription: () =>
        JSON.stringify({
          assets_ids: instruments.map((instrument) => instrument.tokenId),
          type: 'market',
          initial_dump: true,
          level: 2,
        }),
      onFrame: (text, connection) => this.#queue(text, connection),
      onPing: () => this.#pinged(),
      onLost: () => {
        this.counts.reconnects += 1;
      },
    });
  }

  #queue(text: string, connection: number): void {
    if (text !== 'PONG' && this.#recorder?.write(text) === false) {
      countIgnored(this.counts, 'not_recorded');
    }
    this.#newsSincePing ||= text !== 'PONG';
    if (this.#waiting.length >= MAX_WAITING_FRAMES) {
      countIgnored(this.counts, 'dropped_by_slow_consumer', this.#waiting.length + 1);
      this.#waiting = [];
      this.#link?.restart(connection, 'the consumer fell too far behind');
      return;
    }
    this.#waiting.push({ text, connection });
    this.#wake();
  }

  /** A market that said nothing for a whole interval adds nothing to its last batch. */
  #pinged(): void {
    if (!this.#newsSincePing && this.#waiting.length === 0) this.#keeper.settle();
    this.#newsSincePing = false;
    this.#recorder?.flush();
  }

  async #consume(
    deliver: (event: MarketEvent) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      if (this.#waiting.length === 0) await this.#news(signal);
      for (let frame = this.#waiting.shift(); frame; frame = this.#waiting.shift()) {
        for (const event of this.#apply(frame)) {
          if (signal.aborted) return;
          await deliver(event);
        }
      }
    }
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (signal.aborted) resolve();
    });
  }

  #apply(frame: WaitingFrame): readonly MarketEvent[] {
    if (frame.connection !== this.#applied) {
      this.#applied = frame.connection;
      this.#keeper.reset();
    }
    try {
      return this.#keeper.apply(parseFrame(frame.text));
    } catch (fault) {
      if (!(fault instanceof InvalidValue)) throw fault;
      countIgnored(this.counts, 'malformed');
      if (this.#malformedAt !== frame.connection) {
        this.#malformedAt = frame.connection;
        this.#log('warn', 'A frame makes no sense; further ones are only counted.', fault.facts);
      }
      return [];
    }
  }
}
