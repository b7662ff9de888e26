import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EventSink, SinkFault } from '../../../src/actors/event-port.ts';
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts';
import {
  createWebhookSink,
  readRetryAfter,
  type WebhookOptions,
} from '../../../src/adapters/sinks/webhook.ts';
import { readSecret, signatureHeaders } from '../../../src/adapters/sinks/webhook-signature.ts';
import { sinkContract } from '../../contracts/event-sink.contract.ts';
import { event } from '../../support/events.ts';
import { openWebhookServer, type Received, type WebhookServer } from './webhook-server.ts';

const SECRET_BYTES = Buffer.from('a secret of more than 24 bytes!!');
const SECRET = `whsec_${SECRET_BYTES.toString('base64')}`;
const NEVER = new AbortController().signal;
const clock = createSystemClock();

function keyOf(secret: string) {
  const key = readSecret(secret);
  if (key === undefined) throw new Error('No secret.');
  return key;
}

function sinkOf(url: string, over: Partial<WebhookOptions> = {}): EventSink {
  return createWebhookSink({ name: 'webhook:test', url, key: keyOf(SECRET), clock, ...over });
}

sinkContract('a webhook', async () => {
  const server = await openWebhookServer();
  let isBroken = false;
  const taken: Received[] = [];
  server.onRequest = (request) => {
    if (isBroken) return 503;
    taken.push(request);
    return 200;
  };
  return {
    open: () => sinkOf(server.url),
    received: async () => taken.map(({ body }) => JSON.parse(body).data),
    async breakIt() {
      isBroken = true;
    },
    async mend() {
      isBroken = false;
    },
    dispose: () => server.close(),
  };
});

describe('signatures', () => {
  // The test vector of the specification's own libraries.
  test('are those of Standard Webhooks', () => {
    const key = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const signed = {
      ...{ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: 1614265330 },
      body: '{"test": 2432232314}',
    };
    expect(signatureHeaders(key, signed)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test.each([
    ['no prefix', SECRET_BYTES.toString('base64')],
    ['no base64', 'whsec_not base64 at all, whatever it is'],
    ['too short', `whsec_${Buffer.alloc(23, 1).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65, 1).toString('base64')}`],
    ['nothing', ''],
  ])('a secret with %s is none', (_why, text) => expect(readSecret(text)).toBeUndefined());
});

describe('a webhook', () => {
  let server: WebhookServer;
  const open: EventSink[] = [];
  beforeEach(async () => {
    server = await openWebhookServer();
  });
  afterEach(async () => {
    for (const sink of open.splice(0)) await sink.close();
    await server.close();
  });

  function sink(over: Partial<WebhookOptions> = {}): EventSink {
    const made = sinkOf(server.url, over);
    open.push(made);
    return made;
  }

  async function faultOf(taking: Promise<void>): Promise<SinkFault> {
    const error: unknown = await taking.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof SinkFault) return error;
    throw new Error('It was taken.', { cause: error });
  }

  test('is proven over the bytes as they came, with the id of the event', async () => {
    const one = event();
    await sink().take([one], NEVER);
    const [{ headers, body, path }] = server.requests as [Received];
    const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
    expect(path).toBe('/hooks');
    expect(id).toBe(one.eventId);
    expect(Math.abs(Number(timestamp) * 1_000 - Date.now())).toBeLessThan(300_000);
    const expected = createHmac('sha256', SECRET_BYTES).update(`${id}.${timestamp}.${body}`);
    expect(headers['webhook-signature']).toBe(`v1,${expected.digest('base64')}`);
    expect(headers['content-type']).toBe('application/json');
    const timestampOfEvent = new Date(one.atMs).toISOString();
    expect(JSON.parse(body)).toEqual({ type: one.type, timestamp: timestampOfEvent, data: one });
  });

  test('the next event goes only after the one before was taken', async () => {
    const events = [event(), event(), event()];
    server.onRequest = (_request, attempt) => (attempt === 2 ? 500 : 200);
    const one = sink();
    await faultOf(one.take(events, NEVER));
    expect(server.requests).toHaveLength(2);
    await one.take(events.slice(1), NEVER);
    const ids = server.requests.map(({ headers }) => headers['webhook-id']);
    const [first, second, third] = events.map(({ eventId }) => eventId);
    expect(ids).toEqual([first, second, second, third]);
    // The same message: the same bytes.
    expect(server.requests[2]?.body).toBe(server.requests[1]?.body);
  });

  test.each([
    [301, true],
    [400, true],
    [401, true],
    [404, true],
    [410, true],
    [408, false],
    [409, false],
    [425, false],
    [429, false],
    [500, false],
    [503, false],
  ])('an answer of %i: refused until a person acts is %s', async (status, isRefusal) => {
    const headers = { location: `${server.url}/elsewhere` };
    server.onRequest = () => ({ status, headers });
    expect(await faultOf(sink().take([event()], NEVER))).toMatchObject({ isRefusal });
    // A redirect is not followed: the signature was for this address.
    expect(server.requests).toHaveLength(1);
  });

  test('a server may say when', async () => {
    server.onRequest = () => ({ status: 429, headers: { 'retry-after': '7' } });
    expect(await faultOf(sink().take([event()], NEVER))).toMatchObject({ retryAfterMs: 7_000 });
  });

  test.each([
    ['120', 120_000],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', undefined],
    ['soon', undefined],
    ['-1', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('retry-after %s is %s ms', (header, expected) => {
    expect(readRetryAfter(header, 10_000)).toBe(expected);
  });

  test.each(['silence', 'cut'] as const)('%s: it comes again later', async (answer) => {
    server.onRequest = () => answer;
    const fault = await faultOf(sink({ timeoutMs: 100 }).take([event()], NEVER));
    expect(fault).toMatchObject({ isRefusal: false });
  });

  test('nobody there: it comes again later', async () => {
    await server.close();
    expect(await faultOf(sink().take([event()], NEVER))).toMatchObject({ isRefusal: false });
  });

  test('an end does not wait for a server that is silent', async () => {
    server.onRequest = () => 'silence';
    const abort = new AbortController();
    const taking = faultOf(sink().take([event()], abort.signal));
    setTimeout(() => abort.abort(), 20);
    await taking;
  });

  test('it is told only of what it has asked for', () => {
    const urgent = event({ priority: 9 });
    const calm = event({ priority: 4 });
    const other = event<'system.held'>({
      type: 'system.held',
      payload: { scope: 'all', level: 'paused', by: 'ada', reason: 'lunch', untilMs: null },
    });
    const all = [urgent, calm, other];
    expect(all.filter(sink().wants)).toEqual(all);
    expect(all.filter(sink({ minimumPriority: 5 }).wants)).toEqual([urgent, other]);
    expect(all.filter(sink({ types: ['system.held'] }).wants)).toEqual([other]);
  });

  test('neither the address nor the secret is in what a failure says', async () => {
    const url = `${server.url}/T0K3N?key=T0K3N`;
    server.onRequest = () => 403;
    const faults = [await faultOf(sinkOf(url).take([event()], NEVER))];
    await server.close();
    faults.push(await faultOf(sinkOf(url).take([event()], NEVER)));
    for (const fault of faults) {
      const said = JSON.stringify([fault.message, fault.facts, String(fault.cause), fault.stack]);
      expect(said).not.toMatch(/T0K3N/);
      expect(said).not.toContain(SECRET_BYTES.toString('base64'));
    }
  });
});
