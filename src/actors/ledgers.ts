/** What orders did, taken to their position and their account, and put in the ledger. */
import { minus, negated, times } from '../domain/exact.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import { marketOf } from '../domain/instrument.ts';
import type { Intent } from '../domain/intent.ts';
import { exitOf, type PositionLeg } from '../domain/position-totals.ts';
import type { Standing } from '../domain/resolution.ts';
import type { LegChange, OrderChanges } from '../machines/order.changes.ts';
import type { EngineInput, SystemEvent } from '../machines/system.machine.ts';
import type { BudgetRecorder } from './budget-recorder.ts';
import type { Facts } from './facts.ts';
import { holdingOf } from './happenings.ts';
import type { Postings } from './postings.ts';
import type { Publisher } from './publisher.ts';
import type { Delivery, Entry, EventOf, Registry } from './registry.ts';
import { standing } from './rows.ts';
import type { Turn } from './system.ts';

export interface Ledgers {
  /** Takes what an event did to an order to its position and its account. */
  take(entry: Entry<'order'>, changes: OrderChanges): void;
  reserve(entry: Entry<'order'>, usdChange: string, sharesChange: string): void;
  deposit(event: Extract<EngineInput, { type: 'account.deposited' }>): void;
  mark(event: Extract<EngineInput, { type: 'account.marked' }>): void;
  keepBack(event: SystemEvent): void;
  /** The position of an instrument, made flat where there is none yet. */
  positionOf(instrumentId: string, eventId?: string): Entry<'position'>;
}

export interface LedgersOptions {
  readonly registry: Registry;
  readonly facts: Facts;
  readonly publisher: Publisher;
  readonly postings: Pick<Postings, 'move'>;
  readonly now: Readonly<Turn>;
  /** The calendar day of the turn, in the time zone of the limits; undefined where none are kept. */
  readonly today: () => string | undefined;
  readonly deliver: (entry: Entry<'position'>, event: EventOf['position']) => Delivery<'position'>;
  readonly toAccount: BudgetRecorder['toAccount'];
  /** What is to be redeemed has changed by a leg of a resolved market. */
  readonly onRedeemable: (entry: Entry<'position'>, before: Standing, after: Standing) => void;
}

export function createLedgers(options: LedgersOptions): Ledgers {
  const { registry, facts, publisher, postings, now, deliver, toAccount } = options;

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
    const position = positionOf(change.leg.instrumentId, context.instrument.eventId);
    const stepped = deliver(position, {
      type: POSITION_EVENT[change.effect],
      leg,
      reservedSharesChange,
      atMs: now.atMs,
    });
    const { effect } = change;
    facts.happened({ kind: 'fill', order: entry, effect, leg: change.leg });
    facts.happened({
      ...{ kind: 'position', position, order: entry, effect, legKey: leg.key },
      before: holdingOf(stepped.before.context),
      after: holdingOf(stepped.after.context),
    });
    if (change.effect === 'settled') {
      reserve(entry, reservedUsdChange, '0');
      return true;
    }
    const voided = change.effect === 'voided';
    const [before, after] = [stepped.before.context.fold.totals, stepped.after.context.fold.totals];
    // A void undoes what the leg did: seen backwards it is the same exit.
    const exit = voided ? exitOf(after, before, leg) : exitOf(before, after, leg);
    const date = options.today();
    const wonUsd = minus(exit?.realizedPnl ?? '0', leg.feeUsd);
    const [was, is] = [standing(stepped.before.context), standing(stepped.after.context)];
    const feeUsd = voided ? negated(leg.feeUsd) : leg.feeUsd;
    // Of a resolved market every leg wins or loses at once: bought shares are paid, sold ones are not.
    const resolvedUsd = minus(minus(is.realizedPnl, was.realizedPnl), feeUsd);
    const tradedUsd = voided ? negated(wonUsd) : wonUsd;
    const pnlUsd = stepped.after.context.resolution === null ? tradedUsd : resolvedUsd;
    const applied = {
      type: voided ? 'account.legVoided' : 'account.legApplied',
      leg,
      reservedUsdChange,
      ...budgetIn(context.intent),
      ...(date === undefined ? {} : { result: { date, pnlUsd } }),
      atMs: now.atMs,
    } as const;
    toAccount(applied, leg.key);
    moveReserved(reservedUsdChange);
    // Whatever the fold made of a leg that came late: they add up to nothing.
    postings.move({
      cashUsd: minus(after.cashFlowUsd, before.cashFlowUsd),
      sharesUsd: minus(is.costBasis, was.costBasis),
      redeemableUsd: minus(is.redeemableUsd, was.redeemableUsd),
      pnlUsd: minus(was.realizedPnl, is.realizedPnl),
    });
    if (is.redeemableUsd !== was.redeemableUsd) options.onRedeemable(position, was, is);
    postings.move({ feesUsd: feeUsd, cashUsd: negated(feeUsd) });
    bookLeg(leg, voided);
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

  function positionOf(instrumentId: string, eventId?: string): Entry<'position'> {
    return (
      registry.positions.get(instrumentId) ??
      registry.create('position', instrumentId, {
        input: {
          ...{ accountId: registry.account().name, instrumentId },
          ...{ marketId: marketOf(instrumentId), eventId: eventId ?? null, atMs: now.atMs },
        },
      })
    );
  }

  /** The amount that is never spent follows the configuration of this start. */
  function keepBack(event: SystemEvent): void {
    if (event.type !== 'engine.restored') return;
    const { minimumReserveUsd, atMs } = event;
    if (registry.snapshot(registry.account()).context.minimumReserveUsd === minimumReserveUsd)
      return;
    toAccount({ type: 'account.reserveSet', minimumReserveUsd, atMs });
  }

  function reserve(entry: Entry<'order'>, usdChange: string, sharesChange: string): void {
    if (usdChange !== '0') {
      moveReserved(usdChange);
      toAccount({
        type: 'account.cashReserved',
        reservedUsdChange: usdChange,
        ...budgetIn(registry.snapshot(entry).context.intent),
        atMs: now.atMs,
      });
    }
    if (sharesChange !== '0') {
      const { id, eventId } = registry.snapshot(entry).context.instrument;
      deliver(positionOf(id, eventId), {
        type: 'position.sharesReserved',
        reservedSharesChange: sharesChange,
        atMs: now.atMs,
      });
    }
  }

  function moveReserved(usdChange: string): void {
    postings.move({ reservedUsd: usdChange, cashUsd: negated(usdChange) });
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
      toAccount(event);
      postings.move({ cashUsd: event.amountUsd, externalUsd: negated(event.amountUsd) });
      ledger('deposit', event.depositId, event.amountUsd, null, null);
    },
    mark: (event) => void toAccount(event),
    keepBack,
    positionOf,
  };
}

function budgetIn({ budget }: Intent): { readonly budgetId?: string } {
  return budget === undefined ? {} : { budgetId: budget };
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
