/** Reading our orders. Source: Polymarket docs, "Get order", "Get active orders". */
import type { Clock, OrderTerms, VenueOrderReport } from '../../../actors/ports.ts';
import { InvalidValue } from '../../../domain/faults.ts';
import { type InstrumentOf, orderReportOf } from './attribution.ts';
import type { Rest } from './rest.ts';
import { isFields } from './rest-fields.ts';
import { readPages } from './rest-pages.ts';
import { parseOrder, type WireOrder } from './user-wire.ts';

export interface OrderReader {
  /** Undefined: the venue does not show it, which proves nothing. */
  order(venueOrderId: string): Promise<VenueOrderReport | undefined>;
  /** What rests, of the whole account or of one market or token. */
  openOrders(filter?: OrderFilter): Promise<readonly VenueOrderReport[]>;
  /**
   * The same for proofs.
   * @throws {InvalidValue} when a row cannot be read: it may be the order that is looked for.
   */
  allOpenOrders(filter?: OrderFilter): Promise<readonly VenueOrderReport[]>;
}

export interface OrderFilter {
  readonly marketId?: string;
  readonly tokenId?: string;
}

export function createOrderReader(
  rest: Pick<Rest, 'read'>,
  clock: Pick<Clock, 'now'>,
  onMalformed: (fault: InvalidValue) => void,
  instrumentOf: InstrumentOf = () => undefined,
): OrderReader {
  const list = (query: Readonly<Record<string, string | undefined>>, onOdd = onMalformed) =>
    readPages<WireOrder>(rest, {
      ...{ route: 'list', path: '/data/orders', query },
      ...{ parse: parseOrder, onMalformed: onOdd },
    });
  function stop(fault: InvalidValue): never {
    onMalformed(fault);
    throw fault;
  }
  async function openOrders({ marketId, tokenId }: OrderFilter = {}, onOdd = onMalformed) {
    const orders = await list({ market: marketId, asset_id: tokenId }, onOdd);
    return orders.map((order) => ({
      ...orderReportOf(order, clock.now()),
      ...termsOf(order, instrumentOf),
    }));
  }
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
      const listed = (await list({ id: venueOrderId }, stop)).find((row) =>
        isOf(row, venueOrderId),
      );
      return listed === undefined ? undefined : orderReportOf(listed, clock.now());
    },
    openOrders: (filter) => openOrders(filter),
    allOpenOrders: (filter) => openOrders(filter, stop),
  };
}

function termsOf(order: WireOrder, instrumentOf: InstrumentOf): { readonly terms?: OrderTerms } {
  const { tokenId, side, price, originalSize } = order;
  if (side === undefined || price === undefined) return {};
  const instrument = tokenId === undefined ? undefined : instrumentOf(tokenId);
  return {
    terms: {
      ...(instrument === undefined ? {} : { instrumentId: instrument.id }),
      ...{ side, price },
      ...(originalSize === undefined ? {} : { size: originalSize }),
    },
  };
}
