/** Whatever clients send, the sandbox answers or ignores it, and goes on. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  accountOf,
  answered,
  ask,
  askAs,
  marketOf,
  openSandbox,
  orderOf,
  parse,
  userAuth,
} from './sandbox-harness.ts';

const PRIVATE = [
  ['POST', '/order'],
  ['POST', '/orders'],
  ['DELETE', '/order'],
  ['DELETE', '/orders'],
  ['DELETE', '/cancel-market-orders'],
  ['POST', '/v1/heartbeats'],
  ['POST', '/heartbeats'],
] as const;
const PUBLIC = [
  ['POST', '/books'],
  ['POST', '/auth/api-key'],
  ['POST', '/sandbox/faults'],
  ['POST', '/sandbox/resolve'],
  ['POST', '/sandbox/tick-size'],
  ['POST', '/sandbox/settlement'],
  ['POST', '/sandbox/deposit'],
] as const;
const body = fc.oneof(fc.json({ maxDepth: 4 }), fc.string({ maxLength: 300 }));

test('any body is answered with a status of the venue and JSON, never with a fault of the server', async () => {
  const sandbox = await openSandbox();
  const account = accountOf(sandbox);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PRIVATE), body, async ([method, path], text) => {
      const { status, json } = await askAs(sandbox, account, method, path, text);
      expect([200, 400]).toContain(status);
      expect(json).toBeDefined();
    }),
    { numRuns: 150 },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PUBLIC), body, async ([method, path], text) => {
      const { status } = await ask(sandbox, method, path, text);
      expect([200, 400, 401]).toContain(status);
      sandbox.faults.clear();
    }),
    { numRuns: 150 },
  );
});

test('any query is answered', async () => {
  const sandbox = await openSandbox();
  const account = accountOf(sandbox);
  const names = [
    'token_id',
    'side',
    'next_cursor',
    'id',
    'after',
    'before',
    'market',
    'limit',
    'offset',
    'user',
    'condition',
    'asset_type',
    'signature_type',
  ];
  const paths = [
    '/book',
    '/price',
    '/midpoint',
    '/markets',
    '/gamma/markets',
    '/data/orders',
    '/data/trades',
    '/data/order/x',
    '/balance-allowance',
    '/order-scoring',
    '/v2/positions',
    '/v2/resolutions',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.dictionary(
        fc.constantFrom(...names),
        fc.oneof(fc.string({ maxLength: 80 }), fc.nat().map(String)),
      ),
      async (path, query) => {
        const { status } = await askAs(
          sandbox,
          account,
          'GET',
          `${path}?${new URLSearchParams(query)}`,
        );
        expect([200, 400, 404]).toContain(status);
      },
    ),
    { numRuns: 200 },
  );
});

test('an order with any one field exchanged is refused or taken, and nothing else happens', async () => {
  const sandbox = await openSandbox();
  const account = accountOf(sandbox);
  const { body: good } = await orderOf(sandbox, account, marketOf(sandbox), { price: '0.4' });
  const outer = Object.keys(parse(good)).map((name) => ['', name]);
  const inner = Object.keys(parse(good).order).map((name) => ['order', name]);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...outer, ...inner),
      fc.jsonValue({ maxDepth: 2 }),
      async ([place, name = ''], value) => {
        const spoilt = parse(good);
        Object.assign(place === 'order' ? spoilt.order : spoilt, { [name]: value });
        const reply = await askAs(sandbox, account, 'POST', '/order', JSON.stringify(spoilt));
        expect([200, 400]).toContain(reply.status);
      },
    ),
    { numRuns: 200 },
  );
});

test('any frame on either channel leaves the sandbox alive', async () => {
  const sandbox = await openSandbox();
  const frame = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.json({ maxDepth: 3 }),
    fc
      .record({
        operation: fc.constantFrom('subscribe', 'unsubscribe', 'x'),
        assets_ids: fc.jsonValue({ maxDepth: 1 }),
        markets: fc.jsonValue({ maxDepth: 1 }),
        type: fc.jsonValue({ maxDepth: 0 }),
      })
      .map((value) => JSON.stringify(value)),
  );
  for (const channel of ['market', 'user']) {
    const socket = new WebSocket(`${sandbox.ws}/${channel}`);
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('open', resolve));
    if (channel === 'user') socket.send(JSON.stringify(userAuth(accountOf(sandbox))));
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async (frames) => {
        for (const text of frames) socket.send(text);
        await answered(socket);
        expect(socket.readyState).toBe(WebSocket.OPEN);
      }),
      { numRuns: 40 },
    );
    socket.terminate();
  }
  expect((await ask(sandbox, 'GET', '/ok')).json).toBe('OK');
});

test.each([
  ['a body beyond the limit', 413, () => 'x'.repeat(1_000_001)],
  ['a body at the limit', 401, () => ' '.repeat(1_000_000)],
])('%s is answered with %i', async (_, status, text) => {
  const sandbox = await openSandbox();
  expect((await ask(sandbox, 'POST', '/order', text())).status).toBe(status);
});
