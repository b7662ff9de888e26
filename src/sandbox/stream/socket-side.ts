/** The websocket side: takes connections for the two channels and hands their messages on. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock } from '../../actors/ports.ts';
import type { Faults } from '../faults/fault-set.ts';
import { type ClientSocket, Connection } from './connection.ts';
import { parseJson } from './messages.ts';

/** A client needs two; more than this is a leak of somebody's. */
const MOST_CONNECTIONS = 1_000;
/** A subscription to every market there is stays far below. */
const MOST_MESSAGE_BYTES = 2_000_000;
/** How long a flush waits for a client that does not answer. */
const FLUSH_LIMIT_MS = 5_000;
const TRY_AGAIN_LATER = 1013;

export interface Channel {
  opened(connection: Connection): void;
  closed(connection: Connection): void;
  received(connection: Connection, message: unknown): void;
}

export interface SocketParts {
  readonly clock: Clock;
  readonly faults: Faults;
  /** By path: `/ws/market`, `/ws/user`. */
  readonly channels: Readonly<Record<string, Channel>>;
}

export class SocketSide {
  readonly #parts: SocketParts;
  readonly #connections = new Set<Connection>();
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  #flushes = 0;

  constructor(parts: SocketParts) {
    this.#parts = parts;
  }

  /** Takes the upgrades of an HTTP server. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => undefined);
      const [path = ''] = (request.url ?? '').split('?');
      if (!this.has(path)) {
        socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
        return;
      }
      this.#server.handleUpgrade(request, socket, head, (client) => this.take(path, client));
    });
  }

  has(path: string): boolean {
    return Object.hasOwn(this.#parts.channels, path);
  }

  /** Takes an open connection of a client to a channel that there is. */
  take(path: string, client: ClientSocket): void {
    const channel = this.#parts.channels[path];
    if (channel === undefined) return;
    // An error is followed by the close; nothing else is to be done about it.
    client.on('error', () => undefined);
    if (this.#connections.size >= MOST_CONNECTIONS) {
      client.close(TRY_AGAIN_LATER, 'too many connections');
      return;
    }
    const connection = new Connection(client, this.#parts.clock, this.#parts.faults);
    this.#connections.add(connection);
    channel.opened(connection);
    client.on('close', () => {
      this.#connections.delete(connection);
      channel.closed(connection);
    });
    client.on('message', (data) => {
      const text = data.toString();
      if (text === 'PING') connection.pong();
      else channel.received(connection, parseJson(text));
    });
  }

  /** Resolves when every client has received what was sent to it so far. */
  async flush(): Promise<void> {
    const { clock } = this.#parts;
    this.#flushes += 1;
    const mark = `flush ${this.#flushes}`;
    const all = Promise.all([...this.#connections].map((connection) => connection.flushed(mark)));
    await new Promise<void>((resolve) => {
      const cancel = clock.at(clock.now() + FLUSH_LIMIT_MS, resolve);
      void all.then(() => {
        cancel();
        resolve();
      });
    });
  }

  stop(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }
}
