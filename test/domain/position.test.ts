import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, toText } from '../../src/domain/decimal.ts';
import {
  applyLeg,
  emptyPosition,
  findLeg,
  MAX_CHUNK_LEGS,
  type PositionFold,
  sellableSize,
  settleLeg,
  voidLeg,
} from '../../src/domain/position.ts';
import { type PositionLeg, totalsOf } from '../../src/domain/position-totals.ts';
import {
  deepFreeze,
  leg,
  legLists,
  legsOf,
  naiveSettledBought,
  naiveTotals,
  sorted,
} from './position.twin.ts';

function foldOf(legs: readonly PositionLeg[]): PositionFold {
  return legs.reduce(applyLeg, emptyPosition());
}

/** A list of legs and one order of arrival of it. */
const arrivals = (maxLength: number) =>
  legLists(maxLength).chain((legs) =>
    fc.tuple(
      fc.constant(legs),
      fc.shuffledSubarray(legs, { minLength: legs.length, maxLength: legs.length }),
    ),
  );

function checkChunks(fold: PositionFold, dropped: readonly PositionLeg[]): void {
  const before = [...dropped];
  for (const chunk of fold.tail) {
    expect(chunk.legs.length).toBeGreaterThan(0);
    expect(chunk.legs.length).toBeLessThanOrEqual(MAX_CHUNK_LEGS);
    expect(chunk.before).toEqual(naiveTotals(before));
    before.push(...chunk.legs);
  }
  const first = fold.tail[0]?.legs;
  if (first) expect(first.some((one) => !one.settled)).toBe(true);
}

describe('the fold equals its slow twin', () => {
  test('in any interleaving of apply, settle, void and repeat', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('apply', 'apply', 'settle', 'settle', 'void'), fc.nat()),
      { minLength: 1, maxLength: 120, size: 'max' },
    );
    fc.assert(
      fc.property(legLists(80), steps, fc.boolean(), (legs, plan, inOrder) => {
        let fold = deepFreeze(emptyPosition());
        let open: PositionLeg[] = [];
        let dropped: PositionLeg[] = [];
        let next = 0;
        for (const [step, pick] of plan) {
          const index = step === 'apply' && inOrder ? next++ % legs.length : pick % legs.length;
          const one = legs[index] ?? leg(0);
          // A dropped leg is handed in no more: its order knows that it is final.
          if (dropped.some((gone) => gone.key === one.key)) continue;
          const known = open.find((other) => other.key === one.key);
          if (step === 'apply') {
            fold = applyLeg(fold, one);
            if (!known) open = sorted([...open, one]);
          } else if (step === 'settle') {
            fold = settleLeg(fold, one);
            open = open.map((other) => (other === known ? { ...other, settled: true } : other));
          } else {
            fold = voidLeg(fold, one);
            open = open.filter((other) => other !== known || other.settled);
          }
          const kept = new Set(legsOf(fold).map((other) => other.key));
          const gone = open.filter((other) => !kept.has(other.key));
          expect(gone.every((other) => other.settled)).toBe(true);
          dropped = [...dropped, ...gone];
          open = open.filter((other) => kept.has(other.key));

          expect(legsOf(fold)).toEqual(open);
          expect(fold.totals).toEqual(naiveTotals([...dropped, ...open]));
          expect(fold.settledBought).toBe(naiveSettledBought([...dropped, ...open]));
          checkChunks(fold, dropped);
          const copy: PositionFold = JSON.parse(JSON.stringify(fold));
          expect(copy).toEqual(fold);
          fold = deepFreeze(copy);
        }
      }),
    );
  });

  test('whatever the order of arrival, as long as none is settled', () => {
    fc.assert(
      fc.property(arrivals(100), ([legs, arrival]) => {
        const fold = foldOf(arrival);
        expect(legsOf(fold)).toEqual(legs);
        expect(fold.totals).toEqual(totalsOf(legs));
        checkChunks(fold, []);
      }),
    );
  });

  test('a voided leg leaves what a fold that never saw it has', () => {
    fc.assert(
      fc.property(arrivals(80), fc.func(fc.boolean()), ([legs, arrival], fails) => {
        const failed = legs.filter((one) => fails(one.key));
        const survivors = legs.filter((one) => !failed.includes(one));
        const fold = failed.reduce(voidLeg, foldOf(arrival));
        const never = foldOf(survivors);
        expect(legsOf(fold)).toEqual(legsOf(never));
        expect(fold.totals).toEqual(never.totals);
      }),
    );
  });

  test('legs settled in any order leave nothing but totals', () => {
    fc.assert(
      fc.property(arrivals(80), ([legs, arrival]) => {
        const fold = arrival.reduce(settleLeg, foldOf(legs));
        expect(fold.tail).toEqual([]);
        expect(fold.totals).toEqual(totalsOf(legs));
        expect(fold.settledBought).toBe(fold.totals.boughtSize);
      }),
    );
  });

  test('late behind dropped legs: size, fees, cash and the identity stay exact', () => {
    fc.assert(
      fc.property(arrivals(60), ([legs, arrival]) => {
        const { totals } = arrival.reduce(
          (fold, one) => settleLeg(applyLeg(fold, one), one),
          emptyPosition(),
        );
        const { size, feesUsd, boughtSize, soldSize, cashFlowUsd } = totalsOf(legs);
        expect(totals).toMatchObject({ size, feesUsd, boughtSize, soldSize, cashFlowUsd });
        const identity = decimal(totals.cashFlowUsd).plus(totals.costBasis);
        expect(toText(identity)).toBe(totals.realizedPnl);
      }),
    );
  });
});

describe('one leg', () => {
  test('counts once, however often it is reported', () => {
    const once = foldOf([leg(1), leg(2)]);
    expect(applyLeg(once, leg(1))).toBe(once);
    expect(applyLeg(once, leg(2))).toBe(once);
  });

  test('of the same instant as another is another leg', () => {
    const fold = foldOf([leg(2, { matchedAtMs: 5 }), leg(1, { matchedAtMs: 5 })]);
    expect(legsOf(fold).map((one) => one.clientOrderId)).toEqual(['ord_1', 'ord_2']);
    expect(fold.totals.size).toBe('20');
  });

  test('that arrives settled is settled', () => {
    const fold = foldOf([leg(1), leg(2, { settled: true })]);
    expect(fold.settledBought).toBe('10');
    expect(foldOf([leg(2), leg(1, { settled: true })]).settledBought).toBe('10');
    expect(foldOf([leg(1), leg(2), leg(1, { settled: true })]).settledBought).toBe('10');
    expect(foldOf([leg(1, { settled: true })]).tail).toEqual([]);
  });

  test('that is unknown can be neither settled nor voided, and changes nothing', () => {
    const fold = foldOf([leg(1), leg(3)]);
    for (const stranger of [leg(0), leg(2), leg(4), leg(1, { key: 'other' })]) {
      expect(settleLeg(fold, stranger)).toBe(fold);
      expect(voidLeg(fold, stranger)).toBe(fold);
      expect(findLeg(fold, stranger)).toBeUndefined();
    }
    expect(voidLeg(emptyPosition(), leg(1))).toEqual(emptyPosition());
  });

  test('settles once', () => {
    const fold = settleLeg(foldOf([leg(1), leg(2)]), leg(2));
    expect(fold.settledBought).toBe('10');
    expect(settleLeg(fold, leg(2))).toBe(fold);
    expect(findLeg(fold, leg(2))).toMatchObject({ settled: true });
  });

  test('that is confirmed is not voided: confirmed beats failed', () => {
    const fold = settleLeg(foldOf([leg(1), leg(2)]), leg(2));
    expect(voidLeg(fold, leg(2))).toBe(fold);
  });

  test('that failed may come back', () => {
    const voided = voidLeg(foldOf([leg(1), leg(2)]), leg(2));
    expect(voided.totals.size).toBe('10');
    expect(applyLeg(voided, leg(2, { settled: true })).totals.size).toBe('20');
  });

  test('voided before a settled one lets that one be dropped', () => {
    const fold = settleLeg(foldOf([leg(1), leg(2)]), leg(2));
    expect(voidLeg(fold, leg(1))).toEqual({
      tail: [],
      totals: totalsOf([leg(2)]),
      settledBought: '10',
    });
  });
});

test('a chunk whose legs all failed is gone', () => {
  const legs = Array.from({ length: MAX_CHUNK_LEGS * 3 }, (_, index) => leg(index));
  const failed = legs.slice(MAX_CHUNK_LEGS, MAX_CHUNK_LEGS * 2);
  const fold = failed.reduce(voidLeg, foldOf(legs));
  expect(fold.tail).toHaveLength(2);
  checkChunks(fold, []);
});

test('chunks that a new leg does not touch are shared, not copied', () => {
  const fold = foldOf(Array.from({ length: MAX_CHUNK_LEGS * 2 + 1 }, (_, index) => leg(index)));
  const grown = applyLeg(fold, leg(999));
  expect(fold.tail).toHaveLength(3);
  expect(grown.tail[0]).toBe(fold.tail[0]);
  expect(grown.tail[1]).toBe(fold.tail[1]);
  expect(legsOf(fold)).toHaveLength(MAX_CHUNK_LEGS * 2 + 1);
});

describe('sellableSize', () => {
  const bought = (number: number, settled: boolean) => leg(number, { settled });
  const sold = (number: number, size: string) => leg(number, { side: 'SELL', size });

  test.each<[string, PositionLeg[], string]>([
    ['nothing bought, nothing to sell', [], '0'],
    ['unconfirmed shares cannot be sold', [bought(1, false)], '0'],
    ['confirmed shares can', [bought(1, false), bought(2, true)], '10'],
    ['shares on their way out are not offered twice', [bought(1, true), sold(2, '4')], '6'],
    ['a short has nothing to sell', [bought(1, true), sold(2, '14')], '0'],
  ])('%s', (_rule, legs, expected) => {
    expect(toText(sellableSize(foldOf(legs)))).toBe(expected);
  });

  test('a failed sale gives its shares back', () => {
    const fold = foldOf([bought(1, true), sold(2, '4')]);
    expect(toText(sellableSize(voidLeg(fold, sold(2, '4'))))).toBe('10');
  });
});
