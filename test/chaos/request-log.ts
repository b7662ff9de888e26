/** Reads the requests to the venue off the wire: which, when, and how long the answer took. */
import type { Direction, Tap } from './tcp-proxy.ts';

export interface VenueRequest {
  /** Of whom: the name of the proxy that it passed. */
  readonly by: string;
  readonly method: string;
  readonly path: string;
  /** When its first byte was passed on to the venue. */
  readonly atMs: number;
  /** When the last byte of the answer so far was passed back; absent while there is none. Of a stream: its first byte. */
  answeredAtMs?: number;
  /** Orders that the answer names as taken. */
  readonly orderIds: string[];
}

export interface RequestLog {
  readonly requests: VenueRequest[];
  /** A tap for one proxy; its requests are filed under this name. */
  tapOf(by: string): () => Tap;
}

const REQUEST_LINE = /^(GET|POST|DELETE) (\S+) HTTP\/1\.1\r\n/;
const ORDER_ID = /"orderID":"(0x[0-9a-f]{64})"/g;
/** Fifteen orders are answered in some 6 kB: an id that two chunks share is found in both together. */
const KEPT_CHARACTERS = 100;

export function createRequestLog(): RequestLog {
  const requests: VenueRequest[] = [];
  return {
    requests,
    tapOf: (by) => () => {
      const reader = new Reader(by, requests);
      return {
        passed: (direction, chunk) => reader.take(direction, chunk),
        ended: () => undefined,
      };
    },
  };
}

/** One connection. A client of ours sends no request before the last one is answered. */
class Reader {
  readonly #by: string;
  readonly #requests: VenueRequest[];
  #current: VenueRequest | undefined;
  #tail = '';
  #isStream = false;

  constructor(by: string, requests: VenueRequest[]) {
    this.#by = by;
    this.#requests = requests;
  }

  take(direction: Direction, chunk: Buffer): void {
    // A stream is opened by one request; what passes then answers nothing.
    if (this.#isStream && this.#current?.answeredAtMs !== undefined) return;
    if (direction === 'up') this.#sent(chunk);
    else this.#answered(chunk);
  }

  #sent(chunk: Buffer): void {
    const isBetween = this.#current === undefined || this.#current.answeredAtMs !== undefined;
    if (!isBetween) return;
    const [, method, target] = REQUEST_LINE.exec(chunk.toString('latin1', 0, 4_096)) ?? [];
    if (method === undefined || target === undefined) return;
    const path = target.split('?')[0] ?? target;
    this.#isStream = path.startsWith('/ws/');
    this.#tail = '';
    this.#current = { by: this.#by, method, path, atMs: Date.now(), orderIds: [] };
    this.#requests.push(this.#current);
  }

  #answered(chunk: Buffer): void {
    if (this.#current === undefined) return;
    this.#current.answeredAtMs = Date.now();
    if (this.#current.method !== 'POST') return;
    const text = this.#tail + chunk.toString('latin1');
    for (const [, id = ''] of text.matchAll(ORDER_ID)) {
      if (!this.#current.orderIds.includes(id)) this.#current.orderIds.push(id);
    }
    this.#tail = text.slice(-KEPT_CHARACTERS);
  }
}

/** Milliseconds of a span in which at least one answer of the venue was waited for. */
export function waitedMs(requests: readonly VenueRequest[], fromMs: number, toMs: number): number {
  const spans = requests
    .map(({ atMs, answeredAtMs = toMs }) => [Math.max(atMs, fromMs), Math.min(answeredAtMs, toMs)])
    .filter(([start = 0, end = 0]) => end > start)
    .sort(([a = 0], [b = 0]) => a - b);
  let total = 0;
  let reached = fromMs;
  for (const [start = 0, end = 0] of spans) {
    if (end <= reached) continue;
    total += end - Math.max(start, reached);
    reached = end;
  }
  return total;
}
