/** The life of a sandbox: ports, flushing, and an end that leaves nothing behind. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createVirtualClock } from '../../src/adapters/clock/virtual-clock.ts';
import { createRandom } from '../../src/adapters/random.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { scenarioOf } from '../../src/sandbox/scenario.ts';
import { until } from '../support/until.ts';
import {
  accountOf,
  ask,
  askAs,
  listen,
  marketOf,
  openSandbox,
  orderOf,
  post,
  QUIET,
  userAuth,
} from './sandbox-harness.ts';

describe('ports', () => {
  test('REST and websockets share one, on this machine only', async () => {
    const sandbox = await openSandbox();
    expect(sandbox.rest).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(sandbox.ws).toBe(`${sandbox.rest.replace('http', 'ws')}/ws`);
  });

  test('an idle connection is kept as long as a proxy would keep it', async () => {
    const sandbox = await openSandbox();
    const answer = await fetch(`${sandbox.rest}/time`);
    expect(answer.headers.get('keep-alive')).toBe('timeout=75');
  });

  test('the websockets may have their own', async () => {
    const sandbox = await openSandbox(QUIET, { wsPort: 0 });
    expect(new URL(sandbox.ws).port).not.toBe(new URL(sandbox.rest).port);
    const { socket } = await listen(sandbox, 'user', userAuth(accountOf(sandbox)));
    expect(socket.readyState).toBe(WebSocket.OPEN);
    const wrong = new WebSocket(`${sandbox.rest.replace('http', 'ws')}/ws/user`);
    await expect(once(wrong, 'open')).rejects.toThrow();
  });

  test('another path is no channel', async () => {
    const sandbox = await openSandbox();
    for (const path of ['/', '/constructor', '/market/']) {
      const socket = new WebSocket(`${sandbox.ws}${path}`);
      await expect(once(socket, 'open')).rejects.toThrow('404');
    }
  });

  test('a port that is taken refuses the start', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(openSandbox(QUIET, { port })).rejects.toThrow('EADDRINUSE');
    server.close();
  });

  test('there is no address before the start', () => {
    const clock = createVirtualClock(0);
    const random = createRandom('x').next;
    const sandbox = createSandbox({ clock, random, scenario: scenarioOf(QUIET) });
    expect(() => sandbox.rest).toThrow(expect.objectContaining({ code: 'not_running' }));
  });
});

test('after a flush every client has what was sent before', async () => {
  const sandbox = await openSandbox();
  const account = accountOf(sandbox);
  const market = marketOf(sandbox);
  const user = await listen(sandbox, 'user', userAuth(account));
  const books = await listen(sandbox, 'market', {
    assets_ids: [market.tokens[0].tokenId],
    type: 'market',
  });
  for (let count = 1; count <= 20; count += 1) {
    await sandbox.taker.take({
      tokenId: market.tokens[0].tokenId,
      side: 'BUY',
      price: 520_000n,
      size: 2_000_000n,
    });
    await sandbox.flush();
    expect(books.messages('price_change')).toHaveLength(count);
  }
  await post(sandbox, account, market, { price: '0.4' });
  await sandbox.flush();
  expect(user.messages('order')).toHaveLength(1);
});

test('a flush ends though a client never reads', async () => {
  const clock = createVirtualClock(Date.now());
  const sandbox = await openSandbox(QUIET, { clock });
  const socket = new WebSocket(`${sandbox.ws}/user`, { autoPong: false });
  await once(socket, 'open');
  const flushed = sandbox.flush();
  await clock.advanceTo(clock.now() + 5_000);
  await expect(flushed).resolves.toBeUndefined();
  socket.terminate();
});

describe('the end', () => {
  test('leaves no timer, answers what waits for a delay, and closes every connection', async () => {
    const clock = createVirtualClock(Date.now());
    const sandbox = await openSandbox(
      {
        ...QUIET,
        markets: [{ ...QUIET.markets[0], takerDelayMs: 250, blockingDelay: true }],
        schedule: [{ kind: 'resolve', atMs: 60_000, market: 'plain', outcome: 'YES' }],
      },
      { clock },
    );
    const account = accountOf(sandbox);
    const { socket } = await listen(sandbox, 'user', userAuth(account));
    await askAs(sandbox, account, 'POST', '/v1/heartbeats', '{"heartbeat_id":""}');
    sandbox.faults.add({ kind: 'rejectThenTimeout', route: 'reads' });
    const held = askAs(sandbox, account, 'GET', '/data/orders').catch((error: Error) => error);
    const { body } = await orderOf(sandbox, account, marketOf(sandbox), { price: '0.52' });
    const delayed = askAs(sandbox, account, 'POST', '/order', body);
    await until(() => sandbox.exchange.openOrders(account.apiKey).length === 1, 'the order');
    await sandbox.stop();
    expect(await held).toBeInstanceOf(Error);
    expect((await delayed).json.status).toBe('delayed');
    await until(() => socket.readyState === WebSocket.CLOSED, 'the end of the websocket');
    await expect(ask(sandbox, 'GET', '/ok')).rejects.toThrow();
    expect(clock.pending()).toBe(0);
    await sandbox.stop();
  });
});
