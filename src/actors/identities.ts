/**
 * The books checked by a second bookkeeper. It keeps every leg by itself, adds everything up anew
 * after each turn with nothing clever, and compares with what the actors hold: positions, cash and
 * reservations (invariants 3, 4 and 5). Slow by design; on in replay and in tests.
 */
import { type Budgets, budgetOf, keptBackUsd } from '../domain/budgets.ts';
import { Decimal, decimal, toText, ZERO } from '../domain/decimal.ts';
import { BrokenInvariant } from '../domain/faults.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import { reservation } from '../domain/reservation.ts';
import { availableUsd } from '../machines/account.machine.ts';
import { missesLegs, remaining } from '../machines/order.reducers.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import { createBudgetIdentities } from './budget-identities.ts';
import type { Registry, SnapshotOf } from './registry.ts';
import { axes, standing } from './rows.ts';
import type { LegRow } from './store-port.ts';

export interface Identities {
  /** @throws {BrokenInvariant} naming the identity, both figures and the turn. */
  check(seq: number): void;
  /** Turns checked so far. */
  readonly checks: number;
}

interface KnownLeg {
  readonly instrumentId: string;
  readonly side: 'BUY' | 'SELL';
  readonly price: Decimal;
  readonly size: Decimal;
  readonly fee: Decimal;
  readonly failed: boolean;
}

/** `known`: the legs in the store when the actors were restored. */
export function createIdentities(registry: Registry, known: readonly LegRow[]): Identities {
  /** By leg key; legs of orders that have been reaped stay. */
  const legs = new Map<string, KnownLeg>();
  /** Orders seen so far. Undefined before the first check: those that it finds were admitted before. */
  let seen: Set<string> | undefined;
  const budgets = createBudgetIdentities();
  /** Budgets that were there at the last check; undefined before the first. */
  let budgetsSeen: Budgets | undefined;
  let checks = 0;
  for (const leg of known) {
    // An orphan is in nobody's books yet.
    if (leg.clientOrderId !== null) keepLeg(leg.legKey, leg);
  }

  return {
    check(seq) {
      checks += 1;
      for (const entry of registry.orders.values()) takeLegs(registry.snapshot(entry));
      checkPositions(seq);
      checkCash(seq);
      checkReservations(seq);
      checkBudgets(seq);
      checkAdmitted(seq);
    },
    get checks() {
      return checks;
    },
  };

  function takeLegs(order: SnapshotOf['order']): void {
    for (const leg of order.context.legs) {
      const before = legs.get(leg.key);
      const failed = leg.settlement === 'failed';
      if (before?.failed === failed) continue;
      // One that is first seen as failed was never in the books.
      if (before !== undefined || !failed) {
        const cost = decimal(leg.price).times(leg.size).plus(leg.feeUsd);
        budgets.leg(order, cost, failed ? -1 : 1);
      }
      keepLeg(leg.key, leg);
    }
  }

  function keepLeg(
    key: string,
    leg: Omit<FillLeg, 'key' | 'conflicted' | 'transactionHash'>,
  ): void {
    legs.set(key, {
      instrumentId: leg.instrumentId,
      side: leg.side,
      price: decimal(leg.price),
      size: decimal(leg.size),
      fee: decimal(leg.feeUsd),
      failed: leg.settlement === 'failed',
    });
  }

  function checkPositions(seq: number): void {
    for (const entry of registry.positions.values()) {
      const { context } = registry.snapshot(entry);
      const { resolution } = context;
      const { totals } = context.fold;
      let size = ZERO;
      let flow = ZERO;
      let fees = ZERO;
      for (const leg of legs.values()) {
        if (leg.failed || leg.instrumentId !== entry.name) continue;
        const sign = leg.side === 'BUY' ? 1 : -1;
        size = size.plus(leg.size.times(sign));
        flow = flow.minus(leg.size.times(leg.price).times(sign));
        fees = fees.plus(leg.fee);
      }
      const place = `position ${entry.name}`;
      compare(seq, `${place}: size`, totals.size, size);
      compare(seq, `${place}: cash flow`, totals.cashFlowUsd, flow);
      compare(seq, `${place}: fees`, totals.feesUsd, fees);
      compare(
        seq,
        `${place}: realised PnL = cash flow + cost of what is held`,
        totals.realizedPnl,
        decimal(totals.cashFlowUsd).plus(totals.costBasis),
      );
      if (resolution !== null) checkResolved(seq, place, { size, flow }, context);
    }
  }

  /** Once its market is resolved nothing is left at cost: it is won, redeemed or owed. */
  function checkResolved(
    seq: number,
    place: string,
    legs: { readonly size: Decimal; readonly flow: Decimal },
    context: SnapshotOf['position']['context'],
  ): void {
    const { payout = '0', redeemedSize = '0', redeemedUsd = '0' } = context.resolution ?? {};
    const owed = legs.size
      .minus(redeemedSize)
      .times(payout)
      .toDecimalPlaces(6, Decimal.ROUND_FLOOR);
    const { redeemableUsd, realizedPnl, costBasis } = standing(context);
    compare(seq, `${place}: redeemable = shares not redeemed x payout`, redeemableUsd, owed);
    const won = legs.flow.plus(redeemedUsd).plus(owed);
    compare(seq, `${place}: realised PnL = cash flow + redeemed + redeemable`, realizedPnl, won);
    compare(seq, `${place}: cost of a resolved market`, costBasis, ZERO);
  }

  function checkCash(seq: number): void {
    const account = registry.snapshot(registry.account()).context;
    let cash = decimal(account.depositsUsd);
    for (const entry of registry.positions.values()) {
      const { resolution } = registry.snapshot(entry).context;
      if (resolution !== null) cash = cash.plus(resolution.redeemedUsd);
    }
    for (const leg of legs.values()) {
      if (leg.failed) continue;
      const gross = leg.price.times(leg.size);
      cash = (leg.side === 'BUY' ? cash.minus(gross) : cash.plus(gross)).minus(leg.fee);
    }
    compare(seq, 'cash = deposits - costs of legs - fees + redeemed', account.cashUsd, cash);
  }

  function checkReservations(seq: number): void {
    let usd = ZERO;
    const shares = new Map<string, Decimal>();
    for (const entry of registry.orders.values()) {
      const order = registry.snapshot(entry);
      checkOwnReservation(seq, order);
      const { reservedUsd, reservedShares, instrument } = order.context;
      usd = usd.plus(reservedUsd);
      shares.set(instrument.id, (shares.get(instrument.id) ?? ZERO).plus(reservedShares));
    }
    const account = registry.snapshot(registry.account()).context;
    compare(seq, 'reserved cash = sum over open orders', account.reservedUsd, usd);
    for (const entry of registry.positions.values()) {
      const { reservedShares } = registry.snapshot(entry).context;
      const expected = shares.get(entry.name) ?? ZERO;
      compare(seq, `position ${entry.name}: reserved shares`, reservedShares, expected);
    }
  }

  function checkBudgets(seq: number): void {
    const account = registry.snapshot(registry.account()).context;
    const orders = [...registry.orders.values()].map((entry) => registry.snapshot(entry));
    budgets.check({
      ...{ budgets: account.budgets, budgetsUsd: account.budgetsUsd, orders },
      expect: (identity, actual, expected) => compare(seq, identity, actual, expected),
    });
    const before = budgetsSeen;
    budgetsSeen = account.budgets;
    if (before === undefined || before === account.budgets) return;
    const isNew = Object.keys(account.budgets).some((id) => budgetOf(before, id) === undefined);
    if (isNew && decimal(availableUsd(account)).lt(0)) {
      throw broken(seq, 'a budget is of money that is there', availableUsd(account), '0 or more');
    }
  }

  /**
   * No BUY is admitted with money that is not there. Later facts may still take it away, such as a
   * sale that fails on chain, so only a new order is held against what is available, to it: what
   * remains of its budget is.
   */
  function checkAdmitted(seq: number): void {
    const before = seen;
    seen ??= new Set();
    const account = registry.snapshot(registry.account()).context;
    for (const entry of registry.orders.values()) {
      if (seen.has(entry.name)) continue;
      seen.add(entry.name);
      const { reservedUsd, intent } = registry.snapshot(entry).context;
      if (before === undefined || reservedUsd === '0') continue;
      const own =
        intent.budget === undefined ? undefined : budgetOf(account.budgets, intent.budget);
      const available = decimal(availableUsd(account)).plus(own ? keptBackUsd(own) : '0');
      if (available.gte(0)) continue;
      throw broken(seq, 'available cash is below the reserve', toText(available), '0 or more');
    }
  }

  /** A working order holds what it could still spend or sell; one that is over holds nothing. */
  function checkOwnReservation(seq: number, order: SnapshotOf['order']): void {
    const { context } = order;
    if (missesLegs(context)) return;
    const left = isExecutionOver(axes(order).execution) ? '0' : remaining(context);
    const isBuy = context.intent.side === 'BUY';
    const place = `order ${context.clientOrderId}: reserved`;
    compare(
      seq,
      place,
      isBuy ? context.reservedUsd : context.reservedShares,
      decimal(isBuy ? reservation(left, context.reserveRate) : left),
    );
  }
}

function compare(seq: number, identity: string, actual: string, expected: Decimal): void {
  if (!expected.eq(actual)) throw broken(seq, identity, actual, toText(expected));
}

function broken(seq: number, identity: string, actual: string, expected: string): BrokenInvariant {
  return new BrokenInvariant(`Turn ${seq}: ${identity}: have ${actual}, expected ${expected}.`, {
    seq,
    identity,
    actual,
    expected,
  });
}
