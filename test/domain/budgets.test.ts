/** Budgets as a fold: what each event does, what it does not, and the laws over every order of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Budget,
  type BudgetBook,
  type BudgetEvent,
  budgetOf,
  keptBackUsd,
  MAX_COMMITS,
  MAX_OPEN_BUDGETS,
  NO_BUDGETS,
  remainingUsd,
  reserveRefusal,
  stateAt,
  takeBudgetEvent,
  useBudget,
} from '../../src/domain/budgets.ts';
import { compare, minus, plus } from '../../src/domain/exact.ts';

const AT_MS = 1_000;
const by = { by: 'Ann', reason: 'a pair' };

function reserving(budgetId: string, amountUsd: string, expiresAtMs = 9_000): BudgetEvent {
  const asked = { budgetId, key: `key-${budgetId}`, owner: 'pairs', amountUsd, expiresAtMs };
  return { type: 'budget.reserved', ...asked, ...by, atMs: AT_MS };
}

function told(events: readonly BudgetEvent[], availableUsd = '1000', book = NO_BUDGETS) {
  return events.reduce<BudgetBook>((known, event) => {
    return takeBudgetEvent(known, event, minus(availableUsd, known.budgetsUsd));
  }, book);
}

const committing = (amountUsd: string, key: string | null = null, atMs = AT_MS): BudgetEvent => ({
  ...{ type: 'budget.committed', budgetId: 'b', key, amountUsd, atMs },
  ...by,
});
const releasing: BudgetEvent = { type: 'budget.released', budgetId: 'b', ...by, atMs: AT_MS };
const expiring = (atMs: number): BudgetEvent => ({ type: 'budget.expired', budgetId: 'b', atMs });
const only = ({ budgets }: BudgetBook): Budget => budgets.b as Budget;

describe('a budget', () => {
  test('keeps back what was reserved, and gives all of it back', () => {
    const open = told([reserving('b', '100')]);
    expect(open).toMatchObject({ budgetsUsd: '100', budgets: { b: { state: 'open' } } });
    expect(remainingUsd(only(open))).toBe('100');
    expect(told([releasing], '1000', open)).toMatchObject({
      ...{
        budgetsUsd: '0',
        budgets: { b: { state: 'released', endedBy: 'Ann', endedAtMs: AT_MS } },
      },
    });
  });

  test('of more than is available is none', () => {
    expect(told([reserving('b', '1000.000001')])).toEqual(NO_BUDGETS);
    expect(told([reserving('b', '600'), reserving('c', '400.01')]).budgetsUsd).toBe('600');
    expect(told([reserving('b', '600'), reserving('c', '400')]).budgetsUsd).toBe('1000');
  });

  test('said twice is one', () => {
    const once = told([reserving('b', '100')]);
    expect(told([reserving('b', '100')], '1000', once)).toEqual(once);
    const sameKey = { ...reserving('c', '100'), key: 'key-b' } as BudgetEvent;
    expect(told([sameKey], '1000', once)).toEqual(once);
  });

  test('an order moves between what remains and what is held, and fills are spent', () => {
    let book = told([reserving('b', '100')]);
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '50.5', spentUsdChange: '0' });
    expect(book.budgetsUsd).toBe('49.5');
    // Half of it is filled, and for less than its limit: the difference remains.
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '-25.25', spentUsdChange: '24' });
    expect(only(book)).toMatchObject({ heldUsd: '25.25', spentUsd: '24', committedUsd: '24' });
    expect(book.budgetsUsd).toBe('50.75');
    // The rest is cancelled, and the fill fails on chain.
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '-25.25', spentUsdChange: '0' });
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '0', spentUsdChange: '-24' });
    expect(only(book)).toMatchObject({ heldUsd: '0', spentUsd: '0', committedUsd: '0' });
    expect(book.budgetsUsd).toBe('100');
  });

  test('fills beyond it are the account’s: nothing remains, and nothing below', () => {
    let book = told([reserving('b', '10')]);
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '0', spentUsdChange: '12' });
    expect([remainingUsd(only(book)), book.budgetsUsd]).toEqual(['0', '0']);
    // What comes back fills the hole first.
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '0', spentUsdChange: '-5' });
    expect([remainingUsd(only(book)), book.budgetsUsd]).toEqual(['3', '3']);
  });

  test('a part is committed; all that remains ends it once nothing is held', () => {
    const part = told([reserving('b', '100'), committing('30')]);
    expect(only(part)).toMatchObject({ state: 'open', committedUsd: '30', spentUsd: '0' });
    expect(part.budgetsUsd).toBe('70');
    expect(only(told([committing('70')], '0', part)).state).toBe('committed');
    const held = useBudget(part, { budgetId: 'b', heldUsdChange: '20', spentUsdChange: '0' });
    const rest = told([committing('50')], '0', held);
    expect(only(rest)).toMatchObject({ state: 'open', committedUsd: '80', heldUsd: '20' });
    // What its order lets go is its own again.
    const freed = useBudget(rest, { budgetId: 'b', heldUsdChange: '-20', spentUsdChange: '0' });
    expect(freed.budgetsUsd).toBe('20');
  });

  test('more than remains is not committed, nor anything twice, nor after its time', () => {
    const open = told([reserving('b', '100'), committing('30', 'first')]);
    for (const event of [
      committing('70.01'),
      committing('30', 'first'),
      committing('1', 'x', 9_000),
    ]) {
      expect(told([event], '0', open)).toEqual(open);
    }
    const many = Array.from({ length: MAX_COMMITS + 5 }, () => committing('0.1'));
    expect(only(told(many, '0', told([reserving('b', '100')]))).commits).toHaveLength(MAX_COMMITS);
  });

  test('ends when its time is over, not before, and once', () => {
    const open = told([reserving('b', '100')]);
    expect(told([expiring(8_999)], '0', open)).toEqual(open);
    const ended = told([expiring(9_000)], '0', open);
    expect(only(ended)).toMatchObject({ state: 'expired', endedAtMs: 9_000, endedBy: 'engine' });
    expect(ended.budgetsUsd).toBe('0');
    expect(told([expiring(9_500), releasing, committing('1')], '0', ended)).toEqual(ended);
    expect([8_999, 9_000].map((atMs) => stateAt(only(open), atMs))).toEqual(['open', 'expired']);
  });

  test('what its orders let go after its end is the account’s', () => {
    let book = told([reserving('b', '100')]);
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '40', spentUsdChange: '0' });
    book = told([releasing], '0', book);
    expect(book.budgetsUsd).toBe('0');
    book = useBudget(book, { budgetId: 'b', heldUsdChange: '-40', spentUsdChange: '15' });
    expect(only(book)).toMatchObject({ state: 'released', heldUsd: '0', spentUsd: '15' });
    expect(book.budgetsUsd).toBe('0');
  });

  test('one that has ended leaves when another comes, unless its orders hold something', () => {
    const ended = told([reserving('b', '10'), releasing]);
    expect(Object.keys(told([reserving('c', '1')], '1000', ended).budgets)).toEqual(['c']);
    let held = told([reserving('b', '10')]);
    held = useBudget(held, { budgetId: 'b', heldUsdChange: '1', spentUsdChange: '0' });
    held = told([releasing, reserving('c', '1')], '1000', held);
    expect(Object.keys(held.budgets)).toEqual(['b', 'c']);
    const gone = told([reserving('c', '1')], '1000', ended);
    expect(useBudget(gone, { budgetId: 'b', heldUsdChange: '1', spentUsdChange: '1' })).toBe(gone);
  });

  test('there are only so many', () => {
    const some = Array.from({ length: MAX_OPEN_BUDGETS }, (_, i) => reserving(`b${i}`, '0.1'));
    const full = told(some);
    const next = { budgetId: 'x', key: 'x', amountUsd: '0.1' };
    expect(reserveRefusal(full, next, '100')).toBe('too_many');
    expect(takeBudgetEvent(full, reserving('x', '0.1'), '100')).toBe(full);
  });

  test.each(['__proto__', 'constructor', 'toString'])('%s names none', (name) => {
    expect(budgetOf(NO_BUDGETS.budgets, name)).toBeUndefined();
  });
});

/** Anything that may happen, in any order: of three budgets and their orders. */
const ids = fc.constantFrom('b', 'c', 'd');
const micros = fc.integer({ min: 0, max: 60_000_000 }).map((n) => dollars(BigInt(n)));
const step = fc.oneof(
  fc.record({ do: fc.constant('reserve' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('commit' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('release' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('expire' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('place' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('fill' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('lateFill' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('cancel' as const), id: ids, usd: micros }),
  fc.record({ do: fc.constant('void' as const), id: ids, usd: micros }),
);

function dollars(n: bigint): string {
  const [whole, rest] = [n / 1_000_000n, n % 1_000_000n];
  const text = `${whole}.${String(rest).padStart(6, '0')}`;
  return text.replace(/\.?0+$/, '') || '0';
}

const least = (a: string, b: string) => (compare(a, b) < 0 ? a : b);

/** An account of its own with plain sums, beside the fold. */
function run(steps: readonly { do: string; id: string; usd: string }[]): void {
  let book: BudgetBook = NO_BUDGETS;
  let cash = '100';
  let reserved = '0';
  let atMs = AT_MS;
  let made = 0;
  /** Orders that work, and what fills have cost, by budget. */
  const held = new Map<string, string>();
  const costs: { id: string; usd: string }[] = [];
  const spent = new Map<string, string>();
  const said = new Map<string, string>();
  const names = new Map<string, string>();
  const add = (sums: Map<string, string>, id: string, usd: string) =>
    void sums.set(id, plus(sums.get(id) ?? '0', usd));
  const available = () => minus(minus(cash, reserved), book.budgetsUsd);

  function use(id: string, heldUsdChange: string, spentUsdChange: string): void {
    cash = minus(cash, spentUsdChange);
    reserved = plus(reserved, heldUsdChange);
    add(held, id, heldUsdChange);
    add(spent, id, spentUsdChange);
    book = useBudget(book, { budgetId: id, heldUsdChange, spentUsdChange });
  }

  for (const { do: what, id: short, usd } of steps) {
    atMs += 1;
    const id = names.get(short) ?? short;
    const budget = budgetOf(book.budgets, id);
    const before = available();
    if (what === 'reserve') {
      made += 1;
      const next = `${short}${made}`;
      book = takeBudgetEvent(book, reserving(next, usd, 1_000_000), before);
      const isMade = budgetOf(book.budgets, next) !== undefined;
      expect(isMade).toBe(compare(usd, before) <= 0);
      if (isMade) {
        names.set(short, next);
        // No budget is of money that is not there.
        expect(compare(available(), '0')).toBeGreaterThanOrEqual(0);
      }
    } else if (budget === undefined) continue;
    else if (what === 'commit') {
      const ok = budget.state === 'open' && compare(usd, remainingUsd(budget)) <= 0;
      const canMore = budget.commits.length < MAX_COMMITS;
      const event: BudgetEvent = {
        ...(committing(usd) as object),
        budgetId: id,
        atMs,
      } as BudgetEvent;
      book = takeBudgetEvent(book, event, before);
      if (ok && canMore) add(said, id, usd);
      // It moves no cash.
      expect(available()).toBe(ok && canMore ? plus(before, usd) : before);
    } else if (what === 'release') {
      const back = keptBackUsd(budget);
      book = takeBudgetEvent(book, { ...releasing, budgetId: id } as BudgetEvent, before);
      expect(available()).toBe(plus(before, back));
    } else if (what === 'expire') {
      book = takeBudgetEvent(
        book,
        { type: 'budget.expired', budgetId: id, atMs: 2_000_000 },
        before,
      );
    } else if (what === 'place' && budget.state === 'open') {
      const room = least(remainingUsd(budget), plus(before, remainingUsd(budget)));
      if (compare(usd, room) > 0) continue;
      use(id, usd, '0');
      // An order of a budget takes nothing from anybody else.
      expect(available()).toBe(before);
    } else if (what === 'fill') {
      const part = least(usd, held.get(id) ?? '0');
      costs.push({ id, usd: part });
      use(id, minus('0', part), part);
    } else if (what === 'lateFill') {
      costs.push({ id, usd });
      use(id, '0', usd);
    } else if (what === 'cancel') {
      use(id, minus('0', least(usd, held.get(id) ?? '0')), '0');
    } else if (what === 'void') {
      const leg = costs.pop();
      if (leg !== undefined) use(leg.id, '0', minus('0', leg.usd));
    }
    check();
  }

  function check(): void {
    let keptBack = '0';
    for (const one of Object.values(book.budgets)) {
      const { budgetId, amountUsd, spentUsd, committedUsd, heldUsd } = one;
      expect(heldUsd).toBe(held.get(budgetId) ?? '0');
      expect(spentUsd).toBe(spent.get(budgetId) ?? '0');
      expect(committedUsd).toBe(plus(spentUsd, said.get(budgetId) ?? '0'));
      const remaining = remainingUsd(one);
      expect(compare(remaining, '0')).toBeGreaterThanOrEqual(0);
      const sum = plus(plus(committedUsd, heldUsd), remaining);
      // Exact where no fill went beyond it, never less than what was kept back.
      expect(compare(sum, amountUsd)).toBeGreaterThanOrEqual(0);
      if (remaining !== '0') expect(sum).toBe(amountUsd);
      if (one.state === 'open') keptBack = plus(keptBack, remaining);
    }
    expect(book.budgetsUsd).toBe(keptBack);
  }
}

describe('whatever happens, in whatever order', () => {
  test('nothing is ever below zero, every sum is exact, nobody’s order takes another’s dollars', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => run(steps)),
      { numRuns: 2_000 },
    );
  });
});
