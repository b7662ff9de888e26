/** Small servers that answer as told, misbehave on purpose, and keep what they were asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createPlainServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../../src/actors/ports.ts';
import { createSystemClock } from '../../../../src/adapters/clock/system-clock.ts';
import { createClockSkew } from '../../../../src/adapters/venues/polymarket/clock-skew.ts';
import { createHttp } from '../../../../src/adapters/venues/polymarket/http.ts';
import { createL2Signer } from '../../../../src/adapters/venues/polymarket/protocol/auth.ts';
import { createRateLimiter } from '../../../../src/adapters/venues/polymarket/rate-limiter.ts';
import { createRest } from '../../../../src/adapters/venues/polymarket/rest.ts';

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Told {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, all else as JSON. */
  readonly body?: unknown;
}

/** Answers; undefined leaves the request without one. */
export type Answer = (
  asked: Asked,
  response: ServerResponse,
) => Told | undefined | Promise<Told | undefined>;

export interface TestServer {
  readonly url: string;
  readonly asked: readonly Asked[];
}

function portOf(server: { address(): unknown }): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null && 'port' in address) {
    return Number(address.port);
  }
  throw new Error('the server has no port');
}

/** An HTTP server that closes after the test. */
export async function serve(answer: Answer): Promise<TestServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const one: Asked = { method, url, headers, body: Buffer.concat(chunks).toString() };
    asked.push(one);
    const told = await answer(one, response);
    if (told === undefined) return;
    response.writeHead(told.status ?? 200, { ...told.headers });
    response.end(typeof told.body === 'string' ? told.body : JSON.stringify(told.body ?? null));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server)}`, asked };
}

/** A bare TCP server: what it says need not be HTTP. */
export async function serveRaw(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createPlainServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<string> {
  const server = createPlainServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${portOf(server)}`;
  server.close();
  await once(server, 'close');
  return url;
}

export const CREDENTIALS = {
  address: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
  apiKey: 'f4f247b7-4ac7-ff29-a152-04fda0a8755a',
  secret: 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==',
  passphrase: 'open sesame',
} as const;

/** REST calls to a server, on the real time unless told otherwise. */
export function restTo(url: string, clock: Clock = createSystemClock()) {
  const http = createHttp({ url, clock });
  onTestFinished(() => http.close());
  const limiter = createRateLimiter(clock);
  const l2 = createL2Signer(CREDENTIALS);
  const rest = createRest({
    ...{ http, limiter, signatureType: 0 },
    skew: () => skew,
    signer: () => l2,
  });
  const skew = createClockSkew(clock, () => rest.time());
  return { rest, limiter, skew, http, clock };
}
