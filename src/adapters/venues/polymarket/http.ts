/**
 * One origin over keep-alive connections. It never tries again and follows no redirect: only its
 * caller knows what may be sent twice. A request never rejects; a failure says whether the venue can
 * have seen it. Sources: clob-client #244 (no timeout, orders appear later), py-clob-client #273.
 */
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../../../actors/ports.ts';
import { show } from '../../../domain/faults.ts';

/** Requests under way at the same time; more wait for a connection. */
const CONNECTIONS = 32;
const CONNECT_TIMEOUT_MS = 5_000;
/** The venue queues rather than refuses what is over its limits, so a slow answer is normal. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** Undici's own timers, behind those of the clock, so that no socket is kept for ever. */
const SOCKET_TIMEOUT_MS = 60_000;
/** A page of 500 trades with their makers is some 500 kB. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Below the 60 s and more that proxies keep an idle connection. */
export const KEEP_ALIVE_MS = 30_000;
/** A lease that could not be renewed is tried again twice in that time. */
const MAY_NOT_RETRY_MS = 1_000;
/** Some user agents of programs are refused with 403 at the venue's door. */
const USER_AGENT = 'fillwright';

export interface HttpOptions {
  /** Scheme, host and port; a path is put before every request's. */
  readonly url: string;
  readonly clock: Clock;
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** Real time until the headers, and between two parts of the body. */
  readonly socketTimeoutMs?: number;
  readonly maxBodyBytes?: number;
  /**
   * Asked right before the first byte of every request that is no GET. False: it is not sent. Absent:
   * always.
   */
  readonly mayWrite?: (() => boolean) | undefined;
  /** What carries requests to an origin. Default: a pool of real connections. */
  readonly carrier?: (origin: string) => Carrier;
}

/** As much of a dispatcher of undici as is used here. */
export type Carrier = Pick<Dispatcher, 'dispatch'> & { destroy(): Promise<void> };

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Begins with `/`; without the query. */
  readonly path: string;
  /** A list is the same parameter once for each of its values. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The exact bytes, as text. JSON. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange, on the clock. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface HttpFailure {
  readonly kind: 'failed';
  /** `notSent`: no byte was written, so the venue cannot know of it. Else nobody knows. */
  readonly sent: 'notSent' | 'unknown';
  readonly reason: string;
  /** When it was ourselves who held it back. */
  readonly retryAfterMs?: number;
}

export type HttpResult = HttpAnswer | HttpFailure;

export interface Http {
  /** Resolves to an answer of any status, or to a failure; never rejects. */
  request(request: HttpRequest): Promise<HttpResult>;
  /** Cuts off what is under way. */
  close(): Promise<void>;
}

/** @throws TypeError for a text that is no URL. */
export function createHttp(options: HttpOptions): Http {
  const url = new URL(options.url);
  const prefix = url.pathname.replace(/\/$/, '');
  const { clock } = options;
  const carrier = options.carrier?.(url.origin) ?? createPool(url.origin, options);

  return {
    request(request) {
      return new Promise((resolve) => {
        const isWrite = request.method !== 'GET';
        const exchange = new Exchange(resolve, isWrite ? options.mayWrite : undefined);
        exchange.limit(clock, request.timeoutMs ?? REQUEST_TIMEOUT_MS, request.signal);
        carrier.dispatch(
          {
            method: request.method,
            path: prefix + request.path + queryText(request.query),
            headers: { 'user-agent': USER_AGENT, ...bodyHeaders(request), ...request.headers },
            body: request.body ?? null,
          },
          exchange,
        );
      });
    },
    close: () => carrier.destroy(),
  };
}

function createPool(origin: string, options: HttpOptions): Carrier {
  const { socketTimeoutMs = SOCKET_TIMEOUT_MS } = options;
  return new Pool(origin, {
    connections: options.connections ?? CONNECTIONS,
    // One request on a connection at a time: a broken one says nothing about any other.
    pipelining: 1,
    connect: { timeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS },
    headersTimeout: socketTimeoutMs,
    bodyTimeout: socketTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: options.maxBodyBytes ?? MAX_BODY_BYTES,
  });
}

const GIVEN_UP = new Error('given up');

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (result: HttpResult) => void;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #over = false;
  #unlimit: () => void = () => undefined;
  readonly #maySend: () => boolean;

  constructor(resolve: (result: HttpResult) => void, maySend: () => boolean = () => true) {
    this.#resolve = resolve;
    this.#maySend = maySend;
  }

  limit(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined): void {
    const giveUp = (reason: string): void => {
      this.#fail(reason);
      this.#controller?.abort(GIVEN_UP);
    };
    const aborted = (): void => giveUp('given up by the caller');
    const cancel = clock.at(clock.now() + timeoutMs, () => giveUp(`no answer in ${timeoutMs} ms`));
    this.#unlimit = () => {
      cancel();
      signal?.removeEventListener('abort', aborted);
    };
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  }

  /** Called right before the first byte is written: nothing was sent until now. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (!this.#over && !this.#maySend()) {
      const reason = 'this engine may not act now: its writer lease does not hold';
      this.#end({ kind: 'failed', sent: 'notSent', reason, retryAfterMs: MAY_NOT_RETRY_MS });
    }
    // Throwing takes it out of the queue and leaves the connection to the next one.
    if (this.#over) throw GIVEN_UP;
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status;
    this.#headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const text = Buffer.concat(this.#chunks).toString('utf8');
    this.#end({ kind: 'answer', status: this.#status, headers: this.#headers, text });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(reasonOf(error));
  }

  #fail(reason: string): void {
    const sent = this.#controller === undefined ? 'notSent' : 'unknown';
    this.#end({ kind: 'failed', sent, reason });
  }

  #end(result: HttpResult): void {
    if (this.#over) return;
    this.#over = true;
    this.#unlimit();
    this.#resolve(result);
  }
}

function bodyHeaders({ body }: HttpRequest): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'content-type': 'application/json' };
}

function queryText(query: HttpRequest['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of value === undefined ? [] : [value].flat()) parameters.append(name, one);
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

/** The code says more than the message, where there is one; neither holds anything that we sent. */
function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  const message = error.message === '' ? show(error.name) : error.message;
  return `${code}${message}`.slice(0, 200);
}
