import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal } from '../../../src/domain/decimal.ts';
import {
  chooseExit,
  type ExitChoiceInput,
  type ExitWayKind,
} from '../../../src/domain/exits/exit-choice.ts';
import type { BookSnapshot } from '../../../src/domain/market-data.ts';
import { AT_MS, noRain, rain } from '../../support/orders.ts';

type Rows = readonly (readonly [price: string, size: string])[];

const NO_FEES = { rate: '0', exponent: 1, takerOnly: true };

function book(bids: Rows, asks: Rows): BookSnapshot {
  const levels = (rows: Rows) => rows.map(([price, size]) => ({ price, size }));
  return {
    instrumentId: rain.id,
    atMs: AT_MS,
    bids: levels(bids),
    asks: levels(asks),
    tickSize: '0.01',
  };
}

function choose(over: Partial<ExitChoiceInput> = {}) {
  return chooseExit({
    instrument: { ...rain, fees: NO_FEES },
    complement: { ...noRain, fees: NO_FEES },
    book: book([], []),
    complementBook: book([], []),
    size: '20',
    worstPrice: '0.01',
    redemptionPrice: null,
    canMerge: true,
    ...over,
  });
}

function way(choice: ReturnType<typeof choose>, kind: ExitWayKind) {
  return choice.ways.find((one) => one.kind === kind);
}

const bidsAt60 = book([['0.6', '20']], []);
const noAsks = (price: string, size = '20') => book([], [[price, size]]);

describe('the choice', () => {
  test('is to sell where bids bring most', () => {
    const choice = choose({ book: bidsAt60, complementBook: noAsks('0.45') });
    expect(choice.kind).toBe('sell');
    expect(way(choice, 'sell')).toMatchObject({ size: '20', limitPrice: '0.6', valueUsd: '12' });
    expect(way(choice, 'merge')).toMatchObject({ size: '20', limitPrice: '0.45', valueUsd: '11' });
    expect(choice.why).toBe(
      'sell: sells 20 at 0.6 or better ($12 after fees); merge: buys 20 NO at 0.45 or better and merges the pairs ($11 after fees); hold: holds to redemption, whose worth nobody knows',
    );
  });

  test('is to buy the other side and merge where that brings more', () => {
    const choice = choose({ book: bidsAt60, complementBook: noAsks('0.35') });
    expect(choice.kind).toBe('merge');
    expect(way(choice, 'merge')).toMatchObject({ grossUsd: '13', feesUsd: '0', valueUsd: '13' });
  });

  test('is to merge when the bid is empty', () => {
    const choice = choose({ complementBook: noAsks('0.35') });
    expect(choice.kind).toBe('merge');
    expect(way(choice, 'sell')).toMatchObject({ isPossible: false, why: 'nobody bids' });
  });

  test('counts the fees of each way', () => {
    // 20 x 0.05 x 0.6 x 0.4 = 0.24; 20 x 0.05 x 0.4 x 0.6 = 0.24.
    const priced = { instrument: rain, complement: noRain };
    const choice = choose({ ...priced, book: bidsAt60, complementBook: noAsks('0.4') });
    expect(way(choice, 'sell')).toMatchObject({ feesUsd: '0.24', valueUsd: '11.76' });
    expect(way(choice, 'merge')).toMatchObject({ feesUsd: '0.24', valueUsd: '11.76' });
    // The same for both: one order is rather made than two steps.
    expect(choice.kind).toBe('sell');
    // With a fee on one side only, the other wins.
    const dear = choose({
      ...priced,
      complement: { ...noRain, fees: NO_FEES },
      book: bidsAt60,
      complementBook: noAsks('0.4'),
    });
    expect(dear.kind).toBe('merge');
  });

  test('walks the books, and of a thin one counts only what it holds', () => {
    const thin = book(
      [
        ['0.6', '5'],
        ['0.5', '5'],
      ],
      [],
    );
    const choice = choose({ book: thin });
    expect(choice.kind).toBe('sell');
    expect(way(choice, 'sell')).toMatchObject({ size: '10', limitPrice: '0.5', valueUsd: '5.5' });
    const deeper = choose({ book: thin, complementBook: noAsks('0.6') });
    expect(deeper.kind).toBe('merge');
  });

  test('is to hold when there is neither a bid nor an offer of the other side', () => {
    const choice = choose();
    expect(choice.kind).toBe('hold');
    expect(choice.why).toBe(
      'hold: holds to redemption, whose worth nobody knows; sell: nobody bids; merge: nobody offers NO at 0.99 or less',
    );
  });

  test('is to hold when no book is known', () => {
    expect(choose({ book: null, complementBook: null })).toMatchObject({
      kind: 'hold',
      why: expect.stringContaining('its book is not known'),
    });
  });

  test('never sells or merges below the worst price', () => {
    const choice = choose({ book: bidsAt60, complementBook: noAsks('0.41'), worstPrice: '0.61' });
    expect(choice.kind).toBe('hold');
    const within = choose({ book: bidsAt60, complementBook: noAsks('0.39'), worstPrice: '0.61' });
    expect(within.kind).toBe('merge');
  });

  test.each([
    ['0.59', 'sell'],
    ['0.6', 'sell'],
    ['0.61', 'hold'],
  ] as const)(
    'with a redemption at %s against a bid at 0.6 it is to %s',
    (redemptionPrice, kind) => {
      expect(choose({ book: bidsAt60, redemptionPrice }).kind).toBe(kind);
    },
  );

  test('what stays held counts at its redemption price, and is not sold below it', () => {
    const mixed = book(
      [
        ['0.6', '5'],
        ['0.2', '15'],
      ],
      [],
    );
    const choice = choose({ book: mixed, redemptionPrice: '0.5' });
    expect(choice.kind).toBe('sell');
    // 5 at 0.60, and 15 held at 0.50.
    expect(way(choice, 'sell')).toMatchObject({ size: '5', limitPrice: '0.6', valueUsd: '10.5' });
    expect(way(choice, 'hold')).toMatchObject({ valueUsd: '10' });
  });

  test('is not to merge where pairs cannot be merged', () => {
    const choice = choose({ complementBook: noAsks('0.35'), canMerge: false });
    expect(choice.kind).toBe('hold');
    expect(way(choice, 'merge')?.why).toBe('pairs cannot be merged here');
  });

  test('is not to merge where the purchase would be too small for the venue', () => {
    const choice = choose({ complementBook: noAsks('0.04') });
    expect(choice.kind).toBe('hold');
    expect(way(choice, 'merge')?.why).toBe(
      'a BUY of NO for $0.8 is too small: the venue takes none below $1',
    );
    expect(choose({ complementBook: noAsks('0.05') }).kind).toBe('merge');
  });

  test('a way whose fees eat it up is no better than holding', () => {
    const dear = { ...rain, fees: { rate: '2', exponent: 1, takerOnly: true } };
    expect(choose({ instrument: dear, book: book([['0.4', '20']], []) }).kind).toBe('hold');
  });

  test.each(['0', '0.009'])('of %s shares nothing can be ordered', (size) => {
    expect(choose({ size, book: bidsAt60, complementBook: noAsks('0.3') }).kind).toBe('hold');
  });
});

describe('laws', () => {
  const rows = (descending: boolean) =>
    fc
      .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 4_000 })), {
        selector: ([price]) => price,
        maxLength: 5,
      })
      .map((levels) =>
        levels
          .sort(([a], [b]) => (descending ? b - a : a - b))
          .map(([price, size]) => [(price / 100).toFixed(2), (size / 100).toFixed(2)] as const),
      );
  const inputs = fc.record({
    bids: rows(true),
    asks: rows(false),
    size: fc.integer({ min: 1, max: 9_000 }).map((n) => (n / 100).toFixed(2)),
    worst: fc.integer({ min: 1, max: 99 }).map((n) => (n / 100).toFixed(2)),
    redemptionPrice: fc.option(fc.integer({ min: 0, max: 100 }).map((n) => (n / 100).toFixed(2))),
  });

  test('the chosen way brings at least what every other one would, and never more shares than held', () => {
    fc.assert(
      fc.property(inputs, ({ bids, asks, size, worst, redemptionPrice }) => {
        const choice = choose({
          ...{ instrument: rain, complement: noRain, size, redemptionPrice },
          ...{ book: book(bids, []), complementBook: book([], asks), worstPrice: worst },
        });
        const chosen = way(choice, choice.kind);
        for (const one of choice.ways) {
          expect(decimal(one.size).lte(size)).toBe(true);
          if (one.isPossible && one.kind !== 'hold') {
            const least = decimal(one.size).times(Decimal.max(worst, redemptionPrice ?? '0'));
            expect(decimal(one.grossUsd).gte(least)).toBe(true);
          }
          if (chosen?.valueUsd == null || one.valueUsd === null) continue;
          expect(decimal(chosen.valueUsd).gte(one.valueUsd)).toBe(true);
        }
        if (choice.kind === 'hold' && redemptionPrice === null) {
          for (const one of choice.ways) {
            expect(one.valueUsd === null || decimal(one.valueUsd).lte(0)).toBe(true);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
