/** What stays open at the venue when an engine has stopped, for people. */
import type { LeftOpen } from '../engine.ts';
import { orderTable } from './order-table.ts';
import type { InstrumentNames } from './summary-lines.ts';

/** Orders in the table; the rest is counted. */
const MAX_ROWS = 20;

export function leftOpenLines(left: LeftOpen, names: InstrumentNames, width?: number): string[] {
  return [...endedLines(left), ...orderLines(left, names, width), ...fillLines(left)];
}

function endedLines({ ended, ranOutOfTime }: LeftOpen): string[] {
  if (ended === null) return [];
  return [
    ranOutOfTime
      ? `${ended} open order(s) ended; the venue did not answer for all of them in time.`
      : `${ended} open order(s) ended.`,
  ];
}

function orderLines(left: LeftOpen, names: InstrumentNames, width?: number): string[] {
  const { orders, orderCount, inDoubt } = left;
  if (orderCount === 0) return ['Nothing is open at the venue.'];
  const shown = orders.slice(0, MAX_ROWS);
  const doubt = inDoubt === 0 ? '' : `, ${inDoubt} of them in doubt`;
  const more = orderCount - shown.length;
  return [
    `${orderCount} order(s) stay open at the venue${doubt}, and may be filled while nothing watches them:`,
    ...orderTable(shown, names, width),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

function fillLines({ unsettledFills }: LeftOpen): string[] {
  if (unsettledFills === 0) return [];
  return [`${unsettledFills} fill(s) are not final yet; the next start follows them.`];
}
