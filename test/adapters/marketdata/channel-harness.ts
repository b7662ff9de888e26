/** A venue that misbehaves on demand, on a real port, and a channel that listens to it. */
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  createVirtualClock,
  type VirtualClock,
} from '../../../src/adapters/clock/virtual-clock.ts';
import {
  createPolymarketChannel,
  type PolymarketChannelOptions,
} from '../../../src/adapters/marketdata/polymarket-channel.ts';
import type { MarketEvent } from '../../../src/domain/market-data.ts';
import { changeMessage, INSTRUMENTS, MARKET, START, YES } from './fixtures.ts';

export const YES_BOOK = `book paper:${MARKET}:YES 0.48/0.52`;
export const NO_BOOK = `book paper:${MARKET}:NO 0.48/0.52`;
export const change = (at: number, size: string, hash?: string): string =>
  JSON.stringify(
    changeMessage(at, [
      { token: YES, side: 'BUY', price: '0.48', size, ...(hash === undefined ? {} : { hash }) },
    ]),
  );

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for what real sockets bring about. The test's own time limit is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await macrotask();
}

export interface VenueServer {
  readonly url: string;
  /** Sockets in the order in which they came. */
  readonly sockets: WebSocket[];
  /** Text frames received, over all connections. */
  readonly received: string[];
}

/** A venue on a real port; `onSocket` is how it behaves. */
export async function venue(
  onSocket: (socket: WebSocket, nth: number) => void,
): Promise<VenueServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const sockets: WebSocket[] = [];
  const received: string[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      received.push(data.toString());
      if (data.toString().startsWith('{')) onSocket(socket, sockets.length);
    });
  });
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `ws://127.0.0.1:${portOf(server.address())}`, sockets, received };
}

export function portOf(address: unknown): number {
  const { port } = address as { port: number };
  return port;
}

export function listen(url: string, more: Partial<PolymarketChannelOptions> = {}) {
  const clock: VirtualClock = createVirtualClock(START);
  const log: string[] = [];
  const channel = createPolymarketChannel({
    instruments: INSTRUMENTS,
    clock,
    random: () => 0,
    url,
    log: (_level, message, facts) => log.push(`${message} ${JSON.stringify(facts)}`),
    ...more,
  });
  const stop = new AbortController();
  const events: MarketEvent[] = [];
  const run = (deliver: (event: MarketEvent) => void | Promise<void> = () => undefined) =>
    channel.run((event) => {
      events.push(event);
      return deliver(event);
    }, stop.signal);
  const end = async (running: Promise<void>): Promise<void> => {
    stop.abort();
    await running;
    expect(clock.pending()).toBe(0);
  };
  return { channel, clock, log, stop, events, run, end };
}
