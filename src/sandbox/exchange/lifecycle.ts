/** How an order comes to rest, shrinks and ends. Each keeps book, reservation and lists together. */
import type { OrderRecord } from './records.ts';
import { DUST } from './rules.ts';
import type { OrderStatus } from './types.ts';
import type { World } from './world.ts';

/** A GTD order ends this long before its stated expiration. Source: Polymarket docs, GTD. */
const GTD_EARLY_MS = 60_000;

/** Makes a delayed or resting order known as open. */
export function open(world: World, order: OrderRecord): void {
  const { view } = order;
  world.orders.set(view.id, order);
  let own = world.openByOwner.get(view.owner);
  if (own === undefined) {
    own = new Map();
    world.openByOwner.set(view.owner, own);
  }
  if (own.has(view.id)) return;
  own.set(view.id, order);
  world.accounts.of(view.maker).openOrders += 1;
}

/** Puts what remains of an order on the book, behind all that rest at its price. */
export function rest(world: World, order: OrderRecord): void {
  order.restedNumber = world.nextNumber();
  open(world, order);
  world.accounts.reserve(order);
  order.market.book.own(order).add(order);
  const { id, orderType, expirationS } = order.view;
  if (orderType === 'GTD') world.plan(expirationS * 1000 - GTD_EARLY_MS, 'expire', id);
}

/** Books a fill of a resting order; ends it when nothing remains. */
export function fillResting(world: World, order: OrderRecord, size: bigint, tradeId: string): void {
  const side = order.market.book.own(order);
  side.reduce(order, size);
  order.remaining -= size;
  addFill(order, size, tradeId);
  if (order.remaining < DUST) close(world, order, 'MATCHED');
  else world.accounts.reserve(order);
}

export function addFill(order: OrderRecord, size: bigint, tradeId: string): void {
  const { view } = order;
  order.view = {
    ...view,
    sizeMatched: view.sizeMatched + size,
    associateTrades: [...view.associateTrades, tradeId],
  };
}

/** Ends an order, wherever it is. */
export function close(
  world: World,
  order: OrderRecord,
  status: OrderStatus,
  reason?: string,
): void {
  const { view } = order;
  world.orders.set(view.id, order);
  order.market.book.own(order).remove(order);
  world.accounts.release(order);
  const own = world.openByOwner.get(view.owner);
  if (own?.delete(view.id) === true) {
    world.accounts.of(view.maker).openOrders -= 1;
    if (own.size === 0) world.openByOwner.delete(view.owner);
  }
  order.view = { ...view, status, ...(reason === undefined ? {} : { reason }) };
  // A match that fills it has yet to ask what becomes of it.
  if (status !== 'MATCHED') world.fates.delete(view.id);
}
