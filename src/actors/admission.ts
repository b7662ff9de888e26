/** An intent becomes an order, or is denied: within the turn that takes it in. */
import type { OrderEvent } from '../machines/order.events.ts';
import type { EngineInput, SystemContext } from '../machines/system.machine.ts';
import type { Exits } from './exits.ts';
import type { Facts, StepMoney } from './facts.ts';
import type { Ledgers } from './ledgers.ts';
import type { LimitWatch } from './limit-watch.ts';
import { decideIntent } from './pre-trade.ts';
import type { Publisher } from './publisher.ts';
import type { Entry, Registry } from './registry.ts';
import { axes } from './rows.ts';
import type { Turn } from './system.ts';

type Submitted = Extract<EngineInput, { type: 'intent.submitted' }>;

export interface AdmissionOptions {
  readonly registry: Registry;
  readonly facts: Facts;
  readonly publisher: Publisher;
  readonly ledgers: Ledgers;
  readonly exits: Exits;
  readonly limits: LimitWatch;
  readonly now: Readonly<Turn>;
  readonly stepOrder: (entry: Entry<'order'>, event: OrderEvent) => void;
  /** Overrides that an order has used up. */
  readonly spend: (overrideIds: readonly string[]) => void;
}

export function createAdmission(
  options: AdmissionOptions,
): (event: Submitted, context: SystemContext) => void {
  const { registry, facts, publisher, ledgers, exits, limits, now, stepOrder, spend } = options;

  return (event, context) => {
    const { intent: asked, instrument, clientOrderId, atMs } = event;
    const before = limits.before(instrument);
    const decision = decideIntent(registry, context, event);
    const granted = decision.kind === 'admitted' ? decision : undefined;
    const intent = granted?.intent ?? asked;
    const created = registry.create('order', clientOrderId, {
      input: {
        clientOrderId,
        accountId: registry.account().name,
        intent,
        instrument,
        reserveRate: granted?.reserveRate ?? '0',
        reservedUsd: granted?.reservedUsd ?? '0',
        reservedShares: granted?.reservedShares ?? '0',
        atMs,
      },
    });
    const checks = granted?.checks ?? [];
    facts.step({
      order: created,
      number: 1,
      seq: now.seq,
      event: {
        ...{ type: 'intent.submitted', reason: asked.reason },
        ...(checks.length === 0 ? {} : { checks }),
        ...(asked.budget === undefined ? {} : { budget: asked.budget }),
        ...(intent === asked ? {} : { asked: asked.size ?? asked.amountUsd ?? '' }),
        atMs,
      },
      before: undefined,
      after: axes(registry.snapshot(created)),
      money: NO_MONEY,
    });
    publisher.order(registry.snapshot(created), 'intent.submitted');
    if (decision.kind === 'denied') {
      const { kind: _denied, ...why } = decision;
      stepOrder(created, { type: 'order.denied', ...why, atMs });
    } else {
      ledgers.reserve(created, decision.reservedUsd, decision.reservedShares);
      exits.afterOrder(created);
      if (decision.overrideIds.length > 0) spend(decision.overrideIds);
    }
    if (intent.side === 'BUY') limits.afterIntent(instrument, before, decision);
  };
}

const NO_MONEY: StepMoney = {
  filledBefore: '0',
  filledSize: '0',
  filledUsd: '0',
  feesUsd: '0',
  venueOrderId: null,
};
