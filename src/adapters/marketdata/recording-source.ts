/** A recorded market channel as a source: JSON lines, one frame a line, plain or gzip. */
import type { Clock, MarketDataSource } from '../../actors/ports.ts';
import { InvalidValue } from '../../domain/faults.ts';
import type { Instrument, Outcome } from '../../domain/instrument.ts';
import type { MarketDataCounts, MarketEvent } from '../../domain/market-data.ts';
import { BookKeeper } from './book-keeper.ts';
import { countIgnored, type FeedLog, noCounts, silentLog } from './counts.ts';
import { parseFrame, type WireFrame } from './polymarket-wire.ts';
import { corruptRecording, type RecordingLine, readLines } from './recording-lines.ts';
import { type RecordingDefaults, TokenDiscovery } from './recording-tokens.ts';
import { waitUntil } from './wait.ts';

/** Lines read at the start to learn the tokens: both books come in the first few. */
const DISCOVERY_LINES = 200;

export interface RecordingOptions {
  readonly path: string;
  readonly venue: string;
  /** What the channel does not say; the tick size counts until the recording states one. */
  readonly defaults: RecordingDefaults;
  /** Which token is which. Without it the first token of a market is YES, the second NO. */
  readonly outcomes?: Readonly<Record<string, Outcome>>;
  /** `stop` (the default) faults at a line that cannot be read; `skip` counts it and goes on. */
  readonly onCorrupt?: 'stop' | 'skip';
  /** Paces `run`. Needed when `speed` is not 0. */
  readonly clock?: Clock;
  /** Recorded milliseconds for one of the clock's; 0 (the default): as fast as it is taken. */
  readonly speed?: number;
  readonly log?: FeedLog;
}

/** Everything that happened at one time of the recording. */
export interface RecordedGroup {
  /** Never less than that of the group before. */
  readonly atMs: number;
  readonly events: readonly MarketEvent[];
}

export interface RecordingSource extends MarketDataSource {
  /**
   * Reads the file from its start; counts begin again with each reading. Groups by timestamp, so
   * that a replay can first set its clock to `atMs` and then deliver. A time that runs backwards is
   * taken as the latest one and counted under `timestamp_backwards`.
   *
   * @throws {FillwrightFault} `corrupt_recording` with file and line, unless told to skip.
   */
  events(): AsyncIterable<RecordedGroup>;
}

/**
 * Opens a recording and learns its instruments from the first lines.
 *
 * @throws {InvalidValue} when the file cannot be opened, holds no market, or the options are odd.
 * @throws {FillwrightFault} `corrupt_recording` when the first lines cannot be read.
 */
export async function openRecording(options: RecordingOptions): Promise<RecordingSource> {
  const { speed = 0, clock, path } = options;
  if (!Number.isFinite(speed) || speed < 0 || (speed > 0 && clock === undefined)) {
    throw new InvalidValue('recording.speed', speed, 'zero, or more with a clock to pace by');
  }
  const discovery = new TokenDiscovery(options);
  const reader = new FrameReader(options, noCounts());
  for await (const { frame, line } of reader.frames()) {
    if (frame.type === 'messages') for (const message of frame.messages) discovery.note(message);
    if (discovery.complete() || line >= DISCOVERY_LINES) break;
  }
  const instruments = discovery.instruments();
  if (instruments.length === 0) {
    throw new InvalidValue('recording.path', path, 'a recording with at least one book or change');
  }
  return new RecordingReader(options, discovery, instruments);
}

class RecordingReader implements RecordingSource {
  readonly name: string;
  readonly counts: MarketDataCounts = noCounts();
  readonly #options: RecordingOptions;
  readonly #discovery: TokenDiscovery;
  #instruments: readonly Instrument[];

  constructor(
    options: RecordingOptions,
    discovery: TokenDiscovery,
    instruments: readonly Instrument[],
  ) {
    this.name = `recording ${options.path}`;
    this.#options = options;
    this.#discovery = discovery;
    this.#instruments = instruments;
  }

  instruments(): readonly Instrument[] {
    return this.#instruments;
  }

  async *events(): AsyncGenerator<RecordedGroup> {
    Object.assign(this.counts, noCounts());
    const keeper = new BookKeeper({
      instruments: this.#discovery.instruments(),
      counts: this.counts,
      log: this.#options.log ?? silentLog,
      discover: (tokenId, marketId) => this.#discovery.late(tokenId, marketId),
    });
    let latestMs: number | undefined;
    let group: MarketEvent[] = [];
    const reader = new FrameReader(this.#options, this.counts);
    for await (const { frame, line } of reader.frames()) {
      const frameMs = timeOf(frame);
      if (frameMs !== undefined && latestMs !== undefined && frameMs < latestMs) {
        countIgnored(this.counts, 'timestamp_backwards');
      } else if (frameMs !== undefined && frameMs !== latestMs) {
        if (latestMs !== undefined && group.length > 0) yield { atMs: latestMs, events: group };
        group = [];
        latestMs = frameMs;
      }
      const events = reader.attempt(line, () => keeper.apply(frame)) ?? [];
      for (const event of events) group.push(event);
      this.#instruments = keeper.instruments();
    }
    if (latestMs !== undefined && group.length > 0) yield { atMs: latestMs, events: group };
    keeper.settle();
  }

  async run(
    deliver: (event: MarketEvent) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { speed = 0, clock } = this.#options;
    const startMs = clock?.now() ?? 0;
    let firstMs: number | undefined;
    for await (const { atMs, events } of this.events()) {
      firstMs ??= atMs;
      if (speed > 0 && clock !== undefined) {
        await waitUntil(clock, startMs + Math.round((atMs - firstMs) / speed), signal);
      }
      for (const event of events) {
        if (signal.aborted) return;
        await deliver(event);
      }
    }
  }
}

/** Lines to frames, with what to do about a line that cannot be read. */
class FrameReader {
  readonly #options: RecordingOptions;
  readonly #counts: MarketDataCounts;

  constructor(options: RecordingOptions, counts: MarketDataCounts) {
    this.#options = options;
    this.#counts = counts;
  }

  async *frames(): AsyncGenerator<{ frame: WireFrame; line: number }> {
    for await (const { number, text } of this.#lines()) {
      const frame = this.attempt(number, () => parseFrame(text));
      if (frame !== undefined) yield { frame, line: number };
    }
  }

  /** Runs what a line asks for; a bad line is a fault or, with `skip`, counted and undefined. */
  attempt<Result>(line: number, work: () => Result): Result | undefined {
    try {
      return work();
    } catch (cause) {
      // Anything but bad input is a bug of ours, and no reason to blame the file.
      if (!(cause instanceof InvalidValue)) throw cause;
      const fault = corruptRecording(this.#options.path, line, cause);
      if (this.#options.onCorrupt !== 'skip') throw fault;
      countIgnored(this.#counts, 'corrupt_line');
      this.#options.log?.('warn', 'Skipped a corrupt line.', { ...fault.facts });
      return undefined;
    }
  }

  /** A file that breaks off cannot be skipped over: what was read of it counts. */
  async *#lines(): AsyncGenerator<RecordingLine> {
    try {
      yield* readLines(this.#options.path);
    } catch (fault) {
      if (fault instanceof InvalidValue || this.#options.onCorrupt !== 'skip') throw fault;
      countIgnored(this.#counts, 'broken_off');
      this.#options.log?.('warn', 'The recording breaks off.', { path: this.#options.path });
    }
  }
}

/** The latest time that a frame's messages state; undefined when none of them has one. */
function timeOf(frame: WireFrame): number | undefined {
  if (frame.type === 'keepAlive') return undefined;
  let latest: number | undefined;
  for (const message of frame.messages) {
    if (message.type === 'ignored') continue;
    latest = latest === undefined ? message.atMs : Math.max(latest, message.atMs);
  }
  return latest;
}
