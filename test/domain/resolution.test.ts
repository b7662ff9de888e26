import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, toText } from '../../src/domain/decimal.ts';
import { applyLeg, emptyPosition, settleLeg, voidLeg } from '../../src/domain/position.ts';
import { type PositionLeg, totalsOf } from '../../src/domain/position-totals.ts';
import {
  parsePayouts,
  payoutUsd,
  type Resolution,
  resolutionPnl,
  standingOf,
  tradableTotals,
  withRedeemed,
} from '../../src/domain/resolution.ts';
import { nextPosition, type PositionEvent } from '../../src/machines/position.machine.ts';
import { leg, legLists } from './position.twin.ts';

const resolved = (payout: string, over: Partial<Resolution> = {}): Resolution => ({
  ...{ payout, resolvedAtMs: 1, source: 'test', redeemedSize: '0', redeemedUsd: '0' },
  ...over,
});
/** Micro-dollars a share: ends and halves often. */
const payouts = fc
  .oneof(fc.constantFrom(0, 500_000, 1_000_000), fc.integer({ min: 0, max: 1_000_000 }))
  .map((micros) => toText(new Decimal(micros).div(1e6)));

describe('a vector of payouts', () => {
  test.each([
    ['YES', { YES: '1', NO: '0' }],
    ['NO', { YES: '0', NO: '1' }],
    ['half to each', { YES: '0.5', NO: '0.5' }],
    ['a scalar', { YES: '0.730001', NO: '0.269999' }],
  ])('%s', (_name, vector) => expect(parsePayouts(vector)).toEqual(vector));

  test('is told in plain notation', () =>
    expect(parsePayouts({ YES: '1.000000', NO: '-0.0' })).toEqual({ YES: '1', NO: '0' }));

  test.each([
    ['payouts', { YES: '0.5', NO: '0.499999' }, '0.5 + 0.499999 = 0.999999'],
    ['payouts', { YES: '1', NO: '1' }, '1 + 1 = 2'],
    ['payouts.YES', { YES: '1.000001', NO: '0' }, '1.000001'],
    ['payouts.NO', { YES: '1', NO: '-0.000001' }, '-0.000001'],
    ['payouts.YES', { YES: '0.3333333', NO: '0.6666667' }, '0.3333333'],
    ['payouts.YES', { YES: 1, NO: '0' }, '1'],
    ['payouts', { YES: '1' }, 'YES'],
    ['payouts', { YES: '1', NO: '0', MAYBE: '0' }, 'MAYBE'],
    ['payouts', null, 'null'],
  ])('%s refused: %j', (place, vector, named) => {
    expect(() => parsePayouts(vector)).toThrow(place);
    expect(() => parsePayouts(vector)).toThrow(named);
  });

  test('every vector that adds up is taken, and no other', () =>
    fc.assert(
      fc.property(payouts, payouts, (YES, NO) => {
        const adds = decimal(YES).plus(NO).eq(1);
        if (adds) expect(parsePayouts({ YES, NO })).toEqual({ YES, NO });
        else expect(() => parsePayouts({ YES, NO })).toThrow('payouts');
      }),
    ));
});

describe('what a holding pays', () => {
  test.each([
    ['10', '1', '10'],
    ['10', '0', '0'],
    ['3.000001', '0.5', '1.5'],
    ['0.000001', '0.5', '0'],
    ['7', '0.333333', '2.333331'],
    ['-0.000001', '0.5', '-0.000001'],
  ])('%s shares at %s pay %s', (size, payout, paid) => expect(payoutUsd(size, payout)).toBe(paid));

  test('both outcomes of as many shares pay the collateral that stands behind them, less a micro', () =>
    fc.assert(
      fc.property(payouts, fc.integer({ min: 0, max: 40_000_000 }), (YES, micros) => {
        const size = toText(new Decimal(micros).div(1e6));
        const NO = toText(new Decimal(1).minus(YES));
        const paid = decimal(payoutUsd(size, YES)).plus(payoutUsd(size, NO));
        expect(paid.lte(size)).toBe(true);
        expect(decimal(size).minus(paid).lte('0.000001')).toBe(true);
      }),
    ));

  test('holding on until the end wins payout less cost', () => {
    const totals = totalsOf([leg(1, { price: '0.6', size: '10' })]);
    expect(resolutionPnl(totals, resolved('1'))).toBe('4');
    expect(resolutionPnl(totals, resolved('0'))).toBe('-6');
    expect(resolutionPnl(totals, resolved('0.5'))).toBe('-1');
    expect(standingOf(totals, resolved('0.5'))).toEqual({
      ...{ size: '10', costBasis: '0', averageEntry: '0', realizedPnl: '-1' },
      ...{ redeemableUsd: '5', redeemedUsd: '0' },
    });
    expect(standingOf(totals, resolved('0'))).toMatchObject({ size: '0', redeemableUsd: '0' });
    expect(tradableTotals(totals, resolved('1'))).toMatchObject({ size: '0', costBasis: '0' });
  });

  test('no more is redeemed than is left, and what was taken back can be given back', () => {
    const totals = totalsOf([leg(1, { price: '0.6', size: '10' })]);
    const end = resolved('1');
    expect(withRedeemed(totals, end, { size: '11', amountUsd: '11' })).toBeUndefined();
    expect(withRedeemed(totals, end, { size: '0', amountUsd: '1' })).toBeUndefined();
    expect(withRedeemed(totals, end, { size: '-1', amountUsd: '-1' })).toBeUndefined();
    const all = withRedeemed(totals, end, { size: '10', amountUsd: '10' });
    expect(all).toMatchObject({ redeemedSize: '10', redeemedUsd: '10' });
    expect(withRedeemed(totals, all ?? end, { size: '0.1', amountUsd: '0' })).toBeUndefined();
    // A SELL of before that is told only now: more was redeemed than was left.
    const sold = totalsOf([
      leg(1, { price: '0.6', size: '10' }),
      leg(2, { side: 'SELL', size: '4' }),
    ]);
    expect(standingOf(sold, all ?? end).redeemableUsd).toBe('-4');
    expect(withRedeemed(sold, all ?? end, { size: '-4', amountUsd: '-4' })).toMatchObject({
      ...{ redeemedSize: '6', redeemedUsd: '6' },
    });
  });
});

/** A step of a position of which the whole may come in any order. */
type Step =
  | { readonly kind: 'apply'; readonly leg: PositionLeg }
  | { readonly kind: 'settle' | 'void'; readonly leg: PositionLeg }
  | { readonly kind: 'resolve' }
  | { readonly kind: 'redeem'; readonly partPct: number };

const lives = fc
  .record({ legs: legLists(12), payout: payouts, fates: fc.array(fc.boolean(), { minLength: 12 }) })
  .chain(({ legs, payout, fates }) => {
    const applies = legs.map((one): Step => ({ kind: 'apply', leg: one }));
    const ends = legs.map(
      (one, index): Step => ({ kind: fates[index] === true ? 'void' : 'settle', leg: one }),
    );
    const redeems = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 4 });
    return redeems.chain((parts) => {
      const steps: Step[] = [...applies, ...ends, { kind: 'resolve' }];
      for (const partPct of parts) steps.push({ kind: 'redeem', partPct });
      return fc.record({
        payout: fc.constant(payout),
        steps: fc.shuffledSubarray(steps, { minLength: steps.length, maxLength: steps.length }),
      });
    });
  });

function eventOf(step: Step, context: ReturnType<typeof start>, payout: string): PositionEvent {
  const atMs = 1;
  switch (step.kind) {
    case 'apply':
      return { type: 'position.legApplied', leg: step.leg, reservedSharesChange: '0', atMs };
    case 'settle':
      return { type: 'position.legSettled', leg: step.leg, reservedSharesChange: '0', atMs };
    case 'void':
      return { type: 'position.legVoided', leg: step.leg, reservedSharesChange: '0', atMs };
    case 'resolve':
      return { type: 'position.resolved', payout, resolvedAtMs: 1, source: 'test', atMs };
    case 'redeem': {
      const left = decimal(context.fold.totals.size).minus(context.resolution?.redeemedSize ?? '0');
      const size = toText(left.times(step.partPct).div(100).toDecimalPlaces(6, Decimal.ROUND_DOWN));
      return { type: 'position.redeemed', size, amountUsd: payoutUsd(size, payout), atMs };
    }
  }
}

function start() {
  return {
    ...{ accountId: 'main', instrumentId: 'paper:rain:YES', marketId: 'rain', eventId: null },
    ...{ fold: emptyPosition(), resolution: null as Resolution | null, reservedShares: '0' },
    ...{ openFindings: 0, updatedAtMs: 0 },
  };
}

test('PnL is payout less cost, whatever legs, voids, resolution and redemptions come in which order', () =>
  fc.assert(
    fc.property(lives, ({ payout, steps }) => {
      let context = start();
      let cash = new Decimal(0);
      for (const step of steps) {
        const before = context;
        context = { ...nextPosition(context, eventOf(step, context, payout)) } as typeof context;
        const paid = (one: typeof context) => one.resolution?.redeemedUsd ?? '0';
        cash = cash
          .plus(decimal(context.fold.totals.cashFlowUsd).minus(before.fold.totals.cashFlowUsd))
          .plus(decimal(paid(context)).minus(paid(before)));
        const { realizedPnl, costBasis, redeemableUsd } = standingOf(
          context.fold.totals,
          context.resolution,
        );
        // After every step: what was won is the cash that came and what is owed or still at cost.
        expect(toText(cash.plus(redeemableUsd).plus(costBasis))).toBe(realizedPnl);
      }
      // At the end: the same as one who only saw the legs that count, and held what was left of them.
      const voided = new Set(steps.flatMap((one) => (one.kind === 'void' ? [one.leg.key] : [])));
      const order = new Map(steps.map((one, index) => [one, index]));
      const counted = steps.flatMap((one) => {
        if (one.kind !== 'apply') return [];
        const end = steps.find(
          (other) => (other.kind === 'void' || other.kind === 'settle') && other.leg === one.leg,
        );
        // A void that comes before its leg voids nothing here: orders know their legs.
        const isVoided =
          end?.kind === 'void' &&
          (order.get(end) ?? 0) > (order.get(one) ?? 0) &&
          voided.has(one.leg.key);
        return isVoided ? [] : [one.leg];
      });
      let fold = emptyPosition();
      for (const one of counted) fold = applyLeg(fold, one);
      const { redeemedSize = '0', redeemedUsd = '0' } = context.resolution ?? {};
      expect(context.fold.totals.size).toBe(fold.totals.size);
      expect(standingOf(context.fold.totals, context.resolution)).toEqual(
        standingOf(fold.totals, resolved(payout, { redeemedSize, redeemedUsd })),
      );
    }),
  ));

test('a leg that is voided after the resolution leaves no trace of its payout', () =>
  fc.assert(
    fc.property(legLists(10), payouts, (legs, payout) => {
      const [extra, ...others] = legs;
      if (extra === undefined) return;
      let without = emptyPosition();
      for (const one of others) without = applyLeg(without, one);
      const withIt = applyLeg(without, extra);
      const after = voidLeg(withIt, extra);
      expect(standingOf(after.totals, resolved(payout))).toEqual(
        standingOf(without.totals, resolved(payout)),
      );
      // Confirmed beats failed, after a resolution as before it.
      expect(voidLeg(settleLeg(withIt, extra), extra).totals.size).toBe(withIt.totals.size);
    }),
  ));

test('a position is resolved once: the first word stands', () => {
  const told = (payout: string) =>
    ({ type: 'position.resolved', payout, resolvedAtMs: 1, source: payout, atMs: 1 }) as const;
  const first = nextPosition(start(), told('1'));
  expect(nextPosition(first, told('0')).resolution).toEqual(first.resolution);
});
