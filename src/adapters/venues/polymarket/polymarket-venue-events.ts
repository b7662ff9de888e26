/**
 * One stream of what the venue tells: the user channel, what proofs of cancels read, and one word on
 * the connection where there are two (channel and dead-man switch). It also notes what the channel
 * told, so that REST can tell a frozen channel from a quiet one (py-clob-client #292).
 */
import type { Clock, VenueEvent } from '../../../actors/ports.ts';
import { dropOldest } from '../../../domain/drop-oldest.ts';
import type { LegReport } from '../../../domain/fill-leg.ts';

/** The channel waits for its reader beyond this; it has a bound of its own. */
const MAX_WAITING_EVENTS = 1_000;
/** Trades that the channel told of, to compare: some hours of a busy account. */
const MAX_TOLD = 20_000;
/** A trade reaches the channel within a second. What is later than this will not come. */
export const MISSED_AFTER_MS = 30_000;
/** Around a sign-in the channel may have missed a trade without being broken. */
const SETTLES_IN_MS = 5_000;

export interface UserStream {
  events(signal: AbortSignal): AsyncIterable<VenueEvent>;
  restart(reason: string): void;
}

export interface VenueEvents {
  read(signal: AbortSignal): AsyncIterable<VenueEvent>;
  /** Tells something that the channel did not. */
  push(event: VenueEvent): void;
  /** The dead-man switch is late, or beats again. */
  setHeartbeat(isLate: boolean): void;
  /** Compares what REST shows with what the channel told; starts a frozen channel anew. */
  compare(legs: readonly LegReport[]): void;
  /** Trades that REST showed and the channel never told. */
  readonly missed: number;
  readonly isUp: boolean;
}

export interface VenueEventsOptions {
  readonly channel: UserStream;
  readonly clock: Pick<Clock, 'now'>;
  readonly onLeg: (leg: LegReport) => void;
}

export function createVenueEvents({ channel, clock, onLeg }: VenueEventsOptions): VenueEvents {
  let waiting: VenueEvent[] = [];
  let wake: () => void = () => undefined;
  let makeRoom: () => void = () => undefined;
  let channelUpAtMs: number | undefined;
  let isLate = false;
  let told: 'up' | 'down' | undefined;
  let missed = 0;
  const toldTrades = new Set<string>();

  function put(event: VenueEvent): void {
    waiting.push(event);
    wake();
  }

  function tellConnection(): void {
    const state = channelUpAtMs !== undefined && !isLate ? 'up' : 'down';
    if (state === told) return;
    told = state;
    put({ type: 'connection', state, atMs: clock.now() });
  }

  function take(event: VenueEvent): void {
    if (event.type === 'connection') {
      channelUpAtMs = event.state === 'up' ? clock.now() : undefined;
      tellConnection();
      return;
    }
    if (event.type === 'leg') {
      note(event.leg);
      onLeg(event.leg);
    }
    put(event);
  }

  function note({ tradeId }: LegReport): void {
    toldTrades.add(tradeId);
    dropOldest(toldTrades, MAX_TOLD);
  }

  async function pump(signal: AbortSignal): Promise<void> {
    for await (const event of channel.events(signal)) {
      while (waiting.length >= MAX_WAITING_EVENTS && !signal.aborted) {
        await new Promise<void>((resolve) => {
          makeRoom = resolve;
        });
      }
      take(event);
    }
  }

  async function* read(signal: AbortSignal): AsyncGenerator<VenueEvent> {
    const ended = new AbortController();
    const stop = (): void => {
      ended.abort();
      makeRoom();
      wake();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    told = undefined;
    channelUpAtMs = undefined;
    let isOver = false;
    const pumping = pump(ended.signal).finally(() => {
      isOver = true;
      wake();
    });
    // Its failure is thrown below, to the reader.
    pumping.catch(() => undefined);
    try {
      while (!signal.aborted) {
        const event = waiting.shift();
        if (event !== undefined) {
          makeRoom();
          yield event;
        } else if (isOver) {
          return await pumping;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      channelUpAtMs = undefined;
    }
  }

  return {
    read,
    push(event) {
      if (waiting.length < MAX_WAITING_EVENTS) return put(event);
      // Whoever reads this asks for everything, what is dropped here included.
      const atMs = clock.now();
      waiting = [
        { type: 'connection', state: 'down', atMs },
        { type: 'connection', state: told ?? 'down', atMs },
      ];
      wake();
    },
    setHeartbeat(late) {
      isLate = late;
      if (told !== undefined) tellConnection();
    },
    compare(legs) {
      const nowMs = clock.now();
      if (channelUpAtMs === undefined) return;
      const fromMs = channelUpAtMs + SETTLES_IN_MS;
      const lost = legs.filter(
        ({ tradeId, matchedAtMs }) =>
          matchedAtMs >= fromMs &&
          matchedAtMs <= nowMs - MISSED_AFTER_MS &&
          !toldTrades.has(tradeId),
      );
      if (lost.length === 0) return;
      for (const leg of lost) note(leg);
      missed += lost.length;
      channel.restart('REST shows trades that the channel did not tell');
    },
    get missed() {
      return missed;
    },
    get isUp() {
      return told === 'up';
    },
  };
}
