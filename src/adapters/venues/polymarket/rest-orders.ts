/** Reading our orders. Source: Polymarket docs, "Get order", "Get active orders". */
import type { Clock, VenueOrderReport } from '../../../actors/ports.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import { orderReportOf } from './attribution.ts';
import type { Rest } from './rest.ts';
import { isFields } from './rest-fields.ts';
import { readPages } from './rest-pages.ts';
import { parseOrder, type WireOrder } from './user-wire.ts';

export interface OrderReader {
  /** Undefined: the venue does not show it, which proves nothing. */
  order(venueOrderId: string): Promise<VenueOrderReport | undefined>;
  /** What rests, of the whole account or of one market or token. */
  openOrders(filter?: OrderFilter): Promise<readonly VenueOrderReport[]>;
}

export interface OrderFilter {
  readonly marketId?: string;
  readonly tokenId?: string;
}

export function createOrderReader(
  rest: Pick<Rest, 'read'>,
  clock: Pick<Clock, 'now'>,
  onMalformed: (fault: InvalidValue) => void,
): OrderReader {
  const list = (query: Readonly<Record<string, string | undefined>>) =>
    readPages<WireOrder>(rest, {
      ...{ route: 'list', path: '/data/orders', query },
      ...{ parse: parseOrder, onMalformed },
    });
  const isOf = (order: WireOrder, id: string) => order.id.toLowerCase() === id.toLowerCase();

  return {
    async order(venueOrderId) {
      const path = `/data/order/${encodeURIComponent(venueOrderId)}`;
      const answer = await rest.read({ route: 'order', path, signed: true });
      // Orders that are over were answered with nothing at times: py-clob-client #217.
      if (isFields(answer) && answer.id !== undefined) {
        const order = parseOrder(answer, path);
        if (!isOf(order, venueOrderId))
          throw new InvalidValue(`${path}.id`, order.id, venueOrderId);
        return orderReportOf(order, clock.now());
      }
      // "Filtering by id returns that order regardless of status."
      const listed = (await list({ id: venueOrderId })).find((row) => isOf(row, venueOrderId));
      return listed === undefined ? undefined : orderReportOf(listed, clock.now());
    },
    async openOrders({ marketId, tokenId } = {}) {
      const orders = await list({ market: marketId, asset_id: tokenId });
      return orders.map((order) => orderReportOf(order, clock.now()));
    },
  };
}
