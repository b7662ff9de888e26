import { describe, expect, test } from 'vitest';
import { NOTHING_ON_THE_WAY } from '../../src/domain/reconcile-books.ts';
import { redemptionsOf } from '../../src/domain/redemption.ts';

const held = { instrumentId: 'paper:rain:YES', ours: '10', theirs: '10', payout: '1' };
const gone = { ...held, theirs: '0' };
const cash = { ours: '94', theirs: '94', way: NOTHING_ON_THE_WAY, toleranceUsd: '0.1' };
const paid = { ...cash, theirs: '104' };
const all = { instrumentId: 'paper:rain:YES', size: '10', amountUsd: '10' };

describe('shares of a resolved market are redeemed when', () => {
  test('they are gone and the collateral is there', () =>
    expect(redemptionsOf([gone], paid)).toEqual({ kind: 'redeemed', redemptions: [all] }));

  test('some of them are', () =>
    expect(redemptionsOf([{ ...gone, theirs: '6' }], { ...cash, theirs: '98' })).toEqual({
      kind: 'redeemed',
      redemptions: [{ ...all, size: '4', amountUsd: '4' }],
    }));

  test('a sum of several explains the collateral', () => {
    const half = { ...gone, instrumentId: 'paper:snow:NO', payout: '0.5' };
    expect(
      redemptionsOf([gone, half, { ...held, instrumentId: 'x' }], { ...cash, theirs: '109' }),
    ).toEqual({
      kind: 'redeemed',
      redemptions: [all, { instrumentId: 'paper:snow:NO', size: '10', amountUsd: '5' }],
    });
  });

  test('what is on its way may explain the rest', () => {
    const way = { ...NOTHING_ON_THE_WAY, notYetThere: '3' };
    expect(redemptionsOf([gone], { ...paid, theirs: '101', way }).kind).toBe('redeemed');
  });

  test('less than the tolerance is paid: the shares alone tell', () => {
    const dust = { ...gone, ours: '0.05' };
    expect(redemptionsOf([dust], cash).kind).toBe('redeemed');
  });
});

describe('and not when', () => {
  test('the shares are there: money alone may be a deposit', () =>
    expect(redemptionsOf([held], paid)).toEqual({ kind: 'none' }));

  test('there are more of them than ours', () =>
    expect(redemptionsOf([{ ...held, theirs: '11' }], cash)).toEqual({ kind: 'none' }));

  test('the money is not there: a balance of shares may be old, or they were moved', () =>
    expect(redemptionsOf([gone], cash).kind).toBe('unclear'));

  test('the money is another amount', () =>
    expect(redemptionsOf([gone], { ...cash, theirs: '99' }).kind).toBe('unclear'));

  test('so much is on its way that both may be', () => {
    const way = { ...NOTHING_ON_THE_WAY, notYetHere: '10' };
    expect(redemptionsOf([gone], { ...paid, way }).kind).toBe('unclear');
  });
});
