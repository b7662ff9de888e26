import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { VenueOrderReport } from '../../../../src/actors/ports.ts';
import { createCancelQueue } from '../../../../src/adapters/venues/polymarket/cancel-queue.ts';
import { createMassCancels } from '../../../../src/adapters/venues/polymarket/polymarket-venue-cancels.ts';
import { createOrderReader } from '../../../../src/adapters/venues/polymarket/rest-orders.ts';
import { type Asked, restTo, serve, type Told } from './rest-harness.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);
const idOf = (number: number): string => `0x${String(number).padStart(64, '0')}`;

function order(id: string, status: string, matched = '0') {
  return { id, status, original_size: '10', size_matched: matched, side: 'BUY', price: '0.5' };
}

/** A venue whose orders change status at each reading, and whose cancels answer as told. */
async function venueWith(answers: {
  cancel: (asked: Asked) => Told;
  /** By order: what each reading shows; the last one stays. */
  shows?: Readonly<Record<string, readonly (string | undefined)[]>>;
  /** What each listing shows; the last one stays. */
  lists?: readonly (readonly string[])[];
  /** Listed orders have a size that is no number. */
  garbled?: boolean;
}) {
  const readings = new Map<string, number>();
  const next = <Shown>(key: string, shown: readonly Shown[]): Shown | undefined => {
    const time = readings.get(key) ?? 0;
    readings.set(key, time + 1);
    return shown[Math.min(time, shown.length - 1)];
  };
  const server = await serve((asked) => {
    if (asked.method === 'DELETE') return answers.cancel(asked);
    const url = new URL(asked.url, 'http://x');
    const id = url.pathname.split('/').at(-1) ?? '';
    if (url.pathname === '/data/orders') {
      if (url.searchParams.has('id')) return { body: { data: [], next_cursor: 'LTE=' } };
      const open = next('list', answers.lists ?? [[]]) ?? [];
      return {
        body: {
          data: open.map((one) => order(one, 'LIVE', answers.garbled ? 'some' : '0')),
          next_cursor: 'LTE=',
        },
      };
    }
    const status = next(id, answers.shows?.[id] ?? [undefined]);
    if (status === 'fails') return { status: 500 };
    return status === undefined
      ? { status: 404, body: { error: 'Order not found' } }
      : { body: order(id, status, status === 'MATCHED' ? '10' : '4') };
  });
  const { rest, limiter, clock } = restTo(server.url);
  const orders = createOrderReader(rest, clock, () => undefined);
  const reports: VenueOrderReport[] = [];
  const queue = createCancelQueue({
    ...{ rest, orders, clock },
    onReport: (report) => reports.push(report),
  });
  const log = () => undefined;
  const mass = createMassCancels({ rest, orders, limiter, clock, log });
  const deletes = () => server.asked.filter(({ method }) => method === 'DELETE');
  return { queue, mass, reports, server, deletes };
}

const canceled = (...ids: string[]): Told => ({ body: { canceled: ids, not_canceled: {} } });
const all = ({ body }: Asked): Told => {
  const parsed: unknown = JSON.parse(body);
  const ids = Array.isArray(parsed) ? parsed : [(parsed as { orderID: string }).orderID];
  return canceled(...ids.map(String));
};

describe('a cancel', () => {
  const id = idOf(1);

  test('is proven by reading the order, and tells how much was matched', async () => {
    const { queue, reports, deletes } = await venueWith({
      cancel: all,
      shows: { [id]: ['CANCELED'] },
    });
    expect(await queue.cancel(id, never)).toEqual({ kind: 'cancelled' });
    expect(deletes()).toMatchObject([{ url: '/order', body: JSON.stringify({ orderID: id }) }]);
    expect(reports).toMatchObject([{ venueOrderId: id, status: 'cancelled', sizeMatched: '4' }]);
  });

  interface Case {
    readonly rule: string;
    readonly shows: readonly (string | undefined)[];
    readonly outcome: object | undefined;
  }
  const cases: readonly Case[] = [
    { rule: 'shows a moment later', shows: ['LIVE', 'CANCELED'], outcome: { kind: 'cancelled' } },
    {
      rule: 'shows at the last look',
      shows: ['LIVE', 'LIVE', 'CANCELED'],
      outcome: { kind: 'cancelled' },
    },
    {
      rule: 'is lost to a match',
      shows: ['LIVE', 'MATCHED'],
      outcome: { kind: 'rejected', reason: /MATCHED/ },
    },
    {
      rule: 'of an order that then is not shown',
      shows: [undefined],
      outcome: { kind: 'cancelled' },
    },
    { rule: 'that never shows is unknown', shows: ['LIVE'], outcome: undefined },
    {
      rule: 'with a status that nobody knows is unknown',
      shows: ['PONDERING'],
      outcome: undefined,
    },
    { rule: 'that cannot be read is unknown', shows: ['fails'], outcome: undefined },
    {
      rule: 'that can be read at last',
      shows: ['fails', 'fails', 'CANCELED'],
      outcome: { kind: 'cancelled' },
    },
  ];
  test.each(cases)('$rule', async ({ shows, outcome }) => {
    const { queue } = await venueWith({ cancel: all, shows: { [id]: shows } });
    const cancelling = queue.cancel(id, never);
    if (outcome === undefined) {
      await expect(cancelling).rejects.toMatchObject({ code: 'venue_unknown' });
      return;
    }
    const answered = await cancelling;
    expect(answered.kind).toBe('kind' in outcome ? outcome.kind : '');
    if ('reason' in outcome)
      expect(answered).toMatchObject({ reason: expect.stringMatching(/MATCHED/) });
  });

  test('that the venue refuses is refused with its reason, and nothing is read', async () => {
    const reason = 'Order already matched';
    const { queue, server } = await venueWith({
      cancel: () => ({ body: { canceled: [], not_canceled: { [id]: reason } } }),
    });
    expect(await queue.cancel(id, never)).toEqual({ kind: 'rejected', reason });
    expect(server.asked).toHaveLength(1);
  });

  test('that is not taken now is tried three times', async () => {
    const { queue, deletes } = await venueWith({
      cancel: () => ({ status: 425, headers: { 'retry-after': '0' } }),
    });
    await expect(queue.cancel(id, never)).rejects.toMatchObject({ code: 'venue_unknown' });
    expect(deletes()).toHaveLength(3);
  });

  test('that nobody answered is not sent again', async () => {
    const { queue, deletes } = await venueWith({ cancel: () => ({ status: 502, body: '<html>' }) });
    await expect(queue.cancel(id, never)).rejects.toMatchObject({ code: 'venue_unknown' });
    expect(deletes()).toHaveLength(1);
  });

  test('that is given up before it is sent is not sent', async () => {
    const { queue, server } = await venueWith({ cancel: all, shows: { [idOf(2)]: ['CANCELED'] } });
    const abort = new AbortController();
    const left = queue.cancel(id, abort.signal);
    const stays = queue.cancel(idOf(2), never);
    abort.abort();
    await expect(left).rejects.toMatchObject({ code: 'venue_unknown' });
    expect(await stays).toEqual({ kind: 'cancelled' });
    expect(server.asked[0]).toMatchObject({
      url: '/order',
      body: JSON.stringify({ orderID: idOf(2) }),
    });
  });
});

describe('cancels of one moment', () => {
  test('go in one request, each with its own outcome', async () => {
    const [a, b, c] = [idOf(1), idOf(2), idOf(3)];
    const { queue, deletes } = await venueWith({
      cancel: () => ({ body: { canceled: [a], not_canceled: { [b]: 'Order already matched' } } }),
      shows: { [a]: ['CANCELED'] },
    });
    const outcomes = await Promise.allSettled([a, b, c].map((id) => queue.cancel(id, never)));
    expect(outcomes).toMatchObject([
      { value: { kind: 'cancelled' } },
      { value: { kind: 'rejected' } },
      { reason: { code: 'venue_unknown' } },
    ]);
    expect(deletes()).toMatchObject([{ url: '/orders', body: JSON.stringify([a, b, c]) }]);
  });

  test('many are proven by one listing', async () => {
    const ids = Array.from({ length: 30 }, (_, number) => idOf(number));
    const { queue, server } = await venueWith({ cancel: all, lists: [ids.slice(0, 3), []] });
    const outcomes = await Promise.all(ids.map((id) => queue.cancel(id, never)));
    expect(outcomes).toEqual(Array(30).fill({ kind: 'cancelled' }));
    // The second look is at three orders, one by one; they are not shown.
    expect(server.asked.filter(({ url }) => url.startsWith('/data/orders?next'))).toHaveLength(1);
  });

  test('many are not proven by a listing in which a row cannot be read', async () => {
    const { queue } = await venueWith({ cancel: all, lists: [[idOf(99)]], garbled: true });
    const ids = Array.from({ length: 30 }, (_, number) => idOf(number));
    const outcomes = await Promise.allSettled(ids.map((id) => queue.cancel(id, never)));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(30).fill('rejected'));
  });
});

describe('a mass cancel', () => {
  test('is proven by an empty list', async () => {
    const { mass, deletes } = await venueWith({
      cancel: () => canceled(idOf(1)),
      lists: [[idOf(1)], []],
    });
    expect(await mass.cancelAll()).toEqual({ cancelled: [idOf(1)], remaining: [] });
    expect(deletes()).toMatchObject([{ url: '/cancel-all', body: '' }]);
  });

  test('that did nothing is followed by a cancel of each order', async () => {
    const [a, b] = [idOf(1), idOf(2)];
    const { mass, deletes } = await venueWith({
      cancel: (asked) => (asked.url === '/orders' ? all(asked) : canceled()),
      lists: [[a, b], [a, b], [a, b], []],
    });
    expect(await mass.cancelMarket({ marketId: '0xc0' })).toEqual({
      cancelled: [a, b],
      remaining: [],
    });
    expect(deletes()).toMatchObject([
      { url: '/cancel-market-orders', body: '{"market":"0xc0"}' },
      { url: '/orders', body: JSON.stringify([a, b]) },
    ]);
  });

  test('says what rests in spite of everything', async () => {
    const { mass } = await venueWith({ cancel: () => ({ status: 500 }), lists: [[idOf(1)]] });
    expect(await mass.cancelAll()).toEqual({ cancelled: [], remaining: [idOf(1)] });
  });

  test('is not proven by a list that cannot be read', async () => {
    const { mass } = await venueWith({
      cancel: () => canceled(),
      ...{ lists: [[idOf(1)]], garbled: true },
    });
    await expect(mass.cancelAll()).rejects.toMatchObject({ code: 'invalid_value' });
  });

  test('of no market is refused: that would be everything', async () => {
    const { mass, server } = await venueWith({ cancel: () => canceled() });
    expect(() => mass.cancelMarket({})).toThrow(/market or a token/);
    expect(server.asked).toHaveLength(0);
  });
});
