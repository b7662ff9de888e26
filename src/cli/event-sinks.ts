/** How far those are who are told of events, as the tables show it. */
import type { SinkLag } from '../adapters/store/event-store.ts';
import { formatTime } from './duration.ts';
import { tableLines } from './table.ts';

/** More events than this are not counted. */
export const MOST_WAITING = 10_000;

export function sinkLines(sinks: readonly SinkLag[]): string[] {
  if (sinks.length === 0) return [];
  return [
    '',
    ...tableLines(
      [
        { title: 'events told to', shrinks: true },
        { title: 'waiting', align: 'right' },
        { title: 'last taken (UTC)' },
      ],
      sinks.map(({ sink, waiting, movedAtMs }) => [
        sink,
        waiting < MOST_WAITING ? String(waiting) : `${MOST_WAITING} or more`,
        formatTime(movedAtMs),
      ]),
    ),
  ];
}
