/** A door to a database server that a test can slam, or hold shut. */
import net from 'node:net';
import pg from 'pg';
import type { ServerConnection } from '../../../src/adapters/store/connection.ts';

export interface Door {
  /** The way to the server through this door. */
  readonly connection: ServerConnection;
  /** Ends the connection on which the server answers next; the answer is lost. */
  dropNextAnswer(): void;
  /** Lets nothing through any more, either way, from the first bytes to the server with `text` on. */
  holdFrom(text: string): Promise<void>;
  /** Lets the bytes with `text` through, then reads no more requests and holds every answer. */
  stallAfter(text: string): void;
  /** Lets the held answers through; requests still wait. */
  letAnswers(): void;
  /** Lets through what was held, and everything after it. */
  resume(): void;
  close(): Promise<void>;
}

/** Opens a door to the server of `url` at a port of its own. */
export async function startProxy(url: string): Promise<Door> {
  const target = new pg.Client({ connectionString: url });
  const { host, port, user, database, password } = target;
  const to = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const sockets = new Set<net.Socket>();
  let dropping = false;
  let hold: { text: string; begun: () => void } | undefined;
  let held: (() => void)[] | undefined;
  let stall: string | undefined;
  let stalled: net.Socket | undefined;

  function pass(bytes: Buffer, into: net.Socket): void {
    const write = (): void => {
      if (!into.destroyed) into.write(bytes);
    };
    if (held === undefined) write();
    else held.push(write);
  }

  const server = net.createServer((near) => {
    const far = net.connect(to);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes) => {
      if (hold !== undefined && bytes.includes(hold.text)) {
        held = [];
        hold.begun();
        hold = undefined;
      }
      pass(bytes, far);
      if (stall !== undefined && bytes.includes(stall)) {
        [stall, stalled, held] = [undefined, near.pause(), []];
      }
    });
    far.on('data', (bytes) => {
      if (dropping) near.destroy();
      else pass(bytes, near);
      dropping = false;
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  const base = {
    host: '127.0.0.1',
    port: address.port,
    user: user ?? '',
    database: database ?? '',
  };
  const letAnswers = (): void => {
    const writes = held ?? [];
    held = undefined;
    for (const write of writes) write();
  };
  return {
    connection: typeof password === 'string' ? { ...base, password } : base,
    dropNextAnswer() {
      dropping = true;
    },
    holdFrom: (text) =>
      new Promise((begun) => {
        hold = { text, begun };
      }),
    stallAfter(text) {
      stall = text;
    },
    letAnswers,
    resume() {
      letAnswers();
      stalled?.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
