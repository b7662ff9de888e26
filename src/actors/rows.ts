/** Rows of the read tables, made from actors' contexts. */
import { Decimal, decimal, toText } from '../domain/decimal.ts';
import type { FillLeg } from '../domain/fill-leg.ts';
import { sellableSize } from '../domain/position.ts';
import { type Standing, standingOf, tradableTotals } from '../domain/resolution.ts';
import type { OrderContext } from '../machines/order.context.ts';
import {
  type ExecutionState,
  executionState,
  isClosed,
  type OrderStateValue,
  publicStatus,
} from '../machines/order.status.ts';
import { type PositionContext, positionState } from '../machines/position.machine.ts';
import { readable } from './outside.ts';
import type { SnapshotOf } from './registry.ts';
import type { LegRow, OrderRow, PositionRow } from './store-port.ts';

/** An order as users see it: the row of the `orders` table is the same object. */
export type OrderView = OrderRow;
export type PositionView = PositionRow;

/** The average price that people read: 6 decimals, half-even. Never used in arithmetic. */
const AVERAGE_DECIMALS = 6;

export function orderRow(snapshot: SnapshotOf['order']): OrderRow {
  const context: OrderContext = snapshot.context;
  const { intent, instrument } = context;
  const { execution, settlement } = axes(snapshot);
  return {
    clientOrderId: context.clientOrderId,
    venue: instrument.venue,
    venueOrderId: context.venueOrderId,
    intentKey: intent.key,
    strategy: intent.strategy,
    instrumentId: instrument.id,
    marketId: instrument.marketId,
    outcome: instrument.outcome,
    side: intent.side,
    type: intent.type,
    price: intent.price,
    size: intent.size ?? null,
    amountUsd: intent.amountUsd ?? null,
    timeInForce: intent.timeInForce,
    expiresAtMs: intent.expiresAtMs ?? null,
    status: publicStatus(execution, settlement),
    execution,
    settlement,
    filledSize: context.filledSize,
    averageFillPrice: averageFillPrice(context),
    feesUsd: context.feesUsd,
    reservedUsd: context.reservedUsd,
    reservedShares: context.reservedShares,
    reason: context.reason === null ? null : readable(context.reason),
    closed: isClosed(execution, settlement, context),
    createdAtMs: context.createdAtMs,
    updatedAtMs: context.updatedAtMs,
  };
}

/** The states of an order on both axes. */
export interface Axes {
  readonly execution: ExecutionState;
  readonly settlement: OrderStateValue['settlement'];
}

export function axes(snapshot: SnapshotOf['order']): Axes {
  const value: OrderStateValue = snapshot.value;
  return { execution: executionState(value), settlement: value.settlement };
}

export function isClosedOrder(snapshot: SnapshotOf['order']): boolean {
  const { execution, settlement } = axes(snapshot);
  return isClosed(execution, settlement, snapshot.context);
}

export function averageFillPrice(
  context: Pick<OrderContext, 'filledSize' | 'filledUsd'>,
): string | null {
  if (context.filledSize === '0') return null;
  return toText(
    decimal(context.filledUsd)
      .div(context.filledSize)
      .toDecimalPlaces(AVERAGE_DECIMALS, Decimal.ROUND_HALF_EVEN),
  );
}

/** Where a position stands, its market resolved or not. */
export function standing({
  fold,
  resolution,
}: Pick<PositionContext, 'fold' | 'resolution'>): Standing {
  return standingOf(fold.totals, resolution);
}

/** What of a position can still be traded. */
export function tradable({ fold, resolution }: Pick<PositionContext, 'fold' | 'resolution'>) {
  return tradableTotals(fold.totals, resolution);
}

/** Shares that a SELL may offer; of a resolved market none. Reservations are not subtracted. */
export function sellable({ fold, resolution }: Pick<PositionContext, 'fold' | 'resolution'>) {
  return resolution === null ? toText(sellableSize(fold)) : '0';
}

export function positionRow(context: PositionContext): PositionRow {
  const { resolution } = context;
  const { size, averageEntry, costBasis, realizedPnl, redeemableUsd } = standing(context);
  return {
    accountId: context.accountId,
    instrumentId: context.instrumentId,
    state: positionState(context),
    ...{ size, sellableSize: sellable(context), reservedShares: context.reservedShares },
    ...{ averageEntry, costBasis, realizedPnl },
    feesUsd: context.fold.totals.feesUsd,
    payout: resolution?.payout ?? null,
    resolvedAtMs: resolution?.resolvedAtMs ?? null,
    redeemableUsd,
    redeemedSize: resolution?.redeemedSize ?? '0',
    redeemedUsd: resolution?.redeemedUsd ?? '0',
    reconciliationRequired: context.openFindings > 0,
    updatedAtMs: context.updatedAtMs,
  };
}

export function legRow(venue: string, clientOrderId: string | null, leg: FillLeg): LegRow {
  return {
    legKey: leg.key,
    venue,
    tradeId: leg.tradeId,
    venueOrderId: leg.venueOrderId,
    role: leg.role,
    clientOrderId,
    instrumentId: leg.instrumentId,
    side: leg.side,
    price: leg.price,
    size: leg.size,
    feeUsd: leg.feeUsd,
    settlement: leg.settlement,
    conflicted: leg.conflicted === true,
    matchedAtMs: leg.matchedAtMs,
    transactionHash: leg.transactionHash ?? null,
  };
}
