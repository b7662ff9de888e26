import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import type { HttpResult } from '../../../../src/adapters/venues/polymarket/http.ts';
import {
  createRateLimiter,
  MAX_WAITING_REQUESTS,
} from '../../../../src/adapters/venues/polymarket/rate-limiter.ts';
import {
  ADDRESS_BUDGETS,
  ROUTES,
  TIER_NAMES,
  windowRate,
} from '../../../../src/adapters/venues/polymarket/rate-limiter-budgets.ts';
import { venueSchema } from '../../../../src/config/venue-schema.ts';

const START = 1_790_000_000_000;

function limiter() {
  const clock = createVirtualClock(START);
  const made = createRateLimiter(clock);
  const went: string[] = [];
  const take = (name: string, want: Parameters<typeof made.take>[0]) =>
    made.take(want).then((grant) => {
      went.push(grant.granted ? name : `${name} refused`);
      return grant;
    });
  const said = (headers: Readonly<Record<string, string>>, status = 200): HttpResult => ({
    ...{ kind: 'answer', status, headers, text: '' },
  });
  return { clock, limiter: made, went, take, said };
}

const order = { route: 'postOrder', lane: 'normal' } as const;
const exit = { route: 'postOrder', lane: 'fast' } as const;

describe('the budgets', () => {
  test.each(
    Object.entries(ADDRESS_BUDGETS).flatMap(([name, windows]) =>
      windows.map((window) => ({ name, ...window })),
    ),
  )('$name: at most $limit in any $windowMs ms', ({ limit, windowMs }) => {
    const { burst, perSecond } = windowRate({ limit, windowMs });
    expect(burst + (perSecond * windowMs) / 1_000).toBeLessThanOrEqual(limit + 1e-9);
  });

  test.each(TIER_NAMES)('the tier %s can be configured and has its rates', (tier) => {
    const markets = [`0x${'ab'.repeat(32)}`];
    expect(venueSchema.parse({ use: 'polymarket', markets, tier })).toMatchObject({ tier });
    const { tokens, ...state } = createRateLimiter(createVirtualClock(START), tier).state;
    expect(state.tier).toBe(tier);
    expect(tokens.cancels).toBe(tokens.orders * 2);
  });

  test('the lowest tier is the default, and one that is not known is refused by name', () => {
    const venue = { use: 'polymarket', markets: [`0x${'ab'.repeat(32)}`] };
    expect(venueSchema.parse(venue)).toMatchObject({ tier: 'standard' });
    const problem = /standard or platinum or diamond or elite/;
    expect(() => venueSchema.parse({ ...venue, tier: 'gold' })).toThrow(problem);
  });

  test('60 orders go at once, then 40 a second', async () => {
    const { clock, went, take } = limiter();
    for (let count = 0; count < 100; count += 1) void take('order', order);
    await clock.advanceTo(START);
    expect(went).toHaveLength(60);
    await clock.advanceTo(START + 500);
    expect(went).toHaveLength(80);
    await clock.advanceTo(START + 1_000);
    expect(went).toHaveLength(100);
    expect(clock.pending()).toBe(0);
  });

  test('a batch costs as many as it holds, all or nothing', async () => {
    const { clock, went, take } = limiter();
    const batch = { route: 'postOrders', lane: 'normal', orders: 15 } as const;
    for (let count = 0; count < 5; count += 1) void take('batch', batch);
    await clock.advanceTo(START);
    expect(went).toHaveLength(4);
    await clock.advanceTo(START + 374);
    expect(went).toHaveLength(4);
    await clock.advanceTo(START + 375);
    expect(went).toHaveLength(5);
  });

  test('cancels have a budget of their own', async () => {
    const { clock, went, take } = limiter();
    for (let count = 0; count < 61; count += 1) void take('order', order);
    for (let count = 0; count < 120; count += 1) {
      void take('cancel', { route: 'deleteOrder', lane: 'fast' });
    }
    await clock.advanceTo(START);
    expect(went.filter((name) => name === 'cancel')).toHaveLength(120);
    expect(went.filter((name) => name === 'order')).toHaveLength(60);
  });

  test('what a mass cancel turned out to cancel is owed', async () => {
    const { clock, limiter: made, went, take } = limiter();
    made.charge('cancelAll', 200);
    void take('cancel', { route: 'deleteOrder', lane: 'fast' });
    await clock.advanceTo(START + 1_000);
    expect(went).toEqual([]);
    await clock.advanceTo(START + 1_013);
    expect(went).toEqual(['cancel']);
  });

  test('in no window does more go than the venue allows, whatever is asked for', async () => {
    const asks = fc.array(
      fc.record({
        afterMs: fc.nat(700),
        orders: fc.integer({ min: 1, max: 15 }),
        exits: fc.boolean(),
      }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(asks, async (list) => {
        const { clock, limiter: made } = limiter();
        const sent: { atMs: number; orders: number }[] = [];
        for (const { afterMs, orders, exits } of list) {
          await clock.advanceTo(clock.now() + afterMs, () => Promise.resolve());
          void made
            .take({ route: 'postOrders', lane: exits ? 'fast' : 'normal', orders })
            .then(() => sent.push({ atMs: clock.now(), orders }));
        }
        await clock.advanceTo(clock.now() + 60_000);
        expect(sent).toHaveLength(list.length);
        for (const [from, { atMs }] of sent.entries()) {
          let total = 0;
          for (const { atMs: laterMs, orders } of sent.slice(from)) {
            total += orders;
            expect(total).toBeLessThanOrEqual(60 + ((laterMs - atMs) / 1_000) * 40 + 0.01);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('who goes first', () => {
  test('exits and cancels go ahead of entries that came before them', async () => {
    const { clock, limiter: made, went, take } = limiter();
    made.charge('postOrder', 60);
    void take('entry', order);
    void take('entry', order);
    void take('exit', exit);
    await clock.advanceTo(START + 25);
    expect(went).toEqual(['exit']);
    await clock.advanceTo(START + 75);
    expect(went).toEqual(['exit', 'entry', 'entry']);
  });

  test('a dear request is not starved by cheap ones behind it', async () => {
    const { clock, limiter: made, went, take } = limiter();
    made.charge('postOrder', 60);
    void take('batch', { route: 'postOrders', lane: 'normal', orders: 15 });
    void take('one', order);
    await clock.advanceTo(START + 374);
    expect(went).toEqual([]);
    await clock.advanceTo(START + 400);
    expect(went).toEqual(['batch', 'one']);
  });

  test('reads do not wait for orders', async () => {
    const { clock, limiter: made, went, take } = limiter();
    made.charge('postOrder', 1_000);
    void take('order', order);
    void take('read', { route: 'order', lane: 'normal' });
    await clock.advanceTo(START);
    expect(went).toEqual(['read']);
  });
});

describe('the queue', () => {
  test('beyond its bound a request is refused with a time to come again', async () => {
    const { clock, limiter: made, take } = limiter();
    made.charge('postOrder', 60);
    for (let count = 0; count < MAX_WAITING_REQUESTS; count += 1) void take('order', order);
    const refused = await made.take(order);
    expect(refused).toMatchObject({ granted: false, retryAfterMs: 1_000 });
    // The other lane has room.
    void take('exit', exit);
    expect(made.state).toMatchObject({ waiting: MAX_WAITING_REQUESTS + 1, refused: 1 });
    await clock.advanceTo(START + 60_000);
    expect(made.state.waiting).toBe(0);
  });
});

describe('what the venue says', () => {
  test('fewer tokens than we thought are as many as there are', async () => {
    const { clock, limiter: made, went, take, said } = limiter();
    made.learn('postOrder', said({ 'poly-ratelimit-remaining': '2' }));
    for (let count = 0; count < 3; count += 1) void take('order', order);
    await clock.advanceTo(START);
    expect(went).toHaveLength(2);
    // More than we thought proves nothing: other requests are under way.
    made.learn('postOrder', said({ 'poly-ratelimit-remaining': '50' }));
    expect(made.state.tokens.orders).toBe(0);
  });

  test.each([
    ['a wait in seconds', '3', 3_000],
    ['a moment in seconds', String(START / 1_000 + 3), 3_000],
    ['a moment in milliseconds', String(START + 3_000), 3_000],
    ['a moment far away: at most a minute', String(START + 9_000_000), 60_000],
  ])('an empty bucket waits for its reset: %s', async (_rule, reset, waitMs) => {
    const { clock, limiter: made, went, take, said } = limiter();
    made.learn(
      'postOrder',
      said({ 'poly-ratelimit-remaining': '0', 'poly-ratelimit-reset': reset }),
    );
    void take('order', order);
    await clock.advanceTo(START + waitMs - 1);
    expect(went).toEqual([]);
    await clock.advanceTo(START + waitMs);
    expect(went).toEqual(['order']);
  });

  test('429 holds back the route, and others go on', async () => {
    const { clock, limiter: made, went, take, said } = limiter();
    made.learn('postOrder', said({ 'retry-after': '2' }, 429));
    void take('order', order);
    void take('cancel', { route: 'deleteOrder', lane: 'fast' });
    await clock.advanceTo(START + 1_999);
    expect(went).toEqual(['cancel']);
    await clock.advanceTo(START + 2_000);
    expect(went).toEqual(['cancel', 'order']);
    expect(made.state.warnings).toBe(1);
  });

  test('a better tier holds more, and one that we do not know changes nothing', async () => {
    const { clock, limiter: made, said } = limiter();
    made.learn(
      'postOrder',
      said({ 'poly-ratelimit-tier': 'Elite', 'poly-ratelimit-warning': '1' }),
    );
    await clock.advanceTo(START + 10_000);
    expect(made.state).toMatchObject({
      tier: 'elite',
      tokens: { orders: 900, cancels: 1_800 },
      warnings: 1,
    });
    made.learn('postOrder', said({ 'poly-ratelimit-tier': 'constructor' }));
    expect(made.state.tier).toBe('elite');
  });

  test('nonsense in the headers changes nothing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(ROUTES) as (keyof typeof ROUTES)[])),
        fc.dictionary(
          fc.constantFrom(
            'poly-ratelimit-remaining',
            'poly-ratelimit-reset',
            'poly-ratelimit-tier',
            'retry-after',
          ),
          fc.string().filter((text) => !/^\d+$/.test(text)),
        ),
        (route, headers) => {
          const { limiter: made, said } = limiter();
          made.learn(route, said(headers));
          expect(made.state).toMatchObject({
            tier: 'standard',
            tokens: { orders: 60, cancels: 120 },
          });
        },
      ),
    );
  });
});
