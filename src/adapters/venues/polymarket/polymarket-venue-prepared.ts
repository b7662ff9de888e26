/**
 * The orders that this process has made: the same order is the same bytes. And what it must know of
 * an order to send it.
 */
import type { PreparedOrder, VenueOrder } from '../../../actors/ports.ts';
import { dropOldest } from '../../../domain/drop-oldest.ts';
import type { Side } from '../../../domain/instrument.ts';
import { parsePostedOrder } from './protocol/parse-order.ts';

/** Some hours of a busy desk, about 1.5 kB each. What is dropped is read from its bytes. */
const MAX_REMEMBERED = 10_000;

/** What sending needs to know of an order. */
export interface OrderRecord {
  readonly side: Side;
  readonly tokenId: string;
  readonly postOnly: boolean;
  /**
   * Since when nobody knows whether the venue has it. An order whose making we do not remember may
   * have been sent by the process before this one.
   */
  doubtedAtMs: number | undefined;
}

export interface PreparedOrders {
  /** Makes the bytes unless the same order was made before. A failure is not remembered. */
  prepare(order: VenueOrder, make: () => Promise<PreparedOrder>): Promise<PreparedOrder>;
  /** @throws {InvalidValue} for a body that is no order. */
  recordOf(prepared: PreparedOrder, nowMs: number): OrderRecord;
  has(venueOrderId: string): boolean;
}

export function createPreparedOrders(): PreparedOrders {
  const made = new Map<string, Promise<PreparedOrder>>();
  const records = new Map<string, OrderRecord>();

  return {
    prepare(order, make) {
      const key = keyOf(order);
      const known = made.get(key);
      if (known !== undefined) return known;
      const making = make().then((prepared) => {
        const { side, postOnly, instrument } = order;
        const record = { side, postOnly, tokenId: instrument.tokenId, doubtedAtMs: undefined };
        remember(records, prepared.venueOrderId.toLowerCase(), record);
        return prepared;
      });
      remember(made, key, making);
      making.catch(() => made.delete(key));
      return making;
    },
    recordOf({ venueOrderId, body }, nowMs) {
      const id = venueOrderId.toLowerCase();
      const known = records.get(id);
      if (known !== undefined) return known;
      const { order, postOnly } = parsePostedOrder(body);
      const { side, tokenId } = order;
      const record: OrderRecord = { side, tokenId, postOnly, doubtedAtMs: nowMs };
      remember(records, id, record);
      return record;
    },
    has: (venueOrderId) => records.has(venueOrderId.toLowerCase()),
  };
}

/** Everything that is in the bytes, beside the market's rules and the time. */
function keyOf(order: VenueOrder): string {
  const { clientOrderId, side, type, price, size, amountUsd, timeInForce, expiresAtMs } = order;
  const { tokenId } = order.instrument;
  return JSON.stringify([
    ...[clientOrderId, tokenId, side, type, price, size ?? '', amountUsd ?? ''],
    ...[timeInForce, expiresAtMs ?? '', order.postOnly],
  ]);
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  dropOldest(map, MAX_REMEMBERED);
}
