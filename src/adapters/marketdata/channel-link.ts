/**
 * One subscription kept alive over WebSocket: connects, subscribes, pings, notices silence, and
 * connects again with growing, jittered waits. It knows nothing of what the frames say.
 *
 * Sources: Polymarket docs, "WebSocket overview" (text PING every 10 s); field reports of sockets
 * that stay open and say nothing (py-clob-client #292, real-time-data-client #26).
 */
import { WebSocket } from 'ws';
import type { Clock, Random } from '../../actors/ports.ts';
import type { FeedLog } from './counts.ts';

/** The venue's own clients send PING this often. */
export const PING_INTERVAL_MS = 10_000;
/** Three PINGs without any frame in answer: the socket is dead, whatever it says. */
export const SILENCE_LIMIT_MS = 30_000;
/** A handshake takes well under a second; a half-open port never answers. */
export const CONNECT_LIMIT_MS = 10_000;
const FIRST_WAIT_MS = 1_000;
export const LONGEST_WAIT_MS = 30_000;
/** A connection that lasted this long was a good one: the next wait starts short again. */
const STABLE_AFTER_MS = 30_000;
/** The largest book frame has 20,000 levels of about 40 bytes. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

export interface LinkOptions {
  /** How the log calls it, for example `Market channel`. */
  readonly name: string;
  readonly url: string;
  /** Makes a socket that connects. Default: a real one. */
  readonly openSocket?: OpenSocket;
  /** Makes the first frame of every connection. When it throws, it is asked again later. */
  readonly subscription: () => string;
  /** PONGs but no news for this long: a frozen stream. Absent: it may have nothing to say for days. */
  readonly newsLimitMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: FeedLog;
  /** Every text frame, PONG included, with the number of its connection. */
  readonly onFrame: (text: string, connection: number) => void;
  /** A connection is open and its first frame is on its way. */
  readonly onOpen?: (connection: number) => void;
  /** Called with every PING. */
  readonly onPing?: () => void;
  /** A connection ended or could not be made; another follows. */
  readonly onLost: () => void;
}

/** As much of a WebSocket as a link uses. */
export interface LinkSocket {
  readonly readyState: number;
  send(text: string): void;
  terminate(): void;
  on(event: 'open', listener: () => void): unknown;
  on(event: 'message', listener: (data: { toString(): string }) => void): unknown;
  on(event: 'close', listener: (code: number) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export type OpenSocket = (url: string) => LinkSocket;

const openWebSocket: OpenSocket = (url) =>
  new WebSocket(url, { maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });

interface Connection {
  readonly number: number;
  readonly socket: LinkSocket;
  openedAtMs: number | undefined;
  lastFrameAtMs: number;
  lastNewsAtMs: number;
  readonly timers: Map<'connect' | 'ping' | 'watch', () => void>;
}

export class ChannelLink {
  readonly #options: LinkOptions;
  #connection: Connection | undefined;
  #connections = 0;
  #failures = 0;
  #cancelWait: (() => void) | undefined;
  #stopped = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#connect();
  }

  /** Drops the connection of that number, if it is still the current one, and makes a new one. */
  restart(connection: number, reason: string): void {
    if (this.#connection?.number === connection) this.#lose(this.#connection, reason);
  }

  /** Ends for good. No callback comes after this. */
  stop(): void {
    this.#stopped = true;
    this.#cancelWait?.();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) discard(connection);
  }

  #connect(): void {
    const { url, clock, openSocket = openWebSocket } = this.#options;
    const nowMs = clock.now();
    this.#connections += 1;
    const socket = openSocket(url);
    const connection: Connection = {
      number: this.#connections,
      socket,
      openedAtMs: undefined,
      lastFrameAtMs: nowMs,
      lastNewsAtMs: nowMs,
      timers: new Map(),
    };
    this.#connection = connection;
    this.#arm(connection, 'connect', nowMs + CONNECT_LIMIT_MS, () =>
      this.#lose(connection, 'no answer to the handshake'),
    );
    socket.on('open', () => this.#opened(connection));
    socket.on('message', (data) => this.#received(connection, data.toString()));
    socket.on('close', (code) => this.#lose(connection, `closed with code ${code}`));
    // Also keeps the error of a discarded socket from ending the process.
    socket.on('error', (error) => this.#lose(connection, error.message));
  }

  #opened(connection: Connection): void {
    if (this.#connection !== connection) return;
    const nowMs = this.#options.clock.now();
    connection.openedAtMs = nowMs;
    connection.lastFrameAtMs = nowMs;
    connection.lastNewsAtMs = nowMs;
    connection.timers.get('connect')?.();
    connection.timers.delete('connect');
    const { name, log, onOpen } = this.#options;
    const subscription = this.#subscription();
    if (subscription === undefined) {
      this.#lose(connection, 'its first frame could not be made');
      return;
    }
    connection.socket.send(subscription);
    log('info', `${name} connected.`, { connection: connection.number });
    this.#armPing(connection);
    this.#armWatch(connection);
    onOpen?.(connection.number);
  }

  /** What throws inside the socket's event would end the process. */
  #subscription(): string | undefined {
    try {
      return this.#options.subscription();
    } catch {
      return undefined;
    }
  }

  #received(connection: Connection, text: string): void {
    if (this.#connection !== connection) return;
    const nowMs = this.#options.clock.now();
    connection.lastFrameAtMs = nowMs;
    if (text !== 'PONG' && text.trim() !== '') connection.lastNewsAtMs = nowMs;
    this.#options.onFrame(text, connection.number);
  }

  #armPing(connection: Connection): void {
    this.#arm(connection, 'ping', this.#options.clock.now() + PING_INTERVAL_MS, () => {
      if (connection.socket.readyState === WebSocket.OPEN) connection.socket.send('PING');
      this.#options.onPing?.();
      this.#armPing(connection);
    });
  }

  /** Frames only note their time; the watch looks at it when it could first be too old. */
  #armWatch(connection: Connection): void {
    const { newsLimitMs = Number.POSITIVE_INFINITY } = this.#options;
    const silentAtMs = connection.lastFrameAtMs + SILENCE_LIMIT_MS;
    const frozenAtMs = connection.lastNewsAtMs + newsLimitMs;
    this.#arm(connection, 'watch', Math.min(silentAtMs, frozenAtMs), () => {
      const nowMs = this.#options.clock.now();
      if (nowMs >= connection.lastFrameAtMs + SILENCE_LIMIT_MS) {
        this.#lose(connection, 'silent');
      } else if (nowMs >= connection.lastNewsAtMs + newsLimitMs) {
        this.#lose(connection, 'answers PING but sends no news');
      } else {
        this.#armWatch(connection);
      }
    });
  }

  #arm(
    connection: Connection,
    name: 'connect' | 'ping' | 'watch',
    atMs: number,
    act: () => void,
  ): void {
    connection.timers.set(
      name,
      this.#options.clock.at(atMs, () => {
        if (this.#connection === connection) act();
      }),
    );
  }

  #lose(connection: Connection, reason: string): void {
    if (this.#stopped || this.#connection !== connection) return;
    this.#connection = undefined;
    discard(connection);
    const { name, clock, random, log, onLost } = this.#options;
    const nowMs = clock.now();
    const openedAtMs = connection.openedAtMs;
    if (openedAtMs !== undefined && nowMs - openedAtMs >= STABLE_AFTER_MS) this.#failures = 0;
    const waitMs = reconnectWaitMs(this.#failures, random());
    this.#failures += 1;
    log('warn', `${name} lost; connecting again.`, { reason, waitMs });
    this.#cancelWait = clock.at(nowMs + waitMs, () => {
      if (!this.#stopped) this.#connect();
    });
    onLost();
  }
}

/**
 * Milliseconds to wait before the next attempt: doubles from 1 s to 30 s, less a random part of up
 * to half, so that many clients do not come back at once. `random` lies in [0, 1).
 */
export function reconnectWaitMs(failures: number, random: number): number {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 20));
  return Math.round(full * (1 - random / 2));
}

function discard(connection: Connection): void {
  for (const cancel of connection.timers.values()) cancel();
  connection.timers.clear();
  // The peer may be long gone: no closing handshake to wait for.
  connection.socket.terminate();
}
