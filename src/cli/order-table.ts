/** Orders as a table: each with what was asked, how much of it is filled, and where it stands. */
import { type InstrumentNames, label } from './summary-lines.ts';
import { tableLines } from './table.ts';

export interface ListedOrder {
  readonly clientOrderId: string;
  readonly instrumentId: string;
  readonly side: string;
  readonly price: string;
  readonly size: string | null;
  readonly amountUsd: string | null;
  readonly filledSize: string;
  readonly status: string;
}

export function orderTable(
  orders: readonly ListedOrder[],
  names?: InstrumentNames,
  width?: number,
): string[] {
  return tableLines(
    [
      { title: 'order', shrinks: true },
      { title: 'instrument', shrinks: true },
      { title: 'side' },
      { title: 'price', align: 'right' },
      { title: 'size', align: 'right' },
      { title: 'filled', align: 'right' },
      { title: 'status' },
    ],
    orders.map((order) => [
      order.clientOrderId,
      label(order.instrumentId, names),
      order.side,
      order.price,
      order.size ?? `$${order.amountUsd ?? ''}`,
      order.filledSize,
      order.status,
    ]),
    width,
  );
}
