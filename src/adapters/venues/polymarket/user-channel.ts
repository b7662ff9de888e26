/** Polymarket's user channel, live: our orders and trades as the venue tells of them. */
import type { Clock, Random, VenueEvent } from '../../../actors/ports.ts';
import type { FrameInbox, InboxFrame } from '../../../actors/venue-store-port.ts';
import { FillwrightFault, InvalidValue } from '../../../domain/faults.ts';
import type { OpenSocket } from '../../marketdata/channel-link.ts';
import { type FeedLog, silentLog } from '../../marketdata/counts.ts';
import type { Finding, NoteFinding } from './attribution.ts';
import { createFrameQueue, type FrameQueue } from './inbox.ts';
import {
  countName,
  createRecentKeys,
  noUserChannelCounts,
  type UserChannelCounts,
} from './user-channel-counts.ts';
import { createUserLink, type UserAuth, type UserLink } from './user-link.ts';
import { isKeepAlive, parseUserFrame, type WireUserMessage } from './user-wire.ts';

const POLYMARKET_USER_CHANNEL = 'wss://ws-subscriptions-clob.polymarket.com/ws/user';

/** Raw frames are evidence: trades settle in minutes and are doubted for days. */
const KEEP_FRAMES_MS = 7 * 86_400_000;
export const PRUNE_EVERY_MS = 600_000;

export interface UserChannelOptions {
  readonly url?: string;
  readonly openSocket?: OpenSocket | undefined;
  /** Asked for every connection. */
  readonly auth: () => UserAuth;
  /** Condition ids. Absent: all markets, which also brings what no list foresaw. */
  readonly markets?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: FeedLog;
  /** Where raw frames are kept before they are handed on. */
  readonly inbox?: FrameInbox;
  /** What a message means: see `userEventsOf`. May throw `InvalidValue`. */
  readonly toEvents: (
    message: WireUserMessage,
    receivedAtMs: number,
    note: NoteFinding,
  ) => readonly VenueEvent[];
}

export interface UserChannel {
  /**
   * Connects, and tells of orders, legs and the connection until `signal` aborts. There is no
   * replay: whoever reads `up` must ask for what it missed.
   * @throws {FillwrightFault} `overloaded` when read while another reader is active.
   */
  events(signal: AbortSignal): AsyncIterable<VenueEvent>;
  /** Makes the connection anew: for whoever knows that it is frozen although it answers PING. */
  restart(reason: string): void;
  readonly counts: Readonly<UserChannelCounts>;
}

/** A channel that connects while it is read. @throws {InvalidValue} for no WebSocket URL. */
export function createUserChannel(options: UserChannelOptions): UserChannel {
  const { url } = options;
  if (url !== undefined && !(URL.canParse(url) && /^wss?:\/\//.test(url))) {
    throw new InvalidValue('userChannel.url', url, 'a ws:// or wss:// URL');
  }
  const counts = noUserChannelCounts();
  let current: UserReader | undefined;

  return {
    async *events(signal) {
      if (current !== undefined) {
        throw new FillwrightFault('overloaded', 'The user channel has a reader already.');
      }
      const reader = new UserReader(options, counts, signal);
      current = reader;
      try {
        yield* reader.read();
      } finally {
        reader.stop();
        current = undefined;
      }
    },
    restart: (reason) => current?.restart(reason),
    counts,
  };
}

/** One reader's connections, from the first to the abort. */
class UserReader {
  readonly #options: UserChannelOptions;
  readonly #log: FeedLog;
  readonly #counts: UserChannelCounts;
  readonly #isRepeated = createRecentKeys();
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #link: UserLink;
  readonly #queue: FrameQueue;
  /** Comings and goings that the reader has not heard of; they overtake frames. */
  #changes: VenueEvent[] = [];
  #cancelPrune: () => void = () => undefined;
  #wake: () => void = () => undefined;
  /** What was already said of this connection; the rest is counted. */
  readonly #said = new Set<string>();

  constructor(options: UserChannelOptions, counts: UserChannelCounts, signal: AbortSignal) {
    const { openSocket, auth, markets, clock, random, log = silentLog, inbox } = options;
    this.#options = options;
    this.#log = log;
    this.#counts = counts;
    this.#signal = AbortSignal.any([signal, this.#ended.signal]);
    this.#queue = createFrameQueue({
      ...(inbox === undefined ? {} : { inbox }),
      clock,
      log,
      signal: this.#signal,
      onReady: () => this.#wake(),
      onRefused: (frames) => {
        counts.notKept += frames;
      },
    });
    this.#link = createUserLink({
      url: options.url ?? POLYMARKET_USER_CHANNEL,
      ...{ openSocket, auth },
      ...(markets === undefined ? {} : { markets }),
      clock,
      random,
      log,
      onFrame: (text, connection) => this.#received(text, connection),
      onChange: (state) => this.#changed(state),
      onLost: () => {
        counts.reconnects += 1;
        this.#said.clear();
      },
    });
  }

  async *read(): AsyncGenerator<VenueEvent> {
    if (this.#signal.aborted) return;
    this.#signal.addEventListener('abort', () => this.stop(), { once: true });
    this.#link.start();
    this.#prune();
    while (!this.#signal.aborted) {
      const change = this.#changes.shift();
      const frame = change === undefined ? this.#queue.take() : undefined;
      if (change !== undefined) yield change;
      else if (frame !== undefined) yield* this.#eventsOf(frame);
      else await this.#news();
    }
  }

  restart(reason: string): void {
    this.#link.restart(reason);
  }

  stop(): void {
    this.#ended.abort();
    this.#link.stop();
    this.#cancelPrune();
    this.#wake();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** A loss swallows what the reader has not heard of yet: two changes at most wait. */
  #changed(state: 'up' | 'down'): void {
    const change: VenueEvent = { type: 'connection', state, atMs: this.#options.clock.now() };
    this.#changes = state === 'down' ? [change] : [...this.#changes, change];
    this.#wake();
  }

  #received(text: string, connection: number): void {
    this.#counts.frames += 1;
    if (isKeepAlive(text)) return;
    const receivedAtMs = this.#options.clock.now();
    const dropped = this.#queue.push({ channel: 'user', connection, receivedAtMs, text });
    if (dropped === 0) return;
    this.#counts.dropped += dropped;
    this.#link.restart('too many frames wait for the store or the reader');
  }

  *#eventsOf(frame: InboxFrame): Generator<VenueEvent> {
    const place = `userChannel.connection[${frame.connection}]`;
    const { messages, malformed } = parseUserFrame(frame.text, place);
    for (const fault of malformed) this.#malformed(fault);
    for (const message of messages) {
      for (const event of this.#meaningOf(message, frame.receivedAtMs)) {
        if (this.#signal.aborted) return;
        yield event;
      }
    }
  }

  #meaningOf(message: WireUserMessage, receivedAtMs: number): readonly VenueEvent[] {
    const counts = this.#counts;
    if (message.type === 'ignored') {
      countName(counts.ignored, message.eventType);
      return [];
    }
    counts.messages += 1;
    if (this.#isRepeated(keyOf(message))) counts.duplicates += 1;
    try {
      const note = (finding: Finding): void => this.#note(finding);
      const events = this.#options.toEvents(message, receivedAtMs, note);
      for (const event of events) this.#look(event);
      return events;
    } catch (fault) {
      if (!(fault instanceof InvalidValue)) throw fault;
      this.#malformed(fault);
      return [];
    }
  }

  #look(event: VenueEvent): void {
    if (event.type !== 'order' || event.report.status !== 'unrecognised') return;
    countName(this.#counts.unknownStatuses, event.report.rawStatus);
    this.#sayOnce('The status of an order is not known here.', { report: event.report });
  }

  #note({ kind, facts }: Finding): void {
    if (kind === 'unknown_status') countName(this.#counts.unknownStatuses, String(facts.status));
    else countName(this.#counts.findings, kind);
    this.#sayOnce(`A trade is odd: ${kind}.`, facts);
  }

  #malformed(fault: InvalidValue): void {
    this.#counts.malformed += 1;
    this.#sayOnce('A message makes no sense.', fault.facts);
  }

  /** Once for each connection. */
  #sayOnce(message: string, facts: Readonly<Record<string, unknown>>): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#log('warn', `${message} Further ones are only counted.`, facts);
  }

  #prune(): void {
    const { inbox, clock } = this.#options;
    if (inbox === undefined) return;
    inbox.prune(clock.now() - KEEP_FRAMES_MS).catch((error: unknown) => {
      this.#log('warn', 'Old venue frames could not be removed; later again.', { error });
    });
    this.#cancelPrune = clock.at(clock.now() + PRUNE_EVERY_MS, () => this.#prune());
  }
}

/** The same text for the same message told again; a later state of a thing differs. */
function keyOf(message: Exclude<WireUserMessage, { type: 'ignored' }>): string {
  const { type, id, status } = message;
  const parts =
    type === 'order'
      ? [message.change, message.sizeMatched, message.atMs]
      : [message.bucketIndex, message.updatedAtMs, message.transactionHash];
  return JSON.stringify([type, id, status, ...parts]);
}
