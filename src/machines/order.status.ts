/** The words that users read, as pure functions of the two axes. */
import type { FillLeg } from '../domain/fill-leg.ts';
import type { OrderContext } from './order.context.ts';
import { missesLegs } from './order.reducers.ts';

export type ExecutionState =
  | 'recording'
  | 'submitting'
  | 'holding'
  | 'unknown.waiting'
  | 'unknown.resolving'
  | 'working.open'
  | 'working.delayed'
  | 'working.partiallyFilled'
  | 'cancelling.requesting'
  | 'cancelling.waiting'
  | 'matched'
  | 'cancelled'
  | 'expired'
  | 'rejected'
  | 'denied';

export type SettlementState = 'none' | 'matched' | 'retrying' | 'mined' | 'confirmed' | 'failed';

export type OrderStatus =
  | 'PENDING'
  | 'PLACED'
  | 'PARTIAL_FILL'
  | 'MATCHED'
  | 'MINED'
  | 'CONFIRMED'
  | 'REJECTED'
  | 'CANCELLED'
  | 'FAILED'
  | 'DENIED'
  | 'EXPIRED'
  | 'UNKNOWN';

export const EXECUTION_STATES = [
  'recording',
  'submitting',
  'holding',
  'unknown.waiting',
  'unknown.resolving',
  'working.open',
  'working.delayed',
  'working.partiallyFilled',
  'cancelling.requesting',
  'cancelling.waiting',
  'matched',
  'cancelled',
  'expired',
  'rejected',
  'denied',
] as const satisfies readonly ExecutionState[];

/** XState's value of the order machine. */
export interface OrderStateValue {
  readonly execution: string | Readonly<Record<string, unknown>>;
  readonly settlement: SettlementState;
}

/** `working.open` from XState's value of the execution region. */
export function executionState(value: OrderStateValue): ExecutionState {
  const execution = value.execution;
  if (typeof execution === 'string') return execution as ExecutionState;
  const parent = Object.keys(execution)[0] ?? '';
  return `${parent}.${String(execution[parent])}` as ExecutionState;
}

/** The public status. A pure function of both axes. */
export function publicStatus(execution: ExecutionState, settlement: SettlementState): OrderStatus {
  switch (execution) {
    case 'recording':
    case 'submitting':
    case 'holding':
      return 'PENDING';
    case 'unknown.waiting':
    case 'unknown.resolving':
      return 'UNKNOWN';
    case 'working.open':
    case 'working.delayed':
    case 'working.partiallyFilled':
    case 'cancelling.requesting':
    case 'cancelling.waiting':
      return settlement === 'none' ? 'PLACED' : 'PARTIAL_FILL';
    case 'matched':
      return matchedStatus(settlement);
    case 'cancelled':
      return 'CANCELLED';
    case 'expired':
      return 'EXPIRED';
    case 'rejected':
      return 'REJECTED';
    case 'denied':
      return 'DENIED';
  }
}

function matchedStatus(settlement: SettlementState): OrderStatus {
  switch (settlement) {
    case 'none':
    case 'matched':
    case 'retrying':
      return 'MATCHED';
    case 'mined':
      return 'MINED';
    case 'confirmed':
      return 'CONFIRMED';
    case 'failed':
      return 'FAILED';
  }
}

/**
 * The settlement of a whole order, folded over its legs: its least advanced leg that is still
 * under way; once all are final, `confirmed` where any is, else `failed`.
 */
export function foldSettlement(legs: readonly FillLeg[]): SettlementState {
  let confirmed = false;
  let slowest: SettlementState | undefined;
  for (const { settlement } of legs) {
    if (settlement === 'confirmed') confirmed = true;
    else if (settlement === 'matched') return 'matched';
    else if (settlement === 'retrying') slowest = 'retrying';
    else if (settlement === 'mined') slowest ??= 'mined';
  }
  if (slowest !== undefined) return slowest;
  if (legs.length === 0) return 'none';
  return confirmed ? 'confirmed' : 'failed';
}

/** By a word of the venue, as `VenueOrderStatus`: it may still execute something of it. */
export function isAliveAtVenue(status: string): boolean {
  return status === 'live' || status === 'delayed';
}

const OVER: ReadonlySet<ExecutionState> = new Set([
  'matched',
  'cancelled',
  'expired',
  'rejected',
  'denied',
]);

/** The venue will not execute anything more of it, as far as we know. */
export function isExecutionOver(execution: ExecutionState): boolean {
  return OVER.has(execution);
}

/**
 * It may still change its position: it works, or it is over and the legs of what the venue reported
 * as matched are to come. What they will take is reserved until they do.
 */
export function isPending(
  execution: ExecutionState,
  { reservedUsd, reservedShares }: Pick<OrderContext, 'reservedUsd' | 'reservedShares'>,
): boolean {
  return !isExecutionOver(execution) || reservedUsd !== '0' || reservedShares !== '0';
}

/** Nobody can say whether the venue has it; also while its bytes are handed over again. */
export function isInDoubt(
  execution: ExecutionState,
  { doubted }: Pick<OrderContext, 'doubted'>,
): boolean {
  if (execution === 'unknown.waiting' || execution === 'unknown.resolving') return true;
  return doubted && (execution === 'submitting' || execution === 'holding');
}

/**
 * Nothing more is expected: execution is over, every leg is confirmed or failed, and no leg that
 * the venue told of is missing. A closed order still takes a late leg: it only rests in its row.
 */
export function isClosed(
  execution: ExecutionState,
  settlement: SettlementState,
  context: OrderContext,
): boolean {
  return (
    OVER.has(execution) &&
    (settlement === 'none' || settlement === 'confirmed' || settlement === 'failed') &&
    !missesLegs(context)
  );
}
