/** The figures of strategies, markets or days as rows: one list of columns for table, CSV and page. */
import type { DecimalText } from '../domain/decimal.ts';
import type { PerformanceTotals } from '../domain/performance/tally.ts';
import type { Report } from './report.ts';
import { dollars, duration, groupName, percent, shortName, UNKNOWN } from './words.ts';

export const BREAKDOWNS = ['strategy', 'market', 'day'] as const;
export type Breakdown = (typeof BREAKDOWNS)[number];

/** A row of any of them; only days have an equity, and only the others have open positions. */
export interface BreakdownRow extends PerformanceTotals {
  /** As the store has it; empty: what several strategies opened. */
  readonly name: string;
  /** As people read it. */
  readonly label: string;
  readonly openPositions?: number;
  readonly unrealizedPnl?: DecimalText | null;
  readonly equityUsd?: DecimalText;
}

export function breakdownRows(report: Report, by: Breakdown): readonly BreakdownRow[] {
  if (by === 'day') return report.days.map((row) => ({ ...row, name: row.day, label: row.day }));
  const groups = by === 'strategy' ? report.strategies : report.markets;
  return groups.map((row) => {
    const label = by === 'market' ? shortName(groupName(row.name)) : groupName(row.name);
    return { ...row, name: row.name ?? '', label };
  });
}

export interface BreakdownColumn {
  /** Of the CSV. */
  readonly key: keyof BreakdownRow & string;
  readonly title: string;
  /** What the figure is, in one sentence. */
  readonly meaning: string;
  /** Absent: only in the CSV. */
  readonly read?: (row: BreakdownRow) => string;
}

const COLUMNS: readonly BreakdownColumn[] = [
  {
    ...{ key: 'fills', title: 'fills', meaning: 'Fills that counted.' },
    read: ({ fills }) => String(fills),
  },
  {
    ...{ key: 'volumeUsd', title: 'volume', meaning: 'Price × size of all fills, dollars.' },
    read: ({ volumeUsd }) => dollars(volumeUsd),
  },
  {
    ...{ key: 'exits', title: 'exits', meaning: 'Fills that reduced a position.' },
    read: ({ exits }) => String(exits),
  },
  { key: 'wins', title: 'wins', meaning: 'Exits with a PnL above 0 after fees.' },
  {
    ...{ key: 'winRatePct', title: 'win rate' },
    meaning: 'Exits with a PnL above 0 after the fees of both sides, of all exits.',
    read: ({ winRatePct }) => percent(winRatePct),
  },
  { key: 'closedShares', title: 'closed', meaning: 'Shares that exits closed.' },
  {
    ...{ key: 'costUsd', title: 'cost' },
    meaning: 'Entry price × size of what exits closed, dollars.',
    read: ({ costUsd }) => dollars(costUsd),
  },
  {
    ...{ key: 'realizedPnl', title: 'realised', meaning: 'What exits made before fees, dollars.' },
    read: ({ realizedPnl }) => dollars(realizedPnl),
  },
  {
    ...{ key: 'feesUsd', title: 'fees', meaning: 'Of all fills, entries and exits, dollars.' },
    read: ({ feesUsd }) => dollars(feesUsd),
  },
  { key: 'closedFeesUsd', title: 'closed fees', meaning: 'Fees of what was closed, both sides.' },
  {
    ...{ key: 'netPnl', title: 'net', meaning: 'Realised less fees, dollars.' },
    read: ({ netPnl }) => dollars(netPnl),
  },
  {
    ...{ key: 'roiPct', title: 'ROI', meaning: 'Realised / cost, before fees.' },
    read: ({ roiPct }) => percent(roiPct),
  },
  {
    ...{ key: 'netRoiPct', title: 'net ROI' },
    meaning: 'Realised less the fees of what was closed / cost.',
    read: ({ netRoiPct }) => percent(netRoiPct),
  },
  {
    ...{ key: 'holdMs', title: 'hold' },
    meaning: 'From entry to exit, the mean over the shares closed.',
    read: ({ holdMs }) => duration(holdMs),
  },
];

const OPEN_COLUMNS: readonly BreakdownColumn[] = [
  {
    ...{ key: 'openPositions', title: 'open', meaning: 'Positions that are held at the end.' },
    read: ({ openPositions = 0 }) => String(openPositions),
  },
  {
    ...{ key: 'unrealizedPnl', title: 'unrealised' },
    meaning: 'Of what is held at the end, before fees, at the price of our own last fill.',
    read: ({ unrealizedPnl }) => (unrealizedPnl === undefined ? UNKNOWN : dollars(unrealizedPnl)),
  },
];

const DAY_COLUMNS: readonly BreakdownColumn[] = [
  {
    ...{ key: 'equityUsd', title: 'equity' },
    meaning: 'Cash and holdings after the last movement of the day.',
    read: ({ equityUsd }) => dollars(equityUsd ?? null),
  },
];

export function breakdownColumns(by: Breakdown): readonly BreakdownColumn[] {
  return [...COLUMNS, ...(by === 'day' ? DAY_COLUMNS : OPEN_COLUMNS)];
}
