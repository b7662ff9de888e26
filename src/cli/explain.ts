/** `fillwright explain`: everything that happened to one order, and why. */
import type { Command } from 'commander';
import type { LegRow, OrderEventRow, OrderRow, Store } from '../actors/store-port.ts';
import { FillwrightFault } from '../domain/faults.ts';
import { formatTime } from './duration.ts';
import { type GlobalOptions, printResult } from './io.ts';
import { loadConfig, withStore } from './settings.ts';
import { printable, tableLines } from './table.ts';

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Show the timeline of one order: every step with its cause, every fill.')
    .argument('<order>', 'its id, venue id or intent key, or the beginning of one')
    .addHelpText('after', '\nExample:\n  $ fillwright explain ord_01JF8')
    .action(async (text: string, _options, command: Command) =>
      explain(text, command.optsWithGlobals()),
    );
}

interface Step extends OrderEventRow {
  /** Milliseconds since the step before; null for the first. */
  readonly sinceMs: number | null;
}

interface Explained {
  readonly order: OrderRow;
  readonly events: readonly Step[];
  readonly legs: readonly LegRow[];
}

async function explain(text: string, options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options);
  const explained = await withStore(config, options, async (store): Promise<Explained> => {
    const order = await find(store, text);
    const events = await store.orderEvents(order.clientOrderId);
    return {
      order,
      events: events.map((event, index) => ({
        ...event,
        sinceMs: index === 0 ? null : event.atMs - (events[index - 1]?.atMs ?? event.atMs),
      })),
      legs: await store.legsOfOrder(order.clientOrderId),
    };
  });
  printResult(options, explained, () => lines(explained));
}

/** An id that is met in full wins over those that only begin with it. */
async function find(store: Store, text: string): Promise<OrderRow> {
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

function lines({ order, events, legs }: Explained): string[] {
  const amount = order.size === null ? `${order.amountUsd ?? ''} dollars` : `${order.size} shares`;
  return [
    `${order.clientOrderId}: ${order.side} ${amount} of ${order.instrumentId} at ${order.price} (${order.type}, ${order.timeInForce})`,
    ...tableLines(
      [{ title: 'status' }, { title: order.status }],
      [
        ['strategy', order.strategy],
        ['intent key', order.intentKey],
        ['venue order', order.venueOrderId ?? 'none yet'],
        ['state', `${order.execution}, settlement ${order.settlement}`],
        ['filled', `${order.filledSize} at ${order.averageFillPrice ?? '-'} on average`],
        ['fees', order.feesUsd],
        ['reserved', `${order.reservedUsd} dollars, ${order.reservedShares} shares`],
        ['reason', order.reason ?? '-'],
      ],
    ),
    '',
    ...tableLines(
      [
        { title: '#', align: 'right' },
        { title: 'time (UTC)' },
        { title: '+ms', align: 'right' },
        { title: 'from -> to' },
        { title: 'status' },
        { title: 'cause' },
        { title: 'what happened' },
      ],
      events.map((event) => [
        String(event.number),
        formatTime(event.atMs),
        event.sinceMs === null ? '' : String(event.sinceMs),
        event.fromState === event.toState
          ? event.toState
          : `${event.fromState || 'new'} -> ${event.toState}`,
        event.status,
        event.type,
        printable(event.note),
      ]),
    ),
    ...(legs.length === 0 ? [] : ['', ...legLines(legs)]),
  ];
}

function legLines(legs: readonly LegRow[]): string[] {
  return tableLines(
    [
      { title: 'fill' },
      { title: 'time (UTC)' },
      { title: 'role' },
      { title: 'price', align: 'right' },
      { title: 'size', align: 'right' },
      { title: 'fee', align: 'right' },
      { title: 'settlement' },
      { title: 'transaction' },
    ],
    legs.map((leg) => [
      leg.tradeId,
      formatTime(leg.matchedAtMs),
      leg.role,
      leg.price,
      leg.size,
      leg.feeUsd,
      leg.conflicted ? `${leg.settlement} (the venue contradicts itself)` : leg.settlement,
      leg.transactionHash ?? '',
    ]),
  );
}
