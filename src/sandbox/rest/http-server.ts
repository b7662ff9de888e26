/** The HTTP side: reads a request whole, has it carried out, and answers — or does what a fault rule says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Log } from '../../actors/execution.ts';
import type { Clock } from '../../actors/ports.ts';
import type { Faults, Situation, Strike } from '../faults/fault-set.ts';
import { parseJson } from '../stream/messages.ts';
import { type Answer, refusal, type SandboxRequest } from './answer.ts';
import type { Found, Router } from './router.ts';

/** A thousand cancels are 70 kB, fifteen orders 25 kB. */
const MOST_BODY_BYTES = 1_000_000;
/** `http://` of the request's own host: only the path of it is used. */
const BASE = 'http://sandbox';
const HTML =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n' +
  '<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n';

const REQUEST_FAULTS = [
  'rejectThenTimeout',
  'acceptThenTimeout',
  'tooManyRequests',
  'error',
  'html',
  'truncate',
  'slow',
] as const;
type RequestStrike = Strike<(typeof REQUEST_FAULTS)[number]>;

export interface HttpParts {
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'error'>;
  readonly router: Router;
  readonly faults: Faults;
  /** What a request is about, and the numbers of the orders that it posts. */
  readonly describe: (
    found: Found,
    json: unknown,
    query: URLSearchParams,
  ) => { readonly situation: Situation; readonly numbers: readonly number[] };
}

export interface HttpSide {
  readonly server: Server;
  /** Ends every connection, the waiting ones too. */
  stop(): Promise<void>;
}

export function createHttpSide(parts: HttpParts): HttpSide {
  const waits = new Set<() => void>();
  const server = createServer((incoming, response) => {
    respond(parts, waits, incoming, response).catch((error: unknown) => {
      parts.log.error({ error }, 'The sandbox could not answer a request.');
      if (!response.headersSent) write(response, refusal(500, 'internal error'));
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });
  return {
    server,
    async stop() {
      for (const cancel of waits) cancel();
      waits.clear();
      server.closeAllConnections();
      if (!server.listening) return;
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function respond(
  parts: HttpParts,
  waits: Set<() => void>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(incoming);
  if (body === undefined) return write(response, refusal(413, 'payload too large'));
  const method = incoming.method ?? 'GET';
  const target = incoming.url ?? '/';
  if (!URL.canParse(target, BASE)) return write(response, refusal(400, 'bad request'));
  const { pathname, searchParams: query } = new URL(target, BASE);
  const found = parts.router.find(method, pathname);
  if (found === undefined) return write(response, refusal(404, 'not found'));
  const json = parseJson(body);
  const { situation, numbers } = parts.describe(found, json, query);
  const request: SandboxRequest = {
    method,
    path: pathname,
    query,
    headers: incoming.headers,
    body,
    json,
    parameter: found.parameter,
    numbers,
  };
  const carryOut = () => parts.router.run(found.route, request);
  const strike = parts.faults.strike(REQUEST_FAULTS, situation);
  if (strike === undefined) write(response, await carryOut());
  else await misbehave(parts.clock, waits, strike, carryOut, response);
}

async function misbehave(
  clock: Clock,
  waits: Set<() => void>,
  { rule }: RequestStrike,
  carryOut: () => Answer | Promise<Answer>,
  response: ServerResponse,
): Promise<void> {
  switch (rule.kind) {
    case 'rejectThenTimeout':
      return hold(clock, waits, response, rule.closeAfterMs);
    case 'acceptThenTimeout':
      await carryOut();
      return hold(clock, waits, response, rule.closeAfterMs);
    case 'tooManyRequests':
      return write(response, {
        ...refusal(429, 'Too Many Requests'),
        headers: { 'Retry-After': String(rule.retryAfterS) },
      });
    case 'error':
      if (rule.carriedOut) await carryOut();
      return write(response, refusal(rule.status, rule.error));
    case 'html':
      if (rule.carriedOut) await carryOut();
      return write(response, { status: rule.status, text: HTML, contentType: 'text/html' });
    case 'truncate':
      return writeHalf(response, await carryOut());
    case 'slow': {
      const early = rule.carriedOut === 'before' ? await carryOut() : undefined;
      await pause(clock, waits, rule.delayMs);
      return write(response, early ?? (await carryOut()));
    }
  }
}

/** Nobody answers; the connection ends by itself after a while. */
async function hold(
  clock: Clock,
  waits: Set<() => void>,
  response: ServerResponse,
  closeAfterMs: number,
): Promise<void> {
  if (closeAfterMs > 0) await pause(clock, waits, closeAfterMs);
  response.destroy();
}

function pause(clock: Clock, waits: Set<() => void>, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.at(clock.now() + delayMs, () => {
      waits.delete(cancel);
      resolve();
    });
    waits.add(cancel);
  });
}

function textOf({ json, text }: Answer): string {
  return text ?? JSON.stringify(json) ?? '';
}

function write(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  const text = textOf(answer);
  response.writeHead(answer.status, headersOf(answer, text));
  response.end(text);
}

/** Announces the whole answer, sends half of it and cuts the connection. */
function writeHalf(response: ServerResponse, answer: Answer): void {
  const text = textOf(answer);
  response.writeHead(answer.status, headersOf(answer, text));
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}

function headersOf({ contentType = 'application/json', headers = {} }: Answer, text: string) {
  return {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  };
}

/** The whole body; undefined when it is too large. A request that breaks off is never answered. */
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
