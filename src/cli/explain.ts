/** `fillwright explain`: everything that happened to one order, and why. */
import type { Command } from 'commander';
import type { LegRow, OrderEventRow, OrderRow, PositionRow } from '../actors/store-port.ts';
import { formatTime } from './duration.ts';
import { findOrder } from './find-order.ts';
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
  /** What its outcome stands at now; null where nothing of it was ever held. */
  readonly position: PositionRow | null;
}

async function explain(text: string, options: GlobalOptions): Promise<void> {
  const config = await loadConfig(options);
  const explained = await withStore(config, options, async (store): Promise<Explained> => {
    const order = await findOrder(store, text);
    const events = await store.orderEvents(order.clientOrderId);
    return {
      order,
      events: events.map((event, index) => ({
        ...event,
        sinceMs: index === 0 ? null : event.atMs - (events[index - 1]?.atMs ?? event.atMs),
      })),
      legs: await store.legsOfOrder(order.clientOrderId),
      position:
        (await store.positions()).find(({ instrumentId }) => instrumentId === order.instrumentId) ??
        null,
    };
  });
  printResult(options, explained, () => lines(explained));
}

function lines({ order, events, legs, position }: Explained): string[] {
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
    ...(position === null ? [] : resolutionLines(position)),
    ...(order.status === 'UNKNOWN' ? ['', howToSettle(order)] : []),
  ];
}

/** How the market of the order ended, and what became of the whole holding. */
function resolutionLines(position: PositionRow): string[] {
  const { instrumentId, payout, resolvedAtMs, redeemableUsd, redeemedUsd, realizedPnl } = position;
  if (payout === null || resolvedAtMs === null) return [];
  return [
    '',
    `The market was resolved at ${formatTime(resolvedAtMs)}: a share of ${instrumentId} pays ${payout}.`,
    `The position is ${position.state}: ${redeemedUsd} dollars redeemed, ${redeemableUsd} to be redeemed, realised PnL ${realizedPnl}.`,
  ];
}

function howToSettle({ clientOrderId, venueOrderId, marketId }: OrderRow): string {
  return `The market ${marketId} takes no entries while this is open. Ask the venue about ${venueOrderId}, then: fillwright resolve ${clientOrderId} --as never-taken|cancelled|live --why "…"`;
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
