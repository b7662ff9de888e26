import { Side } from '@polymarket/clob-client-v2';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AmountsRequest,
  orderAmounts,
} from '../../../../../src/adapters/venues/polymarket/protocol/amounts.ts';
import { Decimal, toText } from '../../../../../src/domain/decimal.ts';
import { InvalidValue } from '../../../../../src/domain/faults.ts';
import { KNOWN_TICKS } from '../../../../../src/domain/quantise.ts';
import { packageClient, TOKEN_ID } from './fixtures.ts';

const TICKS = ['0.1', '0.01', '0.005', '0.0025', '0.001', '0.0001'] as const;

/** A price of `ticks` ticks, and a quantity of `cents` hundredths. */
interface Case {
  readonly price: string;
  readonly quantity: string;
}

function cases(tickSize: string, maximumQuantity: number): fc.Arbitrary<Case> {
  const steps = new Decimal(1).div(tickSize).toNumber();
  return fc.record({
    price: fc
      .integer({ min: 1, max: steps - 1 })
      .map((count) => toText(new Decimal(tickSize).times(count))),
    quantity: fc
      .integer({ min: 100, max: maximumQuantity * 100 })
      .map((cents) => toText(new Decimal(cents).div(100))),
  });
}

const micros = (text: string) => BigInt(new Decimal(text).times(1_000_000).toFixed());

test('every tick of the rules is a tick of these tests', () => {
  expect(KNOWN_TICKS.map((rule) => rule.tickSize)).toEqual(TICKS);
});

/** Up to here the package's floats happen to be exact: 10^5 units, 10 decimals, 53 bits. */
const EXACT_MICROS = 100_000_000_000n;

async function packageLimit(tickSize: (typeof TICKS)[number], side: 'BUY' | 'SELL', wish: Case) {
  const { makerAmount, takerAmount } = await packageClient({ tickSize }).createOrder(
    {
      tokenID: TOKEN_ID,
      price: Number(wish.price),
      size: Number(wish.quantity),
      side: side === 'BUY' ? Side.BUY : Side.SELL,
    },
    { tickSize, negRisk: false, version: 2 },
  );
  return { makerAmount, takerAmount };
}

async function packageMarket(tickSize: (typeof TICKS)[number], side: 'BUY' | 'SELL', wish: Case) {
  const { makerAmount, takerAmount } = await packageClient({ tickSize }).createMarketOrder(
    {
      tokenID: TOKEN_ID,
      price: Number(wish.price),
      amount: Number(wish.quantity),
      side: side === 'BUY' ? Side.BUY : Side.SELL,
    },
    { tickSize, negRisk: false, version: 2 },
  );
  return { makerAmount, takerAmount };
}

describe.each(TICKS)('with a tick of %s', (tickSize) => {
  test.each(['BUY', 'SELL'] as const)(
    'a resting %s is for exactly price x size, as in the venue’s client',
    async (side) => {
      await fc.assert(
        fc.asyncProperty(cases(tickSize, 100_000), async (wish) => {
          const { price, quantity: size } = wish;
          const ours = orderAmounts({
            side,
            type: 'limit',
            timeInForce: 'GTC',
            price,
            size,
            tickSize,
          });
          const shares = `${micros(size)}`;
          const dollars = `${(micros(size) * micros(price)) / 1_000_000n}`;
          const [makerAmount, takerAmount] = side === 'BUY' ? [dollars, shares] : [shares, dollars];
          expect(ours).toEqual({ makerAmount, takerAmount });
          expect(ours).toEqual(await packageLimit(tickSize, side, wish));
        }),
        { numRuns: 60 },
      );
    },
  );

  test('a market SELL gives its shares; what it asks for is the client’s, at most 4 decimals', async () => {
    await fc.assert(
      fc.asyncProperty(cases(tickSize, 100_000), async (wish) => {
        const { price, quantity: size } = wish;
        const request = { side: 'SELL', type: 'market', timeInForce: 'FAK' } as const;
        const asked = (micros(size) * micros(price)) / 1_000_000n;
        if (asked < 100n) {
          expect(() => orderAmounts({ ...request, price, size, tickSize })).toThrow(InvalidValue);
          return;
        }
        const theirs = await packageMarket(tickSize, 'SELL', wish);
        expect(BigInt(theirs.takerAmount)).toBe(asked);
        expect(orderAmounts({ ...request, price, size, tickSize })).toEqual({
          makerAmount: theirs.makerAmount,
          takerAmount: `${asked - (asked % 100n)}`,
        });
      }),
      { numRuns: 60 },
    );
  });

  test('a market BUY spends its dollars; what it asks for is the client’s, at most 4 decimals', async () => {
    await fc.assert(
      fc.asyncProperty(cases(tickSize, 20_000), async (wish) => {
        const { price, quantity: amountUsd } = wish;
        const request = { side: 'BUY', type: 'market', timeInForce: 'FOK' } as const;
        const ours = orderAmounts({ ...request, price, amountUsd, tickSize });
        const theirs = await packageMarket(tickSize, 'BUY', wish);
        expect(ours.makerAmount).toBe(theirs.makerAmount);
        if (BigInt(theirs.takerAmount) >= EXACT_MICROS) return;
        expect(BigInt(ours.takerAmount)).toBe(
          BigInt(theirs.takerAmount) - (BigInt(theirs.takerAmount) % 100n),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('an immediate BUY never overspends and never signs a price below its own', () => {
    fc.assert(
      fc.property(cases(tickSize, 100_000), fc.boolean(), ({ price, quantity }, isMoney) => {
        const wish = isMoney
          ? ({ type: 'market', amountUsd: quantity } as const)
          : ({ type: 'limit', size: quantity } as const);
        const request = { side: 'BUY', timeInForce: 'FAK', price, tickSize, ...wish } as const;
        const wanted = isMoney ? micros(quantity) : (micros(quantity) * micros(price)) / 1_000_000n;
        if (wanted < 10_000n) {
          expect(() => orderAmounts(request)).toThrow(InvalidValue);
          return;
        }
        const ours = orderAmounts(request);
        const given = BigInt(ours.makerAmount);
        const asked = BigInt(ours.takerAmount);
        expect(given).toBe(wanted - (wanted % 10_000n));
        expect(asked % 100n).toBe(0n);
        expect(given * 1_000_000n).toBeGreaterThanOrEqual(asked * micros(price));
        // One more step of the grid would be more than the dollars buy.
        const step = tickSize === '0.1' ? 1_000n : 100n;
        expect(given * 1_000_000n).toBeLessThan((asked + step) * micros(price));
      }),
      { numRuns: 300 },
    );
  });
});

test.each([
  ['0.0001', 'SELL', '0.5781', '809134.11', '467760428991', '467760428990'],
  ['0.0025', 'SELL', '0.87', '566590.33', '492933587100', '492933587099'],
  ['0.0001', 'SELL', '0.8874', '971944.96', '862503957504', '862503957503'],
] as const)(
  'tick %s: a large %s at %s of %s asks for %s micro-dollars; floats lose one',
  async (tickSize, side, price, quantity, exact, theirs) => {
    const request = { side, type: 'limit', timeInForce: 'GTC', price, tickSize } as const;
    expect(orderAmounts({ ...request, size: quantity }).takerAmount).toBe(exact);
    const client = await packageLimit(tickSize, side, { price, quantity });
    expect(client.takerAmount).toBe(theirs);
  },
);

test.each([
  ['0.01', '0.01', '580744.08', '58074408000000', '58074407999900'],
  ['0.005', '0.1', '956578.59', '9565785900000', '9565785899990'],
] as const)(
  'tick %s: a large market BUY at %s for $%s asks for %s micro-shares; floats lose a step',
  async (tickSize, price, quantity, exact, theirs) => {
    const request = { side: 'BUY', type: 'market', timeInForce: 'FOK', price, tickSize } as const;
    expect(orderAmounts({ ...request, amountUsd: quantity }).takerAmount).toBe(exact);
    const client = await packageMarket(tickSize, 'BUY', { price, quantity });
    expect(client.takerAmount).toBe(theirs);
  },
);

test('on a fine tick the client signs five decimals of shares, which the venue refuses; we sign four', async () => {
  const wish = { price: '0.985', quantity: '9.98' };
  const client = await packageMarket('0.001', 'BUY', wish);
  expect(client).toEqual({ makerAmount: '9980000', takerAmount: '10131970' });
  const request = { side: 'BUY', type: 'market', timeInForce: 'FAK', tickSize: '0.001' } as const;
  expect(orderAmounts({ ...request, price: wish.price, amountUsd: wish.quantity })).toEqual({
    makerAmount: '9980000',
    takerAmount: '10131900',
  });
});

const LIMIT: AmountsRequest = {
  side: 'BUY',
  type: 'limit',
  timeInForce: 'GTC',
  price: '0.57',
  size: '12.34',
  tickSize: '0.01',
};

test.each([
  ['a resting BUY', LIMIT, '7033800', '12340000'],
  ['a resting SELL', { ...LIMIT, side: 'SELL' }, '12340000', '7033800'],
  ['a BUY at once by shares', { ...LIMIT, timeInForce: 'FAK' }, '7030000', '12333300'],
  [
    'a market BUY by shares',
    { ...LIMIT, type: 'market', timeInForce: 'FOK' },
    '7030000',
    '12333300',
  ],
  ['a SELL at once', { ...LIMIT, side: 'SELL', timeInForce: 'FOK' }, '12340000', '7033800'],
  [
    'a SELL at once on a fine tick',
    {
      ...LIMIT,
      side: 'SELL',
      timeInForce: 'FAK',
      price: '0.401',
      size: '10.01',
      tickSize: '0.001',
    },
    '10010000',
    '4014000',
  ],
] as const)('%s has these amounts', (_name, request, makerAmount, takerAmount) => {
  expect(orderAmounts(request)).toEqual({ makerAmount, takerAmount });
});

const MARKET = {
  side: 'BUY',
  type: 'market',
  timeInForce: 'FOK',
  price: '0.57',
  tickSize: '0.01',
} as const;

test.each<[string, AmountsRequest, string]>([
  ['a price between two ticks', { ...LIMIT, price: '0.575' }, 'order.price'],
  ['a price below the first tick', { ...LIMIT, price: '0.001' }, 'order.price'],
  ['a price that is no number', { ...LIMIT, price: 'half' }, 'order.price'],
  ['a tick that the venue does not have', { ...LIMIT, tickSize: '0.02' }, 'tickSize'],
  ['a tick that is no number', { ...LIMIT, tickSize: 'fine' }, 'tickSize'],
  ['a size that rounds to zero', { ...LIMIT, size: '0.009' }, 'order.size'],
  ['dollars that round to zero', { ...LIMIT, timeInForce: 'FAK', size: '0.01' }, 'order.size'],
  ['no size', MARKET, 'order.size'],
  ['a size of zero', { ...LIMIT, size: '0' }, 'order.size'],
  [
    'a SELL at once for less than the venue counts',
    { ...LIMIT, side: 'SELL', timeInForce: 'FAK', price: '0.001', size: '0.05', tickSize: '0.001' },
    'order.size',
  ],
  ['dollars for a limit order', { ...LIMIT, amountUsd: '5' }, 'order.amountUsd'],
  ['dollars and a size', { ...MARKET, size: '5', amountUsd: '5' }, 'order.amountUsd'],
  ['dollars for a SELL', { ...MARKET, side: 'SELL', amountUsd: '5' }, 'order.amountUsd'],
  ['a market order that rests', { ...MARKET, timeInForce: 'GTC', size: '5' }, 'order.timeInForce'],
])('%s is refused by name', (_name, request, place) => {
  expect(() => orderAmounts(request)).toThrow(InvalidValue);
  expect(() => orderAmounts(request)).toThrow(`${place}: got `);
});
