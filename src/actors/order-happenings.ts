/** Which events a step of an order is, and what they carry. */
import type { CatalogueType, PayloadOf } from '../domain/events/catalogue.ts';
import { compare } from '../domain/exact.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import type { OrderContext } from '../machines/order.context.ts';
import { isExecutionOver, publicStatus } from '../machines/order.status.ts';
import type { OrderStep } from './facts.ts';
import { averageFillPrice } from './rows.ts';

export type OrderStepType = Extract<CatalogueType, `order.${string}`>;

/** In the order in which they are told. None for most steps. */
export function typesOfStep(step: OrderStep): readonly OrderStepType[] {
  const { before, after, money } = step;
  if (before === undefined) return [];
  if (before.execution === after.execution && before.settlement === after.settlement) {
    return grew(money) && after.execution !== 'matched' ? ['order.partiallyFilled'] : [];
  }
  const types: OrderStepType[] = [];
  const [from, to] = [before.execution, after.execution];
  if (from === 'recording' && to === 'submitting') types.push('order.submitted');
  if (isAcknowledged(from, to)) types.push('order.acknowledged');
  if (to !== 'matched' && grew(money)) types.push('order.partiallyFilled');
  if (from !== to) {
    if (to === 'matched') types.push('order.filled');
    else if (to === 'cancelled') types.push('order.cancelled');
    else if (to === 'expired') types.push('order.expired');
    else if (to === 'rejected') types.push('order.rejected');
    else if (to === 'denied') types.push('order.denied');
    else if (isUnknown(to) && !isUnknown(from)) types.push('order.unknown');
  }
  const hasFailed = publicStatus(to, after.settlement) === 'FAILED';
  if (hasFailed && publicStatus(from, before.settlement) !== 'FAILED') types.push('order.failed');
  return types;
}

type Execution = OrderStep['after']['execution'];

function isUnknown(execution: Execution): boolean {
  return execution === 'unknown.waiting' || execution === 'unknown.resolving';
}

function isAlive(execution: Execution): boolean {
  return execution.startsWith('working.') || execution.startsWith('cancelling.');
}

/** From not known to be there, or from over, to being there. A late fill of one that is over is none. */
function isAcknowledged(from: Execution, to: Execution): boolean {
  if (isAlive(from)) return false;
  return isAlive(to) || (to === 'matched' && !isExecutionOver(from));
}

function grew({ filledBefore, filledSize }: OrderStep['money']): boolean {
  return filledBefore !== filledSize && compare(filledSize, filledBefore) > 0;
}

type Constant = Pick<OrderContext, 'intent' | 'instrument'>;

/** `constant`: what of the order never changes. */
export function payloadOfStep(
  type: OrderStepType,
  step: OrderStep,
  constant: Constant,
): PayloadOf<OrderStepType> {
  const order = orderFacts(step, constant);
  const { filledSize, feesUsd } = step.money;
  const filled = { filledSize, averageFillPrice: averageFillPrice(step.money), feesUsd };
  const { event } = step;
  const reason = 'reason' in event ? (event.reason ?? null) : null;
  switch (type) {
    case 'order.submitted':
    case 'order.acknowledged':
    case 'order.failed':
      return order satisfies PayloadOf<typeof type>;
    case 'order.partiallyFilled':
    case 'order.filled':
      return { ...order, ...filled } satisfies PayloadOf<typeof type>;
    case 'order.cancelled':
    case 'order.expired':
      return { ...order, ...filled, reason } satisfies PayloadOf<typeof type>;
    case 'order.rejected':
    case 'order.unknown':
      return { ...order, reason } satisfies PayloadOf<typeof type>;
    case 'order.denied': {
      const code = 'code' in event ? (event.code ?? null) : null;
      return { ...order, reason, code } satisfies PayloadOf<typeof type>;
    }
  }
}

function orderFacts(
  { order, money }: OrderStep,
  { intent, instrument }: Constant,
): PayloadOf<'order.submitted'> {
  return {
    clientOrderId: order.name,
    intentKey: intent.key,
    strategy: intent.strategy,
    instrumentId: instrument.id,
    marketId: instrument.marketId,
    outcome: instrument.outcome,
    side: intent.side,
    orderType: intent.type,
    price: intent.price,
    size: intent.size ?? null,
    amountUsd: intent.amountUsd ?? null,
    timeInForce: intent.timeInForce,
    venueOrderId: money.venueOrderId,
  };
}

export function payloadOfFill(clientOrderId: string, leg: FillLeg): PayloadOf<'fill.applied'> {
  return {
    clientOrderId,
    legKey: leg.key,
    tradeId: leg.tradeId,
    venueOrderId: leg.venueOrderId,
    role: leg.role,
    instrumentId: leg.instrumentId,
    side: leg.side,
    price: leg.price,
    size: leg.size,
    feeUsd: leg.feeUsd,
    settlement: leg.settlement,
    matchedAtMs: leg.matchedAtMs,
    transactionHash: leg.transactionHash ?? null,
    conflicted: leg.conflicted === true,
  };
}
