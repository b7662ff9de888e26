import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createActor } from 'xstate';
import type { Log } from '../../src/actors/execution.ts';
import { type RunningInspector, startInspector } from '../../src/adapters/inspector.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { AT_MS, rain } from '../support/orders.ts';

const nothing = () => undefined;
const log: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

let inspector: RunningInspector | undefined;
afterEach(() => inspector?.close());

interface Message {
  readonly type: string;
  readonly sessionId: string;
  readonly definition?: string;
  readonly event?: { readonly type: string };
  readonly snapshot?: { readonly value?: unknown; readonly context?: Record<string, unknown> };
}

/** A plain client of the relay, as anybody could write one. */
async function connect(url: string, origin?: string) {
  const messages: Message[] = [];
  const socket = new WebSocket(url.replace('http', 'ws'), origin === undefined ? {} : { origin });
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return {
    messages,
    async until(done: (messages: readonly Message[]) => boolean): Promise<void> {
      while (!done(messages)) await sleep(5);
    },
    close: () => socket.close(),
  };
}

function startOrder(inspect: RunningInspector['inspect'], reason = 'a test') {
  const actor = createActor(orderMachine.provide({ actors: {} }), {
    id: 'order:ord_1',
    inspect,
    input: {
      clientOrderId: 'ord_1',
      accountId: 'main',
      intent: {
        key: 'test:1',
        strategy: 'test',
        instrumentId: rain.id,
        side: 'BUY',
        type: 'limit',
        price: '0.5',
        size: '10',
        timeInForce: 'GTC',
        postOnly: false,
        priority: 0,
        reason,
      },
      instrument: rain,
      reserveRate: '0.5125',
      reservedUsd: '5.125',
      reservedShares: '0',
      atMs: AT_MS,
    },
  });
  actor.subscribe({ error: nothing });
  return actor.start();
}

test('a client of the relay sees an order actor: its chart, its events, its states', async () => {
  inspector = await startInspector({ port: 0, log });
  const client = await connect(inspector.url);
  const order = startOrder(inspector.inspect);
  order.send({ type: 'order.prepared', venueOrderId: '0xv1', atMs: AT_MS });
  await client.until((messages) =>
    messages.some(
      ({ type, event, snapshot }) =>
        type === '@xstate.snapshot' &&
        event?.type === 'order.prepared' &&
        snapshot?.context?.venueOrderId === '0xv1',
    ),
  );
  const types = new Set(client.messages.map(({ type }) => type));
  expect(types).toEqual(new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']));
  const chart = client.messages.find(({ definition }) => definition?.includes('submitting'));
  expect(chart?.sessionId).toBe(order.sessionId);
  client.close();
});

test('a client that comes late is told what it missed', async () => {
  inspector = await startInspector({ port: 0, log });
  const early = await connect(inspector.url);
  startOrder(inspector.inspect);
  await early.until((messages) => messages.length >= 3);
  const late = await connect(inspector.url);
  await late.until((messages) => messages.length >= early.messages.length);
  expect(late.messages.some(({ type }) => type === '@xstate.actor')).toBe(true);
  early.close();
  late.close();
});

test('secrets do not leave the process', async () => {
  inspector = await startInspector({ port: 0, log });
  const client = await connect(inspector.url);
  startOrder(inspector.inspect, 'see postgres://me:hunter2@host/x');
  await client.until((messages) => messages.some(({ type }) => type === '@xstate.snapshot'));
  expect(JSON.stringify(client.messages)).toContain('[hidden]@host');
  expect(JSON.stringify(client.messages)).not.toContain('hunter2');
  client.close();
});

test('what cannot be shown never reaches the actor as an error', async () => {
  inspector = await startInspector({ port: 0, log });
  const { inspect } = inspector;
  const order = startOrder((event) => {
    if (event.type === '@xstate.event') {
      const bad = Object.defineProperty({ ...event.event }, 'bad', {
        enumerable: true,
        get() {
          throw new Error('unreadable');
        },
      });
      inspect({ ...event, event: bad });
    }
    inspect(event);
  });
  order.send({ type: 'order.prepared', venueOrderId: '0xv1', atMs: AT_MS });
  await inspector.close();
  order.send({ type: 'order.cancel', reason: 'a test', atMs: AT_MS });
  expect(order.getSnapshot().status).toBe('active');
});

test('a page of another site may not read along', async () => {
  inspector = await startInspector({ port: 0, log });
  await expect(connect(inspector.url, 'https://evil.example')).rejects.toThrow('401');
  const own = await connect(inspector.url, inspector.url);
  own.close();
});

test('a port that is taken is refused', async () => {
  inspector = await startInspector({ port: 0, log });
  const port = Number(new URL(inspector.url).port);
  await expect(startInspector({ port, log })).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining(`inspector.port: got ${port}, expected a port that is free`),
  });
});
