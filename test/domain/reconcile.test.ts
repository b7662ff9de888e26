/** Two books side by side: what is a difference, how grave, and what is only on its way. */
import { describe, expect, test } from 'vitest';
import {
  concernsHolding,
  DEFAULT_RECONCILE,
  type Difference,
  FINDING_KINDS,
} from '../../src/domain/reconcile.ts';
import {
  cashDifference,
  isWithin,
  NOTHING_ON_THE_WAY,
  type OnTheWay,
  overlaps,
  priceDifference,
  rangeOf,
  sizeDifference,
} from '../../src/domain/reconcile-books.ts';
import {
  conflictedLeg,
  conflictedPayout,
  externalOrder,
  externalTrades,
  missingOrder,
  openOrder,
  orphanLeg,
} from '../../src/domain/reconcile-orders.ts';
import { leg, rain } from '../support/orders.ts';

const way = (over: Partial<OnTheWay> = {}): OnTheWay => ({ ...NOTHING_ON_THE_WAY, ...over });
const differs = ({ range, tolerance }: Difference): boolean =>
  range === null || !isWithin('0', range, tolerance);

describe('sizes', () => {
  const sizeOf = (ours: string, theirs: string, over: Partial<OnTheWay> = {}) =>
    sizeDifference({ instrumentId: rain.id, ours, theirs, way: way(over) }, DEFAULT_RECONCILE);

  test.each([
    // A hundredth of a share is dust; what is more is a difference.
    ['10', '10', false, 'warning'],
    ['10', '10.01', false, 'warning'],
    ['10', '9.99', false, 'warning'],
    ['10', '10.010001', true, 'warning'],
    ['10', '9.989999', true, 'warning'],
    // One percent of the larger of both is still a warning.
    ['100', '99', true, 'warning'],
    ['100', '98.999999', true, 'critical'],
    ['99', '100', true, 'warning'],
    ['98.999999', '100', true, 'critical'],
    // Nothing at all on one side is all of it.
    ['0', '0.02', true, 'critical'],
    ['5', '0', true, 'critical'],
    ['-5', '5', true, 'critical'],
  ])('ours %s, theirs %s: differs %s, %s', (ours, theirs, isDifferent, severity) => {
    const found = sizeOf(ours, theirs);
    expect(differs(found)).toBe(isDifferent);
    expect(found.severity).toBe(severity);
  });

  test.each<[string, string, Partial<OnTheWay>, boolean]>([
    // Bought, and not yet on chain: anything from none to all of it.
    ['10', '0', { notYetThere: '10' }, false],
    ['10', '4', { notYetThere: '10' }, false],
    ['10', '10', { notYetThere: '10' }, false],
    ['10', '10.02', { notYetThere: '10' }, true],
    ['10', '-0.02', { notYetThere: '10' }, true],
    // Sold, and still there.
    ['0', '10', { stillThere: '10' }, false],
    ['0', '10.02', { stillThere: '10' }, true],
    ['0', '-0.02', { stillThere: '10' }, true],
    // An order in doubt may have bought, or sold.
    ['0', '10', { notYetHere: '10' }, false],
    ['10', '0', { stillHere: '10' }, false],
    ['10', '-0.02', { stillHere: '10' }, true],
    // All at once.
    ['10', '25', { notYetThere: '5', stillThere: '7', notYetHere: '8' }, false],
    ['10', '25.02', { notYetThere: '5', stillThere: '7', notYetHere: '8' }, true],
    ['10', '2', { notYetThere: '5', stillHere: '3' }, false],
    ['10', '1.98', { notYetThere: '5', stillHere: '3' }, true],
  ])('ours %s, theirs %s with %o on the way: differs %s', (ours, theirs, over, isDifferent) => {
    expect(differs(sizeOf(ours, theirs, over))).toBe(isDifferent);
  });

  test('says what must be asked: where shares came from, or where they went', () => {
    expect(sizeOf('1', '5').action.words).toContain('came from');
    expect(sizeOf('5', '1').action.words).toContain('went');
  });
});

describe('average prices', () => {
  test.each([
    ['0.5', '0.505', false],
    ['0.5', '0.495', false],
    ['0.5', '0.505001', true],
    ['0.5', '0.494999', true],
  ])('ours %s, theirs %s: differs %s, for information', (ours, theirs, isDifferent) => {
    const found = priceDifference({ instrumentId: rain.id, ours, theirs }, DEFAULT_RECONCILE);
    expect(differs(found)).toBe(isDifferent);
    expect(found.severity).toBe('info');
  });
});

describe('collateral', () => {
  const cashOf = (ours: string, theirs: string, over: Partial<OnTheWay> = {}) =>
    cashDifference(
      { accountId: 'main', ours, theirs, depositsUsd: '1000', feesUsd: '0', way: way(over) },
      DEFAULT_RECONCILE,
    );

  test.each<[string, string, Partial<OnTheWay>, boolean, string]>([
    ['1000', '1000.1', {}, false, '0.1'],
    ['1000', '1000.100001', {}, true, '0.100001'],
    ['1000', '999.9', {}, false, '-0.1'],
    ['1000', '999.899999', {}, true, '-0.100001'],
    ['1000', '1250', {}, true, '250'],
    // Spent here, and not yet taken there; earned here, and not yet paid there.
    ['995', '1000', { stillThere: '5' }, false, '5'],
    ['1005', '1000', { notYetThere: '5' }, false, '-5'],
    ['995', '1000.2', { stillThere: '5' }, true, '5.2'],
    // An order in doubt may have spent all that is held for it.
    ['1000', '995', { stillHere: '5.125' }, false, '-5'],
    ['1000', '994.7', { stillHere: '5.125' }, true, '-5.3'],
  ])('ours %s, theirs %s with %o: differs %s by %s', (ours, theirs, over, isDifferent, amount) => {
    const found = cashOf(ours, theirs, over);
    expect(differs(found)).toBe(isDifferent);
    expect(found.action).toMatchObject({ type: 'cash.record', amountUsd: amount });
  });

  test('less than we believe is critical, more is a warning; each says what to book', () => {
    expect(cashOf('1000', '900')).toMatchObject({
      severity: 'critical',
      action: { words: 'Record a withdrawal of 100 dollars.' },
    });
    expect(cashOf('1000', '1100')).toMatchObject({
      severity: 'warning',
      action: { words: 'Record a deposit of 100 dollars.' },
    });
  });
});

describe('ranges', () => {
  test('two are of one difference when they meet, tolerance included', () => {
    const one = { low: '5', high: '15' };
    expect(overlaps(one, { low: '15.01', high: '20' }, '0.01')).toBe(true);
    expect(overlaps(one, { low: '15.02', high: '20' }, '0.01')).toBe(false);
    expect(overlaps(one, { low: '1', high: '4.99' }, '0.01')).toBe(true);
    expect(overlaps(one, { low: '1', high: '4.98' }, '0.01')).toBe(false);
  });

  test('theirs less ours is always in its own range', () => {
    const all = way({ notYetThere: '1', notYetHere: '2', stillThere: '3', stillHere: '4' });
    expect(rangeOf('10', '20', all)).toEqual({ low: '5', high: '15' });
    expect(isWithin('10', rangeOf('10', '20', all), '0')).toBe(true);
  });
});

describe('orders and legs', () => {
  const held = {
    ...{ clientOrderId: 'ord_1', venueOrderId: '0xv1', instrumentId: rain.id },
    ...{ execution: 'working.open', side: 'BUY', price: '0.5', matchedSize: '0' },
  };
  const listed = { venueOrderId: '0xv1', rawStatus: 'LIVE', sizeMatched: '0' };
  const trades = externalTrades('0xv1', [
    leg({ tradeId: 'a', size: '10' }),
    leg({ tradeId: 'a', size: '10', settlement: 'confirmed' }),
    leg({ tradeId: 'b', side: 'SELL', size: '4' }),
    leg({ tradeId: 'c', size: '99', settlement: 'failed' }),
  ]);
  const made: readonly (Difference | undefined)[] = [
    externalOrder(listed),
    missingOrder(held),
    openOrder({ ...held, execution: 'cancelled' }, listed),
    trades,
    orphanLeg('k', rain.id, 'leg.side: got SELL, the order is a BUY', { side: 'SELL' }),
    conflictedLeg({
      ...{ legKey: 'k', clientOrderId: 'ord_1', instrumentId: rain.id, side: 'BUY' },
      ...{ price: '0.5', size: '10', settlement: 'confirmed' },
    }),
    conflictedPayout({ instrumentId: rain.id, booked: '1', told: '0', source: 'a page' }),
  ];

  test.each([
    ['order.external', 'warning', '0xv1', 'order.cancelAtVenue'],
    ['order.missing', 'warning', '0xv1', 'order.resolve'],
    ['order.open', 'critical', '0xv1', 'order.cancelAtVenue'],
    ['trade.external', 'warning', '0xv1', 'review'],
    ['leg.orphan', 'critical', 'k', 'review'],
    ['leg.conflict', 'critical', 'k', 'review'],
    ['resolution.conflict', 'critical', `${rain.id} at 0`, 'review'],
  ])('%s is %s, about %s, with the action %s', (kind, severity, subject, action) => {
    const found = made.find((one) => one?.kind === kind);
    expect(found).toMatchObject({ severity, subject, action: { type: action }, range: null });
    expect(found?.summary).toMatch(/\.$/);
  });

  test('trades of one order are added up: each leg once, and none that failed', () => {
    expect(trades?.theirs).toMatchObject({ legs: 3, netSize: '6' });
    expect(externalTrades('0xv1', [])).toBeUndefined();
  });

  test('an order of ours that is missing names the command that settles it', () => {
    expect(missingOrder(held).action.words).toContain('fillwright resolve ord_1');
  });

  test('a finding about a holding names its instrument; money and foreign orders are about none', () => {
    const about = FINDING_KINDS.filter((kind) => concernsHolding({ kind, instrumentId: rain.id }));
    expect(about).toEqual([
      ...['order.open', 'trade.external', 'leg.orphan', 'leg.conflict'],
      ...['resolution.conflict', 'position.size', 'position.price'],
    ]);
    expect(concernsHolding({ kind: 'leg.orphan', instrumentId: null })).toBe(false);
  });
});
