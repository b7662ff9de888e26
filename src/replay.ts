/**
 * Plays a recording through the whole engine on virtual time: the same actors, journal and paper
 * venue as a run, in a database schema of its own. The same recording, configuration and seed give
 * the same result: time, ids and chances are seeded, one connection keeps the store's answers in
 * order, and the next event waits until the last one has been dealt with to its end.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTick } from 'node:timers/promises';
import { SETTLE_LIMIT_MS } from './actors/effects.ts';
import type { Log } from './actors/execution.ts';
import type { Strategy } from './actors/strategy.ts';
import { type Summary, summarise } from './actors/summary.ts';
import { createVirtualClock, type VirtualClock } from './adapters/clock/virtual-clock.ts';
import { createIds } from './adapters/ids.ts';
import { openRecording, type RecordedGroup } from './adapters/marketdata/recording-source.ts';
import { createRandom } from './adapters/random.ts';
import type { PostgresStore } from './adapters/store/postgres-store.ts';
import type { Config } from './config.ts';
import { createDesk, type Desk } from './desk.ts';
import { InvalidValue } from './domain/faults.ts';
import { withRules } from './market-data.ts';
import { openStore } from './open-store.ts';
import { loadStrategies } from './strategies.ts';
import { type OpenVenue, openPaperVenue, PAPER_VENUE } from './venue.ts';

/** Turns of the event loop without any work after which nothing more is under way. */
const QUIET_TICKS = 4;

export interface ReplayProgress {
  /** Groups of messages with one timestamp that have been played. */
  readonly groups: number;
  readonly atMs: number;
}

export interface ReplayOptions {
  readonly log: Log;
  /** Wins over `replay.seed` of the configuration. */
  readonly seed?: string;
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly signal?: AbortSignal;
  /** In place of the configured ones. */
  readonly strategies?: readonly Strategy[];
}

/**
 * @throws {FillwrightFault} `corrupt_recording`, `store_unavailable`, `invalid_config`, or
 * `broken_invariant` when the books do not add up after some turn.
 */
export async function replay(
  config: Config,
  recordingPath: string,
  options: ReplayOptions,
): Promise<Summary> {
  const startedAt = performance.now();
  const opened = await openStore(config, options.log);
  const store = opened.inSchema(`replay_${randomBytes(8).toString('hex')}`, {
    ...{ poolSize: 1, unshared: true },
  });
  try {
    return await play(config, recordingPath, options, store, startedAt);
  } finally {
    try {
      await store.dropSchema();
    } finally {
      await opened.close();
    }
  }
}

async function play(
  config: Config,
  path: string,
  options: ReplayOptions,
  store: PostgresStore,
  startedAt: number,
): Promise<Summary> {
  const { markets } = config;
  const source = await openRecording({
    path,
    venue: PAPER_VENUE,
    defaults: markets.defaults,
    outcomes: markets.outcomes,
    onCorrupt: config.marketData.source === 'recording' ? config.marketData.onCorrupt : 'stop',
    log: (level, message, facts) => options.log[level](facts, message),
  });
  const groups = source.events()[Symbol.asyncIterator]();
  const first = await groups.next();
  if (first.done === true) throw new InvalidValue('recording', path, 'at least one message');

  const clock = createVirtualClock(first.value.atMs);
  const random = createRandom(options.seed ?? config.replay.seed);
  const ids = createIds({ clock, random: random.next });
  const marketData = { source, instruments: withRules(source, config) };
  const venue = openPaperVenue(config, {
    ...{ store, clock, ids, log: options.log },
    random: random.next,
    instruments: marketData.instruments,
  });
  const desk = createDesk(config, {
    store,
    clock,
    ids,
    log: options.log,
    marketData,
    venue,
    strategies: options.strategies ?? (await loadStrategies(config)),
    checkIdentities: true,
    takesCommands: false,
  });
  const idle = idleOf(desk, store, venue);
  await desk.trading.start();
  desk.runner.start();
  await playGroups(groups, first.value, { desk, clock, idle, options });
  await end(config, desk, clock, idle);
  const summary = await summarise({
    trading: desk.trading,
    store,
    counts: source.counts,
    view: desk.view,
    durationMs: performance.now() - startedAt,
  });
  // An orderly stop gives the venue's answers some time, which only passes here if we let it.
  const stopping = desk.stop();
  await clock.advanceTo(clock.now() + SETTLE_LIMIT_MS);
  await stopping;
  return summary;
}

interface Playing {
  readonly desk: Desk;
  readonly clock: VirtualClock;
  readonly idle: () => Promise<void>;
  readonly options: ReplayOptions;
}

async function playGroups(
  groups: AsyncIterator<RecordedGroup>,
  first: RecordedGroup,
  { desk, clock, idle, options }: Playing,
): Promise<void> {
  let group: RecordedGroup | undefined = first;
  for (let played = 1; group !== undefined; played += 1) {
    options.signal?.throwIfAborted();
    await clock.advanceTo(Math.max(group.atMs, clock.now()), idle);
    for (const event of group.events) {
      desk.feed(event);
      await idle();
    }
    options.onProgress?.({ groups: played, atMs: group.atMs });
    const next: IteratorResult<RecordedGroup> = await groups.next();
    group = next.done === true ? undefined : next.value;
  }
}

/** Lets what is under way come to its end: cancels go out, trades settle. */
async function end(
  config: Config,
  desk: Desk,
  clock: VirtualClock,
  idle: () => Promise<void>,
): Promise<void> {
  desk.runner.stop();
  if (config.replay.cancelAtEnd) await desk.trading.cancelAll({}, 'the recording has ended');
  await idle();
  await clock.advanceTo(clock.now() + config.replay.settleForMs, idle);
}

/** Waits until no work is left but timers: the store has answered and nothing more was started. */
function idleOf(desk: Desk, store: PostgresStore, venue: OpenVenue): () => Promise<void> {
  return async () => {
    for (let quiet = 0; quiet < QUIET_TICKS; quiet += 1) {
      await nextTick();
      const { journal, failure } = desk.trading.execution;
      // On virtual time nobody would ever try again.
      if (failure !== undefined) throw failure;
      if (journal.health.error !== undefined) throw journal.health.error;
      if (store.pending > 0 || journal.waiting > 0 || venue.busy) quiet = -1;
    }
  };
}
