/** Orders as a table: each with what was asked, how much of it is filled, and where it stands. */
import { type InstrumentNames, label } from './summary-lines.ts';
import { type Column, tableLines } from './table.ts';

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

/** What is asked of an order and what became of it, from its instrument on. */
export const ORDER_COLUMNS: readonly Column[] = [
  { title: 'instrument', shrinks: true },
  { title: 'side' },
  { title: 'price', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'filled', align: 'right' },
  { title: 'status' },
];

/** The cells of these columns. */
export function orderCells(order: ListedOrder, names?: InstrumentNames): readonly string[] {
  return [
    label(order.instrumentId, names),
    order.side,
    order.price,
    order.size ?? `$${order.amountUsd ?? ''}`,
    order.filledSize,
    order.status,
  ];
}

export function orderTable(
  orders: readonly ListedOrder[],
  names: InstrumentNames,
  width?: number,
): string[] {
  return tableLines(
    [{ title: 'order', shrinks: true }, ...ORDER_COLUMNS],
    orders.map((order) => [order.clientOrderId, ...orderCells(order, names)]),
    width,
  );
}
