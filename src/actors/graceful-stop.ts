/**
 * The last steps of an orderly stop: open orders are cancelled where that is wanted, for a limited
 * time, and it is said honestly what stays open at the venue while nothing watches it.
 */
import { isFinalSettlement } from '../domain/fill-leg.ts';
import { isExecutionOver } from '../machines/order.status.ts';
import type { Clock } from './ports.ts';
import type { Registry, SnapshotOf } from './registry.ts';
import { axes, type OrderView, orderRow } from './rows.ts';

/** Cancels are waited for this long unless told otherwise: a venue's hiccup, not its outage. */
export const CANCEL_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 20;
/** Orders that a report names; the rest is counted. */
const MAX_NAMED = 100;

export interface StopOptions {
  /** Cancel what is open at the venue first. Default: leave it there. */
  readonly cancelOrders?: boolean;
  /** How long the cancels may take. Default CANCEL_LIMIT_MS. */
  readonly cancelLimitMs?: number;
}

/** What is left when an engine has stopped. */
export interface LeftOpen {
  /** Orders that may still be filled, in doubt or not; the first hundred. */
  readonly orders: readonly OrderView[];
  readonly orderCount: number;
  /** Of those, orders of which nobody knows whether the venue has them. */
  readonly inDoubt: number;
  /** Fills that are neither confirmed nor failed; the next start follows them. */
  readonly unsettledFills: number;
  /** Orders that were open when the stop began and were over at its end; null: it was not to cancel. */
  readonly ended: number | null;
  /** True: the time for the cancels was over before all of them were answered. */
  readonly ranOutOfTime: boolean;
}

interface Cancelling {
  readonly clock: Clock;
  readonly registry: Registry;
  /** Asks for the cancel of every order that may still be filled. */
  readonly cancelAll: () => Promise<unknown>;
  /** Ends the waiting: nothing can be sent any more. */
  readonly isOver: () => boolean;
  readonly limitMs: number;
}

/** Cancels all that is open, and waits until the venue has answered or the time is over. */
export async function cancelOpenOrders({
  clock,
  registry,
  cancelAll,
  isOver,
  limitMs,
}: Cancelling): Promise<{ readonly ended: number; readonly ranOutOfTime: boolean }> {
  const untilMs = clock.now() + limitMs;
  const before = openOrders(registry).map(({ context }) => context.clientOrderId);
  const asking = cancelAll().catch(() => undefined);
  let asked = false;
  void asking.then(() => {
    asked = true;
  });
  while (!(asked && !isAnyOpen(registry)) && !isOver()) {
    if (clock.now() >= untilMs) break;
    await new Promise<void>((resolve) => clock.at(clock.now() + LOOK_EVERY_MS, resolve));
  }
  const left = new Set(openOrders(registry).map(({ context }) => context.clientOrderId));
  const ended = before.filter((id) => !left.has(id)).length;
  return { ended, ranOutOfTime: left.size > 0 && !isOver() };
}

export function leftOpen(
  registry: Registry,
  cancels: { readonly ended: number; readonly ranOutOfTime: boolean } | undefined,
): LeftOpen {
  const orders = openOrders(registry);
  let unsettledFills = 0;
  for (const entry of registry.orders.values()) {
    const { legs } = registry.snapshot(entry).context;
    unsettledFills += legs.filter(({ settlement }) => !isFinalSettlement(settlement)).length;
  }
  return {
    orders: orders.slice(0, MAX_NAMED).map(orderRow),
    orderCount: orders.length,
    inDoubt: orders.filter((order) => axes(order).execution.startsWith('unknown')).length,
    unsettledFills,
    ended: cancels?.ended ?? null,
    ranOutOfTime: cancels?.ranOutOfTime ?? false,
  };
}

/** Orders of which the venue has not said that they are over. */
export function openOrderIds(registry: Registry): readonly string[] {
  return openOrders(registry).map(({ context }) => context.clientOrderId);
}

function isAnyOpen(registry: Registry): boolean {
  for (const entry of registry.orders.values()) {
    if (!isExecutionOver(axes(registry.snapshot(entry)).execution)) return true;
  }
  return false;
}

/** Orders that the venue may still fill. One that is not yet sent is sent at the next start. */
function openOrders(registry: Registry): readonly SnapshotOf['order'][] {
  return [...registry.orders.values()]
    .map((entry) => registry.snapshot(entry))
    .filter((order) => !isExecutionOver(axes(order).execution));
}
