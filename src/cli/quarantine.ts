/** Markets that wait for an order in doubt, as the read tables show them. */
import type { OrderEventRow, OrderRow, Store } from '../actors/store-port.ts';
import { formatTime } from './duration.ts';
import { printable, tableLines } from './table.ts';

/** Orders whose steps are read for it. More are listed without their time: there is enough to do. */
const MAX_READ = 100;

export interface QuarantinedOrder {
  readonly marketId: string;
  readonly orderId: string;
  readonly venueOrderId: string | null;
  /** When the doubt began; null beyond the first hundred. */
  readonly sinceMs: number | null;
  /** The newest step, in words: what a look-up said last. */
  readonly last: string | null;
}

/** By market, oldest first in each. */
export async function quarantineOf(
  store: Pick<Store, 'orderEvents'>,
  orders: readonly OrderRow[],
): Promise<readonly QuarantinedOrder[]> {
  const unknown = orders
    .filter(({ status }) => status === 'UNKNOWN')
    .sort((a, b) => compare(a.marketId, b.marketId) || compare(a.clientOrderId, b.clientOrderId));
  const listed: QuarantinedOrder[] = [];
  for (const { marketId, clientOrderId: orderId, venueOrderId } of unknown) {
    const events = listed.length < MAX_READ ? await store.orderEvents(orderId) : [];
    const last = events.at(-1)?.note ?? null;
    listed.push({ marketId, orderId, venueOrderId, sinceMs: doubtSince(events), last });
  }
  return listed;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Sent again and in doubt again is one doubt. */
function doubtSince(events: readonly OrderEventRow[]): number | null {
  let since: number | null = null;
  for (const { status, atMs } of events) {
    if (status === 'UNKNOWN') since ??= atMs;
    else if (status !== 'PENDING') since = null;
  }
  return since;
}

export function quarantineLines(orders: readonly QuarantinedOrder[]): string[] {
  if (orders.length === 0) return [];
  return [
    '',
    ...tableLines(
      [
        { title: 'market in quarantine' },
        { title: 'order in doubt' },
        { title: 'since (UTC)' },
        { title: 'last' },
      ],
      orders.map(({ marketId, orderId, sinceMs, last }) => [
        marketId,
        orderId,
        sinceMs === null ? '' : formatTime(sinceMs),
        printable(last ?? ''),
      ]),
    ),
  ];
}
