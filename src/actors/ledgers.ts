/** What orders did, taken to their position and their account, and put in the ledger. */
import { negated, times } from '../domain/exact.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import { exitOf, type PositionLeg } from '../domain/position-totals.ts';
import type { LegChange, OrderChanges } from '../machines/order.changes.ts';
import type { EngineInput, SystemEvent } from '../machines/system.machine.ts';
import type { Facts } from './facts.ts';
import type { Publisher } from './publisher.ts';
import type { Delivery, Entry, EventOf, Registry } from './registry.ts';
import type { Turn } from './system.ts';

export interface Ledgers {
  /** Takes what an event did to an order to its position and its account. */
  take(entry: Entry<'order'>, changes: OrderChanges): void;
  reserve(entry: Entry<'order'>, usdChange: string, sharesChange: string): void;
  deposit(event: Extract<EngineInput, { type: 'account.deposited' }>): void;
  keepBack(event: SystemEvent): void;
}

export interface LedgersOptions {
  readonly registry: Registry;
  readonly facts: Facts;
  readonly publisher: Publisher;
  readonly now: Readonly<Turn>;
  readonly deliver: <K extends 'account' | 'position'>(
    entry: Entry<K>,
    event: EventOf[K],
  ) => Delivery<K>;
}

export function createLedgers(options: LedgersOptions): Ledgers {
  const { registry, facts, publisher, now, deliver } = options;

  function take(entry: Entry<'order'>, changes: OrderChanges): void {
    // Where a leg moves money, the reservation it sets free moves with it.
    let { reservedUsdChange, reservedSharesChange } = changes;
    for (const change of changes.legs) {
      if (!takeLeg(entry, change, reservedUsdChange, reservedSharesChange)) continue;
      reservedUsdChange = '0';
      reservedSharesChange = '0';
    }
    reserve(entry, reservedUsdChange, reservedSharesChange);
  }

  /** True when the changes of the reservation were taken along. */
  function takeLeg(
    entry: Entry<'order'>,
    change: LegChange,
    reservedUsdChange: string,
    reservedSharesChange: string,
  ): boolean {
    const { context } = registry.snapshot(entry);
    facts.leg(context.instrument.venue, entry.name, change.leg);
    if (change.effect === 'none') return false;
    publisher.fill(entry.name, change.leg, change.effect);
    const leg = positionLeg(context.clientOrderId, context.intent.reason, change.leg);
    const position = positionOf(change.leg.instrumentId);
    const stepped = deliver(position, {
      type: POSITION_EVENT[change.effect],
      leg,
      reservedSharesChange,
      atMs: now.atMs,
    });
    if (change.effect === 'settled') {
      reserve(entry, reservedUsdChange, '0');
      return true;
    }
    const voided = change.effect === 'voided';
    deliver(registry.account(), {
      type: voided ? 'account.legVoided' : 'account.legApplied',
      leg,
      reservedUsdChange,
      atMs: now.atMs,
    });
    bookLeg(leg, voided);
    const [before, after] = [stepped.before.context.fold.totals, stepped.after.context.fold.totals];
    // A void undoes what the leg did: seen backwards it is the same exit.
    const exit = voided ? exitOf(after, before, leg) : exitOf(before, after, leg);
    if (exit === undefined) return true;
    facts.exit({
      exitId: leg.key,
      accountId: context.accountId,
      instrumentId: change.leg.instrumentId,
      clientOrderId: leg.clientOrderId,
      legKey: leg.key,
      size: exit.size,
      exitPrice: leg.price,
      realizedPnl: exit.realizedPnl,
      reason: context.intent.reason,
      voided,
      atMs: now.atMs,
    });
    return true;
  }

  function positionOf(instrumentId: string): Entry<'position'> {
    return (
      registry.positions.get(instrumentId) ??
      registry.create('position', instrumentId, {
        input: { accountId: registry.account().name, instrumentId, atMs: now.atMs },
      })
    );
  }

  /** The amount that is never spent follows the configuration of this start. */
  function keepBack(event: SystemEvent): void {
    if (event.type !== 'engine.restored') return;
    const { minimumReserveUsd, atMs } = event;
    if (registry.snapshot(registry.account()).context.minimumReserveUsd === minimumReserveUsd)
      return;
    deliver(registry.account(), { type: 'account.reserveSet', minimumReserveUsd, atMs });
  }

  function reserve(entry: Entry<'order'>, usdChange: string, sharesChange: string): void {
    if (usdChange !== '0') {
      deliver(registry.account(), {
        type: 'account.cashReserved',
        reservedUsdChange: usdChange,
        atMs: now.atMs,
      });
    }
    if (sharesChange !== '0') {
      deliver(positionOf(registry.snapshot(entry).context.instrument.id), {
        type: 'position.sharesReserved',
        reservedSharesChange: sharesChange,
        atMs: now.atMs,
      });
    }
  }

  function bookLeg(leg: PositionLeg, voided: boolean): void {
    const gross = times(leg.price, leg.size);
    const signed = (leg.side === 'BUY') === voided ? gross : negated(gross);
    ledger(voided ? 'fillVoided' : 'fill', leg.key, signed, leg.key, leg.clientOrderId);
    if (leg.feeUsd === '0') return;
    const fee = voided ? leg.feeUsd : negated(leg.feeUsd);
    ledger(voided ? 'feeVoided' : 'fee', leg.key, fee, leg.key, leg.clientOrderId);
  }

  function ledger(
    kind: 'deposit' | 'fill' | 'fee' | 'fillVoided' | 'feeVoided',
    about: string,
    amountUsd: string,
    legKey: string | null,
    clientOrderId: string | null,
  ): void {
    facts.ledger({
      // The number of the input makes a leg that was voided and came back two bookings.
      entryId: `${about}/${kind}/${now.seq}`,
      accountId: registry.account().name,
      kind,
      amountUsd,
      legKey,
      clientOrderId,
      seq: now.seq,
      atMs: now.atMs,
    });
  }

  return {
    take,
    reserve,
    deposit(event) {
      deliver(registry.account(), event);
      ledger('deposit', event.depositId, event.amountUsd, null, null);
    },
    keepBack,
  };
}

const POSITION_EVENT = {
  applied: 'position.legApplied',
  settled: 'position.legSettled',
  voided: 'position.legVoided',
} as const;

function positionLeg(clientOrderId: string, reason: string, leg: FillLeg): PositionLeg {
  return {
    key: leg.key,
    clientOrderId,
    side: leg.side,
    price: leg.price,
    size: leg.size,
    feeUsd: leg.feeUsd,
    matchedAtMs: leg.matchedAtMs,
    settled: leg.settlement === 'confirmed',
    ...(reason === '' ? {} : { reason }),
  };
}
