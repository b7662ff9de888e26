/** A report for a terminal. */
import { type Breakdown, breakdownColumns, breakdownRows } from '../report/breakdown.ts';
import type { Report } from '../report/report.ts';
import { dollars, duration, percent, price, shares, shortName, timeIn } from '../report/words.ts';
import { tableLines } from './table.ts';

export function reportLines(report: Report, by: Breakdown, width?: number): readonly string[] {
  return [
    ...overall(report),
    ...['', ...breakdown(report, by, width)],
    ...(report.positions.length === 0 ? [] : ['', ...positions(report, width)]),
    ...remarks(report),
  ];
}

function overall({ account, since, until, timeZone, totals, start, end }: Report): string[] {
  const period = `${since ?? 'the beginning'} to ${until ?? 'now'}`;
  return tableLines(
    [{ title: `account ${account}` }, { title: `${period}, ${timeZone}` }],
    [
      ['equity', `${dollars(end.equityUsd)}, ${dollars(end.depositsUsd)} paid in`],
      ...(since === null ? [] : [['equity before', dollars(start.equityUsd)]]),
      ['net PnL', dollars(totals.netPnl)],
      ['realised PnL', dollars(totals.realizedPnl)],
      ['unrealised PnL', dollars(end.unrealizedPnl)],
      ...(end.redeemableUsd === '0' ? [] : [['redeemable', dollars(end.redeemableUsd)]]),
      ['fees', dollars(totals.feesUsd)],
      ['ROI', `${percent(totals.roiPct)}, ${percent(totals.netRoiPct)} after fees`],
      ['win rate', `${percent(totals.winRatePct)}, ${totals.wins} of ${totals.exits} exits`],
      ['hold time', duration(totals.holdMs)],
      ['volume', `${dollars(totals.volumeUsd)} in ${totals.fills} fills`],
    ],
  );
}

function breakdown(report: Report, by: Breakdown, width?: number): string[] {
  const rows = breakdownRows(report, by);
  if (rows.length === 0) return ['Nothing moved.'];
  const columns = breakdownColumns(by).flatMap(({ title, read }) =>
    read === undefined ? [] : [{ title, read }],
  );
  return tableLines(
    [
      { title: by, shrinks: true },
      ...columns.map(({ title }) => ({ title, align: 'right' as const })),
    ],
    rows.map((row) => [row.label, ...columns.map(({ read }) => read(row))]),
    width,
  );
}

function positions(report: Report, width?: number): string[] {
  const time = timeIn(report.timeZone);
  return tableLines(
    [
      { title: 'open position', shrinks: true },
      { title: 'opened by', shrinks: true },
      { title: 'size', align: 'right' },
      { title: 'entry', align: 'right' },
      { title: 'last own fill', align: 'right' },
      { title: 'of' },
      { title: 'unrealised', align: 'right' },
    ],
    report.positions.map(({ mark, ...position }) => [
      shortName(position.instrumentId),
      position.strategies.join(', '),
      shares(position.size),
      price(position.averageEntry),
      mark === null ? 'unknown' : price(mark.price),
      mark === null ? '' : time(mark.atMs),
      dollars(position.unrealizedPnl),
    ]),
    width,
  );
}

function remarks({ positions: open, inputsBehind }: Report): readonly string[] {
  const found: string[] = [];
  if (open.length > 0) {
    found.push('Unrealised PnL is at the prices of our own last fills; the market may have moved.');
  }
  if (inputsBehind > 0) {
    found.push(`The newest ${inputsBehind} inputs of the log are not in these tables yet.`);
  }
  return found.length === 0 ? [] : ['', ...found];
}
