/** Cancels, and the end of orders by time. */
import { close } from './lifecycle.ts';
import type { MarketRecord, OrderRecord } from './records.ts';
import type { CancelResult, Hex } from './types.ts';
import type { World } from './world.ts';

/** The venue's real answer for an order that is over or unknown, and for somebody else's. */
const NOT_FOUND = "order can't be found - already canceled or matched";

/** A delayed order cannot be cancelled (Polymarket docs, order lifecycle); the words are ours. */
const DELAYED = 'order is delayed and cannot be canceled';

/** Cancels orders of `owner` by id. */
export function cancelOrders(world: World, owner: string, ids: readonly string[]): CancelResult {
  const found: OrderRecord[] = [];
  const notCanceled: Record<string, string> = {};
  for (const id of new Set(ids)) {
    const order = world.openByOwner.get(owner)?.get(id);
    if (order === undefined) notCanceled[id] = NOT_FOUND;
    else found.push(order);
  }
  return cancelAllOf(world, found, notCanceled);
}

/** Cancels the open orders of `owner` that pass the filter. */
export function cancelOpen(
  world: World,
  owner: string,
  isMeant: (order: OrderRecord) => boolean,
): CancelResult {
  const open = [...(world.openByOwner.get(owner)?.values() ?? [])];
  return cancelAllOf(world, open.filter(isMeant), {});
}

/** A GTD order whose time has come. Reported like any cancel. Source: Polymarket docs, GTD. */
export function expire(world: World, id: string): void {
  const order = world.orders.get(id);
  if (order?.view.status !== 'LIVE') return;
  cancelAllOf(world, [order], {});
}

function cancelAllOf(
  world: World,
  orders: readonly OrderRecord[],
  notCanceled: Record<string, string>,
): CancelResult {
  const canceled: Hex[] = [];
  const markets = new Set<MarketRecord>();
  for (const order of orders) {
    const { id, status } = order.view;
    if (status === 'DELAYED') {
      notCanceled[id] = DELAYED;
      continue;
    }
    close(world, order, 'CANCELED');
    world.noteOrder('CANCELLATION', order);
    markets.add(order.market);
    canceled.push(id);
  }
  for (const market of markets) world.noteLevels(market);
  world.flush();
  return { canceled, notCanceled };
}
