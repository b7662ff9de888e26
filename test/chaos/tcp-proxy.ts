/** A TCP proxy that stands for the network: it can be cut, half-open or whole, and be slow. */

import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

const HOST = '127.0.0.1';
/** Bytes that wait in one direction of one connection before its sender is held back. */
const MOST_WAITING_BYTES = 1_048_576;

/** `up` is from the client to the server. */
export type Direction = 'up' | 'down';

export interface Cut {
  /** What no longer passes. Of a half-open connection one side still hears the other. */
  readonly directions: readonly Direction[];
  /** What becomes of new connections: at once an end, or silence. */
  readonly newcomers: 'refused' | 'silent';
}

/** Sees what passes, when it passes. */
export interface Tap {
  passed(direction: Direction, chunk: Buffer): void;
  ended(): void;
}

export interface TcpProxy {
  readonly port: number;
  /** Nothing is lost yet: what was sent waits, as it does in a real network. */
  cut(cut: Cut): void;
  /** `resume`: what waited arrives. `reset`: every connection is broken, and what waited is lost. */
  heal(how: 'resume' | 'reset'): void;
  /** Every chunk comes this much later, in each direction. */
  delay(milliseconds: number): void;
  /** Breaks every connection. */
  reset(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. `tap` is asked for once for each connection. */
export async function startTcpProxy(target: NetConnectOpts, tap?: () => Tap): Promise<TcpProxy> {
  const links = new Set<Link>();
  let state: Cut | undefined;
  let delayMs = 0;
  const isCut = (direction: Direction) => state?.directions.includes(direction) === true;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (state?.newcomers === 'refused') {
      breakOff(client);
      return;
    }
    const upstream = connect({ ...target, allowHalfOpen: true });
    const parts = { isCut, delayMs: () => delayMs, ...(tap === undefined ? {} : { tap: tap() }) };
    const link = new Link(client, upstream, parts, () => links.delete(link));
    links.add(link);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  const reset = () => {
    for (const link of [...links]) link.reset();
  };
  return {
    port: address.port,
    cut(cut) {
      state = cut;
    },
    heal(how) {
      state = undefined;
      if (how === 'reset') reset();
      else for (const link of links) link.flush();
    },
    delay(milliseconds) {
      delayMs = milliseconds;
    },
    reset,
    async close() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A socket of the file system knows no reset: it ends. */
function breakOff(socket: Socket): void {
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

interface LinkParts {
  readonly isCut: (direction: Direction) => boolean;
  readonly delayMs: () => number;
  readonly tap?: Tap;
}

/** One connection of a client, and its other half. */
class Link {
  readonly #sockets: readonly Socket[];
  readonly #ways: readonly Way[];
  readonly #onEnd: () => void;
  #isOver = false;

  constructor(client: Socket, upstream: Socket, parts: LinkParts, onEnd: () => void) {
    this.#sockets = [client, upstream];
    this.#onEnd = () => {
      parts.tap?.ended();
      onEnd();
    };
    for (const socket of this.#sockets) socket.setNoDelay(true);
    this.#ways = [new Way('up', client, upstream, parts), new Way('down', upstream, client, parts)];
    for (const way of this.#ways) way.onBroken = () => this.reset();
    for (const socket of this.#sockets) socket.on('close', () => this.#closed());
  }

  flush(): void {
    for (const way of this.#ways) way.flush();
  }

  reset(): void {
    for (const socket of this.#sockets) breakOff(socket);
  }

  #closed(): void {
    if (this.#isOver || !this.#sockets.every((socket) => socket.destroyed)) return;
    this.#isOver = true;
    for (const way of this.#ways) way.stop();
    this.#onEnd();
  }
}

interface Waiting {
  /** Absent: the sender has said its last. */
  readonly chunk?: Buffer;
  readonly dueAtMs: number;
}

/** What one side says to the other, in order, each part when it is due and the way is open. */
class Way {
  onBroken: () => void = () => undefined;
  readonly #direction: Direction;
  readonly #to: Socket;
  readonly #from: Socket;
  readonly #parts: LinkParts;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(direction: Direction, from: Socket, to: Socket, parts: LinkParts) {
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    this.#parts = parts;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => this.#take());
    // A side that is gone is news to the other one, and news does not pass a cut.
    from.on('error', () => undefined);
    from.on('close', (failed) => {
      if (failed) this.#whenOpen(() => this.onBroken());
    });
    to.on('drain', () => from.resume());
  }

  #brokenLater: (() => void) | undefined;

  #whenOpen(act: () => void): void {
    if (this.#parts.isCut(this.#direction)) this.#brokenLater = act;
    else act();
  }

  #take(chunk?: Buffer): void {
    const dueAtMs = Date.now() + this.#parts.delayMs();
    this.#waiting.push(chunk === undefined ? { dueAtMs } : { chunk, dueAtMs });
    this.#waitingBytes += chunk?.length ?? 0;
    if (this.#waitingBytes > MOST_WAITING_BYTES) this.#from.pause();
    this.flush();
  }

  flush(): void {
    if (this.#parts.isCut(this.#direction)) return;
    clearTimeout(this.#timer);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const inMs = next.dueAtMs - Date.now();
      if (inMs > 0) {
        this.#timer = setTimeout(() => this.flush(), inMs);
        return;
      }
      this.#waiting.shift();
      this.#pass(next.chunk);
    }
    this.#brokenLater?.();
    this.#brokenLater = undefined;
  }

  #pass(chunk: Buffer | undefined): void {
    if (chunk === undefined) {
      this.#to.end();
      return;
    }
    this.#waitingBytes -= chunk.length;
    this.#parts.tap?.passed(this.#direction, chunk);
    const hasRoom = this.#to.destroyed || this.#to.write(chunk);
    if (hasRoom && this.#waitingBytes <= MOST_WAITING_BYTES) this.#from.resume();
    else this.#from.pause();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }
}
