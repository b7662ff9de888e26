/**
 * Events to a server over HTTP: one POST for each, in order, the next one only after the last was
 * taken. Whatever it answers but 2xx, the same event comes again; none is left out.
 */
import type { KeyObject } from 'node:crypto';
import { Agent, request } from 'undici';
import { type EventSink, SinkFault } from '../../actors/event-port.ts';
import type { Clock } from '../../actors/ports.ts';
import type { CatalogueEvent, CatalogueType } from '../../domain/events/catalogue.ts';
import { signatureHeaders } from './webhook-signature.ts';

/** From the first byte to the last. The specification advises 15 to 30 s. */
const TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Of an answer; nobody reads it. */
const MAX_ANSWER_BYTES = 65_536;
/** Refusals of the moment: timeout, conflict, too early, too many. Every other 4xx is one of a person. */
const FOR_LATER: ReadonlySet<number> = new Set([408, 409, 425, 429]);

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  readonly key: KeyObject;
  readonly clock: Clock;
  /** Absent: all. */
  readonly types?: readonly CatalogueType[] | undefined;
  readonly minimumPriority?: number | undefined;
  readonly timeoutMs?: number;
}

export function createWebhookSink(options: WebhookOptions): EventSink {
  const { name, url, key, clock, minimumPriority = 1, timeoutMs = TIMEOUT_MS } = options;
  const types: ReadonlySet<string> | undefined = options.types && new Set(options.types);
  // One connection: what is sent second never arrives first.
  const agent = new Agent({ connections: 1, pipelining: 1, connectTimeout: CONNECT_TIMEOUT_MS });

  async function post(event: CatalogueEvent, signal: AbortSignal): Promise<void> {
    const body = bodyOf(event);
    const timestampSeconds = Math.floor(clock.now() / 1_000);
    const facts = { sink: name, eventId: event.eventId };
    let status: number;
    let retryAfterMs: number | undefined;
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'fillwright',
          ...signatureHeaders(key, { id: event.eventId, timestampSeconds, body }),
        },
        body,
        dispatcher: agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      status = answer.statusCode;
      retryAfterMs = readRetryAfter(answer.headers['retry-after'], clock.now());
      await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal });
    } catch (error) {
      throw new SinkFault(`${name} gave no answer to ${event.eventId}: ${codeOf(error)}.`, facts);
    }
    if (status >= 200 && status < 300) return;
    throw new SinkFault(
      `${name} answered ${status} to ${event.eventId}.`,
      { ...facts, status },
      {
        isRefusal: status < 500 && !FOR_LATER.has(status),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
    );
  }

  return {
    name,
    batch: 1,
    wants: (event) => event.priority >= minimumPriority && (types?.has(event.type) ?? true),
    async take(events, signal) {
      for (const event of events) await post(event, signal);
    },
    close: () => agent.destroy(),
  };
}

/** As Standard Webhooks advises: what, when, and all of it. The same bytes in every attempt. */
function bodyOf(event: CatalogueEvent): string {
  const timestamp = new Date(event.atMs).toISOString();
  return JSON.stringify({ type: event.type, timestamp, data: event });
}

/** Seconds, or a date. */
export function readRetryAfter(
  header: string | readonly string[] | undefined,
  nowMs: number,
): number | undefined {
  const text = typeof header === 'string' ? header.trim() : undefined;
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const ms = /^[A-Z][a-z]{2}, .* GMT$/.test(text) ? Date.parse(text) - nowMs : Number.NaN;
  return ms >= 0 ? ms : undefined;
}

/** Messages of the client may name an address with what is secret in it; its codes do not. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
