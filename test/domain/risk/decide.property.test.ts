/** Laws of the decision, over any intent, limits, holdings and money. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimal, toText } from '../../../src/domain/decimal.ts';
import { compare, minus, notBelowZero } from '../../../src/domain/exact.ts';
import type { Intent } from '../../../src/domain/intent.ts';
import { type Decision, decide } from '../../../src/domain/risk/decide.ts';
import type { RuleFacts } from '../../../src/domain/risk/rule.ts';
import { intent, rain } from '../../support/orders.ts';
import { facts, limits, sell } from './facts.ts';

const scaled = (max: number, decimals: number) =>
  fc
    .integer({ min: 0, max: max * 10 ** decimals })
    .map((units) => toText(decimal(String(units)).div(10 ** decimals)));
const dollars = scaled(200, 6);
/** What is held at cost is finer than what is reserved. */
const atCost = scaled(100, 12);
const orOff = (amount: fc.Arbitrary<string>) => fc.option(amount, { freq: 3 });

const buys: fc.Arbitrary<Intent> = fc
  .record({
    price: fc.integer({ min: 1, max: 99 }).map((cents) => toText(decimal(String(cents)).div(100))),
    size: fc
      .integer({ min: 500, max: 40_000 })
      .map((units) => toText(decimal(units.toString()).div(100))),
    how: fc.constantFrom('GTC', 'GTD', 'FOK', 'FAK', 'FOK by money', 'FAK by money'),
  })
  .map(({ price, size, how }) => {
    const [timeInForce, byMoney] = how.split(' by ') as [Intent['timeInForce'], string?];
    if (byMoney === undefined) return intent({ price, size, timeInForce });
    const { size: _shares, ...rest } = intent({ price, timeInForce, type: 'market' });
    return { ...rest, amountUsd: size };
  });

const anyFacts: fc.Arbitrary<RuleFacts> = fc
  .record({
    intent: buys,
    rate: fc.constantFrom('0', '0.03', '0.05', '0.07', '0.072'),
    availableUsd: dollars,
    maxOrderUsd: orOff(dollars),
    maxMarketUsd: orOff(dollars),
    maxEventUsd: orOff(dollars),
    maxTotalUsd: orOff(dollars),
    marketUsd: atCost,
    eventUsd: fc.option(atCost),
    totalUsd: atCost,
  })
  .map(({ intent: asked, rate, availableUsd, marketUsd, eventUsd, totalUsd, ...caps }) =>
    facts({
      ...{ intent: asked, availableUsd, limits: limits(caps) },
      instrument: { ...rain, fees: { ...rain.fees, rate } },
      exposure: { marketUsd, eventUsd, totalUsd },
    }),
  );

function quantity({ size, amountUsd }: Intent): string {
  return size ?? amountUsd ?? '0';
}

type Admitted = Extract<Decision, { kind: 'admitted' }>;

function checkAdmitted(check: (given: RuleFacts, made: Admitted) => void): void {
  fc.assert(
    fc.property(anyFacts, (given) => {
      const made = decide(given);
      if (made.kind === 'admitted') check(given, made);
    }),
    { numRuns: 500 },
  );
}

test('no reservation is above what is available', () => {
  checkAdmitted(({ availableUsd }, { reservedUsd }) => {
    expect(compare(reservedUsd, availableUsd)).toBeLessThanOrEqual(0);
  });
});

test('no reservation is above the room of any cap', () => {
  checkAdmitted(({ limits: caps, exposure }, { reservedUsd }) => {
    const rooms = [
      [caps.maxOrderUsd, '0'],
      [caps.maxMarketUsd, exposure.marketUsd],
      [caps.maxEventUsd, exposure.eventUsd],
      [caps.maxTotalUsd, exposure.totalUsd],
    ] as const;
    for (const [cap, held] of rooms) {
      if (cap === null || held === null) continue;
      expect(compare(reservedUsd, notBelowZero(minus(cap, held)))).toBeLessThanOrEqual(0);
    }
  });
});

test('an order is never made larger, and only smaller by steps that are kept', () => {
  checkAdmitted(({ intent: asked }, { intent: made, checks }) => {
    const change = compare(quantity(made), quantity(asked));
    expect(change).toBeLessThanOrEqual(0);
    const steps = checks.filter(({ outcome }) => outcome === 'shrunk');
    expect(change < 0).toBe(steps.length > 0);
    if (steps.length > 0) expect(steps.at(-1)?.to).toBe(quantity(made));
    if (asked.timeInForce === 'FOK') expect(made).toBe(asked);
    expect({ ...made, size: '', amountUsd: '' }).toEqual({ ...asked, size: '', amountUsd: '' });
  });
});

test('what an order was made smaller to is admitted as it is', () => {
  checkAdmitted((given, { intent: made, reservedUsd, reserveRate }) => {
    expect(decide({ ...given, intent: made })).toEqual({
      ...{ kind: 'admitted', intent: made, reservedUsd, reserveRate },
      ...{ reservedShares: '0', checks: [], overrideIds: [] },
    });
  });
});

test('it is made as small as needed and no smaller: one step more would not fit', () => {
  checkAdmitted((given, { intent: made, checks }) => {
    if (!checks.some(({ outcome }) => outcome === 'shrunk')) return;
    const more = toText(decimal(quantity(made)).plus('0.01'));
    const larger = made.size === undefined ? { ...made, amountUsd: more } : { ...made, size: more };
    const again = decide({ ...given, intent: larger });
    expect(again).not.toMatchObject({ kind: 'admitted', intent: larger });
  });
});

test('no more shares are sold than are settled and not promised', () => {
  const size = scaled(100, 2);
  fc.assert(
    fc.property(size, size, size, (wanted, sellableShares, reservedShares) => {
      const asked = { ...sell, size: wanted };
      const made = decide(facts({ intent: asked, sellableShares, reservedShares }));
      const free = notBelowZero(minus(sellableShares, reservedShares));
      expect(made.kind).toBe(compare(wanted, free) <= 0 ? 'admitted' : 'denied');
      if (made.kind === 'admitted') expect(made.reservedShares).toBe(wanted);
    }),
  );
});
