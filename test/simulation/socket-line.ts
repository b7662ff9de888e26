/** The network between the adapter's sockets and the venue's stream, on simulated time. */
import { EventEmitter } from 'node:events';
import type { LinkSocket } from '../../src/adapters/marketdata/channel-link.ts';
import type { SocketSide } from '../../src/sandbox/stream/socket-side.ts';
import type { Chance } from './chances.ts';
import type { NetworkWeather } from './http-line.ts';
import type { Life } from './life.ts';
import type { Timeline } from './timeline.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;
/** A server notices after a while that a silent client is gone. */
const NOTICED_AFTER_MS = 45_000;

export interface SocketLineOptions {
  readonly life: Life;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: NetworkWeather;
  readonly server: Pick<SocketSide, 'has' | 'take'>;
}

export interface SocketLine {
  open(url: string): LinkSocket;
  /** Cuts what is open: both sides hear of it, or, silently, neither does. */
  cut(silently: boolean): void;
}

export function createSocketLine(options: SocketLineOptions): SocketLine {
  const pairs = new Set<Pair>();
  options.life.onDeath(() => {
    for (const pair of pairs) pair.end(false);
  });
  return {
    open(url) {
      const pair = new Pair(options, new URL(url).pathname, () => pairs.delete(pair));
      pairs.add(pair);
      options.life.call('socket connects', () => pair.connect());
      return pair.client;
    },
    cut(silently) {
      for (const pair of [...pairs]) {
        if (silently) pair.fallSilent();
        else pair.end(true);
      }
    },
  };
}

/** Both ends of one connection. Frames of one direction never overtake each other. */
class Pair {
  readonly client: End;
  readonly #server: End;
  readonly #options: SocketLineOptions;
  readonly #path: string;
  readonly #onOver: () => void;
  #isSilent = false;
  #lastToClientMs = 0;
  #lastToServerMs = 0;

  constructor(options: SocketLineOptions, path: string, onOver: () => void) {
    this.#options = options;
    this.#path = path;
    this.#onOver = onOver;
    this.client = new End(
      (text) => this.#toServer(text),
      () => this.end(false),
    );
    this.#server = new End(
      (text) => this.#toClient(text),
      () => this.end(true),
    );
  }

  connect(): void {
    const { timeline, weather, server, life, chance } = this.#options;
    timeline.after(chance.between(5, 60), () => {
      if (weather.isCut || chance.hits(weather.refused)) return this.end(true);
      if (this.client.readyState !== CONNECTING || !life.isAlive) return;
      this.#server.readyState = OPEN;
      server.take(this.#path, this.#server);
      this.#inTurn('client', () => {
        this.client.readyState = OPEN;
        life.deliver('socket opens', () => this.client.emit('open'));
      });
    });
  }

  fallSilent(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#options.timeline.after(NOTICED_AFTER_MS, () => this.#close(this.#server));
  }

  /** The end of the connection; the client hears of it unless it was its own doing. */
  end(tellsClient: boolean): void {
    const { timeline, life, chance } = this.#options;
    if (this.client.readyState === CLOSED && this.#server.readyState !== OPEN) return;
    const wasOpen = this.client.readyState !== CLOSED;
    this.client.readyState = CLOSED;
    this.#onOver();
    timeline.after(chance.between(1, 200), () => this.#close(this.#server));
    if (!tellsClient || !wasOpen || this.#isSilent) return;
    timeline.after(chance.between(1, 200), () =>
      life.deliver('socket closes', () => this.client.emit('close', 1006)),
    );
  }

  #close(end: End): void {
    if (end.readyState !== OPEN) return;
    end.readyState = CLOSED;
    end.emit('close', 1006);
  }

  #toClient(text: string): void {
    this.#inTurn('client', () => {
      if (this.client.readyState !== OPEN) return;
      this.#options.life.deliver(`frame ${nameOf(text)}`, () => this.client.emit('message', text));
    });
  }

  #toServer(text: string): void {
    this.#options.life.call(text === 'PING' ? 'socket PING' : 'socket sends', () => {
      this.#inTurn('server', () => {
        if (this.#server.readyState === OPEN) this.#server.emit('message', text);
      });
    });
  }

  #inTurn(to: 'client' | 'server', act: () => void): void {
    const { timeline, chance, weather } = this.#options;
    const dueMs = timeline.now() + chance.between(2, 30);
    const last = to === 'client' ? this.#lastToClientMs : this.#lastToServerMs;
    const atMs = Math.max(dueMs, last);
    if (to === 'client') this.#lastToClientMs = atMs;
    else this.#lastToServerMs = atMs;
    timeline.clock.at(atMs, () => {
      if (!this.#isSilent && !weather.isCut) act();
    });
  }
}

/** One end, as `ws` shows it. */
class End extends EventEmitter implements LinkSocket {
  readonly #send: (text: string) => void;
  readonly #end: () => void;
  readyState = CONNECTING;
  readonly bufferedAmount = 0;

  constructor(send: (text: string) => void, end: () => void) {
    super();
    this.#send = send;
    this.#end = end;
  }

  send(text: string): void {
    this.#send(text);
  }

  ping(): void {
    // Only a flush of real sockets asks for it.
  }

  close(): void {
    this.#end();
  }

  terminate(): void {
    this.#end();
  }
}

function nameOf(text: string): string {
  const kind = /"event_type":"(\w+)"/.exec(text)?.[1];
  const status = /"status":"(\w+)/.exec(text)?.[1];
  return kind === undefined ? text.slice(0, 20) : `${kind} ${status ?? ''}`;
}
