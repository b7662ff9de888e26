/** The list of rules: its order, what is kept of each, overrides, and that exits are let out. */
import { describe, expect, test } from 'vitest';
import { decide, ENTRY_RULES, EXIT_RULES } from '../../../src/domain/risk/decide.ts';
import type { Hold } from '../../../src/domain/risk/holds.ts';
import type { RiskLimits } from '../../../src/domain/risk/limits.ts';
import { OVERRIDABLE, type Override, overrideFor } from '../../../src/domain/risk/overrides.ts';
import type { RuleFacts } from '../../../src/domain/risk/rule.ts';
import { AT_MS, intent } from '../../support/orders.ts';
import { facts, limits, quote, said, sell } from './facts.ts';

const halted: Hold = {
  ...{ scope: 'all', level: 'halted', reason: 'fire', by: 'Ann' },
  ...{ sinceMs: AT_MS, untilMs: null },
};

interface Against {
  readonly code: string;
  readonly caps?: Partial<RiskLimits>;
  readonly over?: Partial<RuleFacts>;
}

/** Everything is against an entry, in the order in which it is said. */
const AGAINST: readonly Against[] = [
  { code: 'halted', over: { hold: halted } },
  { code: 'entries_refused', over: { entriesRefused: 'away' } },
  { code: 'market_resolved', over: { payout: '1' } },
  { code: 'market_in_quarantine', over: { doubtfulOrderId: 'ord_1' } },
  { code: 'reconciliation_required', over: { finding: { findingId: 'f1', summary: 'x' } } },
  { code: 'stale_balance', caps: { staleBalanceMs: 1 } },
  { code: 'price_too_high', caps: { maxEntryPrice: '0.1' } },
  { code: 'too_many_orders', over: { maxOpenOrders: 0 } },
  { code: 'duplicate_side', caps: { duplicateSide: 'deny' }, over: { pendingOrderId: 'ord_2' } },
  { code: 'self_trade', caps: { selfTrade: 'deny' }, over: { ownOrderId: 'ord_3' } },
  {
    code: 'too_many_rejects',
    caps: { maxRejectsInARow: 1, breakerMs: 1 },
    over: { answers: { rejectsInARow: 1, lastRejectAtMs: AT_MS, newest: [true] } },
  },
  { code: 'daily_loss', caps: { dailyLossUsd: '1' }, over: { dayPnlUsd: '-1' } },
  { code: 'drawdown', caps: { maxDrawdownPct: '1' }, over: { drawdownPct: '1' } },
  { code: 'stale_book', caps: { staleBookMs: 1 }, over: { quote: quote({ feedAgeMs: null }) } },
  {
    code: 'slippage',
    caps: { slippageDenyBps: '1' },
    over: { quote: quote({ slippageBps: 'infinite' }) },
  },
  { code: 'order_too_large', caps: { maxOrderUsd: '1' } },
  { code: 'exposure', caps: { maxTotalUsd: '1' } },
  {
    code: 'budget_unknown',
    over: { budget: { budgetId: 'bud_1', found: null } },
  },
  { code: 'not_enough_cash', over: { availableUsd: '1' } },
];

/** All of these at once; where two speak of the same fact the first one counts. */
function together(cases: readonly Against[]): Partial<RuleFacts> {
  const last = cases.toReversed();
  const caps = Object.assign({}, ...last.map((one) => one.caps ?? {}));
  return Object.assign({}, ...last.map(({ over }) => over ?? {}), { limits: limits(caps) });
}

describe('the order of the rules', () => {
  test('there is one case for each rule', () => {
    expect(AGAINST).toHaveLength(ENTRY_RULES.length);
  });

  test.each(AGAINST.map(({ code }, place) => [code, place] as const))(
    '%s comes before all after it, whatever they would say',
    (code, place) => {
      expect(said(together(AGAINST.slice(place)))).toBe(code);
    },
  );

  test('what denies is the last check, and nothing after it is looked at', () => {
    const decision = decide(facts(together(AGAINST.slice(6))));
    expect(decision.checks).toEqual([
      {
        rule: 'maxEntryPrice',
        outcome: 'denied',
        reason: 'the price is 0.5, the limit for entries is 0.1',
        inputs: { price: '0.5', limit: '0.1' },
      },
    ]);
  });

  test('an order may be made smaller twice; each step is kept, the smallest counts', () => {
    const decision = decide(
      facts({ limits: limits({ maxOrderUsd: '4.5', maxMarketUsd: '4', maxTotalUsd: '100' }) }),
    );
    expect(decision).toMatchObject({
      ...{ kind: 'admitted', intent: { size: '8' }, reservedUsd: '4' },
      checks: [
        { rule: 'maxOrder', outcome: 'shrunk', to: '9', inputs: { maxOrderUsd: '4.5' } },
        { rule: 'exposure', outcome: 'shrunk', to: '8', inputs: { limitUsd: '4', needed: '4.5' } },
      ],
    });
  });

  test('the intent that was asked for is not changed', () => {
    const asked = Object.freeze(intent());
    decide(facts({ intent: asked, limits: limits({ maxOrderUsd: '4' }) }));
    expect(asked.size).toBe('10');
  });

  test('where nothing has anything to say, nothing is kept', () => {
    expect(decide(facts())).toMatchObject({ kind: 'admitted', checks: [], overrideIds: [] });
  });
});

describe('exits', () => {
  test('only two rules look at them', () => {
    expect(EXIT_RULES.map(({ name }) => name)).toEqual(['halted', 'shares']);
  });

  test.each(AGAINST.slice(1))('$code does not stop one', (against) => {
    expect(said({ ...together([against]), intent: sell })).toBe('admitted');
  });

  test('all of them together do not', () => {
    expect(said({ ...together(AGAINST.slice(1)), intent: sell })).toBe('admitted');
  });
});

describe('overrides', () => {
  const override = (over: Partial<Override> = {}): Override => ({
    ...{ overrideId: 'ovr_1', rules: ['maxEntryPrice'], by: 'Ann', why: 'a test' },
    ...{ untilMs: AT_MS + 1 },
    ...over,
  });
  const tooHigh = { limits: limits({ maxEntryPrice: '0.1' }) };

  test('the order goes, with the name of the override and what the rule had said', () => {
    expect(decide(facts({ ...tooHigh, overrides: [override()] }))).toMatchObject({
      kind: 'admitted',
      overrideIds: ['ovr_1'],
      checks: [
        {
          ...{ rule: 'maxEntryPrice', outcome: 'overridden', overrideId: 'ovr_1' },
          inputs: { price: '0.5', limit: '0.1' },
        },
      ],
    });
  });

  test.each([
    ['of this market', { marketId: 'rain' }, 'admitted'],
    ['of another market', { marketId: 'snow' }, 'price_too_high'],
    ['of this strategy', { strategy: 'test' }, 'admitted'],
    ['of another strategy', { strategy: 'other' }, 'price_too_high'],
    ['of this market and another strategy', { marketId: 'rain', strategy: 'x' }, 'price_too_high'],
    ['until the next millisecond', { untilMs: AT_MS + 1 }, 'admitted'],
    ['until now', { untilMs: AT_MS }, 'price_too_high'],
    ['of another rule', { rules: ['slippage'] }, 'price_too_high'],
  ] as const)('%s', (_name, over, word) => {
    expect(said({ ...tooHigh, overrides: [override(over)] })).toBe(word);
  });

  test('one of several rules is one, and used up once', () => {
    const two = { limits: limits({ maxEntryPrice: '0.1', maxOrderUsd: '4' }) };
    const both = override({ rules: ['maxEntryPrice', 'maxOrder'] });
    const decision = decide(facts({ ...two, overrides: [both] }));
    expect(decision).toMatchObject({
      ...{ kind: 'admitted', overrideIds: ['ovr_1'], intent: { size: '10' } },
      checks: [{ outcome: 'overridden' }, { outcome: 'overridden' }],
    });
  });

  test('of two the first granted is used, and the other is left', () => {
    const overrides = [override(), override({ overrideId: 'ovr_2' })];
    expect(decide(facts({ ...tooHigh, overrides }))).toMatchObject({ overrideIds: ['ovr_1'] });
  });

  test('an order that another rule denies after all uses none up', () => {
    const decision = decide(facts({ ...tooHigh, overrides: [override()], availableUsd: '0' }));
    expect(decision).toMatchObject({
      ...{ kind: 'denied', code: 'not_enough_cash' },
      checks: [{ outcome: 'overridden' }, { outcome: 'denied' }],
    });
    expect(decision).not.toHaveProperty('overrideIds');
  });

  test('a warning uses none up', () => {
    const warned = {
      ...{ limits: limits({ slippageWarnBps: '1' }), quote: quote({ slippageBps: '2' }) },
      overrides: [override({ rules: ['slippage'] })],
    };
    expect(decide(facts(warned))).toMatchObject({
      ...{ overrideIds: [], checks: [{ outcome: 'warned' }] },
    });
  });

  test('what is not asked for is not used up', () => {
    expect(decide(facts({ overrides: [override()] }))).toMatchObject({ overrideIds: [] });
  });

  test.each(AGAINST.map((against, place) => [against.code, against, place] as const))(
    '%s can be set aside only where a person may',
    (code, against, place) => {
      const may = OVERRIDABLE.some((rule) => rule === ENTRY_RULES[place]?.name);
      const overrides = [override({ rules: OVERRIDABLE })];
      expect(said({ ...together([against]), overrides })).toBe(may ? 'admitted' : code);
    },
  );

  test('money and evidence are not among them', () => {
    const never = ['halted', 'entries', 'quarantine', 'finding', 'openOrders', 'cash', 'shares'];
    expect(never.filter((rule) => (OVERRIDABLE as readonly string[]).includes(rule))).toEqual([]);
    const all = [override({ rules: OVERRIDABLE })];
    const here = { marketId: 'rain', strategy: 'test', atMs: AT_MS };
    for (const rule of ['cash', 'shares', 'halted'] as const) {
      expect(overrideFor(all, rule, here)).toBeUndefined();
    }
  });
});
