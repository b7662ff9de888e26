/**
 * Legs, failures, a resolution and redemptions in any order and as often as one likes: the books are
 * those of a world in which the failed legs never were, and every turn balances.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFacts } from '../../src/actors/facts.ts';
import { createIdentities } from '../../src/actors/identities.ts';
import { createPublisher } from '../../src/actors/publisher.ts';
import { positionRow } from '../../src/actors/rows.ts';
import { createSystem } from '../../src/actors/system.ts';
import { minus, plus } from '../../src/domain/exact.ts';
import { DEFAULT_EXIT_PLAN } from '../../src/domain/exits/default-plan.ts';
import { joinSettlement, type Settlement } from '../../src/domain/fill-leg.ts';
import { payoutUsd } from '../../src/domain/resolution.ts';
import { DEFAULT_LIMITS } from '../../src/domain/risk/limits.ts';
import { accountMachine } from '../../src/machines/account.machine.ts';
import { exitMachine } from '../../src/machines/exit.machine.ts';
import { orderMachine } from '../../src/machines/order.machine.ts';
import { positionMachine, positionState } from '../../src/machines/position.machine.ts';
import type { EngineInput } from '../../src/machines/system.machine.ts';
import { venueMachine } from '../../src/machines/venue.machine.ts';
import { AT_MS, intent, leg, rain } from '../support/orders.ts';

const ORDERS = [
  { id: 'b1', side: 'BUY', price: '0.5' },
  { id: 'b2', side: 'BUY', price: '0.37' },
  { id: 's1', side: 'SELL', price: '0.55' },
] as const;
const SIZES = ['3', '2.500001', '4'] as const;
const SETTLEMENTS = ['matched', 'retrying', 'mined', 'failed', 'confirmed'] as const;

type Told =
  | {
      readonly kind: 'leg';
      readonly order: number;
      readonly leg: number;
      readonly settlement: Settlement;
    }
  | { readonly kind: 'resolve'; readonly YES: number }
  | { readonly kind: 'redeem' };

const stories: fc.Arbitrary<readonly Told[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('leg' as const),
        order: fc.nat({ max: ORDERS.length - 1 }),
        leg: fc.nat({ max: SIZES.length - 1 }),
        settlement: fc.constantFrom(...SETTLEMENTS),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('resolve' as const),
        YES: fc.constantFrom(0, 0.5, 0.333333, 1),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('redeem' as const) }) },
  ),
  { maxLength: 30 },
);

function open() {
  const facts = createFacts(() => undefined);
  const system = createSystem({
    logics: {
      ...{ account: accountMachine, venue: venueMachine, order: orderMachine },
      ...{ position: positionMachine, exit: exitMachine },
    },
    facts,
    publisher: createPublisher(() => undefined),
    onFault: ({ error }) => {
      throw error;
    },
  });
  const { registry } = system;
  const identities = createIdentities(registry, []);
  let seq = 0;
  const tell = (input: EngineInput) => {
    seq += 1;
    system.turn(seq, input);
    identities.check(seq);
  };
  const atMs = AT_MS;
  tell({
    ...{ type: 'engine.opened', accountId: 'main', venue: 'paper', minimumReserveUsd: '0' },
    ...{ maxOpenOrders: 100, exitPlan: DEFAULT_EXIT_PLAN, atMs },
    limits: { ...DEFAULT_LIMITS, selfTrade: 'allow', duplicateSide: 'allow' },
  });
  tell({ type: 'account.deposited', depositId: 'd', amountUsd: '1000', atMs });
  tell({ type: 'venue.connected', venue: 'paper', atMs });
  tell({ type: 'venue.caughtUp', venue: 'paper', atMs });
  place('stock', 'BUY', '0.4', '50');
  tell(reportOf('stock', 'BUY', 9, '0.4', '50', 'confirmed', AT_MS));
  for (const { id, side, price } of ORDERS) place(id, side, price, '10');
  return { registry, facts, tell, position };

  function position() {
    const entry = registry.positions.get(rain.id);
    if (entry === undefined) throw new Error('There is no position.');
    return registry.snapshot(entry);
  }

  function place(id: string, side: 'BUY' | 'SELL', price: string, size: string): void {
    tell({
      ...{ type: 'intent.submitted', intent: intent({ key: id, side, price, size }) },
      ...{ clientOrderId: id, instrument: rain, atMs },
    });
    tell({ type: 'order.prepared', clientOrderId: id, venueOrderId: `0x${id}`, atMs });
    const answer = { venueOrderId: `0x${id}`, status: 'live' } as const;
    tell({ type: 'venue.orderAcknowledged', clientOrderId: id, ...answer, atMs });
  }
}

function reportOf(
  id: string,
  side: 'BUY' | 'SELL',
  number: number,
  price: string,
  size: string,
  settlement: Settlement,
  matchedAtMs: number,
): EngineInput {
  const report = leg({
    ...{ tradeId: `${id}-${number}`, venueOrderId: `0x${id}`, role: 'taker', side },
    ...{ price, size, settlement, matchedAtMs },
  });
  return { type: 'venue.legReported', clientOrderId: id, leg: report, atMs: AT_MS };
}

type World = ReturnType<typeof open>;

function legInput(told: Extract<Told, { kind: 'leg' }>, matchedAtMs: number): EngineInput {
  const { id, side, price } = ORDERS[told.order] ?? ORDERS[0];
  const size = SIZES[told.leg] ?? '1';
  return reportOf(id, side, told.leg, price, size, told.settlement, matchedAtMs);
}

function resolveInput(YES: number): EngineInput {
  const payouts = { YES: String(YES), NO: minus('1', String(YES)) };
  return {
    ...{ type: 'market.resolved', marketId: rain.marketId, payouts, source: 'test' },
    ...{ resolvedAtMs: AT_MS, atMs: AT_MS },
  };
}

/** What is left, for what it pays: what a venue would show. */
function redeem(world: World): EngineInput | undefined {
  const { fold, resolution } = world.position().context;
  if (resolution === null) return undefined;
  const size = minus(fold.totals.size, resolution.redeemedSize);
  const amountUsd = payoutUsd(size, resolution.payout);
  const of = { instrumentId: rain.id, size, amountUsd, source: 'test' };
  return { type: 'position.redeemed', ...of, atMs: AT_MS };
}

test('after any story the books are those without the legs that failed', () => {
  fc.assert(
    fc.property(stories, (story) => {
      const world = open();
      const matched = new Map<string, number>();
      const ends = new Map<string, Settlement>();
      const nameOf = (told: Extract<Told, { kind: 'leg' }>) => `${told.order}-${told.leg}`;
      let first: number | undefined;
      let redemptions = 0;
      for (const told of story) {
        if (told.kind === 'redeem') {
          const input = redeem(world);
          if (input === undefined) continue;
          world.tell(input);
          redemptions += 1;
          // Told twice, it is once.
          const { context } = world.position();
          world.tell(input);
          expect(world.position().context.resolution).toEqual(context.resolution);
        } else if (told.kind === 'resolve') {
          first ??= told.YES;
          world.tell(resolveInput(told.YES));
        } else {
          const name = nameOf(told);
          if (!matched.has(name)) matched.set(name, AT_MS + 1 + matched.size);
          world.tell(legInput(told, matched.get(name) ?? AT_MS));
          ends.set(name, joinSettlement(ends.get(name) ?? told.settlement, told.settlement));
        }
      }
      const state = world.position();
      expect(state.value).toBe(positionState(state.context));
      checkRows(world);

      // The same without the failures, with the resolution first or last: then all is redeemed.
      for (const when of ['first', 'last'] as const) {
        const twin = open();
        if (when === 'first' && first !== undefined) twin.tell(resolveInput(first));
        for (const told of story) {
          if (told.kind !== 'leg' || ends.get(nameOf(told)) === 'failed') continue;
          twin.tell(legInput(told, matched.get(nameOf(told)) ?? AT_MS));
        }
        if (when === 'last' && first !== undefined) twin.tell(resolveInput(first));
        const [all, parts] = [twin, world].map((one) => positionRow(one.position().context));
        expect(parts?.feesUsd).toBe(all?.feesUsd);
        expect(parts?.payout).toBe(all?.payout);
        // Each redemption is rounded down by itself; beyond that nothing differs.
        const less = minus(moneyOf(twin), moneyOf(world));
        expect(minus(all?.realizedPnl ?? '', parts?.realizedPnl ?? '')).toBe(less);
        expect(Math.abs(Number(less)) <= redemptions * 0.000_001_000_1).toBe(true);
        if (first === undefined || Number.isInteger(first)) expect(less).toBe('0');
      }
    }),
    { numRuns: 150 },
  );
});

/** Cash and what is owed. */
function moneyOf({ registry, position }: World): string {
  const { cashUsd } = registry.snapshot(registry.account()).context;
  return plus(cashUsd, positionRow(position().context).redeemableUsd);
}

/** Rows of the whole story: every posting balances, all of them are the account and the position. */
function checkRows({ registry, facts, position }: World): void {
  const { postings, ledger } = facts.take();
  const sums: Record<string, string> = {};
  for (const { seq: _seq, accountId: _account, kind: _kind, atMs: _atMs, ...amounts } of postings) {
    let sum = '0';
    for (const [name, amount] of Object.entries(amounts)) {
      sum = plus(sum, amount);
      sums[name] = plus(sums[name] ?? '0', amount);
    }
    expect(sum).toBe('0');
  }
  const account = registry.snapshot(registry.account()).context;
  const row = positionRow(position().context);
  expect(plus(sums.cashUsd ?? '0', sums.reservedUsd ?? '0')).toBe(account.cashUsd);
  expect(sums.sharesUsd).toBe(row.costBasis);
  expect(sums.redeemableUsd).toBe(row.redeemableUsd);
  expect(minus('0', sums.pnlUsd ?? '0')).toBe(row.realizedPnl);
  const booked = ledger.reduce((sum, { amountUsd }) => plus(sum, amountUsd), '0');
  expect(booked).toBe(account.cashUsd);
}
