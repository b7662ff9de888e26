/** The one order that a person means. */
import type { OrderRow, Store } from '../actors/store-port.ts';
import { FillwrightFault } from '../domain/faults.ts';

/**
 * The order whose id, venue id or intent key is or begins with `text`. One that is met in full wins
 * over those that only begin so.
 *
 * @throws {FillwrightFault} `unknown_order` for none, and for several, which are named.
 */
export async function findOrder(store: Pick<Store, 'findOrders'>, text: string): Promise<OrderRow> {
  const found = await store.findOrders(text);
  const exact = found.filter((order) =>
    [order.clientOrderId, order.venueOrderId, order.intentKey].includes(text),
  );
  const [first, ...others] = exact.length > 0 ? exact : found;
  if (first === undefined) {
    throw new FillwrightFault(
      'unknown_order',
      `order ${JSON.stringify(text)}: no order has an id, venue id or intent key that begins so.`,
      { text },
    );
  }
  if (others.length === 0) return first;
  const candidates = [first, ...others].map((order) => order.clientOrderId);
  throw new FillwrightFault(
    'unknown_order',
    `order ${JSON.stringify(text)}: could be any of ${candidates.join(', ')}.`,
    { text, candidates },
  );
}
