/**
 * Budgets within the whole system, without a database: budgets, orders, fills, voids, cancels and doubt in
 * whatever order. After each turn the second bookkeeper adds everything up, and the figures of the
 * account are held against a plain sum. Told again, the log makes the same account.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFacts } from '../../src/actors/facts.ts';
import { createIdentities } from '../../src/actors/identities.ts';
import { createPublisher } from '../../src/actors/publisher.ts';
import { createSystem } from '../../src/actors/system.ts';
import { type Budget, remainingUsd } from '../../src/domain/budgets.ts';
import { decimal, toText } from '../../src/domain/decimal.ts';
import { compare, plus } from '../../src/domain/exact.ts';
import { NO_LIMITS } from '../../src/domain/risk/limits.ts';
import { accountMachine } from '../../src/machines/account.machine.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { positionMachine } from '../../src/machines/position.machine.ts';
import type { EngineInput } from '../../src/machines/system.machine.ts';
import { venueMachine } from '../../src/machines/venue.machine.ts';
import { AT_MS, intent, leg, rain } from '../support/orders.ts';

/** Alone, a machine has no effects. */
const LOGICS = {
  ...{ account: accountMachine, venue: venueMachine, order: orderMachine },
  ...{ position: positionMachine, exit: exitMachine },
};

function openSystem() {
  const facts = createFacts(() => undefined);
  const system = createSystem({
    ...{ logics: LOGICS, facts, publisher: createPublisher(() => undefined) },
    onFault: ({ error }) => {
      throw error;
    },
  });
  const identities = createIdentities(system.registry, []);
  let seq = 0;
  const log: EngineInput[] = [];
  return {
    registry: system.registry,
    log,
    account: () => system.registry.snapshot(system.registry.account()).context,
    tell(input: EngineInput) {
      seq += 1;
      log.push(input);
      system.turn(seq, input);
      identities.check(seq);
    },
  };
}

const OWNERS = ['pairs', 'news'] as const;

/** `n` picks one of what is there; `usd` and `size` are how much. */
const step = fc.record({
  do: fc.constantFrom(
    ...(['reserve', 'commit', 'release', 'expire', 'submit', 'submit', 'submit'] as const),
    ...(['fill', 'fill', 'fill', 'void', 'confirm', 'cancel', 'doubt', 'late'] as const),
  ),
  n: fc.nat(1_000),
  cents: fc.integer({ min: 1, max: 6_000 }),
  price: fc.constantFrom('0.11', '0.5', '0.83'),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const text = (cents: number) => toText(decimal(String(cents)).div(100));

/** The same in each run. */
const SAME = { numRuns: 60, seed: 1 };

const WORTH_SEEING = [
  ...['an order of a budget', 'denied for its budget', 'a fill of a budget', 'a void of a budget'],
  ...[
    'a budget that has expired',
    'that was committed',
    'that was released',
    'an overdrawn budget',
  ],
  'an ended budget with an order at work',
];

/** `count` is told of what is worth seeing. */
function run(steps: readonly Step[], count: (what: string) => void = () => undefined): void {
  const { tell, account, registry, log } = openSystem();
  let atMs = AT_MS;
  const versions = { catalogue: 2 };
  tell({
    ...{ type: 'engine.opened', accountId: 'main', minimumReserveUsd: '5', venue: 'paper' },
    ...{ maxOpenOrders: 1_000, limits: NO_LIMITS, versions, atMs },
  });
  tell({ type: 'account.deposited', depositId: 'd', amountUsd: '100', atMs });
  tell({ type: 'venue.connected', venue: 'paper', atMs });
  tell({ type: 'venue.caughtUp', venue: 'paper', atMs });
  const budgets: { id: string; owner: string; expiresAtMs: number }[] = [];
  const orders: string[] = [];
  let submitted = 0;
  const legs: { order: string; trade: string; size: string; price: string }[] = [];
  const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % (list.length || 1)];

  function submit({ n, cents, price }: Step): void {
    submitted += 1;
    const clientOrderId = `ord_${submitted}`;
    const budget = n % 5 === 0 ? undefined : pick(budgets, n);
    const strategy = n % 11 === 0 ? 'somebody' : (budget?.owner ?? 'pairs');
    const asked = intent({
      ...{ key: clientOrderId, strategy, price, size: text(cents + 500) },
      ...(budget === undefined ? {} : { budget: budget.id }),
    });
    const before = account();
    const own = budget === undefined ? undefined : before.budgets[budget.id];
    tell({ type: 'intent.submitted', intent: asked, clientOrderId, instrument: rain, atMs });
    const entry = registry.orders.get(clientOrderId);
    if (entry === undefined) throw new Error('It is there.');
    const order = registry.snapshot(entry);
    if (order.matches({ execution: 'denied' })) {
      expect(account().reservedUsd).toBe(before.reservedUsd);
      if (order.context.reason?.includes('budget')) count('denied for its budget');
      return;
    }
    const { reservedUsd } = order.context;
    if (budget !== undefined) {
      count('an order of a budget');
      // Of its own budget, which is open and has that much; nobody else has less for it.
      expect(own).toMatchObject({ state: 'open', owner: strategy });
      expect(compare(reservedUsd, remainingUsd(own as Budget))).toBeLessThanOrEqual(0);
      expect(plus(account().budgetsUsd, account().reservedUsd)).toBe(
        plus(before.budgetsUsd, before.reservedUsd),
      );
    } else expect(account().budgetsUsd).toBe(before.budgetsUsd);
    orders.push(clientOrderId);
    const venueOrderId = `0x${clientOrderId}`;
    tell({ type: 'order.prepared', clientOrderId, venueOrderId, atMs });
    if (n % 7 !== 0) {
      const status = 'live' as const;
      tell({ type: 'venue.orderAcknowledged', clientOrderId, venueOrderId, status, atMs });
    }
  }

  function fill(clientOrderId: string, size: string, price: string): void {
    const trade = `t${legs.length}`;
    legs.push({ order: clientOrderId, trade, size, price });
    hear(legs.length - 1, 'matched');
  }

  function hear(index: number, settlement: 'matched' | 'confirmed' | 'failed'): void {
    const known = legs[index];
    if (known === undefined) return;
    const { order, trade, size, price } = known;
    const role = index % 2 === 0 ? 'taker' : 'maker';
    const told = leg({
      ...{ tradeId: trade, venueOrderId: `0x${order}`, size, price, settlement, role },
    });
    tell({ type: 'venue.legReported', clientOrderId: order, leg: told, atMs });
  }

  /** What has nothing to be about does nothing. */
  const withBudget = (say: (budgetId: string, one: Step) => EngineInput) => (one: Step) => {
    const budget = pick(budgets, one.n);
    if (budget !== undefined) tell(say(budget.id, one));
  };
  const withOrder = (tellOf: (clientOrderId: string, one: Step) => void) => (one: Step) => {
    const clientOrderId = pick(orders, one.n);
    if (clientOrderId !== undefined) tellOf(clientOrderId, one);
  };
  const said = { by: 'Ann', reason: '' };
  const take: Readonly<Record<Step['do'], (one: Step) => void>> = {
    reserve({ n, cents }) {
      const budgetId = `bud_${budgets.length}`;
      const owner = OWNERS[n % 2] ?? 'pairs';
      const expiresAtMs = atMs + 5 + (n % 40);
      const asked = { key: budgetId, owner, amountUsd: text(cents), ...said, expiresAtMs };
      tell({ type: 'budget.reserved', budgetId, ...asked, atMs });
      budgets.push({ id: budgetId, owner, expiresAtMs });
    },
    submit,
    commit: withBudget((budgetId, { n, cents }) => {
      const known = account().budgets[budgetId];
      const all = n % 3 === 0 && known !== undefined;
      const part = { key: null, amountUsd: all ? remainingUsd(known) : text(cents % 1_500) };
      return { type: 'budget.committed', budgetId, ...part, ...said, atMs };
    }),
    release: withBudget((budgetId) => ({ type: 'budget.released', budgetId, ...said, atMs })),
    expire({ n }) {
      const budget = pick(budgets, n);
      if (budget === undefined) return;
      // Told too early now and then.
      if (n % 3 > 0) atMs = Math.max(atMs, budget.expiresAtMs);
      tell({ type: 'budget.expired', budgetId: budget.id, atMs });
    },
    fill: withOrder((id, { cents, price }) => fill(id, text((cents % 700) + 1), price)),
    // The venue has it after all, and has matched more than was asked for.
    late: withOrder((id, { cents }) => fill(id, text(cents), '0.9')),
    void: ({ n }) => hear(n % (legs.length || 1), 'failed'),
    confirm: ({ n }) => hear(n % (legs.length || 1), 'confirmed'),
    cancel: withOrder((clientOrderId) => {
      tell({ type: 'order.cancel', clientOrderId, reason: 'enough', atMs });
      tell({ type: 'venue.cancelAcknowledged', clientOrderId, atMs });
    }),
    doubt: withOrder((clientOrderId) => {
      tell({
        ...{ type: 'venue.outcomeUnknown', clientOrderId, reason: 'silence' },
        ...{ retryAtMs: atMs, atMs },
      });
      // Else its market would take nothing for the rest of the run.
      tell({ type: 'operator.neverTaken', clientOrderId, ...said, atMs });
    }),
  };

  function look(is: Budget, was: Budget | undefined): void {
    const change = compare(is.spentUsd, was?.spentUsd ?? '0');
    if (change > 0) count('a fill of a budget');
    if (change < 0) count('a void of a budget');
    const { state, heldUsd, committedUsd, amountUsd } = is;
    if (compare(plus(committedUsd, heldUsd), amountUsd) > 0) count('an overdrawn budget');
    if (state !== 'open' && heldUsd !== '0') count('an ended budget with an order at work');
    if (state === was?.state || state === 'open') return;
    count(state === 'expired' ? 'a budget that has expired' : `that was ${state}`);
  }

  for (const one of steps) {
    atMs += 1;
    const before = account().budgets;
    take[one.do](one);
    const { budgetsUsd } = account();
    let keptBack = '0';
    for (const budget of Object.values(account().budgets)) {
      look(budget, before[budget.budgetId]);
      expect(compare(remainingUsd(budget), '0')).toBeGreaterThanOrEqual(0);
      expect(compare(budget.heldUsd, '0')).toBeGreaterThanOrEqual(0);
      expect(compare(budget.spentUsd, '0')).toBeGreaterThanOrEqual(0);
      if (budget.state === 'open') keptBack = plus(keptBack, remainingUsd(budget));
    }
    expect(budgetsUsd).toBe(keptBack);
  }
  const told = openSystem();
  for (const input of log) told.tell(input);
  expect(told.account()).toEqual(account());
}

describe('budgets and orders in whatever order', () => {
  test('no figure is below zero, every sum is exact, and the log makes them again', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => run(steps)),
      { numRuns: 300 },
    );
  });

  test('what is drawn is worth something', () => {
    const seen = new Map<string, number>();
    const count = (what: string) => void seen.set(what, (seen.get(what) ?? 0) + 1);
    for (const steps of fc.sample(fc.array(step, { minLength: 40, maxLength: 60 }), SAME)) {
      run(steps, count);
    }
    for (const what of WORTH_SEEING)
      expect([what, (seen.get(what) ?? 0) >= 5]).toEqual([what, true]);
  });
});
