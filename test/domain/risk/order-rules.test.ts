/** Rules that look at the order, the book and our other orders: at, below and above each limit. */
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/domain/risk/decide.ts';
import { intent, noRain } from '../../support/orders.ts';
import { facts, limits, quote, said, sell } from './facts.ts';

describe('the highest price of an entry', () => {
  const highest = limits({ maxEntryPrice: '0.95' });

  test.each([
    ['0.94', 'admitted'],
    ['0.95', 'admitted'],
    ['0.96', 'price_too_high'],
    ['0.97', 'price_too_high'],
  ])('a BUY at %s, the limit is 0.95: %s', (price, word) => {
    expect(said({ limits: highest, intent: intent({ price }) })).toBe(word);
  });

  test.each(['YES', 'NO'] as const)('a BUY of %s at 0.97 is refused', (outcome) => {
    const instrument = { ...noRain, outcome, id: `paper:rain:${outcome}` };
    const buy = intent({ price: '0.97', instrumentId: instrument.id });
    expect(said({ limits: highest, intent: buy, instrument })).toBe('price_too_high');
  });

  test('of a market order the worst price counts', () => {
    const market = { type: 'market', timeInForce: 'FAK' } as const;
    expect(said({ limits: highest, intent: intent({ ...market, price: '0.97' }) })).toBe(
      'price_too_high',
    );
  });

  test('switched off, or with an exit, it stops nothing', () => {
    expect(said({ intent: intent({ price: '0.99' }) })).toBe('admitted');
    expect(said({ limits: highest, intent: { ...sell, price: '0.99' } })).toBe('admitted');
  });
});

describe('open orders', () => {
  test.each([
    [99, 'admitted'],
    [100, 'too_many_orders'],
    [101, 'too_many_orders'],
  ])('%i of 100 are open: %s', (openOrders, word) => {
    expect(said({ openOrders })).toBe(word);
    expect(said({ openOrders, intent: sell })).toBe('admitted');
  });
});

describe('our own other orders', () => {
  test.each([
    ['duplicateSide', 'pendingOrderId', 'duplicate_side'],
    ['selfTrade', 'ownOrderId', 'self_trade'],
  ] as const)('%s: denied where the limit says so and there is one', (name, field, code) => {
    const denies = limits({ [name]: 'deny' });
    expect(said({ limits: denies, [field]: 'ord_1' })).toBe(code);
    expect(said({ limits: denies, [field]: null })).toBe('admitted');
    expect(said({ limits: limits({ [name]: 'allow' }), [field]: 'ord_1' })).toBe('admitted');
    expect(said({ limits: denies, [field]: 'ord_1', intent: sell })).toBe('admitted');
  });
});

describe('a silent feed', () => {
  const minute = limits({ staleBookMs: 60_000 });

  test.each([
    [0, 'admitted'],
    [60_000, 'admitted'],
    [60_001, 'stale_book'],
    [null, 'stale_book'],
  ])('silent for %s ms, the limit is 60,000: %s', (feedAgeMs, word) => {
    expect(said({ limits: minute, quote: quote({ feedAgeMs }) })).toBe(word);
  });

  test('what takes nothing from the book needs no feed', () => {
    const resting = quote({ feedAgeMs: null, takes: false, slippageBps: null });
    expect(said({ limits: minute, quote: resting })).toBe('admitted');
  });

  test('switched off, without any feed, or with an exit, it stops nothing', () => {
    const silent = quote({ feedAgeMs: null });
    expect(said({ quote: silent })).toBe('admitted');
    expect(said({ limits: minute, quote: null })).toBe('admitted');
    expect(said({ limits: minute, quote: silent, intent: sell })).toBe('admitted');
  });
});

describe('slippage', () => {
  const both = limits({ slippageWarnBps: '25', slippageDenyBps: '50' });
  const outcome = (slippageBps: string | null, with_ = both) => {
    const decision = decide(facts({ limits: with_, quote: quote({ slippageBps }) }));
    return decision.checks.map(({ rule, outcome: word }) => `${rule} ${word}`).join();
  };

  test.each([
    ['0', ''],
    ['24.99', ''],
    ['25', ''],
    ['25.01', 'slippage warned'],
    ['50', 'slippage warned'],
    ['50.01', 'slippage denied'],
    ['infinite', 'slippage denied'],
    [null, ''],
  ])('%s basis points, warned above 25 and denied above 50: "%s"', (slippageBps, word) => {
    expect(outcome(slippageBps)).toBe(word);
  });

  test('with no limit but the warning, a book that does not hold the size is a warning', () => {
    const warns = limits({ slippageWarnBps: '25' });
    expect(outcome('infinite', warns)).toBe('slippage warned');
    expect(outcome('9999', warns)).toBe('slippage warned');
    expect(outcome('infinite', limits({ slippageDenyBps: '50' }))).toBe('slippage denied');
  });

  test('switched off, without a book, or with an exit, nothing is said', () => {
    expect(outcome('infinite', limits({}))).toBe('');
    expect(said({ limits: both, quote: null })).toBe('admitted');
    const none = { limits: both, quote: quote({ slippageBps: 'infinite' }), intent: sell };
    expect(said(none)).toBe('admitted');
  });

  test('a warned order goes as it was asked for, and what was looked at is kept', () => {
    const decision = decide(facts({ limits: both, quote: quote({ slippageBps: '30' }) }));
    expect(decision).toMatchObject({
      kind: 'admitted',
      intent: { size: '10' },
      checks: [
        {
          ...{ rule: 'slippage', outcome: 'warned' },
          inputs: { slippageBps: '30', expectedPrice: '0.5', bid: '0.48', ask: '0.5' },
        },
      ],
    });
  });
});
