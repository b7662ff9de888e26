/** The HTTP side: reads a request whole, and writes what the client is to see of the answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { refusal } from './answer.ts';
import { type Answering, type Reply, whole } from './answering.ts';

/** A thousand cancels are 70 kB, fifteen orders 25 kB. */
const MOST_BODY_BYTES = 1_000_000;
/** As proxies keep an idle connection. One that is closed under a request makes an order of it unknown. */
const KEEP_IDLE_MS = 75_000;

export interface HttpSide {
  readonly server: Server;
  /** Ends every connection, the waiting ones too. */
  stop(): Promise<void>;
}

export function createHttpSide(answering: Pick<Answering, 'answer'>): HttpSide {
  const server = createServer((incoming, response) => {
    // A request that breaks off is never answered.
    respond(answering, incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = KEEP_IDLE_MS;
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });
  return {
    server,
    async stop() {
      server.closeAllConnections();
      if (!server.listening) return;
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function respond(
  answering: Pick<Answering, 'answer'>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(incoming);
  if (body === undefined) return write(response, whole(refusal(413, 'payload too large')));
  const { method = 'GET', url: target = '/', headers } = incoming;
  write(response, await answering.answer({ method, target, headers, body }));
}

function write(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return;
  if (reply.kind === 'none') {
    response.destroy();
    return;
  }
  const { kind, status, headers, text } = reply;
  response.writeHead(status, headers);
  if (kind === 'whole') response.end(text);
  else response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}

/** The whole body; undefined when it is too large. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
