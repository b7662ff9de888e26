/** One breakdown of a report as CSV (RFC 4180), with exact figures. */
import { type Breakdown, breakdownColumns, breakdownRows } from './breakdown.ts';
import type { Report } from './report.ts';

const END_OF_LINE = '\r\n';

/** With a line of titles and one line for each row. What is not known is empty. */
export function reportCsv(report: Report, by: Breakdown): string {
  const columns = breakdownColumns(by);
  const lines = breakdownRows(report, by).map((row) => [
    csvText(row.name),
    ...columns.map(({ key }) => String(row[key] ?? '')),
  ]);
  return [[by, ...columns.map(({ key }) => key)], ...lines]
    .map((cells) => `${cells.join(',')}${END_OF_LINE}`)
    .join('');
}

/** A name. A spreadsheet would run one that begins like a formula: it gets an apostrophe before it. */
function csvText(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
