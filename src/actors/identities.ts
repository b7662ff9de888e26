/**
 * The books checked by a second bookkeeper. It keeps every leg by itself, adds everything up anew
 * after each turn with nothing clever, and compares with what the actors hold: positions, cash and
 * reservations (invariants 3, 4 and 5). Slow by design; on in replay and in tests.
 */
import { type Decimal, decimal, toText, ZERO } from '../domain/decimal.ts';
import { BrokenInvariant } from '../domain/faults.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import { reservation } from '../domain/reservation.ts';
import { availableUsd } from '../machines/account.machine.ts';
import { missesLegs, remaining } from '../machines/order.reducers.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import type { Registry, SnapshotOf } from './registry.ts';
import { axes } from './rows.ts';
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
      checkAdmitted(seq);
    },
    get checks() {
      return checks;
    },
  };

  function takeLegs(order: SnapshotOf['order']): void {
    for (const leg of order.context.legs) {
      if (legs.get(leg.key)?.failed !== (leg.settlement === 'failed')) keepLeg(leg.key, leg);
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
      const { totals } = registry.snapshot(entry).context.fold;
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
    }
  }

  function checkCash(seq: number): void {
    const account = registry.snapshot(registry.account()).context;
    let cash = decimal(account.depositsUsd);
    for (const leg of legs.values()) {
      if (leg.failed) continue;
      const gross = leg.price.times(leg.size);
      cash = (leg.side === 'BUY' ? cash.minus(gross) : cash.plus(gross)).minus(leg.fee);
    }
    compare(seq, 'cash = deposits - costs of legs - fees', account.cashUsd, cash);
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

  /**
   * No BUY is admitted with money that is not there. Later facts may still take it away, such as a
   * sale that fails on chain, so only a new order is held against what is available.
   */
  function checkAdmitted(seq: number): void {
    const before = seen;
    seen ??= new Set();
    let isNew = false;
    for (const entry of registry.orders.values()) {
      if (seen.has(entry.name)) continue;
      seen.add(entry.name);
      isNew ||= registry.snapshot(entry).context.reservedUsd !== '0';
    }
    if (before === undefined || !isNew) return;
    const account = registry.snapshot(registry.account()).context;
    if (decimal(availableUsd(account)).lt(0)) {
      throw broken(seq, 'available cash is below the reserve', availableUsd(account), '0 or more');
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
