import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';
import {
  createSimulator,
  type SimulatorOptions,
  type SimulatorSource,
} from '../../../src/adapters/marketdata/simulator-source.ts';
import { decimal, price, shares } from '../../../src/domain/decimal.ts';
import { InvalidValue } from '../../../src/domain/faults.ts';
import type { BookSnapshot, MarketEvent } from '../../../src/domain/market-data.ts';

function simulator(options: Partial<SimulatorOptions> = {}): SimulatorSource {
  return createSimulator({ seed: 1, clock: createVirtualClock(0), ...options });
}

function steps(source: SimulatorSource, count: number): MarketEvent[] {
  return Array.from({ length: count }, (_, index) => source.step(index)).flat();
}

function books(events: readonly MarketEvent[]): BookSnapshot[] {
  return events.flatMap((event) => (event.type === 'market.bookChanged' ? [event.book] : []));
}

/** Lets everything that waits for nothing run. */
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const best = (levels: BookSnapshot['bids']): ReturnType<typeof decimal> =>
  decimal(levels[0]?.price ?? 'NaN');

/** What is wrong with a book, in words. */
function oddities(book: BookSnapshot): string[] {
  const wrong: string[] = [];
  // A trade may leave one level of a side; the next step fills it up again.
  for (const levels of [book.bids, book.asks]) {
    if (levels.length < 1 || levels.length > 10) wrong.push(`${levels.length} levels`);
    const prices = levels.map((level) => price(level.price));
    for (const level of levels) shares(level.size);
    if (prices.some((each) => each.decimalPlaces() > 2)) wrong.push('off the grid');
    const direction = levels === book.bids ? -1 : 1;
    const sorted = prices.every((each, index) => {
      const before = prices[index - 1];
      return before === undefined || each.cmp(before) === direction;
    });
    if (!sorted) wrong.push('not sorted');
  }
  if (best(book.bids).gte(best(book.asks))) wrong.push('crossed');
  return wrong;
}

describe('markets', () => {
  test('three markets with both outcomes and their rules', () => {
    const instruments = simulator().instruments();
    expect(instruments.map(({ id }) => id)).toEqual([
      'paper:sim-rain-tomorrow:YES',
      'paper:sim-rain-tomorrow:NO',
      'paper:sim-launch-on-time:YES',
      'paper:sim-launch-on-time:NO',
      'paper:sim-home-team-wins:YES',
      'paper:sim-home-team-wins:NO',
    ]);
    expect(instruments[0]).toMatchObject({
      tokenId: 'sim-rain-tomorrow-yes',
      tickSize: '0.01',
      minimumOrderSize: '5',
      fees: { rate: '0.05', exponent: 1, takerOnly: true },
    });
  });

  test('more markets and another venue are named alike', () => {
    const ids = simulator({ markets: 5, venue: 'demo' })
      .instruments()
      .map(({ id }) => id);
    expect(ids).toHaveLength(10);
    expect(ids).toContain('demo:sim-market-5:NO');
  });

  test.each([{ markets: 0 }, { markets: 101 }, { markets: 1.5 }, { intervalMs: 0 }])(
    '%j is refused',
    (options) => {
      expect(() => simulator(options)).toThrow(InvalidValue);
    },
  );
});

describe('steps', () => {
  test('the same seed gives the same events, another seed others', () => {
    expect(steps(simulator(), 200)).toEqual(steps(simulator(), 200));
    expect(steps(simulator({ seed: 2 }), 200)).not.toEqual(steps(simulator(), 200));
  });

  test('every book is on the grid, sorted, uncrossed, and 1 to 10 levels deep', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const source = simulator({ seed });
        const all = [...books(source.opening(0)), ...books(steps(source, 150))];
        expect(all.length).toBeGreaterThan(100);
        expect(all.flatMap(oddities)).toEqual([]);
      }),
      // Near a dollar a side has few levels, and a large taker comes.
      { numRuns: 20, examples: [[-775221462]] },
    );
  });

  test('NO mirrors YES except in gaps, and in a gap both outcomes cost less than a dollar', () => {
    const last = new Map<string, BookSnapshot>();
    let mirrored = 0;
    let gaps = 0;
    const source = simulator();
    for (const book of [...books(source.opening(0)), ...books(steps(source, 3000))]) {
      last.set(book.instrumentId, book);
      if (!book.instrumentId.endsWith(':NO')) continue;
      const yes = last.get(book.instrumentId.replace(':NO', ':YES'));
      if (yes === undefined) throw new Error('YES comes first');
      const cost = best(yes.asks).plus(best(book.asks));
      if (cost.lt(1)) {
        gaps += 1;
        // What both sides' fees could take at most: 2 x 0.05 x 0.25.
        expect(cost.lte('0.97')).toBe(true);
      } else {
        mirrored += 1;
        expect(book.bids).toEqual(
          yes.asks.map(({ price: at, size }) => ({
            price: decimal('1').minus(at).toFixed(),
            size,
          })),
        );
      }
    }
    expect(gaps).toBeGreaterThan(50);
    expect(mirrored).toBeGreaterThan(10 * gaps);
  });

  test('trades happen at prices of the book before them, for whole shares', () => {
    const source = simulator();
    const last = new Map<string, BookSnapshot>();
    for (const book of books(source.opening(0))) last.set(book.instrumentId, book);
    const sides = new Set<string>();
    for (let at = 1; at < 500; at += 1) {
      for (const event of source.step(at)) {
        if (event.type === 'market.bookChanged') last.set(event.book.instrumentId, event.book);
        if (event.type !== 'market.traded') continue;
        const { trade } = event;
        const book = last.get(trade.instrumentId);
        sides.add(`${trade.instrumentId.slice(-3)} ${trade.side}`);
        expect(decimal(trade.size).isInteger()).toBe(true);
        // The book already shows the trade: its side starts at the trade's price or beyond.
        if (trade.side === 'BUY') expect(best(book?.asks ?? []).gte(trade.price)).toBe(true);
        else expect(best(book?.bids ?? []).lte(trade.price)).toBe(true);
      }
    }
    expect([...sides].sort()).toEqual([':NO BUY', ':NO SELL', 'YES BUY', 'YES SELL']);
  });

  test('some market climbs to 0.9 and above and comes back', () => {
    const source = simulator();
    const mids = books(steps(source, 8000))
      .filter((book) => book.instrumentId === 'paper:sim-home-team-wins:YES')
      .map((book) => best(book.bids).toNumber());
    const high = mids.findIndex((bid) => bid >= 0.9);
    expect(high).toBeGreaterThanOrEqual(0);
    expect(mids.slice(high).some((bid) => bid < 0.8)).toBe(true);
  });
});

describe('state', () => {
  test('a restored simulator goes on exactly where the first one is', () => {
    const first = simulator();
    steps(first, 300);
    const second = simulator({ seed: 'other' });
    second.restore(first.state());
    expect(second.opening(7)).toEqual(first.opening(7));
    expect(steps(second, 300)).toEqual(steps(first, 300));
  });

  test.each([
    ['no JSON', () => '{'],
    ['another version', () => simulator().state().replace('"version":1', '"version":2')],
    ['other markets', () => simulator({ markets: 2 }).state()],
    [
      'a price off the grid',
      () =>
        simulator()
          .state()
          .replace(/"fair":\d+/, '"fair":100'),
    ],
    [
      'a broken generator',
      () =>
        simulator()
          .state()
          .replace(/"random":"../, '"random":"??'),
    ],
  ])('%s is refused and changes nothing', (_, text) => {
    const source = simulator();
    expect(() => source.restore(text())).toThrow(InvalidValue);
    expect(source.state()).toBe(simulator().state());
  });
});

describe('run', () => {
  test('opens with every book, then steps once an interval until it is told to stop', async () => {
    const clock = createVirtualClock(1000);
    const source = simulator({ clock });
    const stop = new AbortController();
    const seen: MarketEvent[] = [];
    const running = source.run((event) => {
      seen.push(event);
    }, stop.signal);
    await macrotask();
    await clock.advanceTo(1000 + 4 * 250);
    stop.abort();
    await running;
    const twin = simulator();
    const expected = [
      ...twin.opening(1000),
      ...[1250, 1500, 1750, 2000].flatMap((atMs) => twin.step(atMs)),
    ];
    expect(seen).toEqual(expected);
    expect(source.counts.books).toBe(books(seen).length);
    expect(source.counts.trades).toBe(seen.length - books(seen).length);
    expect(clock.pending()).toBe(0);
  });

  test('a slow consumer slows it down: missed steps are not made up for', async () => {
    const clock = createVirtualClock(0);
    const source = simulator({ clock, markets: 1 });
    const stop = new AbortController();
    let release = (): void => undefined;
    let held = false;
    const times = new Set<number>();
    const running = source.run((event) => {
      if (event.type === 'market.bookChanged') times.add(event.book.atMs);
      if (held) return undefined;
      held = true;
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    }, stop.signal);
    await clock.advanceTo(5000);
    release();
    await macrotask();
    await clock.advanceTo(5000);
    await clock.advanceTo(5250);
    await clock.advanceTo(5500);
    stop.abort();
    await running;
    expect([...times].filter((at) => at > 0 && at < 5000)).toEqual([]);
    expect(source.counts.messages).toBeLessThanOrEqual(4);
  });
});
