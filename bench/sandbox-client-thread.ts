/** The client's thread: on a core of its own it posts requests and counts frames. */
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { Pool } from 'undici';
import { type RawData, WebSocket } from 'ws';

/** As many as the adapter of the venue keeps. */
const CONNECTIONS = 32;

export interface PreparedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type ClientTask =
  /** Posts all, one at a time on each connection, and counts `marker` in the answers. */
  | {
      readonly kind: 'post';
      readonly origin: string;
      readonly requests: readonly PreparedRequest[];
      /** How often each. */
      readonly times: number;
      readonly marker: string;
    }
  /** Opens connections that count frames, each with a first message. */
  | {
      readonly kind: 'listen';
      readonly url: string;
      readonly connections: number;
      readonly first: string;
    }
  /** Tells what was counted since it was asked last. */
  | { readonly kind: 'received' }
  | { readonly kind: 'hangUp' };

export interface ClientReport {
  readonly count: number;
  /** From the first byte sent to the last answer. */
  readonly ms: number;
  /** Frames of one of the connections. */
  readonly texts: readonly string[];
}

const sockets: WebSocket[] = [];
let frames = 0;
let texts: string[] = [];

parentPort?.on('message', async (task: ClientTask) => {
  parentPort?.postMessage(await perform(task));
});

async function perform(task: ClientTask): Promise<ClientReport> {
  switch (task.kind) {
    case 'post':
      return post(task);
    case 'listen':
      for (let index = 0; index < task.connections; index += 1) await listen(task, index === 0);
      return { count: task.connections, ms: 0, texts: [] };
    case 'received': {
      const report = { count: frames, ms: 0, texts };
      frames = 0;
      texts = [];
      return report;
    }
    case 'hangUp':
      for (const socket of sockets.splice(0)) socket.terminate();
      return { count: 0, ms: 0, texts: [] };
  }
}

async function post({
  origin,
  requests,
  times,
  marker,
}: Extract<ClientTask, { kind: 'post' }>): Promise<ClientReport> {
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  const queue = Array.from({ length: times }, () => requests)
    .flat()
    .values();
  let count = 0;
  const startedAt = performance.now();
  const loop = async () => {
    // All loops take from one iterator.
    for (const request of queue) {
      const { body } = await pool.request({ method: 'POST', ...request });
      count += (await body.text()).split(marker).length - 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  const ms = performance.now() - startedAt;
  await pool.close();
  return { count, ms, texts: [] };
}

async function listen(
  { url, first }: Extract<ClientTask, { kind: 'listen' }>,
  keepsTexts: boolean,
): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  sockets.push(socket);
  socket.on('message', (data: RawData) => {
    frames += 1;
    if (keepsTexts) texts.push(data.toString());
  });
  await once(socket, 'open');
  socket.send(first);
  // What was sent before a ping has been read when it is answered.
  socket.ping();
  await once(socket, 'pong');
}
