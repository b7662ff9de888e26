/** Carries out a request, or does what a fault rule says, and tells what the client is to see of it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Log } from '../../actors/execution.ts';
import type { Clock } from '../../actors/ports.ts';
import type { Faults, Situation, Strike } from '../faults/fault-set.ts';
import { parseJson } from '../stream/messages.ts';
import { type Answer, refusal, type SandboxRequest } from './answer.ts';
import type { Found, Router } from './router.ts';

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

/** A request as it came over the wire. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the client sees of an answer. */
export type Reply =
  /** `half`: the whole is announced, half of the text comes, then the connection ends. */
  | {
      readonly kind: 'whole' | 'half';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | number>>;
      readonly text: string;
    }
  /** The connection ends without an answer. */
  | { readonly kind: 'none' };

export interface AnsweringParts {
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

export interface Answering {
  /** Never rejects. A reply that waits when this is stopped never comes. */
  answer(request: RawRequest): Promise<Reply>;
  /** Requests from now on are not carried out, and end without an answer. */
  close(): void;
  stop(): void;
}

export function createAnswering(parts: AnsweringParts): Answering {
  const waits = new Set<() => void>();
  let isClosed = false;
  return {
    async answer(request) {
      if (isClosed) return { kind: 'none' };
      try {
        return await answer(parts, waits, request);
      } catch (error) {
        parts.log.error({ error }, 'The sandbox could not answer a request.');
        return whole(refusal(500, 'internal error'));
      }
    },
    close() {
      isClosed = true;
    },
    stop() {
      for (const cancel of waits) cancel();
      waits.clear();
    },
  };
}

async function answer(
  parts: AnsweringParts,
  waits: Set<() => void>,
  { method, target, headers, body }: RawRequest,
): Promise<Reply> {
  if (!URL.canParse(target, BASE)) return whole(refusal(400, 'bad request'));
  const { pathname, searchParams: query } = new URL(target, BASE);
  const found = parts.router.find(method, pathname);
  if (found === undefined) return whole(refusal(404, 'not found'));
  const json = parseJson(body);
  const { situation, numbers } = parts.describe(found, json, query);
  const { parameter } = found;
  const request: SandboxRequest = {
    ...{ method, path: pathname, query, headers, body, json, parameter, numbers },
  };
  const carryOut = () => parts.router.run(found.route, request);
  const strike = parts.faults.strike(REQUEST_FAULTS, situation);
  if (strike === undefined) return whole(await carryOut());
  return misbehave(parts.clock, waits, strike, carryOut);
}

async function misbehave(
  clock: Clock,
  waits: Set<() => void>,
  { rule }: RequestStrike,
  carryOut: () => Answer | Promise<Answer>,
): Promise<Reply> {
  switch (rule.kind) {
    case 'rejectThenTimeout':
      return hold(clock, waits, rule.closeAfterMs);
    case 'acceptThenTimeout':
      await carryOut();
      return hold(clock, waits, rule.closeAfterMs);
    case 'tooManyRequests':
      return whole({
        ...refusal(429, 'Too Many Requests'),
        headers: { 'Retry-After': String(rule.retryAfterS) },
      });
    case 'error':
      if (rule.carriedOut) await carryOut();
      return whole(refusal(rule.status, rule.error));
    case 'html':
      if (rule.carriedOut) await carryOut();
      return whole({ status: rule.status, text: HTML, contentType: 'text/html' });
    case 'truncate':
      return { ...whole(await carryOut()), kind: 'half' };
    case 'slow': {
      const early = rule.carriedOut === 'before' ? await carryOut() : undefined;
      await pause(clock, waits, rule.delayMs);
      return whole(early ?? (await carryOut()));
    }
  }
}

/** Nobody answers; the connection ends by itself after a while. */
async function hold(clock: Clock, waits: Set<() => void>, closeAfterMs: number): Promise<Reply> {
  if (closeAfterMs > 0) await pause(clock, waits, closeAfterMs);
  return { kind: 'none' };
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

/** The whole of an answer. */
export function whole(answered: Answer): Exclude<Reply, { kind: 'none' }> {
  const { status, json, contentType = 'application/json', headers = {} } = answered;
  const text = answered.text ?? JSON.stringify(json) ?? '';
  return {
    kind: 'whole',
    status,
    headers: {
      'Content-Type': contentType,
      'Content-Length': Buffer.byteLength(text),
      ...headers,
    },
    text,
  };
}
