/** The result of a run or a replay, for people. */
import { decimal } from '../domain/decimal.ts';
import type { Summary } from '../engine.ts';
import { formatDuration } from './duration.ts';
import { tableLines } from './table.ts';

export function summaryLines(summary: Summary, width?: number): string[] {
  const { orders, positions } = summary;
  return [
    ...tableLines(
      [{ title: 'result' }, { title: '' }],
      [
        ['messages', String(summary.events)],
        ['books', `${summary.books}, ${summary.hashMismatches} with a wrong hash`],
        [
          'orders',
          `${orders.submitted} (${orders.filled} filled, ${orders.open} open, ${orders.cancelled} cancelled, ${orders.expired} expired, ${orders.rejected} rejected, ${orders.failed} failed)`,
        ],
        ['denied', String(orders.denied)],
        ['fills', String(summary.fills)],
        ['fees', summary.fees],
        ['realised PnL', money(summary.realizedPnl)],
        ['unrealised PnL', money(summary.unrealizedPnl)],
        ['cash', money(summary.cash)],
        ['took', formatDuration(summary.durationMs)],
        ['transactions', String(summary.transactions)],
      ],
      width,
    ),
    ...(positions.length === 0 ? [] : ['', ...positionLines(positions, width)]),
  ];
}

export function positionLines(positions: Summary['positions'], width?: number): string[] {
  return tableLines(
    [
      { title: 'position', shrinks: true },
      { title: 'size', align: 'right' },
      { title: 'entry', align: 'right' },
      { title: 'mark', align: 'right' },
      { title: 'realised', align: 'right' },
      { title: 'unrealised', align: 'right' },
      { title: 'fees', align: 'right' },
    ],
    positions.map((position) => [
      position.name ?? label(position.instrument),
      position.size,
      money(position.averageEntry),
      position.mark ?? '-',
      money(position.realizedPnl),
      money(position.unrealizedPnl),
      money(position.fees),
    ]),
    width,
  );
}

/** Four decimals, half-even, for reading only. */
export function money(text: string): string {
  return decimal(text)
    .toFixed(4)
    .replace(/0{1,2}$/, '');
}

/** What people call the markets, by instrument id: `sim-rain-tomorrow:YES`. */
export type InstrumentNames = ReadonlyMap<string, string>;

/** An instrument by its name, or else without its venue, of which there is only one. */
export function label(instrumentId: string, names?: InstrumentNames): string {
  return names?.get(instrumentId) ?? shortened(instrumentId.replace(/^[^:]+:/, ''));
}

/** A hash by its ends: nobody reads the middle. */
function shortened(text: string): string {
  return text.replace(/0x[\da-f]{40,}/gi, (hash) => `${hash.slice(0, 10)}…${hash.slice(-4)}`);
}
