/**
 * Shows every actor to the Stately inspector, or to any WebSocket client: a relay on this machine
 * that speaks the inspector's protocol (`@xstate.actor`, `@xstate.event`, `@xstate.snapshot`).
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { type WebSocket, WebSocketServer } from 'ws';
import type { InspectionEvent } from 'xstate';
import type { Log } from '../actors/execution.ts';
import { FillwrightFault } from '../domain/faults.ts';
import { inspectorPage } from './inspector-page.ts';
import { shown } from './redaction.ts';

/** What a client that comes late is told: the newest actors, then the newest messages. */
const KEPT_ACTORS = 500;
const KEPT_MESSAGES = 500;
/** A client that does not read is left behind, then let go: memory stays bounded. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/** Clients watch; what they say is not read. */
const MAX_FROM_CLIENT_BYTES = 1_024;
const LIMITS = { depth: 8, items: 100, text: 1_000 };
const TOLD: ReadonlySet<string> = new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']);

export interface InspectorOptions {
  /** On 127.0.0.1; 0 for any that is free. */
  readonly port: number;
  readonly log: Log;
}

export interface RunningInspector {
  /** For the `inspect` option of an actor system. Never throws: a throw would stop the actor. */
  readonly inspect: (event: InspectionEvent) => void;
  /** Where a browser finds the page; the same address with `ws:` is the relay. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts the relay. Contexts and events pass without what looks like a secret, and cut to size.
 *
 * The relay that comes with the inspector's package listens on every network interface and cannot
 * take a free port, so this one is our own; messages are made by the package.
 *
 * @throws {FillwrightFault} `invalid_config` when the port is taken.
 */
export async function startInspector(options: InspectorOptions): Promise<RunningInspector> {
  const { log } = options;
  const http = createServer((request, response) => {
    if (request.method !== 'GET') {
      response.writeHead(405).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(inspectorPage);
  });
  const relay = new WebSocketServer({
    server: http,
    maxPayload: MAX_FROM_CLIENT_BYTES,
    // A page of another site must not read along.
    verifyClient: ({ origin }: { origin?: string }) => isOwnOrigin(origin, http.address()),
  });
  relay.on('error', (error) => log.warn({ error }, 'The inspector has a problem.'));

  await new Promise<void>((resolve, reject) => {
    http.once('error', (cause: Error) => reject(portFault(options.port, cause)));
    http.listen(options.port, '127.0.0.1', resolve);
  });
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;

  const kept = createKept();
  relay.on('connection', (client) => {
    client.on('error', () => client.terminate());
    for (const message of kept.all()) client.send(message);
  });

  function send(event: StatelyInspectionEvent): void {
    try {
      // The only kind whose state is still as the actor has it: see `plain`.
      const told =
        event.type === '@xstate.actor'
          ? { ...event, snapshot: shown(event.snapshot, LIMITS) }
          : event;
      const message = JSON.stringify(told);
      kept.add(event, message);
      for (const client of relay.clients) tell(client, message);
    } catch (error) {
      log.debug({ error }, 'The inspector dropped a message.');
    }
  }

  const inspector = createInspector({ send, start: () => undefined, stop: () => undefined });
  let isOpen = true;

  return {
    url: `http://127.0.0.1:${port}`,
    inspect(event) {
      if (!isOpen || !TOLD.has(event.type)) return;
      try {
        inspector.inspect.next?.(plain(event));
      } catch (error) {
        log.debug({ error }, 'The inspector dropped an event.');
      }
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      for (const client of relay.clients) client.terminate();
      relay.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

/**
 * The event with copies of what it carries, made at once: the package converts events later, outside
 * of any guard, so by then there must be nothing left that could throw or that may not be shown.
 */
function plain(event: InspectionEvent): InspectionEvent {
  if (event.type === '@xstate.event') {
    return { ...event, event: { ...Object(shown(event.event, LIMITS)), type: event.event.type } };
  }
  if (event.type === '@xstate.snapshot') {
    return {
      ...event,
      event: { ...Object(shown(event.event, LIMITS)), type: event.event.type },
      snapshot: Object(shown(event.snapshot, LIMITS)),
    };
  }
  return event;
}

function tell(client: WebSocket, message: string): void {
  if (client.readyState !== client.OPEN) return;
  if (client.bufferedAmount > MAX_UNREAD_BYTES) client.terminate();
  else client.send(message);
}

/** The newest messages, and the newest message of each actor even when it is older than those. */
function createKept() {
  const actors = new Map<string, string>();
  let messages: string[] = [];
  return {
    add(event: StatelyInspectionEvent, message: string): void {
      if (event.type === '@xstate.actor') {
        actors.set(event.sessionId, message);
        const [oldest] = actors.keys();
        if (actors.size > KEPT_ACTORS && oldest !== undefined) actors.delete(oldest);
        return;
      }
      messages.push(message);
      if (messages.length > 2 * KEPT_MESSAGES) messages = messages.slice(-KEPT_MESSAGES);
    },
    all: (): readonly string[] => [...actors.values(), ...messages.slice(-KEPT_MESSAGES)],
  };
}

function isOwnOrigin(origin: string | undefined, address: string | AddressInfo | null): boolean {
  // Programs send no origin; browsers always do.
  if (origin === undefined) return true;
  const port = typeof address === 'object' && address !== null ? address.port : undefined;
  return origin === `http://127.0.0.1:${port}` || origin === `http://localhost:${port}`;
}

function portFault(port: number, cause: Error): FillwrightFault {
  return new FillwrightFault(
    'invalid_config',
    `inspector.port: got ${port}, expected a port that is free (${cause.message}).`,
    { port },
    { cause },
  );
}
