import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import { verifyL2 } from '../../../../src/adapters/venues/polymarket/protocol/auth.ts';
import type { Rest } from '../../../../src/adapters/venues/polymarket/rest.ts';
import { createOrderReader } from '../../../../src/adapters/venues/polymarket/rest-orders.ts';
import {
  type PagesRequest,
  readPages,
} from '../../../../src/adapters/venues/polymarket/rest-pages.ts';
import { FillwrightFault, InvalidValue } from '../../../../src/domain/faults.ts';
import { type Answer, CREDENTIALS, closedPort, restTo, serve } from './rest-harness.ts';

const START = 1_790_000_000_000;
const ID = `0x${'ab'.repeat(32)}`;

async function restWith(answer: Answer) {
  const clock = createVirtualClock(START);
  const server = await serve(answer);
  return { ...restTo(server.url, clock), server, clock };
}

describe('each call asks what the venue documents', () => {
  interface Case {
    readonly call: (rest: Rest) => Promise<unknown>;
    readonly asked: string;
    readonly body?: string;
    readonly told: unknown;
    readonly gives?: unknown;
  }
  const cases: readonly Case[] = [
    { call: (rest) => rest.time(), asked: 'GET /time', told: 1_790_000_007, gives: 1_790_000_007 },
    { call: (rest) => rest.version(), asked: 'GET /version', told: { version: 2 }, gives: 2 },
    {
      call: (rest) => rest.closedOnly(),
      asked: 'GET /auth/ban-status/closed-only',
      told: { closed_only: true },
      gives: true,
    },
    {
      call: (rest) => rest.balance('COLLATERAL'),
      asked: 'GET /balance-allowance?asset_type=COLLATERAL&signature_type=0',
      told: { balance: '235440001', allowances: {} },
      gives: '235.440001',
    },
    {
      call: (rest) => rest.balance('CONDITIONAL-V2', '71'),
      asked: 'GET /balance-allowance?asset_type=CONDITIONAL-V2&token_id=71&signature_type=0',
      told: { balance: '5000000' },
      gives: '5',
    },
    {
      call: (rest) => rest.refreshBalance('CONDITIONAL', '71'),
      asked: 'GET /balance-allowance/update?asset_type=CONDITIONAL&token_id=71&signature_type=0',
      told: '',
    },
    {
      call: (rest) => rest.tickSize('71'),
      asked: 'GET /tick-size?token_id=71',
      told: { minimum_tick_size: 0.001 },
      gives: '0.001',
    },
    {
      call: (rest) => rest.clobMarket('0xc0'),
      asked: 'GET /clob-markets/0xc0',
      told: { c: '0xc0' },
      gives: { c: '0xc0' },
    },
    {
      call: (rest) => rest.postOrders(1, 'normal', () => '{"order": 1}', false),
      asked: 'POST /order',
      body: '{"order": 1}',
      told: {},
    },
    {
      call: (rest) => rest.postOrders(2, 'normal', () => '[{},{}]', true),
      asked: 'POST /orders',
      body: '[{},{}]',
      told: [],
    },
    {
      call: (rest) => rest.cancelOrders([ID]),
      asked: 'DELETE /order',
      body: `{"orderID":"${ID}"}`,
      told: {},
    },
    {
      call: (rest) => rest.cancelOrders([ID, '0x2']),
      asked: 'DELETE /orders',
      body: `["${ID}","0x2"]`,
      told: {},
    },
    {
      call: (rest) => rest.cancelMarket({ marketId: '0xc0', tokenId: '71' }),
      asked: 'DELETE /cancel-market-orders',
      body: '{"market":"0xc0","asset_id":"71"}',
      told: {},
    },
    { call: (rest) => rest.cancelAll(), asked: 'DELETE /cancel-all', told: {} },
    {
      call: (rest) => rest.heartbeat('next'),
      asked: 'POST /v1/heartbeats',
      body: '{"heartbeat_id":"next"}',
      told: {},
    },
  ];
  const PUBLIC = /\/(?:time|version|tick-size|book|clob-markets)/;
  test.each(cases)('$asked', async ({ call, asked, body = '', told, gives }) => {
    const { rest, server } = await restWith(() => ({ body: told }));
    const given = await call(rest);
    if (gives !== undefined) expect(given).toEqual(gives);
    const [one] = server.asked;
    expect(`${one?.method} ${one?.url}`).toBe(asked);
    expect(one?.body).toBe(body);
    if (one === undefined || PUBLIC.test(asked)) {
      expect(one?.headers.poly_signature).toBeUndefined();
      return;
    }
    // Over the path without its query, and over the exact bytes.
    const { method, headers } = one;
    const path = one.url.replace(/\?.*/, '');
    const proof = verifyL2(headers, { method, path, body }, () => CREDENTIALS);
    expect(proof).toEqual({ credentials: CREDENTIALS, timestampS: START / 1_000 });
  });

  test('more cancels than the venue takes at once are a mistake of ours', async () => {
    const { rest } = await restWith(() => ({}));
    expect(() => rest.cancelOrders(Array.from({ length: 1_001 }, () => ID))).toThrow(InvalidValue);
    expect(() => rest.cancelOrders([])).toThrow(InvalidValue);
  });
});

describe('a request that is refused with 401', () => {
  const told = (isTimely: boolean) => ({
    status: isTimely ? 200 : 401,
    body: isTimely ? {} : { error: 'Unauthorized/Invalid api key' },
  });

  test('asks for the venue’s time, and goes again with the same bytes if our clock was wrong', async () => {
    const aheadS = 40;
    const { rest, skew, server } = await restWith(({ url, headers }) => {
      if (url === '/time') return { body: START / 1_000 + aheadS };
      return told(Number(headers.poly_timestamp) === START / 1_000 + aheadS);
    });
    const result = await rest.postOrders(1, 'normal', () => '{"n":1}', false);
    expect(result).toMatchObject({ status: 200 });
    expect(server.asked.map(({ url, body }) => [url, body])).toEqual([
      ['/order', '{"n":1}'],
      ['/time', ''],
      ['/order', '{"n":1}'],
    ]);
    expect(skew.skewMs).toBe(40_500);
  });

  test('stays refused if our clock was right', async () => {
    const { rest, server } = await restWith(({ url }) =>
      url === '/time' ? { body: START / 1_000 } : told(false),
    );
    expect(await rest.cancelAll()).toMatchObject({ status: 401 });
    expect(server.asked).toHaveLength(2);
  });

  test('many at once ask for the time once, and all go again', async () => {
    const { rest, server } = await restWith(({ url, headers }) =>
      url === '/time'
        ? { body: START / 1_000 + 40 }
        : told(Number(headers.poly_timestamp) === START / 1_000 + 40),
    );
    const results = await Promise.all(
      [1, 2, 3].map((n) => rest.postOrders(1, 'normal', () => `{"n":${n}}`, false)),
    );
    expect(results).toMatchObject([{ status: 200 }, { status: 200 }, { status: 200 }]);
    expect(server.asked.filter(({ url }) => url === '/time')).toHaveLength(1);
  });
});

describe('a read that is not answered is a fault that says so', () => {
  test.each([
    ['an error', { status: 500, body: { error: 'no' } }],
    ['a page', { status: 502, body: '<html></html>' }],
    ['a refusal', { status: 403, body: 'no' }],
    ['half an answer', { body: '{"balance":"1' }],
    ['another shape', { body: [] }],
    ['a balance that is none', { body: { balance: '-1' } }],
  ])('%s', async (_rule, told) => {
    const { rest } = await restWith(() => told);
    await expect(rest.balance('COLLATERAL')).rejects.toThrow(FillwrightFault);
  });

  test('nobody there', async () => {
    const { rest } = restTo(await closedPort());
    await expect(rest.time()).rejects.toMatchObject({ code: 'venue_unknown' });
  });

  test('a market that is not there is no fault', async () => {
    const { rest } = await restWith(() => ({
      status: 404,
      body: { error: 'market not found' },
    }));
    expect(await rest.clobMarket('0xc0')).toBeUndefined();
  });

  test('keys that cannot be read are never shown', async () => {
    const { rest } = await restWith(() => ({
      body: { apiKey: 'a', secret: 'hush', passphrase: 7 },
    }));
    const l1 = { POLY_ADDRESS: '', POLY_SIGNATURE: '', POLY_TIMESTAMP: '', POLY_NONCE: '' };
    const failed: unknown = await rest.apiKeys(l1).catch((fault: unknown) => fault);
    expect(failed).toBeInstanceOf(InvalidValue);
    expect(JSON.stringify([failed, String(failed)])).not.toContain('hush');
  });

  test('keys are derived, or made where there are none', async () => {
    const keys = { apiKey: 'a', secret: 'b', passphrase: 'c' };
    const { rest, server } = await restWith(({ method }) =>
      method === 'GET' ? { status: 400, body: { error: 'no keys' } } : { body: keys },
    );
    const l1 = { POLY_ADDRESS: '0x1', POLY_SIGNATURE: '', POLY_TIMESTAMP: '', POLY_NONCE: '' };
    expect(await rest.apiKeys(l1)).toEqual(keys);
    expect(server.asked).toMatchObject([
      { method: 'GET', url: '/auth/derive-api-key', headers: { poly_address: '0x1' } },
      { method: 'POST', url: '/auth/api-key' },
    ]);
  });
});

describe('pages', () => {
  const page = (rows: readonly unknown[], cursor: unknown) => ({
    body: { data: rows, next_cursor: cursor, limit: 2, count: rows.length },
  });
  const request = {
    route: 'list' as const,
    path: '/data/orders',
    query: { market: '0xc0' },
    parse: (value: unknown, place: string): number => {
      if (typeof value === 'number') return value;
      throw new InvalidValue(place, value, 'a number');
    },
  } satisfies Omit<PagesRequest<number>, 'onMalformed'>;

  test('all are read, from the first cursor to the last', async () => {
    const { rest, server } = await restWith(({ url }) =>
      url.includes('MA%3D%3D') ? page([1, 2], 'Mg==') : page([3], 'LTE='),
    );
    expect(await readPages(rest, { ...request, onMalformed: () => undefined })).toEqual([1, 2, 3]);
    expect(server.asked.map(({ url }) => url)).toEqual([
      '/data/orders?market=0xc0&next_cursor=MA%3D%3D',
      '/data/orders?market=0xc0&next_cursor=Mg%3D%3D',
    ]);
  });

  test('a row that cannot be read is told, and the others are there', async () => {
    const { rest } = await restWith(() => page([1, 'two', 3], 'LTE='));
    const faults: string[] = [];
    const onMalformed = (fault: InvalidValue): void => void faults.push(fault.message);
    expect(await readPages(rest, { ...request, onMalformed })).toEqual([1, 3]);
    expect(faults).toEqual(['/data/orders[1]: got "two", expected a number.']);
  });

  test.each([
    [
      'a page that fails',
      (first: boolean) => (first ? page([1], 'Mg==') : { status: 500 }),
      'venue_unknown',
    ],
    ['a cursor that stands still', () => page([1], 'MA=='), 'invalid_value'],
    ['a cursor that is none', () => page([1], 7), 'invalid_value'],
    [
      'rows that are no list',
      () => ({ body: { data: 'all', next_cursor: 'LTE=' } }),
      'invalid_value',
    ],
  ])('%s fails the whole reading', async (_rule, answer, code) => {
    const { rest } = await restWith(({ url }) => answer(url.includes('MA%3D%3D')));
    const reading = readPages(rest, { ...request, onMalformed: () => undefined });
    await expect(reading).rejects.toMatchObject({ code });
  });

  test('pages without end are given up', async () => {
    let pages = 0;
    const rest = {
      read: async () => {
        pages += 1;
        return { data: [], next_cursor: `c${pages}` };
      },
    };
    const reading = readPages(rest, { ...request, onMalformed: () => undefined });
    await expect(reading).rejects.toMatchObject({ code: 'overloaded' });
    expect(pages).toBe(500);
  });
});

describe('an order by its id', () => {
  const order = { id: ID, status: 'LIVE', original_size: '10', size_matched: '4' };
  const none = { data: [], next_cursor: 'LTE=' };

  async function readerWith(direct: { status?: number; body?: unknown }, listed: unknown = none) {
    const { rest, clock, server } = await restWith(({ url }) =>
      url.startsWith('/data/orders') ? { body: listed } : direct,
    );
    return { reader: createOrderReader(rest, clock, () => undefined), server };
  }

  test('is told as it is', async () => {
    const { reader } = await readerWith({ body: order });
    expect(await reader.order(ID)).toMatchObject({
      venueOrderId: ID,
      status: 'live',
      sizeMatched: '4',
    });
  });

  test.each([
    ['404', { status: 404, body: { error: 'Order not found' } }],
    ['null', { body: null }],
    ['nothing', { body: '' }],
    ['an empty object', { body: {} }],
  ])('answered with %s is asked for in the list, and only then absent', async (_rule, direct) => {
    const found = await readerWith(direct, {
      data: [{ ...order, status: 'MATCHED' }],
      next_cursor: 'LTE=',
    });
    expect(await found.reader.order(ID)).toMatchObject({ venueOrderId: ID });
    const absent = await readerWith(direct);
    expect(await absent.reader.order(ID)).toBeUndefined();
    expect(absent.server.asked.at(-1)?.url).toContain(`id=${ID}`);
  });

  test('listed in a way that cannot be read, it is not absent', async () => {
    const listed = { data: [{ ...order, size_matched: 'some' }], next_cursor: 'LTE=' };
    const { reader } = await readerWith({ status: 404 }, listed);
    await expect(reader.order(ID)).rejects.toMatchObject({ code: 'invalid_value' });
  });

  test('another order in its place is a fault, and so is an error', async () => {
    const other = await readerWith({ body: { ...order, id: '0x12' } });
    await expect(other.reader.order(ID)).rejects.toMatchObject({ code: 'invalid_value' });
    const failing = await readerWith({ status: 500 });
    await expect(failing.reader.order(ID)).rejects.toMatchObject({ code: 'venue_unknown' });
  });

  test('whatever the venue answers, only faults are thrown', async () => {
    let body = '';
    const { rest, clock } = await restWith(() => ({ body }));
    const reader = createOrderReader(rest, clock, () => undefined);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        body = text;
        // The rate limits have their own tests.
        await clock.advanceTo(clock.now() + 1_000);
        const calls = [
          reader.order(ID),
          reader.openOrders(),
          rest.balance('COLLATERAL'),
          rest.tickSize('71'),
          rest.version(),
        ];
        for (const settled of await Promise.allSettled(calls)) {
          if (settled.status === 'rejected') expect(settled.reason).toBeInstanceOf(FillwrightFault);
        }
      }),
      { numRuns: 100 },
    );
  });
});
