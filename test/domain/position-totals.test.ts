import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, toText } from '../../src/domain/decimal.ts';
import { BrokenInvariant } from '../../src/domain/faults.ts';
import {
  addLegs,
  exitOf,
  FLAT,
  type PositionLeg,
  totalsOf,
  unrealizedPnl,
} from '../../src/domain/position-totals.ts';
import { leg, legLists, naiveTotals } from './position.twin.ts';

type Trade = readonly [side: 'BUY' | 'SELL', size: string, price: string];

function legs(...trades: readonly Trade[]): PositionLeg[] {
  return trades.map(([side, size, price], index) => leg(index, { side, size, price }));
}

describe('totalsOf', () => {
  test.each<[string, Trade[], string, string, string, string]>([
    ['nothing is flat', [], '0', '0', '0', '0'],
    ['a buy opens at its price', [['BUY', '10', '0.5']], '10', '5', '0.5', '0'],
    [
      'buys average',
      [
        ['BUY', '10', '0.5'],
        ['BUY', '30', '0.7'],
      ],
      '40',
      '26',
      '0.65',
      '0',
    ],
    [
      'a sale realises against the average',
      [
        ['BUY', '10', '0.5'],
        ['BUY', '10', '0.7'],
        ['SELL', '5', '0.8'],
      ],
      '15',
      '9',
      '0.6',
      '1',
    ],
    [
      'a sale below the average loses',
      [
        ['BUY', '10', '0.5'],
        ['SELL', '4', '0.3'],
      ],
      '6',
      '3',
      '0.5',
      '-0.8',
    ],
    [
      'selling all is flat',
      [
        ['BUY', '10', '0.5'],
        ['SELL', '10', '0.8'],
      ],
      '0',
      '0',
      '0',
      '3',
    ],
    ['a short opens at its price', [['SELL', '10', '0.6']], '-10', '-6', '0.6', '0'],
    [
      'a short gains when it is bought back lower',
      [
        ['SELL', '10', '0.6'],
        ['BUY', '4', '0.5'],
      ],
      '-6',
      '-3.6',
      '0.6',
      '0.4',
    ],
    [
      'selling more than is held opens a short',
      [
        ['BUY', '10', '0.5'],
        ['SELL', '15', '0.8'],
      ],
      '-5',
      '-4',
      '0.8',
      '3',
    ],
    [
      'buying more than is owed opens a long',
      [
        ['SELL', '10', '0.6'],
        ['BUY', '15', '0.7'],
      ],
      '5',
      '3.5',
      '0.7',
      '-1',
    ],
  ])('%s', (_rule, trades, size, costBasis, averageEntry, realizedPnl) => {
    expect(totalsOf(legs(...trades))).toMatchObject({ size, costBasis, averageEntry, realizedPnl });
  });

  test('fees, volumes and cash are summed apart from the result', () => {
    expect(totalsOf(legs(['BUY', '10', '0.5'], ['SELL', '4', '0.75']))).toMatchObject({
      feesUsd: '0.02',
      boughtSize: '10',
      soldSize: '4',
      cashFlowUsd: '-2',
      realizedPnl: '1',
    });
  });

  test('what rounding left over is realised by the leg that ends flat', () => {
    const trades: Trade[] = [
      ['BUY', '1', '0.1'],
      ['BUY', '2', '0.2'],
    ];
    const third: Trade = ['SELL', '1', '0.5'];
    const twoLeft = totalsOf(legs(...trades, third));
    expect(twoLeft).toMatchObject({ costBasis: '0.333333333333', realizedPnl: '0.333333333333' });
    const flat = totalsOf(legs(...trades, third, third, third));
    expect(flat).toMatchObject({ size: '0', costBasis: '0', averageEntry: '0', realizedPnl: '1' });
  });

  test('flat costs exactly nothing, even after prices finer than the cost basis', () => {
    const fine = [leg(1, { price: '0.12345678901', size: '0.123456' })];
    const flat = totalsOf([...fine, leg(2, { side: 'SELL', price: '0.5', size: '0.123456' })]);
    expect(flat).toMatchObject({ size: '0', costBasis: '0', averageEntry: '0' });
    expect(flat.realizedPnl).toBe(flat.cashFlowUsd);
  });

  test('cash and cost give the result exactly, as booking it trade by trade does', () => {
    fc.assert(
      fc.property(legLists(40), (list) => {
        const totals = totalsOf(list);
        expect(totals).toEqual(naiveTotals(list));
        const identity = decimal(totals.cashFlowUsd).plus(totals.costBasis);
        expect(toText(identity)).toBe(totals.realizedPnl);
        const flat = totals.size === '0';
        expect(totals.costBasis === '0').toBe(flat);
      }),
    );
  });

  test('adding in two parts is adding at once', () => {
    fc.assert(
      fc.property(legLists(20), fc.nat({ max: 20 }), (list, at) => {
        expect(addLegs(totalsOf(list.slice(0, at)), list.slice(at))).toEqual(totalsOf(list));
      }),
    );
  });

  test.each(['0', '-1'])('a leg of size %s is a bug', (size) => {
    expect(() => totalsOf([leg(1, { size })])).toThrow(BrokenInvariant);
  });
});

test.each<[string, Trade[], string, string]>([
  ['a long gains when the mark rises', [['BUY', '10', '0.5']], '0.62', '1.2'],
  ['a short loses when the mark rises', [['SELL', '10', '0.5']], '0.62', '-1.2'],
  ['flat has nothing open', [], '0.62', '0'],
])('%s', (_rule, trades, mark, expected) => {
  expect(toText(unrealizedPnl(totalsOf(legs(...trades)), mark))).toBe(expected);
  expect(toText(unrealizedPnl(totalsOf(legs(...trades)), decimal(mark)))).toBe(expected);
});

describe('exitOf', () => {
  function exitOfLast(...trades: readonly Trade[]) {
    const list = legs(...trades);
    const last = list.at(-1) ?? leg(0);
    return exitOf(totalsOf(list.slice(0, -1)), totalsOf(list), last);
  }

  test.each<[string, Trade[], object | undefined]>([
    ['an opening leg is no exit', [['BUY', '10', '0.5']], undefined],
    [
      'a growing leg is no exit',
      [
        ['BUY', '10', '0.5'],
        ['BUY', '1', '0.6'],
      ],
      undefined,
    ],
    [
      'a growing short is no exit',
      [
        ['SELL', '10', '0.5'],
        ['SELL', '1', '0.6'],
      ],
      undefined,
    ],
    [
      'a sale of a part',
      [
        ['BUY', '10', '0.5'],
        ['SELL', '4', '0.75'],
      ],
      { size: '4', exitPrice: '0.75', realizedPnl: '1' },
    ],
    [
      'a buy of a part of a short',
      [
        ['SELL', '10', '0.5'],
        ['BUY', '4', '0.25'],
      ],
      { size: '4', exitPrice: '0.25', realizedPnl: '1' },
    ],
    [
      'a crossing leg exits what was held',
      [
        ['BUY', '10', '0.5'],
        ['SELL', '15', '0.75'],
      ],
      { size: '10', exitPrice: '0.75', realizedPnl: '2.5' },
    ],
  ])('%s', (_rule, trades, expected) => {
    expect(exitOfLast(...trades)).toEqual(expected);
  });

  test('carries the reason of the order, where it has one', () => {
    const before = totalsOf(legs(['BUY', '10', '0.5']));
    const stop = leg(9, { side: 'SELL', reason: 'stop loss' });
    expect(exitOf(before, addLegs(before, [stop]), stop)).toMatchObject({ reason: 'stop loss' });
  });

  test('exits add up to the realised result', () => {
    fc.assert(
      fc.property(legLists(30), (list) => {
        let totals = FLAT;
        let realized = new Decimal(0);
        for (const one of list) {
          const after = addLegs(totals, [one]);
          realized = realized.plus(exitOf(totals, after, one)?.realizedPnl ?? 0);
          totals = after;
        }
        expect(toText(realized)).toBe(totals.realizedPnl);
      }),
    );
  });
});
