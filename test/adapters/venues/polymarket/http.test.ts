import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../../../src/adapters/clock/system-clock.ts';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import {
  createHttp,
  type HttpOptions,
  type HttpRequest,
} from '../../../../src/adapters/venues/polymarket/http.ts';
import { until } from '../../../support/until.ts';
import { closedPort, serve, serveRaw } from './rest-harness.ts';

const POST: HttpRequest = { method: 'POST', path: '/order', body: '{"salt":1}' };

function httpTo(url: string, options: Partial<HttpOptions> = {}) {
  const http = createHttp({ url, clock: createSystemClock(), ...options });
  onTestFinished(() => http.close());
  return http;
}

describe('what was asked arrives as it was', () => {
  test('method, path, query and the exact bytes of the body', async () => {
    const server = await serve(() => ({ status: 201, headers: { 'X-Thing': 'a' }, body: 'done' }));
    const http = httpTo(`${server.url}/base/`);
    const result = await http.request({
      ...POST,
      query: { a: '1 2', b: undefined, c: ['3', '4'] },
      body: '{"ü": 1.50 }',
      headers: { POLY_ADDRESS: '0x1' },
    });
    expect(result).toMatchObject({ kind: 'answer', status: 201, text: 'done' });
    expect(result.kind === 'answer' && result.headers['x-thing']).toBe('a');
    expect(server.asked).toMatchObject([
      { method: 'POST', url: '/base/order?a=1+2&c=3&c=4', body: '{"ü": 1.50 }' },
    ]);
    expect(server.asked[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      poly_address: '0x1',
      'user-agent': 'fillwright',
    });
  });

  test('one connection serves one request after another', async () => {
    const ports = new Set<number | undefined>();
    const server = await serve((_asked, response) => {
      ports.add(response.socket?.remotePort);
      return { body: {} };
    });
    const http = httpTo(server.url, { connections: 1 });
    for (let times = 0; times < 3; times += 1) await http.request(POST);
    expect(server.asked).toHaveLength(3);
    expect(ports.size).toBe(1);
  });

  test('a redirect is an answer and is not followed', async () => {
    const server = await serve(() => ({ status: 307, headers: { location: '/elsewhere' } }));
    expect(await httpTo(server.url).request(POST)).toMatchObject({ kind: 'answer', status: 307 });
    expect(server.asked).toHaveLength(1);
  });
});

describe('a failure says whether the venue can have seen it', () => {
  test('nobody listens: not sent', async () => {
    const result = await httpTo(await closedPort()).request(POST);
    expect(result).toMatchObject({ kind: 'failed', sent: 'notSent' });
    expect(result.kind === 'failed' && result.reason).toContain('ECONNREFUSED');
  });

  test('no such host: not sent', async () => {
    const result = await httpTo('http://no-such-host.invalid').request(POST);
    expect(result).toMatchObject({ kind: 'failed', sent: 'notSent' });
  });

  interface Case {
    readonly rule: string;
    readonly says: string;
    readonly ending: 'end' | 'destroy' | 'wait';
  }
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
  const cases: readonly Case[] = [
    { rule: 'a connection that is cut after the request', says: '', ending: 'destroy' },
    { rule: 'a connection that ends without a word', says: '', ending: 'end' },
    { rule: 'headers that never come', says: '', ending: 'wait' },
    { rule: 'headers that stop half way', says: 'HTTP/1.1 200 OK\r\nContent', ending: 'wait' },
    {
      rule: 'a body that stops half way',
      says: `${HEAD}Content-Length: 50\r\n\r\n{"suc`,
      ending: 'wait',
    },
    {
      rule: 'a body that is cut',
      says: `${HEAD}Content-Length: 50\r\n\r\n{"suc`,
      ending: 'destroy',
    },
    {
      rule: 'a chunk that never ends',
      says: `${HEAD}Transfer-Encoding: chunked\r\n\r\nff\r\nabc`,
      ending: 'end',
    },
    { rule: 'something that is not HTTP', says: 'SSH-2.0-OpenSSH_9.6\r\n', ending: 'end' },
  ];
  test.each(cases)('nobody knows: $rule', async ({ says, ending }) => {
    let requests = 0;
    const url = await serveRaw((socket) => {
      socket.once('data', () => {
        requests += 1;
        socket.write(says);
        if (ending === 'end') socket.end();
        // After what was written has left.
        else if (ending === 'destroy') setTimeout(() => socket.destroy(), 20);
      });
    });
    const result = await httpTo(url, { socketTimeoutMs: 1_200 }).request(POST);
    expect(result).toMatchObject({ kind: 'failed', sent: 'unknown' });
    // Nothing is ever sent twice by itself.
    expect(requests).toBe(1);
  });

  test('a body beyond its bound is given up', async () => {
    const server = await serve(() => ({ body: 'x'.repeat(5_000) }));
    const result = await httpTo(server.url, { maxBodyBytes: 1_000 }).request(POST);
    expect(result).toMatchObject({ kind: 'failed', sent: 'unknown' });
  });

  test('the clock ends a request, and nobody knows', async () => {
    const clock = createVirtualClock(1_000);
    const server = await serve(() => undefined);
    const asking = httpTo(server.url, { clock }).request({ ...POST, timeoutMs: 500 });
    await until(() => server.asked.length === 1);
    await clock.advanceTo(1_500);
    expect(await asking).toMatchObject({ sent: 'unknown', reason: 'no answer in 500 ms' });
    expect(clock.pending()).toBe(0);
  });

  test('a request that waits for a connection when its time is up was not sent, and never is', async () => {
    const clock = createVirtualClock(1_000);
    let answer: () => void = () => undefined;
    const server = await serve(async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { body: {} };
    });
    const http = httpTo(server.url, { clock, connections: 1 });
    const first = http.request(POST);
    await until(() => server.asked.length === 1);
    const second = http.request({ ...POST, path: '/second', timeoutMs: 500 });
    await clock.advanceTo(1_500);
    expect(await second).toMatchObject({ kind: 'failed', sent: 'notSent' });
    answer();
    expect(await first).toMatchObject({ kind: 'answer' });
    const third = http.request({ ...POST, path: '/third' });
    await until(() => server.asked.length === 2);
    answer();
    await third;
    expect(server.asked.map(({ url }) => url)).toEqual(['/order', '/third']);
  });

  test('a request that its caller gives up after it was sent', async () => {
    const server = await serve(() => undefined);
    const abort = new AbortController();
    const asking = httpTo(server.url).request({ ...POST, signal: abort.signal });
    await until(() => server.asked.length === 1);
    abort.abort();
    expect(await asking).toMatchObject({ kind: 'failed', sent: 'unknown' });
  });

  test('a request that was given up before is not sent', async () => {
    const server = await serve(() => ({}));
    const signal = AbortSignal.abort();
    const http = httpTo(server.url);
    expect(await http.request({ ...POST, signal })).toMatchObject({ sent: 'notSent' });
    await http.request(POST);
    expect(server.asked).toHaveLength(1);
  });

  test('closing ends what is under way', async () => {
    const server = await serve(() => undefined);
    const http = httpTo(server.url);
    const asking = http.request(POST);
    await until(() => server.asked.length === 1);
    await http.close();
    expect(await asking).toMatchObject({ kind: 'failed', sent: 'unknown' });
    expect(await http.request(POST)).toMatchObject({ kind: 'failed', sent: 'notSent' });
  });
});

describe('a request that changes something needs leave', () => {
  test.each(['POST', 'DELETE'] as const)('%s: without it no byte is sent', async (method) => {
    const server = await serve(() => ({ body: {} }));
    const http = httpTo(server.url, { mayWrite: () => false });
    expect(await http.request({ ...POST, method })).toMatchObject({
      ...{ kind: 'failed', sent: 'notSent', retryAfterMs: 1_000 },
      reason: expect.stringContaining('lease'),
    });
    expect(server.asked).toEqual([]);
  });

  test('reads need none, and go on over the same connection', async () => {
    const server = await serve(() => ({ body: {} }));
    const http = httpTo(server.url, { mayWrite: () => false, connections: 1 });
    const results = [POST, { method: 'GET', path: '/time' } as const].map((asked) =>
      http.request(asked),
    );
    expect(await Promise.all(results)).toMatchObject([{ sent: 'notSent' }, { kind: 'answer' }]);
    expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
  });

  test('it is asked when the request leaves, not when it is made: what waits is stopped as well', async () => {
    let mayWrite = true;
    let answer: () => void = () => undefined;
    const server = await serve(async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { body: {} };
    });
    const http = httpTo(server.url, { mayWrite: () => mayWrite, connections: 1 });
    const first = http.request(POST);
    await until(() => server.asked.length === 1);
    const waiting = [http.request(POST), http.request({ ...POST, method: 'DELETE' })];
    mayWrite = false;
    answer();
    // What has left has left; its answer still counts.
    expect(await first).toMatchObject({ kind: 'answer' });
    expect(await Promise.all(waiting)).toMatchObject([{ sent: 'notSent' }, { sent: 'notSent' }]);
    expect(server.asked).toHaveLength(1);
    mayWrite = true;
    const again = http.request(POST);
    await until(() => server.asked.length === 2);
    answer();
    expect(await again).toMatchObject({ kind: 'answer' });
  });
});
