import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../src/adapters/clock/virtual-clock.ts';
import { createRandom } from '../../../src/adapters/random.ts';
import { createExchange } from '../../../src/sandbox/exchange/exchange.ts';
import type { Exchange, ExchangeEvent, NewOrder } from '../../../src/sandbox/exchange/types.ts';
import { CONDITION, marketOf, START_MS } from './harness.ts';
import { Twin } from './twin.ts';

const MAKERS = ['ann', 'ben', 'cat', 'dan'] as const;
const OTHER = `0x${'c2'.repeat(32)}` as const;
const TOKENS = ['1001', '1002', '2001', '2002'] as const;
const FEES = { rate: '0.05', exponent: 1, takerOnly: true };
/** Little enough that balances run out, and that money is spent in one market and missed in the other. */
const DOLLARS = 12_000_000n;
const SHARES = 20_000_000n;
const SETTLEMENT = {
  minedAfterMs: 100,
  confirmedAfterMs: 200,
  failedShare: 0.2,
  retryingShare: 0.2,
};

type Command =
  | { readonly kind: 'place'; readonly order: Omit<NewOrder, 'id'> }
  | { readonly kind: 'cancel'; readonly index: number }
  | { readonly kind: 'wait'; readonly ms: number };

/** Prices from 0.40 to 0.60, so that they meet; sizes of which some are below the minimum. */
const place: fc.Arbitrary<Command> = fc
  .record({
    maker: fc.constantFrom(...MAKERS),
    tokenId: fc.constantFrom(...TOKENS),
    side: fc.constantFrom('BUY', 'SELL'),
    orderType: fc.constantFrom(...Array<'GTC'>(6).fill('GTC'), 'FOK', 'FAK'),
    cents: fc.integer({ min: 40, max: 60 }),
    hundredths: fc.integer({ min: 150, max: 2_000 }),
    postOnly: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
  })
  .map(({ maker, tokenId, side, orderType, cents, hundredths, postOnly }) => {
    const isImmediate = orderType !== 'GTC';
    const price = BigInt(cents) * 10_000n;
    const size = BigInt(hundredths) * 10_000n;
    const exact = (price * size) / 1_000_000n;
    // Market BUYs are for whole cents, and their shares are floored to 4 decimals.
    const dollars = side === 'BUY' && isImmediate ? exact - (exact % 10_000n) : exact;
    const bought = (dollars * 1_000_000n) / price;
    const shares = side === 'BUY' && isImmediate ? bought - (bought % 100n) : size;
    const order = {
      owner: `key of ${maker}`,
      maker,
      tokenId,
      side,
      makerAmount: side === 'BUY' ? dollars : shares,
      takerAmount: side === 'BUY' ? shares : dollars,
      orderType,
      postOnly: postOnly && !isImmediate,
      expirationS: 0,
    } as const;
    return { kind: 'place', order };
  });
const command = fc.oneof(
  { weight: 8, arbitrary: place },
  { weight: 1, arbitrary: fc.nat(50).map((index): Command => ({ kind: 'cancel', index })) },
  { weight: 2, arbitrary: fc.nat(400).map((ms): Command => ({ kind: 'wait', ms })) },
);
const commands = fc.array(command, { minLength: 40, maxLength: 80, size: 'max' });

function setUp(delayMs = 0, saved?: { atMs: number; random: string; text: string }) {
  const clock = createVirtualClock(saved?.atMs ?? START_MS);
  const random = createRandom('twin');
  const exchange = createExchange({ clock, random: random.next, settlement: SETTLEMENT });
  const events: ExchangeEvent[] = [];
  exchange.subscribe((event) => events.push(event));
  if (saved !== undefined) {
    random.restore(saved.random);
    exchange.restore(saved.text);
  } else {
    exchange.addMarket(marketOf({ fees: FEES, takerDelayMs: delayMs }));
    const tokens = [
      { tokenId: '2001', outcome: 'YES' },
      { tokenId: '2002', outcome: 'NO' },
    ] as const;
    exchange.addMarket(marketOf({ fees: FEES, conditionId: OTHER, tokens }));
    for (const maker of MAKERS) {
      exchange.deposit(maker, DOLLARS, Object.fromEntries(TOKENS.map((token) => [token, SHARES])));
    }
  }
  return { clock, random, exchange, events };
}
type Side = ReturnType<typeof setUp>;

const idOf = (number: number): `0x${string}` =>
  `0x${createHash('sha256').update(String(number)).digest('hex')}`;

async function carryOut(side: Side, given: Command, number: number) {
  const { clock, exchange } = side;
  if (given.kind === 'place') return exchange.place({ ...given.order, id: idOf(number) });
  if (given.kind === 'wait') await clock.advanceTo(clock.now() + given.ms);
  else {
    const open = MAKERS.flatMap((maker) => exchange.openOrders(`key of ${maker}`));
    const meant = open[given.index % Math.max(open.length, 1)];
    if (meant !== undefined) exchange.cancel(meant.owner, [meant.id]);
  }
  return undefined;
}

function expectWhole(exchange: Exchange): void {
  const totals = exchange.totals();
  let dollars = 0n;
  for (const maker of exchange.accounts()) {
    dollars += exchange.balance(maker);
    for (const token of [undefined, ...TOKENS]) {
      expect(exchange.balance(maker, token)).toBeGreaterThanOrEqual(0n);
    }
  }
  expect(dollars + totals.fees + totals.collateral + totals.inFlight).toBe(totals.deposited);
  for (const token of ['1001', '2001']) {
    const { bids, asks } = exchange.book(token);
    const [bid, ask] = [bids.at(-1)?.price ?? 0n, asks.at(-1)?.price ?? 1_000_000n];
    expect(bid).toBeLessThan(ask);
  }
}

function expectEqual(exchange: Exchange, twin: Twin): void {
  for (const maker of MAKERS) {
    expect(exchange.balance(maker)).toBe(twin.balance(maker));
    for (const token of TOKENS) {
      expect(exchange.balance(maker, token)).toBe(twin.balance(`${maker} ${token}`));
    }
  }
  for (const [token, market] of [
    ['1001', CONDITION],
    ['2001', OTHER],
  ] as const) {
    const { bids, asks } = exchange.book(token);
    const shown = [
      ...bids.map(({ price, size }): [bigint, bigint] => [-price, size]),
      ...asks.map(({ price, size }): [bigint, bigint] => [price, size]),
    ];
    expect(new Map(shown)).toEqual(twin.levels(market));
  }
  for (const [id, { matched, status }] of twin.orders) {
    expect(exchange.order(id)).toMatchObject({ sizeMatched: matched, status });
  }
}

/** Supply of YES and of NO grew by the same: what is locked. Only once nothing is under way. */
function expectSupply(exchange: Exchange, twin: Twin): void {
  const grown = (token: string): bigint =>
    MAKERS.reduce((sum, maker) => sum + exchange.balance(maker, token) - SHARES, 0n);
  const [first, second] = [twin.minted.get(CONDITION) ?? 0n, twin.minted.get(OTHER) ?? 0n];
  expect(TOKENS.map(grown)).toEqual([first, first, second, second]);
  const { collateral, inFlight, fees } = exchange.totals();
  expect({ collateral, inFlight, fees }).toEqual({
    collateral: first + second,
    inFlight: 0n,
    fees: twin.fees,
  });
}

describe('random orders of four accounts in two markets', () => {
  test('the exchange answers, fills and pays like its naive twin, and loses not a micro', async () => {
    let matches = 0;
    const kinds = new Set<string>();
    await fc.assert(
      fc.asyncProperty(commands, async (given) => {
        const side = setUp();
        const { exchange, events, clock } = side;
        const twin = new Twin(5n, (tokenId) => ({
          name: tokenId.startsWith('1') ? CONDITION : OTHER,
          isYes: tokenId.endsWith('1'),
        }));
        for (const maker of MAKERS) {
          twin.move(maker, DOLLARS);
          for (const token of TOKENS) twin.move(`${maker} ${token}`, SHARES);
        }
        for (const [number, one] of given.entries()) {
          const seen = events.length;
          const placed = await carryOut(side, one, number);
          if (one.kind === 'place') {
            const expected = twin.place({ ...one.order, id: idOf(number) });
            const answer = placed?.kind === 'refused' ? placed.error : placed?.status;
            expect(answer?.startsWith(expected.answer)).toBe(true);
            kinds.add(expected.answer);
            if (placed?.kind === 'accepted' && placed.status === 'matched') {
              matches += 1;
              const [tradeId = ''] = placed.tradeIds;
              twin.named(tradeId);
              const { makingAmount, takingAmount } = placed;
              expect(one.order.side === 'BUY' ? makingAmount : takingAmount).toBe(expected.dollars);
              expect(exchange.trade(tradeId)?.makerFills).toMatchObject(
                twin.fillsOf(expected.fills),
              );
            }
          }
          for (const event of events.slice(seen)) {
            if (event.type === 'trade') twin.settled(event.trade);
            if (event.type === 'order' && event.order.status === 'INVALID') kinds.add('uncovered');
            if (event.type === 'order' && event.order.status === 'CANCELED')
              twin.cancel(event.order.id);
          }
          expectWhole(exchange);
          expectEqual(exchange, twin);
        }
        const seen = events.length;
        await clock.advanceTo(clock.now() + 10_000);
        for (const event of events.slice(seen)) {
          if (event.type === 'trade') twin.settled(event.trade);
        }
        expectWhole(exchange);
        expectEqual(exchange, twin);
        expectSupply(exchange, twin);
      }),
      { numRuns: 150 },
    );
    // The generator is worth something only while it reaches all of this.
    expect(matches).toBeGreaterThan(500);
    expect([...kinds].sort()).toEqual(
      [
        'invalid amount for',
        'invalid post-only',
        'live',
        'matched',
        'no orders found',
        'not enough balance',
        'order',
        "order couldn't",
        'uncovered',
      ].sort(),
    );
  });

  test('saved at any moment and restored, it has the same future', async () => {
    await fc.assert(
      fc.asyncProperty(commands, fc.nat(80), async (given, cut) => {
        const first = setUp(150);
        const later = [...given.entries()].map(([number, one]) => ({
          number,
          one: mayExpire(one, number),
        }));
        for (const { number, one } of later.slice(0, cut)) await carryOut(first, one, number);

        const text = first.exchange.save();
        const second = setUp(150, { atMs: first.clock.now(), random: first.random.state(), text });
        expect(second.exchange.save()).toBe(text);

        const told = first.events.length;
        for (const side of [first, second]) {
          for (const { number, one } of later.slice(cut)) await carryOut(side, one, number);
          await side.clock.advanceTo(side.clock.now() + 600_000);
        }
        expect(second.events).toEqual(first.events.slice(told));
        expect(second.exchange.save()).toBe(first.exchange.save());
      }),
      { numRuns: 60 },
    );
  });
});

/** Every third resting order ends by itself, at a time of its own. */
function mayExpire(given: Command, number: number): Command {
  if (given.kind !== 'place' || given.order.orderType !== 'GTC' || number % 3 > 0) return given;
  const expirationS = START_MS / 1000 + 240 + number;
  return { kind: 'place', order: { ...given.order, orderType: 'GTD', expirationS } };
}
