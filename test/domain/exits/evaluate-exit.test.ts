import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, minus } from '../../../src/domain/exact.ts';
import {
  type ExitFacts,
  evaluateExit,
  nextLookAtMs,
} from '../../../src/domain/exits/evaluate-exit.ts';
import {
  type ExitMemory,
  freshMemory,
  ruleMemory,
  withRule,
  withSold,
} from '../../../src/domain/exits/exit-memory.ts';
import type { ExitPlan } from '../../../src/domain/exits/exit-plan.ts';
import type { ExitPrices, OpenHolding } from '../../../src/domain/exits/holding.ts';
import { freeShares, holdingOf } from '../../../src/domain/exits/holding.ts';
import { applyLeg, emptyPosition, voidLeg } from '../../../src/domain/position.ts';
import { DAY_MS, holding, plan, prices } from '../../support/exits.ts';
import { AT_MS } from '../../support/orders.ts';

const stopAt90 = { id: 'stop', kind: 'stopLoss', price: '0.9' };
const targetAt99 = { id: 'target', kind: 'profitTarget', price: '0.99' };

function look(rules: ExitPlan | readonly unknown[], over: Partial<ExitFacts> = {}) {
  return evaluateExit({
    plan: 'rules' in rules ? rules : plan(rules),
    holding: holding(),
    prices: prices('0.95'),
    memory: freshMemory('20'),
    nowMs: AT_MS,
    ...over,
  });
}

function fired(rules: ExitPlan | readonly unknown[], over: Partial<ExitFacts> = {}) {
  const { decision } = look(rules, over);
  return decision.kind === 'exit' ? decision.ruleId : decision.kind;
}

describe('levels', () => {
  test.each([
    [{ kind: 'stopLoss', price: '0.9' }, '0.90', '0.91'],
    [{ kind: 'stopLoss', lossUsd: '0.05' }, '0.9', '0.901'],
    [{ kind: 'stopLoss', lossPercent: '10' }, '0.855', '0.856'],
    [{ kind: 'profitTarget', price: '0.99' }, '0.99', '0.98'],
    [{ kind: 'profitTarget', gainUsd: '0.04' }, '0.99', '0.989'],
    [{ kind: 'profitTarget', gainPercent: '4' }, '0.988', '0.987'],
  ])('%j fires at %s and not at %s, bought at 0.95', (rule, at, beside) => {
    expect(fired([{ id: 'a', ...rule }], { prices: prices(at) })).toBe('a');
    expect(fired([{ id: 'a', ...rule }], { prices: prices(beside) })).toBe('hold');
  });

  test('levels from the average entry follow it when the position grows, absolute ones stay', () => {
    const grown = holding({ size: '40', boughtSize: '40', averageEntry: '0.85' });
    const relative = [{ id: 'a', kind: 'stopLoss', lossUsd: '0.05' }];
    const at = { prices: prices('0.84') };
    expect(fired(relative, at)).toBe('a');
    expect(fired(relative, { ...at, holding: grown })).toBe('hold');
    expect(fired([stopAt90], { ...at, holding: grown })).toBe('stop');
  });

  test('a rule looks at the bid unless it or its plan says the mark', () => {
    const seen = prices('0.95', { mark: '0.89' });
    expect(fired([stopAt90], { prices: seen })).toBe('hold');
    expect(fired([{ ...stopAt90, trigger: 'mark' }], { prices: seen })).toBe('stop');
    expect(fired(plan([stopAt90], { trigger: 'mark' }), { prices: seen })).toBe('stop');
  });
});

describe('a price', () => {
  const stale = prices('0.5', { atMs: AT_MS - 60_001 });
  const lastFresh = prices('0.5', { atMs: AT_MS - 60_000 });

  test('that is stale or missing fires nothing', () => {
    expect(fired([stopAt90], { prices: lastFresh })).toBe('stop');
    for (const none of [stale, prices(null), null]) {
      expect(fired([stopAt90], { prices: none })).toBe('hold');
    }
  });

  test('that is stale does not count as the highest either', () => {
    const { memory } = look([stopAt90], { prices: { ...stale, bid: '0.99' } });
    expect(memory.highest).toEqual({ bid: null, mark: null });
  });

  test('does not matter to a rule by time', () => {
    const rules = [{ id: 'a', kind: 'timeExit', fromAgeMs: 10 * DAY_MS }];
    for (const none of [stale, prices(null), null])
      expect(fired(rules, { prices: none })).toBe('a');
  });
});

describe('time', () => {
  test('a rule is alive from its first age on, and up to its last one', () => {
    const rule = { ...stopAt90, fromAgeMs: 1_000, untilAgeMs: 2_000 };
    const aged = (ageMs: number) =>
      fired([rule], {
        prices: prices('0.5'),
        holding: holding({ openedAtMs: AT_MS - ageMs }),
      });
    expect([999, 1_000, 1_999, 2_000].map(aged)).toEqual(['hold', 'stop', 'stop', 'hold']);
  });

  test('a time exit fires at its moment and after it', () => {
    const at = (nowMs: number) => fired([{ id: 'a', kind: 'timeExit', atMs: AT_MS }], { nowMs });
    expect([AT_MS - 1, AT_MS, AT_MS + 1].map(at)).toEqual(['hold', 'a', 'a']);
  });

  test('the next look is when a rule begins, ends, comes due or has rested', () => {
    const opened = AT_MS - DAY_MS;
    const rules = plan([
      { id: 'hold', kind: 'holdToResolution', untilAgeMs: 7 * DAY_MS },
      { ...stopAt90, fromAgeMs: 3 * DAY_MS },
      { id: 'end', kind: 'timeExit', atMs: AT_MS + 30 * DAY_MS },
    ]);
    const rested = withRule(freshMemory('20'), 'stop', { restUntilMs: AT_MS + 5 });
    const next = (memory: ExitMemory, nowMs: number) => nextLookAtMs(rules, opened, memory, nowMs);
    expect(next(rested, AT_MS)).toBe(AT_MS + 5);
    expect(next(freshMemory('20'), AT_MS)).toBe(opened + 3 * DAY_MS);
    expect(next(rested, opened + 3 * DAY_MS)).toBe(opened + 7 * DAY_MS);
    expect(next(rested, AT_MS + 7 * DAY_MS)).toBe(AT_MS + 30 * DAY_MS);
    expect(next(rested, AT_MS + 30 * DAY_MS)).toBeUndefined();
  });
});

describe('rules together', () => {
  test('the first from the top decides', () => {
    const both = [
      { ...stopAt90, id: 'first' },
      { ...stopAt90, id: 'second' },
    ];
    expect(fired(both, { prices: prices('0.5') })).toBe('first');
  });

  test('while a position waits for its resolution nothing below is looked at, above is', () => {
    const hold = { id: 'hold', kind: 'holdToResolution' };
    const at = { prices: prices('0.5') };
    expect(fired([hold, stopAt90], at)).toBe('hold');
    expect(fired([stopAt90, hold], at)).toBe('stop');
  });

  test('a rule that rests is left alone until its time', () => {
    const memory = withRule(freshMemory('20'), 'stop', { restUntilMs: AT_MS + 1 });
    const at = { prices: prices('0.5'), memory };
    expect(fired([stopAt90], at)).toBe('hold');
    expect(fired([stopAt90, { ...stopAt90, id: 'other' }], at)).toBe('other');
    expect(fired([stopAt90], { ...at, nowMs: AT_MS + 1 })).toBe('stop');
  });

  test('once one of a group has sold, the others are off, until its fill is voided', () => {
    const rules = [
      { ...targetAt99, percent: '50', group: 'oco' },
      { ...stopAt90, group: 'oco' },
      { ...stopAt90, id: 'alone', price: '0.1' },
    ];
    const sold = withSold(freshMemory('20'), 'target', '3');
    const at = { prices: prices('0.5') };
    expect(fired(rules, at)).toBe('stop');
    expect(fired(rules, { ...at, memory: sold })).toBe('hold');
    expect(fired(rules, { memory: sold, prices: prices('0.05') })).toBe('alone');
    expect(fired(rules, { ...at, memory: withSold(sold, 'target', '-3') })).toBe('stop');
  });
});

describe('sizes', () => {
  const half = { ...targetAt99, percent: '50' };
  const at99 = { prices: prices('0.99') };

  function sizeOf(rules: readonly unknown[], over: Partial<ExitFacts>) {
    const { decision } = look(rules, over);
    return decision.kind === 'exit' ? decision.size : decision.why;
  }

  test('all of it, or the part that the rule says, floored to the order grid', () => {
    expect(sizeOf([targetAt99], at99)).toBe('20');
    expect(sizeOf([half], at99)).toBe('10');
    expect(sizeOf([{ ...half, percent: '33.3333' }], at99)).toBe('6.66');
    expect(sizeOf([targetAt99], { ...at99, holding: holding({ size: '0.019999' }) })).toBe('0.01');
  });

  test('a part is fixed when the rule first fires, and is sold once', () => {
    const first = look([half], at99);
    expect(ruleMemory(first.memory, 'target').targetSize).toBe('10');
    const partly = withSold(first.memory, 'target', '4');
    const later = { ...at99, holding: holding({ size: '16' }), memory: partly };
    expect(sizeOf([half], later)).toBe('6');
    const all = withSold(partly, 'target', '6');
    expect(fired([half], { ...at99, holding: holding({ size: '10' }), memory: all })).toBe('hold');
  });

  test('a rule for all of it fires again for what is left', () => {
    const sold = withSold(freshMemory('20'), 'target', '15');
    expect(sizeOf([targetAt99], { ...at99, holding: holding({ size: '5' }), memory: sold })).toBe(
      '5',
    );
  });

  test('more shares leave a rule that has sold its part done, or arm it again', () => {
    const done = withSold(look([half], at99).memory, 'target', '10');
    const grown = holding({ size: '30', boughtSize: '40' });
    const again = { ...at99, memory: done, holding: grown };
    expect(fired(plan([half]), again)).toBe('hold');
    expect(fired(plan([half], { onScaleIn: 'rearm' }), again)).toBe('target');
  });

  test('only settled shares that nobody else was promised', () => {
    const short = { sellableSize: '12', reservedShares: '4.5' };
    expect(sizeOf([targetAt99], { ...at99, holding: holding(short) })).toBe('7.5');
  });

  test('with nothing free it holds, names the rule and says why', () => {
    const { decision } = look([targetAt99], {
      ...at99,
      holding: holding({ sellableSize: '0' }),
    });
    expect(decision).toEqual({
      kind: 'hold',
      blockedRuleId: 'target',
      why: 'target: the bid 0.99 is at or above the target 0.99, but of 20 shares none is settled and free',
    });
  });

  test('a rule with too little to sell does not hide the one below it', () => {
    const tiny = { ...stopAt90, id: 'tiny', percent: '0.001' };
    expect(fired([tiny, stopAt90], { prices: prices('0.5') })).toBe('stop');
  });

  test.each(['0', '-5'])('with %s shares held there is nothing to leave', (size) => {
    expect(fired([stopAt90], { prices: prices('0.5'), holding: holding({ size }) })).toBe('hold');
  });
});

describe('the worst price', () => {
  const worst = (rule: Record<string, unknown>, price: string, ladder = {}) => {
    const { decision } = look(plan([{ id: 'a', ...rule }], { ladder }), { prices: prices(price) });
    return decision.kind === 'exit' ? decision.worstPrice : decision.why;
  };

  test('is the rule own one, the target of a profit, or the ladder of the plan', () => {
    expect(worst({ kind: 'profitTarget', price: '0.99' }, '0.995')).toBe('0.99');
    expect(worst({ kind: 'profitTarget', price: '0.99', worstPrice: '0.9' }, '0.995')).toBe('0.9');
    expect(worst({ kind: 'stopLoss', price: '0.9' }, '0.5', { worstPrice: '0.3' })).toBe('0.3');
    expect(worst({ kind: 'stopLoss', price: '0.9', worstPrice: '0.8' }, '0.5')).toBe('0.8');
  });
});

describe('a trailing stop', () => {
  const trail = { id: 'trail', kind: 'trailingStop', trailUsd: '0.05' };

  function walk(rule: Record<string, unknown>, path: readonly string[]) {
    let memory = freshMemory('20');
    return path.map((bid) => {
      const next = look([rule], { prices: prices(bid), memory });
      memory = next.memory;
      return next.decision.kind;
    });
  }

  test('follows the highest price up and never down', () => {
    expect(walk(trail, ['0.80', '0.90', '0.86', '0.88', '0.85'])).toEqual([
      ...Array(4).fill('hold'),
      'exit',
    ]);
  });

  test('by percent of the highest price', () => {
    const rule = { id: 'a', kind: 'trailingStop', trailPercent: '10' };
    expect(walk(rule, ['0.90', '0.811', '0.81'])).toEqual(['hold', 'hold', 'exit']);
  });

  test('does nothing before the highest price has reached what switches it on', () => {
    const rule = { ...trail, activatePrice: '0.97' };
    expect(walk(rule, ['0.96', '0.5', '0.97', '0.93', '0.92'])).toEqual([
      ...Array(4).fill('hold'),
      'exit',
    ]);
  });

  test('each source has its own highest price', () => {
    const first = look([trail], { prices: prices('0.6', { mark: '0.9' }) });
    const at = { prices: prices('0.6', { mark: '0.84' }), memory: first.memory };
    expect(fired([trail], at)).toBe('hold');
    expect(fired([{ ...trail, trigger: 'mark' }], at)).toBe('trail');
  });
});

describe('laws', () => {
  const text = (max: number) => fc.integer({ min: 1, max }).map((n) => (n / 100).toFixed(2));
  const cents = text(99);
  const rule = fc.oneof(
    fc.record({ kind: fc.constant('stopLoss'), price: cents }),
    fc.record({ kind: fc.constant('profitTarget'), price: cents }),
    fc.record({ kind: fc.constant('profitTarget'), gainUsd: cents }),
    fc.record({ kind: fc.constant('trailingStop'), trailUsd: cents }),
    fc.record({ kind: fc.constant('trailingStop'), trailPercent: text(10_000) }),
    fc.record({ kind: fc.constant('timeExit'), fromAgeMs: fc.integer({ min: 1, max: 9 }) }),
  );
  const selling = fc
    .tuple(
      rule,
      text(10_000),
      fc.option(fc.constantFrom('g', 'h'), { nil: undefined }),
      fc.integer({ min: 0, max: 9 }),
    )
    .map(([base, percent, group, fromAgeMs]) => ({
      ...(group === undefined ? {} : { group }),
      percent,
      ...(base.kind === 'timeExit' ? {} : { fromAgeMs }),
      ...base,
    }));
  const hold = fc
    .integer({ min: 1, max: 9 })
    .map((untilAgeMs) => ({ kind: 'holdToResolution', untilAgeMs }));
  const plans = fc
    .tuple(
      fc.array(fc.oneof({ weight: 6, arbitrary: selling }, { weight: 1, arbitrary: hold }), {
        maxLength: 5,
      }),
      fc.constantFrom('keep', 'rearm'),
    )
    .map(([rules, onScaleIn]) =>
      plan(
        rules.map((one, index) => ({ id: `r${index}`, ...one })),
        { onScaleIn, maxPriceAgeMs: 5 },
      ),
    );
  const holdings: fc.Arbitrary<OpenHolding> = fc
    .record({ size: text(5_000), sellable: text(5_000), reserved: text(5_000), entry: cents })
    .map(({ size, sellable, reserved, entry }) => ({
      size,
      sellableSize: sellable,
      reservedShares: reserved,
      averageEntry: entry,
      boughtSize: size,
      isFinal: false,
      openedAtMs: 0,
    }));
  const seen: fc.Arbitrary<ExitPrices> = fc.record({
    bid: fc.option(cents),
    mark: fc.option(cents),
    atMs: fc.integer({ min: 0, max: 10 }),
  });
  const steps = fc.array(fc.tuple(holdings, seen, fc.integer({ min: 0, max: 10 })), {
    minLength: 1,
    maxLength: 8,
  });

  /** Walks a plan through its steps, and lets every exit sell all or a part of what it says. */
  function walk(
    known: ExitPlan,
    path: readonly (readonly [OpenHolding, ExitPrices, number])[],
    each: (input: ExitFacts, answer: ReturnType<typeof evaluateExit>) => void,
  ) {
    let memory = freshMemory('0');
    for (const [held, priced, nowMs] of path) {
      const input = { plan: known, holding: held, prices: priced, memory, nowMs };
      const answer = evaluateExit(input);
      each(input, answer);
      memory = answer.memory;
      const { decision } = answer;
      if (decision.kind === 'exit') memory = withSold(memory, decision.ruleId, decision.size);
    }
  }

  test('an exit never exceeds what is sellable and not promised, nor what is held', () => {
    let exits = 0;
    fc.assert(
      fc.property(plans, steps, (known, path) => {
        walk(known, path, ({ holding: held }, { decision }) => {
          if (decision.kind === 'hold') return;
          exits += 1;
          const free = minus(held.sellableSize, held.reservedShares);
          expect(compare(decision.size, '0')).toBe(1);
          expect(compare(decision.size, free)).toBeLessThanOrEqual(0);
          expect(compare(decision.size, held.size)).toBeLessThanOrEqual(0);
        });
      }),
      { numRuns: 1_000 },
    );
    expect(exits).toBeGreaterThan(100);
  });

  test('asking again with the same facts changes neither the answer nor the memory', () => {
    fc.assert(
      fc.property(plans, steps, (known, path) => {
        walk(known, path, (input, answer) => {
          const again = evaluateExit({ ...input, memory: answer.memory });
          expect(again).toEqual(answer);
          expect(again.memory).toBe(answer.memory);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test('the highest prices never fall, and forget nothing', () => {
    fc.assert(
      fc.property(plans, steps, (known, path) => {
        walk(known, path, ({ memory: before }, { memory: after }) => {
          for (const source of ['bid', 'mark'] as const) {
            const was = before.highest[source];
            const is = after.highest[source];
            if (was === null) continue;
            expect(is).not.toBeNull();
            expect(compare(is ?? '0', was)).toBeGreaterThanOrEqual(0);
          }
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test('a memory survives being written and read', () => {
    fc.assert(
      fc.property(plans, steps, (known, path) => {
        walk(known, path, (_input, { memory }) => {
          expect(JSON.parse(JSON.stringify(memory))).toEqual(memory);
        });
      }),
    );
  });
});

describe('the holding of a position', () => {
  test.each([
    [{ sellableSize: '12', reservedShares: '4.5' }, '7.5'],
    [{ sellableSize: '4', reservedShares: '5' }, '0'],
    [{ size: '5', sellableSize: '20' }, '5'],
    [{ size: '-5', sellableSize: '20' }, '0'],
  ])('of %j the shares %s are free', (facts, free) => {
    expect(freeShares(holding(facts))).toBe(free);
  });

  const leg = (key: string, side: 'BUY' | 'SELL', size: string, settled: boolean) => ({
    key,
    clientOrderId: 'ord_1',
    side,
    price: side === 'BUY' ? '0.95' : '0.99',
    size,
    feeUsd: '0',
    matchedAtMs: AT_MS,
    settled,
  });

  test('counts as sellable what is settled, and is final when every fill is', () => {
    const bought = applyLeg(emptyPosition(), leg('a', 'BUY', '20', false));
    expect(holdingOf(bought, '0')).toEqual({
      size: '20',
      sellableSize: '0',
      reservedShares: '0',
      averageEntry: '0.95',
      boughtSize: '20',
      isFinal: false,
    });
    const settled = applyLeg(emptyPosition(), leg('a', 'BUY', '20', true));
    expect(holdingOf(settled, '3')).toMatchObject({
      sellableSize: '20',
      reservedShares: '3',
      isFinal: true,
    });
  });

  test('a sale that is matched leaves no shares, and is not final until it is confirmed', () => {
    const sale = leg('b', 'SELL', '20', false);
    const sold = applyLeg(applyLeg(emptyPosition(), leg('a', 'BUY', '20', true)), sale);
    expect(holdingOf(sold, '0')).toMatchObject({ size: '0', sellableSize: '0', isFinal: false });
    const back = voidLeg(sold, sale);
    expect(holdingOf(back, '0')).toMatchObject({ size: '20', sellableSize: '20', isFinal: true });
  });
});
